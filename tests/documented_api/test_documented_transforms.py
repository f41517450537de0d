"""The documented functions under the transformations of JAX: derivatives, compilation, batches, shards, memory."""

import functools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from homodyne_eqx import documented_api as jb
from homodyne_eqx.documented_api import arrays, programs
from tests.compilations import counted_compilations

from .documented_api_cases import DATA, LAMINAR, N_T, OF_G1, PHI, SETTING, SIGMA, STATIC, T

G2 = {"params": LAMINAR, "t1": T, "t2": T, **SETTING}
CHI2 = {"data": DATA, "sigma": SIGMA, **G2}
FACTORS = {k: v for k, v in G2.items() if k not in ("q", "L")}
FACTORS |= {"wavevector_q_squared_half_dt": 1e-5, "sinc_prefactor": 45.0}

SCALARS = {
    "compute_g1_diffusion": ({"params": LAMINAR, "t1": T, "t2": T, "q": 0.015, "dt": 0.1}, ("q", "dt", "params")),
    "compute_g1_shear": ({"params": LAMINAR, "t1": T, "t2": T, **OF_G1}, ("q", "L", "dt", "phi", "params")),
    "compute_g1_total": ({"params": LAMINAR, "t1": T, "t2": T, **OF_G1}, ("q", "L", "dt", "phi", "params")),
    "compute_g2_scaled": (G2, ("q", "L", "contrast", "offset", "dt", "phi", "params")),
    "compute_g2_scaled_with_factors": (
        FACTORS,
        ("wavevector_q_squared_half_dt", "sinc_prefactor", "contrast", "offset", "phi", "params"),
    ),
    "compute_chi_squared": (CHI2, ("q", "L", "contrast", "offset", "dt", "phi", "params", "data", "sigma")),
}
QUICK = ("compute_g1_diffusion", "compute_g1_shear", "compute_g2_scaled")


@pytest.mark.x64
@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SCALARS if name not in QUICK)]
)
def test_first_and_second_derivatives_in_every_argument(name):
    """Along one direction in each argument, mixed ones included, with a weight on each element of the result."""
    arguments, keys = SCALARS[name]
    function, draw = getattr(jb, name), np.random.default_rng(1).uniform
    values = {key: np.asarray(arguments[key], float) for key in keys}
    directions = {key: draw(0.3, 1.0, x.shape) * np.maximum(np.abs(x), 1e-3) for key, x in values.items()}
    weight = draw(0.2, 1.0, jax.eval_shape(lambda: function(**arguments)).shape)

    def along(s):
        moved = {key: x + s[k] * directions[key] for k, (key, x) in enumerate(values.items())}
        return jnp.sum(weight * function(**{**arguments, **moved}))

    h, zero, steps = 1e-4, jnp.zeros(len(keys)), np.eye(len(keys))
    value, gradient = jax.jit(along), jax.jit(jax.grad(along))
    first, second = gradient(zero), jax.jit(jax.hessian(along))(zero)
    scale = float(np.abs(value(zero)) + np.abs(first).max() + np.abs(second).max())
    differences = [(value(h * e) - value(-h * e)) / (2 * h) for e in steps]
    np.testing.assert_allclose(first, differences, atol=1e-6 * scale)
    differences = [(gradient(h * e) - gradient(-h * e)) / (2 * h) for e in steps]
    np.testing.assert_allclose(second, differences, atol=1e-6 * scale)


