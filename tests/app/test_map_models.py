"""Models of maps beside the documented ones: their equations, what is held, their starts, and files of one's own."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app import fitting
from homodyne_eqx.app.fit_settings import FitSettings
from homodyne_eqx.app.map_models import MapModelName
from homodyne_eqx.app.model_choice import RatesName, ScalingName
from homodyne_eqx.physics.parameter_names import named_leaves
from tests.app.steady import GAP, PHI, TRUTH, Q

pytestmark = pytest.mark.x64

T = 0.1 + 0.1 * np.arange(40)
GEOMETRY = hx.Geometry(q=0.01, phi=[0.0, 45.0, 90.0], t=T)


def noisy(model, geometry=GEOMETRY, sigma=0.005):
    c2 = np.asarray(model(geometry), float)
    noise = np.triu(sigma * np.random.default_rng(4).standard_normal(c2.shape), 1)
    return hx.TwoTimeData(c2 + noise + noise.swapaxes(1, 2), geometry, sigma=sigma)


def started(data, name, **settings):
    """The choice, as `fit --model NAME` makes it."""
    from homodyne_eqx.app import chosen_model

    asked = FitSettings(model=name, **settings)
    return chosen_model.of_maps(name, asked.documented(), data)


def test_the_two_component_model_is_that_of_the_published_parameters():
    """The maps follow the published equation, in which phi0_het is −phi0."""
    values = {"D0_ref": 2e3, "alpha_ref": 0.2, "D_offset_ref": 100.0, "D0_sample": 1e4, "alpha_sample": -0.1}
    values |= {"D_offset_sample": 50.0, "v0": 120.0, "v_beta": 0.3, "v_offset": 10.0}
    values |= {"f0": 0.3, "f1": 0.2, "f2": 0.5, "f3": 0.05, "phi0": 7.0}
    choice = started(noisy(hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.3, 1.0))), "two-component")
    named = choice.by_name([f"{name}={value}" for name, value in values.items()])
    given = {name: float(value) for name, value in (each.split("=") for each in named)}
    model = choice.build(choice.start(given).values)

    def accumulated(amplitude, exponent, offset):
        rate = amplitude * np.maximum(T, 0.05) ** exponent + offset
        steps = (rate[1:] + rate[:-1]) / 2 * np.diff(T)
        return np.concatenate([[0.0], np.cumsum(steps)])

    ref, sample = (accumulated(*(values[f"{n}_{of}"] for n in ("D0", "alpha", "D_offset"))) for of in ("ref", "sample"))
    moved = accumulated(values["v0"], values["v_beta"], values["v_offset"])
    x = values["f0"] * np.exp(values["f1"] * (T - values["f2"])) + values["f3"]
    difference = lambda s: np.subtract.outer(s, s)  # noqa: E731
    decay_ref, decay_sample = (np.exp(-0.5 * 0.01**2 * np.abs(difference(s))) for s in (ref, sample))
    of_ref, of_sample = np.outer(1 - x, 1 - x), np.outer(x, x)
    norm = x**2 + (1 - x) ** 2
    for k, phi in enumerate([0.0, 45.0, 90.0]):
        phase = 0.01 * np.cos(np.radians(phi + -values["phi0"])) * difference(moved)
        cross = 2 * of_ref * of_sample * decay_ref * decay_sample * np.cos(phase)
        M = ((of_ref * decay_ref) ** 2 + (of_sample * decay_sample) ** 2 + cross) / np.outer(norm, norm)
        np.testing.assert_allclose(np.asarray(model(GEOMETRY)[k]), 1.0 + 0.3 * M, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "settings", "held"),
    [
        ("ballistic", {"rates": RatesName.constant}, {"ballistic.velocity.exponent", "ballistic.velocity.offset"}),
        ("ballistic", {"diffusion_rates": RatesName.constant}, set()),
        ("stretched-static", {"rates": RatesName.constant}, {"alpha", "D_offset"}),
        ("stretched-laminar-flow", {"shear_rates": RatesName.constant}, {"beta", "gamma_dot_t_offset"}),
        (
            "two-component",
            {"rates": RatesName.constant, "diffusion_rates": RatesName.power_law},
            {"two_components.velocity.exponent", "two_components.velocity.offset"}
            | {"two_components.fraction.f1", "two_components.fraction.f3"},
        ),
    ],
)
def test_what_is_constant_is_held(name, settings, held):
    choice = started(noisy(hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.3, 1.0))), name, **settings)
    assert set(choice.fixed) == held
    assert set(choice.fixed.values()) <= {0.0}
    assert held <= set(choice.names)


@pytest.mark.parametrize(
    ("settings", "held"),
    [
        ({"diffusion_rates": RatesName.constant}, {"alpha", "D_offset"}),
        ({"shear_rates": RatesName.constant}, {"beta", "gamma_dot_t_offset"}),
        (
            {"rates": RatesName.constant, "shear_rates": RatesName.power_law},
            {"alpha", "D_offset"},
        ),
        ({"rates": RatesName.constant}, {"alpha", "D_offset", "beta", "gamma_dot_t_offset"}),
    ],
)
def test_rates_of_the_documented_model_are_constant_apart(settings, held):
    choice = FitSettings(**settings).documented()
    assert set(choice.fixed) == held


@pytest.mark.parametrize("name", [*MapModelName])
def test_a_name_that_the_model_does_not_have_is_refused_before_a_file_is_read(run, name):
    done = run("fit", "none.hdf", "--model", name, "--start", "nothing=3")
    assert done.exit_code == 2
    assert "names 'nothing', which the model does not have" in done.stderr


def test_a_velocity_is_found_and_what_is_given_stays():
    truth = hx.TwoTimeModel(hx.Ballistic(90.0), hx.ContrastOffset(0.25, 1.02))
    data = noisy(truth)
    choice = started(data, "ballistic", rates=RatesName.constant, scaling=ScalingName.common)
    start = fitting.start_of(fitting.Job(choice, data))
    assert start.values["ballistic.velocity.amplitude"] == pytest.approx(90.0, rel=0.15)
    assert start.values["ballistic.velocity.exponent"] == 0.0
    assert start.values["contrast"] == pytest.approx(0.25, abs=0.03)
    assert start.sources["ballistic.velocity.amplitude"] == "estimated"
    assert start.sources["ballistic.velocity.offset"] == "constant rates"
    given = {"ballistic.velocity.amplitude": 50.0}
    start = fitting.start_of(fitting.Job(choice, data, given, bounds={"contrast": (0.1, 0.9)}))
    assert start.values["ballistic.velocity.amplitude"] == 50.0
    assert start.sources["ballistic.velocity.amplitude"] == "given"


@pytest.mark.slow
def test_two_components_are_found_without_a_start():
    power = lambda x: hx.PowerLaw(x, 0.0, 0.0)  # noqa: E731
    term = hx.TwoComponents(
        hx.Diffusion(power(3e3)), hx.Diffusion(power(3e4)), hx.ExponentialShare(0.35), power(150.0), 10.0
    )
    data = noisy(
        hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0)), hx.Geometry(q=0.01, phi=GEOMETRY.phi, t=0.1 * np.arange(60))
    )
    choice = started(data, "two-component", rates=RatesName.constant, scaling=ScalingName.common)
    start = fitting.start_of(fitting.Job(choice, data))
    result = hx.fit(choice.build(start.values), data, fixed=choice.fixed)
    assert result.verdict.adequate, result.verdict.text
    assert result.parameters["two_components.velocity.amplitude"].value == pytest.approx(150.0, rel=0.05)


@pytest.mark.slow
def test_a_stretched_model_of_a_steady_flow_has_the_exponent_one(steady_data):
    choice = started(steady_data, "stretched-laminar-flow", rates=RatesName.constant, scaling=ScalingName.common)
    start = fitting.start_of(fitting.Job(choice, steady_data))
    result = hx.fit(choice.build(start.values), steady_data, fixed=choice.fixed)
    assert (Q, GAP, len(PHI)) == (0.005, 2e6, 3)
    exponent, rate = result.parameters["diffusion.kernel.exponent"], result.parameters["gamma_dot_t0"]
    assert abs(exponent.value - 1) < 4 * exponent.uncertainty
    assert abs(rate.value - TRUTH["gamma_dot_t0"]) < 4 * rate.uncertainty


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"model": "static", "rates": RatesName.spline}, ("diffusion.rate.values",)),
        ({"shear_rates": RatesName.spline}, ("D0", "alpha", "D_offset", "shear.rate.values", "phi0")),
        (
            {"diffusion_rates": RatesName.spline, "shear_rates": RatesName.constant},
            ("diffusion.rate.values", "gamma_dot_t0", "beta", "gamma_dot_t_offset", "phi0"),
        ),
        ({"model": "ballistic", "rates": RatesName.spline}, ("ballistic.velocity.values",)),
    ],
)
def test_each_rate_may_be_a_spline(settings, names):
    choice = FitSettings(**settings).documented()
    assert choice.names == (*names, "contrast", "offset")
    held = ("beta", "gamma_dot_t_offset") if settings.get("shear_rates") is RatesName.constant else ()
    assert tuple(choice.started(noisy(hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.3, 1.0)))).fixed) == held


def test_the_published_names_of_what_is_a_spline_now_are_gone():
    names = FitSettings(model="two-component", rates=RatesName.spline).documented().names
    assert {"D0_ref", "v0"} & {*names} == set()
    assert {"f0", "phi0"} <= {*names}


def test_the_knots_lie_between_the_first_frame_after_zero_and_the_last(run):
    geometry = hx.Geometry(q=0.01, t=0.1 * np.arange(40))
    data = noisy(hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.3, 1.0)), geometry)
    choice = started(data, "static", rates=RatesName.spline, knots=3)
    np.testing.assert_allclose(choice.model.g1.rate.knots, [0.1, np.sqrt(0.1 * 3.9), 3.9])
    done = run("fit", "none.hdf", "--rates", "spline", "--accumulation", "exact")
    assert done.exit_code == 2
    assert "--accumulation exact" in done.stderr


def test_a_free_form_rate_is_found_without_a_start():
    """J falls by a factor of ten, in no way that a spline was made for."""
    J = lambda t: 3e4 / (1 + t / 1.5) ** 2 + 2e3  # noqa: E731
    t = 0.1 * np.arange(40)
    moved = np.concatenate([[0], np.cumsum((J(t)[1:] + J(t)[:-1]) / 2 * 0.1)])
    geometry = hx.Geometry(q=0.008, t=t)
    c2 = 1 + 0.3 * np.exp(-(0.008**2) * np.abs(np.subtract.outer(moved, moved)))[None]
    noise = np.triu(0.002 * np.random.default_rng(4).standard_normal(c2.shape), 1)
    data = hx.TwoTimeData(c2 + noise + noise.swapaxes(1, 2), geometry, sigma=0.002)
    choice = started(data, "static", rates=RatesName.spline, scaling=ScalingName.common)
    result = hx.fit(choice.build(fitting.start_of(fitting.Job(choice, data)).values), data, estimate=False, stages=())
    assert result.verdict.adequate, result.verdict.text
    curve = result.curves()["J"]
    late = curve.t > 0.3
    np.testing.assert_allclose(curve.value[late], J(curve.t[late]), rtol=0.06)


MINE = """
import homodyne_eqx as hx

