"""Names, bounds and starts: what can be free, and clear words where it cannot."""

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free

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


def test_composed_models_go_by_path():
    g1 = hx.Diffusion(hx.Constant(1e3))
    found = choose_free(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)), None, (), None)
    assert names(found) == ["g1.rate.value", "contrast", "offset"]
    assert [parameter.unit for parameter in found.free] == ["Å²/s", "", ""]


def test_bounds_of_an_array_and_of_one_element():
    found = choose_free(model(), None, (), {"contrast": (0.1, 0.9), "offset[1]": (None, 1.5)})
    limits = {parameter.name: (parameter.low, parameter.high) for parameter in found.parameters}
    assert limits["contrast[0]"] == limits["contrast[1]"] == (0.1, 0.9)
    assert limits["offset[1]"] == (-np.inf, 1.5)
    assert limits["offset[0]"] == (-np.inf, np.inf)


def test_a_start_on_its_bound_is_moved_off_and_said_so():
    found = choose_free(model(), None, (), {"alpha": (-0.5, 1.0)})
    (note,) = found.notes
    assert "alpha" in note
    assert found.free[1].value > -0.5


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