@pytest.mark.x64
@pytest.mark.parametrize("params", [STATIC, LAMINAR], ids=["static", "laminar"])
def test_the_documented_derivatives_are_those_of_their_functions(params):
    def dense_chi2(p):
        g2 = jb.compute_g2_scaled(p, T, T, **SETTING)
        return jnp.sum(((DATA - g2) / SIGMA) ** 2)

    def total(p):
        return jnp.sum(jb.compute_g2_scaled(p, T, T, **SETTING))

    p = jnp.asarray(params)
    of_chi2 = DATA, SIGMA, T, T
    same = functools.partial(np.testing.assert_allclose, rtol=1e-9)
    same(jb.gradient_chi2(p, *of_chi2, **SETTING), jax.grad(dense_chi2)(p))
    same(jb.hessian_chi2(p, *of_chi2, **SETTING), jax.hessian(dense_chi2)(p), rtol=1e-8)
    same(jb.gradient_g2(p, T, T, **SETTING), jax.grad(total)(p))
    same(jb.hessian_g2(p, T, T, **SETTING), jax.hessian(total)(p), rtol=1e-8)
    same(jb.jacobian_g2(p, T, T, **SETTING).sum((0, 1, 2)), jax.grad(total)(p))


def test_positional_and_named_arguments_agree():
    by_position = jb.gradient_g2(LAMINAR, T, T, *SETTING.values())
    np.testing.assert_array_equal(by_position, jb.gradient_g2(**G2))
    by_position = jb.gradient_chi2(LAMINAR, DATA, SIGMA, T, T, *SETTING.values())
    np.testing.assert_array_equal(by_position, jb.gradient_chi2(**CHI2))


EVERY = {
    **{name: arguments for name, (arguments, _) in SCALARS.items()},
    **dict.fromkeys(("gradient_g2", "hessian_g2", "jacobian_g2"), G2),
    **dict.fromkeys(("gradient_chi2", "hessian_chi2"), CHI2),
    "vectorized_g2_computation": {**{k: v for k, v in G2.items() if k != "params"}, "params_batch": LAMINAR[None]},
    "batch_chi_squared": {**{k: v for k, v in CHI2.items() if k != "params"}, "params_batch": LAMINAR[None]},
}


@pytest.mark.parametrize("name", EVERY)
def test_no_change_of_a_value_recompiles(name):
    arguments, function = EVERY[name], getattr(jb, name)
    function(**arguments)
    for _ in range(2):  # a number that comes again is kept, in an array that a program of its own makes
        function(**{key: value * (1.01 if np.ndim(value) == 0 else 1) for key, value in arguments.items()})
    with counted_compilations() as compiled:
        for key, value in arguments.items():
            scale = 1.02 if key not in ("t1", "t2") else 1.0
            function(**{**arguments, key: value * scale})
        function(**{key: float(x) if np.ndim(x) == 0 else x for key, x in arguments.items()})
        function(**{key: np.float64(x) if np.ndim(x) == 0 else x for key, x in arguments.items()})
        scaled_times = {**arguments, "t1": 1.02 * T, "t2": 1.02 * T, "dt": 0.102}
        function(**scaled_times)
    assert not compiled


def test_a_number_that_comes_again_recompiles_nothing_and_stays_the_same():
    call = lambda q: jb.compute_g1_diffusion(LAMINAR, T, T, q, 0.1)  # noqa: E731
    once = [call(q) for q in (0.0123, 0.0124)]
    with counted_compilations() as compiled:
        again = [call(q) for q in (0.0123, 0.0124, 0.0123, 0.0125)]
    assert not compiled
    for expected, found in zip([*once, once[0]], again[:3], strict=True):
        np.testing.assert_array_equal(expected, found)


def test_a_number_first_seen_under_a_mesh_is_taken_outside_of_it():
    with jax.set_mesh(jax.make_mesh((len(jax.devices()),), ("frames",))):
        inside = [jb.compute_g1_diffusion(LAMINAR, T, T, 0.0321, 0.1) for _ in range(3)]
    outside = jb.compute_g1_diffusion(LAMINAR, T, T, 0.0321, 0.1)
    np.testing.assert_allclose(outside, inside[-1], rtol=1e-6)
    assert not any(getattr(kept, "committed", False) for kept in arrays._scalars.values())


def test_a_weak_type_does_not_recompile():
    weak = {**G2, "params": jnp.full(7, 0.5), "phi": jnp.full(2, 60.0)}
    assert weak["params"].weak_type
    assert weak["phi"].weak_type
    jb.compute_g2_scaled(**{key: np.asarray(x) for key, x in weak.items()})
    with counted_compilations() as compiled:
        jb.compute_g2_scaled(**weak)
    assert not [name for name in compiled if "convert_element_type" not in name]