def mine(data):
    return hx.TwoTimeModel(hx.Diffusion(2e4), hx.ContrastOffset(0.3, 1.0))

def term(data):
    return hx.Diffusion(2e4)

def fails(data):
    return 1 / 0

number = 3
"""


def test_a_model_in_a_file_is_the_one_that_is_fitted(tmp_path, steady_data):
    path = tmp_path / "models.py"
    path.write_text(MINE, encoding="utf-8")
    choice = started(steady_data, f"{path}:mine")
    assert [leaf.name for leaf in named_leaves(choice.model)] == ["diffusion.rate", "contrast", "offset"]
    start = fitting.start_of(fitting.Job(choice, steady_data, {"contrast": 0.2}))
    assert (float(start.values["diffusion.rate"]), start.values["contrast"]) == (2e4, 0.2)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("models.py:mien", ["has no mien", "Did you mean mine?", "mine, term, fails"]),
        ("models.py:term", ["returned a Diffusion", "TwoTimeModel"]),
        ("models.py:fails", ["ZeroDivisionError in line 11"]),
        ("models.py:number", ["number of", "is a int", "expected FILE.py:FUNCTION"]),
        ("models.py", ["expected FILE.py:FUNCTION"]),
        ("none.py:mine", ["there is no file", "none.py"]),
        ("broken.py:mine", ["cannot be run", "SyntaxError in line 2"]),
    ],
)
def test_what_is_wrong_with_a_model_in_a_file_is_said(run, steady_file, tmp_path, named, said):
    (tmp_path / "models.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = 1\ndef (:\n", encoding="utf-8")
    done = run("fit", steady_file, "--model", tmp_path / named)
    assert done.exit_code == 2
    assert not [each for each in said if each not in done.stderr], done.stderr
    assert "TRACEBACK" not in done.stderr
