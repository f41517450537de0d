"""Errors and warnings of the documented functions, and the remedies in their messages."""

import sys
import threading
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from homodyne_eqx import documented_api as jb
from homodyne_eqx.documented_api import arrays, frame_times

from .documented_api_cases import DATA, LAMINAR, OF_G1, SETTING, SIGMA, T

GRID = np.meshgrid(T, T, indexing="ij")
G1 = {"params": LAMINAR, "t1": T, "t2": T, **OF_G1}
G2 = {"params": LAMINAR, "t1": T, "t2": T, **SETTING}
CHI2 = {**G2, "data": DATA, "sigma": SIGMA}
FACTORS = {k: v for k, v in G2.items() if k not in ("q", "L")}
FACTORS |= {"wavevector_q_squared_half_dt": 1e-5, "sinc_prefactor": 1.0}
BATCH = lambda arguments: {"params_batch": LAMINAR[None], **{k: v for k, v in arguments.items() if k != "params"}}  # noqa: E731

FUNCTIONS = {
    "compute_g1_shear": G1,
    "compute_g1_total": G1,
    "compute_g2_scaled": G2,
    "compute_g2_scaled_with_factors": FACTORS,
    "vectorized_g2_computation": BATCH(G2),
    "gradient_g2": G2,
    "hessian_g2": G2,
    "jacobian_g2": G2,
    "compute_chi_squared": CHI2,
    "batch_chi_squared": BATCH(CHI2),
    "gradient_chi2": CHI2,
    "hessian_chi2": CHI2,
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.fixture(autouse=True)
def _nothing_warned_of(monkeypatch):
    monkeypatch.setattr(frame_times, "_warned", {})


def refused(name, error, match, **changed):
    with pytest.raises(error, match=match) as caught:
        getattr(jb, name)(**{**FUNCTIONS[name], **changed})
    assert "Tracer" not in str(caught.value)
    return str(caught.value)


@every_function
def test_dt(name):
    refused(name, TypeError, "dt must be provided.*seconds", dt=None)
    for dt in (0.0, -0.1, -1, np.nan, np.inf, np.array(-0.1), jnp.array(0.0)):
        refused(name, ValueError, r"dt is .*expected the frame period in seconds.*Pass", dt=dt)


@every_function
def test_parameters(name):
    key = "params_batch" if "params_batch" in FUNCTIONS[name] else "params"
    shaped = (lambda x: np.asarray(x)[None]) if key == "params_batch" else np.asarray
    message = refused(name, ValueError, "has shape", **{key: shaped(np.ones(5))})
    assert "[D0, alpha, D_offset]" in message
    assert "(5,)" in message or "(1, 5)" in message
    for wrong in (np.ones((2, 2, 7)), np.ones(()), shaped(np.ones(4)), shaped(np.ones(0))):
        refused(name, ValueError, "has shape", **{key: wrong})
    for bad in (np.nan, np.inf):
        refused(name, ValueError, "not finite in D_offset, phi0", **{key: shaped([9, 0, bad, *LAMINAR[3:6], bad])})
    refused(name, TypeError, "real numbers", **{key: shaped(LAMINAR + 1j)})


@every_function
@pytest.mark.parametrize(
    ("t1", "t2"),
    [
        (T, T[:-1]),
        (T, 2 * T),
        (T[None, :], 2 * T[:, None]),
        (T[None, :], T[None, :]),
        (GRID[0][:, :-1], GRID[1][:, :-1]),
        (GRID[0], GRID[0]),
        (GRID[0], 2 * GRID[1]),
        (GRID[0] ** 2, GRID[1]),
        (np.random.default_rng(0).random((5, 5)), np.random.default_rng(1).random((5, 5))),
        (np.ones((2, 5, 5)), np.ones((2, 5, 5))),
        (np.ones(0), np.ones(0)),
        (T[::-1], T[::-1]),
        (T - 1.0, T - 1.0),
        (np.array([0.0, 0.1, 0.1, 0.2, 0.3]), np.array([0.0, 0.1, 0.1, 0.2, 0.3])),
        (np.array([0.0, 0.1, np.nan, 0.3, 0.4]), np.array([0.0, 0.1, np.nan, 0.3, 0.4])),
    ],
)
def test_times(name, t1, t2):
    refused(name, ValueError, "t1", t1=t1, t2=t2)


def test_times_of_jax_are_looked_at_too():
    jaxed = [jnp.asarray(x) for x in GRID]
    jb.compute_g2_scaled(**{**G2, "t1": jaxed[0], "t2": jaxed[1]})
    for _ in range(2):
        refused("compute_g2_scaled", ValueError, "t1 and t2 hold different", t1=jaxed[0], t2=2 * jaxed[1])
        refused("compute_g2_scaled", ValueError, "t1 and t2 hold different", t1=jaxed[0], t2=jaxed[0])


@pytest.mark.parametrize("name", [name for name, arguments in FUNCTIONS.items() if "data" in arguments])
def test_data_and_sigma(name):
    for key in ("data", "sigma"):
        for wrong in (DATA[:1], DATA[:, :-1], DATA[0], DATA[None], DATA[..., None]):
            message = refused(name, ValueError, f"{key} has shape", **{key: wrong})
            assert "(2, 5, 5)" in message
    hole = DATA.copy()
    hole[1, 2, 3] = np.nan
    refused(name, ValueError, "data holds 1 values that are not finite.*sigma to inf", data=hole)
    for bad in (0.0, -0.1, np.nan):
        sigma = SIGMA.copy()
        sigma[0, 1, 2] = bad
        for array in (sigma, jnp.asarray(sigma)):
            refused(name, ValueError, "sigma holds 1 of 50 values that are not > 0", sigma=array)
    refused(name, ValueError, "sigma holds", sigma=0.0)


def test_a_masked_pixel_does_not_count():
    sigma, data = SIGMA.copy(), DATA.copy()
    sigma[1, 2, 3], data[1, 2, 3] = np.inf, 1e6
    found = jb.compute_chi_squared(**{**CHI2, "data": data, "sigma": sigma})
    residuals = (DATA - np.asarray(jb.compute_g2_scaled(**G2))) / SIGMA
    residuals[1, 2, 3] = 0
    np.testing.assert_allclose(found, np.sum(residuals**2), rtol=1e-5)


def test_one_number_as_sigma_and_one_map_for_one_azimuth():
    one = {**CHI2, "phi": 10.0, "data": DATA[:1], "sigma": np.full((1, 5, 5), 0.1)}
    expected = jb.compute_chi_squared(**one)
    for changed in ({"sigma": 0.1}, {"data": DATA[0]}, {"data": DATA[0], "sigma": np.full((5, 5), 0.1)}):
        np.testing.assert_allclose(jb.compute_chi_squared(**{**one, **changed}), expected, rtol=1e-6)


@pytest.mark.parametrize("key", ["q", "L", "contrast", "offset", "phi"])
def test_numbers(key):
    remedy = f"^{key} .*; expected .*\\. (Pass|Leave)"
    for bad in (np.nan, np.inf, -np.inf, jnp.array(np.inf)):
        refused("compute_g2_scaled", ValueError, remedy, **{key: bad})
    if key in ("q", "L"):
        refused("compute_g2_scaled", ValueError, "≥ 0", **{key: -0.01})
    if key != "phi":
        refused("compute_g2_scaled", ValueError, "expected one number", **{key: np.ones(3)})
    with pytest.raises(TypeError, match=key):
        jb.compute_g2_scaled(**{**G2, key: "a lot"})


@pytest.mark.parametrize("sigma", [1, np.ones(DATA.shape, int), np.ones(DATA.shape, np.uint8)], ids=repr)
def test_an_uncertainty_in_integers(sigma):
    expected = jb.compute_chi_squared(**{**CHI2, "sigma": 1.0})
    for one in (sigma, jnp.asarray(sigma)):
        np.testing.assert_allclose(jb.compute_chi_squared(**{**CHI2, "sigma": one}), expected, rtol=1e-6)
    for bad in (-1, -np.ones(DATA.shape, int), 0 * jnp.asarray(sigma)):
        refused("compute_chi_squared", ValueError, "values that are not > 0", sigma=bad)


@pytest.mark.parametrize("key", ["params", "t1", "phi", "data", "sigma", "q", "dt"])
@pytest.mark.parametrize("dtype", [">f8", ">f4", np.longdouble])
def test_numbers_of_other_machines(key, dtype):
    arguments = {**CHI2, key: np.asarray(CHI2[key], dtype)}
    if key == "t1":
        arguments["t2"] = arguments["t1"]
    expected = jb.compute_chi_squared(**CHI2)
    np.testing.assert_allclose(jb.compute_chi_squared(**arguments), expected, rtol=1e-4)
    np.testing.assert_allclose(
        jb.compute_g2_scaled(**{k: arguments[k] for k in G2}), jb.compute_g2_scaled(**G2), rtol=1e-4
    )


@pytest.mark.parametrize("key", ["params", "t1", "phi", "data", "sigma", "q"])
def test_what_is_no_array_of_real_numbers(key):
    refused(
        "compute_chi_squared", ValueError, f"^{key} is .*differ in length.*equally long", **{key: [[1.0], [1.0, 2.0]]}
    )
    for wrong in (["a", "b"], jax.random.key(0), np.ones(3, bool), np.ones(3) + 1j):
        refused("compute_chi_squared", TypeError, f"^{key} is .*expected real numbers", **{key: wrong})


def test_masked_values_are_refused_and_a_mask_of_nothing_is_not():
    whole = np.ma.masked_array(DATA, np.zeros(DATA.shape, bool))
    np.testing.assert_array_equal(jb.compute_chi_squared(**{**CHI2, "data": whole}), jb.compute_chi_squared(**CHI2))
    for key in ("data", "sigma"):
        holes = np.ma.masked_less(CHI2[key], np.sort(CHI2[key], None)[3])
        refused("compute_chi_squared", ValueError, f"{key} holds 3 masked values.*sigma to inf", **{key: holes})


def test_lists_may_hold_traced_numbers():
    slope = jax.grad(lambda D0: jb.compute_chi_squared(**{**CHI2, "params": [D0, *LAMINAR[1:].tolist()]}))(900.0)
    np.testing.assert_allclose(slope, jb.gradient_chi2(**CHI2)[0], rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_large_data_are_finite(dtype):
    data = np.full(DATA.shape, 0.9 * np.finfo(dtype).max, dtype)
    jb.compute_chi_squared(**{**CHI2, "data": data, "sigma": np.inf})
    data[0, 0, :2] = np.inf, -np.inf
    refused("compute_chi_squared", ValueError, "data holds 2 values that are not finite", data=data)


def test_an_empty_batch():
    none = np.ones((0, 7))
    assert jb.vectorized_g2_computation(**{**FUNCTIONS["vectorized_g2_computation"], "params_batch": none}).size == 0
    assert jb.batch_chi_squared(**{**FUNCTIONS["batch_chi_squared"], "params_batch": none}).shape == (0,)


def test_threads_look_at_arrays_together(monkeypatch):
    monkeypatch.setattr(arrays, "_MOST_REMEMBERED", 2)
    monkeypatch.setattr(
        arrays, "_results", {(name,): arrays._Kept(arrays._nothing, arrays._nothing, None) for name in range(20000)}
    )
    several, failures = [jnp.asarray(k) for k in range(4)], []
    interval = sys.getswitchinterval()

    def look(k):
        try:
            for _ in range(300):
                assert arrays.remembered("x", int, several[k]) == k
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=look, args=(k,)) for k in range(4)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures


def test_a_frame_period_beside_the_spacing_warns_once():
    arguments = {**G2, "dt": 0.123}
    with pytest.warns(UserWarning, match=r"dt is 0\.123 s, but the frames are 0\.1 s apart"):
        jb.compute_g2_scaled(**arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jb.compute_g2_scaled(**arguments)
        jb.compute_chi_squared(**{**CHI2, "dt": 0.123})
        jb.compute_g2_scaled(**{**G2, "dt": 0.102})
        jb.compute_g2_scaled(**{**G2, "dt": 0.2})


def test_what_was_warned_of_is_bounded(monkeypatch):
    monkeypatch.setattr(frame_times, "_MOST_WARNED", 3)
    for k in range(1, 6):
        with pytest.warns(UserWarning, match="apart"):
            jb.compute_g1_diffusion(LAMINAR, k * T, k * T, 0.01, 0.01)
    assert len(frame_times._warned) <= 3


def test_uneven_frames_warn():
    t = np.array([0.0, 0.1, 0.2, 0.35, 0.45])
    with pytest.warns(UserWarning, match=r"0\.1 to 0\.15 s apart"):
        jb.compute_g2_scaled(**{**G2, "t1": t, "t2": t})


def test_diffusion_alone_takes_dt_from_the_frames_and_says_so():
    with pytest.warns(UserWarning, match="dt was not given"):
        found = jb.compute_g1_diffusion(LAMINAR, T, T, 0.01)
    np.testing.assert_allclose(found, jb.compute_g1_diffusion(LAMINAR, T, T, 0.01, 0.1), rtol=1e-6)
    with pytest.raises(ValueError, match="one frame has no spacing"):
        jb.compute_g1_diffusion(LAMINAR, T[:1], T[:1], 0.01)
    for dt in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="dt is"):
            jb.compute_g1_diffusion(LAMINAR, T, T, 0.01, dt)


def test_a_frame_period_that_was_not_given_is_said_once_a_line():
    with pytest.warns(UserWarning, match="dt was not given"):  # compiled here: JAX resets Python's record of warnings
        jb.compute_g1_diffusion(LAMINAR, T, T, 0.01)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            jb.compute_g1_diffusion(LAMINAR, T, T, 0.01)
    assert len(caught) == 1


def test_traced_arguments_are_checked_for_shape_alone():
    traced = jax.jit(jb.compute_g2_scaled)
    assert traced(jnp.asarray(LAMINAR), T, T, SETTING["phi"], 0.01, 1e5, 0.3, 1.0, -0.1).shape == (2, 5, 5)
    with pytest.raises(ValueError, match="params has shape"):
        traced(jnp.ones(5), T, T, SETTING["phi"], 0.01, 1e5, 0.3, 1.0, 0.1)
    with pytest.raises(ValueError, match="t1 has shape"):
        traced(jnp.asarray(LAMINAR), T, T[:-1], SETTING["phi"], 0.01, 1e5, 0.3, 1.0, 0.1)
    with pytest.raises(ValueError, match="data has shape"):
        jax.jit(jb.compute_chi_squared)(LAMINAR, DATA[:1], SIGMA, T, T, SETTING["phi"], 0.01, 1e5, 0.3, 1.0, 0.1)