def test_the_count_of_compilations_counts():
    with counted_compilations() as compiled:
        jb.compute_g1_diffusion(STATIC, 0.1 * np.arange(11), 0.1 * np.arange(11), 0.01, 0.1)
    assert len(compiled) == 1


def test_as_a_part_of_a_larger_compiled_function():
    @jax.jit
    def larger(params, data, q, dt, t1, t2):
        g2 = jb.compute_g2_scaled(params, t1, t2, PHI, q, 3e5, 0.4, 1.1, dt)
        chi2 = jb.compute_chi_squared(params, data, SIGMA, t1, t2, PHI, q, 3e5, 0.4, 1.1, dt)
        slope = jb.gradient_chi2(params, data, SIGMA, t1, t2, PHI, q, 3e5, 0.4, 1.1, dt)
        return g2, chi2, slope

    t1, t2 = np.meshgrid(T, T, indexing="ij")
    found = larger(LAMINAR, DATA, 0.015, 0.1, t1, t2)
    expected = jb.compute_g2_scaled(**G2), jb.compute_chi_squared(**CHI2), jb.gradient_chi2(**CHI2)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4 if a.dtype == jnp.float32 else 1e-10)


@pytest.mark.parametrize("name", EVERY)
def test_with_compilation_disabled(name):
    """Values that the documented model takes and a `Geometry` of its own does not, included."""
    arguments, function = {**EVERY[name], **({"q": 0.0} if "q" in EVERY[name] else {})}, getattr(jb, name)
    with jax.disable_jit():
        found = function(**arguments)
    np.testing.assert_array_equal(found, function(**arguments))


DERIVATIVES = ("gradient_g2", "hessian_g2", "jacobian_g2", "gradient_chi2", "hessian_chi2")


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_in_integers(name):
    arguments, function = dict(EVERY[name]), getattr(jb, name)
    del arguments["params"]
    whole = np.array([900, -1, 15, 2, 0, 1, 12])
    expected = function(whole.astype(float), **arguments)
    for params in (whole, jnp.asarray(whole), whole.tolist()):
        np.testing.assert_array_equal(function(params, **arguments), expected)
    np.testing.assert_allclose(jax.jit(lambda p: function(p, **arguments))(whole), expected, rtol=1e-5)


@pytest.mark.x64
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_have_the_type_of_their_function(name):
    arguments = {**EVERY[name], "params": LAMINAR.astype(np.float32)}
    assert getattr(jb, name)(**arguments).dtype == jnp.float64


def test_traced_times_in_every_form():
    expected = jb.compute_g2_scaled(**G2)
    compiled = jax.jit(lambda t1, t2: jb.compute_g2_scaled(LAMINAR, t1, t2, **SETTING))
    lag = np.abs(T[:, None] - T[None, :])
    for times in (np.meshgrid(T, T, indexing="ij"), np.meshgrid(T, T, indexing="xy"), (lag, lag)):
        np.testing.assert_allclose(compiled(*times), expected, rtol=1e-5)
    whole = np.meshgrid(np.arange(N_T), np.arange(N_T))
    of_integers = jax.jit(lambda t1, t2: jb.compute_g1_diffusion(STATIC, t1, t2, 0.01, 1.0))(whole[0], whole[1] * 1.0)
    expected = jb.compute_g1_diffusion(STATIC, np.arange(N_T), np.arange(N_T), 0.01, 1.0)
    np.testing.assert_allclose(of_integers, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "key",
    [
        "params",
        "dt",
        "data",
        *(pytest.param(key, marks=pytest.mark.slow) for key in ("q", "L", "contrast", "offset", "phi", "t1")),
    ],
)
def test_vmap_is_a_loop(key):
    x = np.asarray(CHI2[key], float)
    values = np.stack([x, 1.01 * x, 1.03 * x])

    def chi2(value):
        changed = {"t1": value, "t2": value} if key == "t1" else {key: value}
        return jb.compute_chi_squared(**{**CHI2, **changed, **({"dt": jnp.asarray(0.1)} if key == "t1" else {})})

    compiled = jax.jit(chi2)
    one_by_one = np.array([compiled(value) for value in values])
    np.testing.assert_allclose(
        jax.vmap(chi2)(values), one_by_one, rtol=1e-4 if one_by_one.dtype == np.float32 else 1e-10
    )
    gradients = jax.vmap(jax.grad(lambda v: jnp.sum(chi2(v))))(values)
    assert gradients.shape == values.shape
    along = np.sum(gradients * values, axis=tuple(range(1, values.ndim)))
    if one_by_one.dtype == np.float32 or key == "t1":  # no derivative follows the floor of the times
        assert np.all(np.isfinite(along))
        assert np.all(along != 0)
    else:
        by_steps = [(compiled(value * (1 + 1e-5)) - compiled(value * (1 - 1e-5))) / 2e-5 for value in values]
        np.testing.assert_allclose(along, by_steps, rtol=1e-5)


