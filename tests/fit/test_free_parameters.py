"""Names, bounds and starts: what can be free, and clear words where it cannot."""

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.parameter import Parameters

START = {
    "D0": 1e3,
    "alpha": -0.5,
    "D_offset": 10.0,
    "gamma_dot_t0": 0.01,
    "beta": 0.2,
    "gamma_dot_t_offset": 1e-3,
    "phi0": 5.0,
}


def model(**changed):
    return hx.laminar_flow(**{**START, "contrast": np.full(2, 0.3), "offset": np.full(2, 1.0), **changed})


def names(free_parameters):
    return [parameter.name for parameter in free_parameters.free]


def test_everything_is_free_under_its_documented_name_unless_told_otherwise():
    expected = [*START, "contrast[0]", "contrast[1]", "offset[0]", "offset[1]"]
    assert names(choose_free(model(), None, (), None)) == expected


def test_free_and_fixed_name_leaves_whole():
    assert names(choose_free(model(), ["D0", "contrast"], (), None)) == ["D0", "contrast[0]", "contrast[1]"]
    assert names(choose_free(model(), None, [*START, "offset"], None)) == ["contrast[0]", "contrast[1]"]


def test_the_filter_marks_the_leaves_that_are_free():
    chosen = choose_free(model(), ["alpha", "phi0"], (), None).filter
    assert [bool(x) for x in jax.tree.leaves(chosen)].count(True) == 2
    assert chosen.g1.terms[0].rate.exponent is True
    assert chosen.g1.terms[1].phi0 is True


def test_composed_models_go_by_their_terms():
    g1 = hx.Diffusion(hx.Constant(1e3))
    found = choose_free(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)), None, (), None)
    assert names(found) == ["diffusion.rate", "contrast", "offset"]
    assert [parameter.unit for parameter in found.free] == ["Å²/s", "", ""]


def test_bounds_of_an_array_and_of_one_element():
    found = choose_free(model(), None, (), {"contrast": (0.1, 0.9), "offset[1]": (None, 1.5)})
    limits = {parameter.name: (parameter.low, parameter.high) for parameter in found.parameters}
    assert limits["contrast[0]"] == limits["contrast[1]"] == (0.1, 0.9)
    assert limits["offset[1]"] == (-np.inf, 1.5)
    assert limits["offset[0]"] == (-np.inf, np.inf)


def test_a_start_on_its_bound_is_left_there_but_for_solvers_that_could_not_move_it():
    found = choose_free(model(), None, (), {"alpha": (-0.5, 1.0)})
    assert found.notes == ()
    assert found.free[1].value == -0.5
    moved = found.off_bounds()
    (note,) = moved.notes
    assert "alpha" in note
    assert -0.5 < moved.free[1].value < -0.49
    assert [p.value for p in moved.free[2:]] == [p.value for p in found.free[2:]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["D_0"], (), None), ["D_0", "D0", "phi0"]),
        ((None, ["gamma"], None), ["gamma", "gamma_dot_t0"]),
        ((None, (), {"speed": (0, 1)}), ["speed"]),
        ((None, (), {"D0": (5.0, 1.0)}), ["D0", "low < high"]),
        ((None, (), {"D0": (1.0, 10.0)}), ["D0", "1000", "outside"]),
        (([], (), None), ["No parameter is free"]),
    ],
)
def test_what_cannot_be_is_named(arguments, words):
    with pytest.raises(ValueError, match=words[0]) as raised:
        choose_free(model(), *arguments)
    for word in words:
        assert word in str(raised.value)


def test_a_single_string_is_no_list_of_names():
    with pytest.raises(TypeError, match="list of parameter names"):
        choose_free(model(), "D0", (), None)


def test_a_start_that_is_not_finite():
    with pytest.raises(ValueError, match="D0 is nan"):
        choose_free(model(D0=np.nan), None, (), None)


def composed():
    g1 = hx.Populations((hx.Diffusion(1e3), hx.Diffusion(2e3)), np.array([0.3]))
    return hx.TwoTimeModel(g1, hx.ContrastOffset(np.full(2, 0.3), 1.0))


def test_paths_in_the_model_stand_for_names():
    paths = choose_free(
        composed(),
        ["g1.terms[1].rate.value", "g1.fractions", "scaling.contrast"],
        ["scaling.contrast"],
        {"g1.terms[1].rate.value": (1.0, 1e4), "g1.fractions[0]": (0.1, 0.9)},
    )
    named = choose_free(
        composed(),
        ["diffusion_2.rate", "populations.fractions", "contrast"],
        ["contrast"],
        {"diffusion_2.rate": (1.0, 1e4), "populations.fractions[0]": (0.1, 0.9)},
    )
    assert names(paths) == names(named) == ["diffusion_2.rate", "populations.fractions[0]"]
    assert paths.parameters == named.parameters
    for start in ({"g1.terms[1].rate.value": 5e3}, {"diffusion_2.rate": 5e3}):
        assert named.started_at(start).array("value").tolist() == pytest.approx([5e3, 0.3])


def test_a_parameter_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"diffusion_1\.rate is named twice"):
        choose_free(composed(), None, (), {"diffusion_1.rate": (0.0, 1e4), "g1.terms[0].rate.value": (0.0, 1e5)})


def test_results_are_found_by_name_and_by_path():
    free_parameters = choose_free(composed(), None, (), None)
    by_name = {parameter.name: parameter for parameter in free_parameters.parameters}
    found = Parameters(by_name, free_parameters.names_by_path)
    assert [*found] == [
        *("diffusion_1.rate", "diffusion_2.rate", "populations.fractions[0]"),
        *("contrast[0]", "contrast[1]", "offset"),
    ]
    assert len(found) == 6
    assert found["g1.terms[1].rate.value"] is found["diffusion_2.rate"]
    assert found["g1.fractions[0]"].value == pytest.approx(0.3)
    assert "scaling.contrast[1]" in found
    assert "g1.terms[2].rate.value" not in found
    assert found == by_name
    with pytest.raises(KeyError, match=r"no parameter 'D0'.*diffusion_1\.rate"):
        found["D0"]


def test_what_fields_state_of_parameters_reaches_the_fit():
    g1 = hx.Diffusion(1e3) * hx.Drift(hx.Oscillating(1.0, 2.0, 3.0), 5.0)
    detection = hx.FiniteSector(2.0)
    whole = hx.TwoTimeModel(g1, hx.SmoothScaling(0.3, 1.0, np.zeros((1, 2))), detection)
    found = {parameter.leaf: parameter for parameter in choose_free(whole, None, (), None).parameters}
    assert {name for name, p in found.items() if p.period == 180.0} == {"drift.phi0", "drift.velocity.phase"}
    scaling = {"contrast", "offset", "contrast_harmonics"}
    assert {name for name, p in found.items() if p.linear} == scaling
    assert {name for name, p in found.items() if p.of_scaling} == scaling