def test_batches_are_loops():
    batch = np.stack([LAMINAR, 1.05 * LAMINAR, 0.9 * LAMINAR, 1.2 * LAMINAR])
    g2 = jb.vectorized_g2_computation(batch, T, T, **SETTING)
    chi2 = jb.batch_chi_squared(batch, DATA, SIGMA, T, T, **SETTING)
    for k, params in enumerate(batch):
        np.testing.assert_allclose(g2[k], jb.compute_g2_scaled(params, T, T, **SETTING), rtol=1e-6)
        expected = jb.compute_chi_squared(params, DATA, SIGMA, T, T, **SETTING)
        np.testing.assert_allclose(chi2[k], expected, rtol=1e-5)


def test_shard_map_over_azimuths():
    mesh = Mesh(np.array(jax.devices()[:1]), ("sector",))
    here, there = PartitionSpec(), PartitionSpec("sector")

    @jax.jit
    @functools.partial(jax.shard_map, mesh=mesh, in_specs=(here, there, there, there), out_specs=(here, here, there))
    def sharded(params, data, sigma, phi):
        def chi2(p):
            return jb.compute_chi_squared(p, data, sigma, T, T, phi, 0.015, 3e5, 0.4, 1.1, 0.1)

        params = jax.lax.pcast(params, "sector", to="varying")
        g2 = jb.compute_g2_scaled(params, T, T, phi, 0.015, 3e5, 0.4, 1.1, 0.1)
        return jax.lax.psum(chi2(params), "sector"), jax.lax.psum(jax.grad(chi2)(params), "sector"), g2

    found = sharded(jnp.asarray(LAMINAR), jnp.asarray(DATA), jnp.asarray(SIGMA), jnp.asarray(PHI))
    expected = jb.compute_chi_squared(**CHI2), jb.gradient_chi2(**CHI2), jb.compute_g2_scaled(**G2)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4 if a.dtype == jnp.float32 else 1e-10)


ON_TWO_DEVICES = """
import functools, jax, numpy as np
from jax.sharding import Mesh, PartitionSpec
from homodyne_eqx.core import jax_backend as jb

t, phi, params = 0.1 * np.arange(4), np.array([10.0, 70.0]), np.array([900.0, -0.4, 15.0])
data = 1.1 + 0.4 * np.random.default_rng(3).random((2, 4, 4))
setting = 0.015, 3e5, 0.4, 1.1, 0.1
here, there = PartitionSpec(), PartitionSpec("sector")
mesh = Mesh(np.array(jax.devices()), ("sector",))
assert mesh.size == 2

def both(params, data, phi):
    return jb.gradient_chi2(params, data, 0.1, t, t, phi, *setting), jb.hessian_g2(params, t, t, phi, *setting)

@functools.partial(jax.shard_map, mesh=mesh, in_specs=(here, there, there), out_specs=here)
def summed(*arguments):
    return jax.lax.psum(both(*arguments), "sector")

for found, expected in zip(jax.jit(summed)(params, data, phi), both(params, data, phi)):
    np.testing.assert_allclose(found, expected, rtol=1e-4)
"""


def test_derivatives_of_a_shard_are_those_of_its_data():
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", ON_TWO_DEVICES], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("n_t", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 17))])
@pytest.mark.x64
def test_any_number_of_frames(n_t):
    t = 0.1 * np.arange(n_t)
    data = 1.0 + np.random.default_rng(n_t).random((2, n_t, n_t))
    g2 = jb.compute_g2_scaled(LAMINAR, t, t, **SETTING)
    chi2 = jb.compute_chi_squared(LAMINAR, data, 0.1, t, t, **SETTING)
    np.testing.assert_allclose(chi2, np.sum(((data - g2) / 0.1) ** 2), rtol=1e-12)
    gradient = jb.gradient_chi2(LAMINAR, data, 0.1, t, t, **SETTING)
    dense = jax.grad(lambda p: jnp.sum(((data - jb.compute_g2_scaled(p, t, t, **SETTING)) / 0.1) ** 2))(
        jnp.asarray(LAMINAR)
    )
    np.testing.assert_allclose(gradient, dense, rtol=1e-9, atol=1e-9 * np.abs(dense).max())


def test_single_precision_data_are_taken_as_they_are():
    narrow = {key: np.asarray(CHI2[key], np.float32) for key in ("params", "data", "sigma", "t1", "t2", "phi")}
    found = jb.compute_chi_squared(**{**CHI2, **narrow})
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, jb.compute_chi_squared(**CHI2), rtol=1e-4)


def memory(program, *shapes):
    real = jnp.result_type(float)
    arguments = [jax.ShapeDtypeStruct(shape, real) for shape in shapes]
    return program.__wrapped__.lower(*arguments).compile().memory_analysis().temp_size_in_bytes


def test_chi_squared_and_its_gradient_hold_no_map():
    """For 23 × 1001² data: a map of the model would take 184 MB in float64."""
    n = 1001
    shapes = ((7,), (23, n, n), (23, n, n), (n,), (23,), (), (), (), (), ())
    for program in (programs.chi2, programs.chi2_gradient):
        assert memory(program, *shapes) < 60e6
    of_g2 = ((7,), (n,), (23,), (), (), (), (), ())
    assert memory(programs.g2_gradient, *of_g2) < 120e6
    assert memory(programs.g2, *of_g2) < 20e6


def test_over_a_row_block_boundary():
    """Rows that do not divide the frames: the last step begins early and counts its rows once."""
    from homodyne_eqx.engine.chi_squared import chi_squared_of_tiles
    from homodyne_eqx.engine.sum_of_g2 import sum_of_g2
    from homodyne_eqx.engine.tiles import MapTiles
    from homodyne_eqx.physics.documented_models import from_parameter_vector
    from homodyne_eqx.physics.geometry import Geometry
    from homodyne_eqx.physics.kernels import SincSquared

    model = from_parameter_vector(jnp.asarray(LAMINAR), 0.4, 1.1, SincSquared())
    geometry = Geometry(q=0.015, t=T, phi=PHI, gap=3e5, dt=0.1)
    g2 = np.asarray(jb.compute_g2_scaled(**G2))
    for rows in range(1, N_T + 1):
        tiles = MapTiles(jnp.asarray(DATA), jnp.asarray(SIGMA), rows)
        chi2 = chi_squared_of_tiles(model, model.scaling(geometry), geometry, tiles, common=("q", "gap"))
        np.testing.assert_allclose(chi2, np.sum(((DATA - g2) / SIGMA) ** 2), rtol=1e-5)
        np.testing.assert_allclose(sum_of_g2(model, geometry, rows), g2.sum((1, 2)), rtol=1e-5)
