"""Tiles spread over several devices: the same sums as by brute force, and the same fit as on one device."""

import os
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import assert_normal_equations_agree, dense_normal_equations

import homodyne_eqx as hx
from homodyne_eqx.engine import devices as spreading
from homodyne_eqx.engine.cores import n_cores
from homodyne_eqx.engine.repacking import repacked
from homodyne_eqx.engine.unfolding import folded_map, sector_places

PRECISE = jax.config.jax_enable_x64
needs_two = pytest.mark.skipif(len(jax.devices()) < 2, reason="one device cannot share")


def case(full_sigma=False):
    """Two groups of equal q, excluded pixels, and a number of frames that no tile divides."""
    rng = np.random.default_rng(3)
    geometry = hx.Geometry(q=np.array([0.004, 0.006, 0.004, 0.006]), t=0.1 * np.arange(29))
    model = hx.static_diffusion(D0=4e3, alpha=-0.2, D_offset=50.0, contrast=np.full(4, 0.3), offset=np.full(4, 1.0))
    c2 = np.asarray(model(geometry)) + 0.02 * rng.standard_normal((4, 29, 29))
    sigma = 0.02 * (1 + rng.random(c2.shape)) if full_sigma else 0.02
    return model, hx.TwoTimeData(c2, geometry, sigma=sigma, mask=rng.random(c2.shape) < 0.2)


@needs_two
@pytest.mark.parametrize("full_sigma", [False, True])
def test_sums_over_devices_are_those_of_brute_force(full_sigma):
    model, data = case(full_sigma)
    packed = hx.pack(data, size=12, devices=jax.devices()[:2])
    assert len(packed.values.sharding.device_set) == 2
    expected = dense_normal_equations(model, data)
    tolerance = 1e-10 if PRECISE else 1e-4
    assert_normal_equations_agree(eqx.filter_jit(hx.normal_equations)(model, packed), expected, tolerance)
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))(model, packed)
    np.testing.assert_allclose(value, expected[2], rtol=tolerance)
    slopes = np.concatenate([np.ravel(x) for x in jax.tree.leaves(gradient)])
    scale = np.sqrt(np.diagonal(expected[0]) * float(expected[2]))
    np.testing.assert_allclose(slopes / scale, 2 * np.asarray(expected[1]) / scale, atol=tolerance)


@needs_two
def test_empty_tiles_fill_the_shares_and_are_no_data():
    _, data = case(full_sigma=True)
    one, two = (hx.pack(data, size=12, devices=jax.devices()[:n]) for n in (1, 2))
    assert one.mesh is None
    assert two.mesh is not None
    size = hx.pack(data, size=10, devices=jax.devices()[:2])  # three blocks: six tiles
    assert size.values.shape[1] == size.n_tiles == 6
    odd = hx.pack(data, size=29, devices=jax.devices()[:2])  # one tile for two devices
    assert odd.values.shape[1] == 2
    assert odd.n_tiles == 1
    for packed in (two, odd):
        assert packed.n_pairs == one.n_pairs
        for place in sector_places(one).values():
            for found, expected in zip(folded_map(packed, *place), folded_map(one, *place), strict=True):
                np.testing.assert_array_equal(found, expected)


@needs_two
def test_a_subset_is_on_one_device_and_a_repacked_one_stays_spread():
    model, data = case()
    one, two = (hx.pack(data, size=12, devices=jax.devices()[:n]) for n in (1, 2))
    tiles = jnp.array([4, 1, 5])
    chi2 = eqx.filter_jit(hx.chi_squared)
    part = two.subset(tiles)
    assert part.mesh is None
    assert not part.values.committed
    np.testing.assert_allclose(chi2(model, part), chi2(model, one.subset(tiles)), rtol=1e-12 if PRECISE else 1e-5)
    other = repacked(two, lambda k: np.full((29, 29), 1.0 + k))
    assert other.values.sharding == two.values.sharding
    np.testing.assert_allclose(np.nanmax(np.asarray(other.values)), 4.0)


@needs_two
@pytest.mark.x64
def test_a_fit_on_two_devices_ends_where_chi_squared_is_least():
    _model, data = case()
    packed = hx.pack(data, devices=jax.devices()[:2])
    start = hx.static_diffusion(D0=5e3, alpha=-0.2, D_offset=50.0, contrast=np.full(4, 0.25), offset=np.full(4, 1.0))
    fixed = jax.tree.map(lambda _: True, start)
    fixed = eqx.tree_at(lambda m: (m.g1.rate.exponent, m.g1.rate.offset), fixed, (False, False))
    result = hx.fit(start, packed, fixed=["D_offset", "alpha"])
    assert result.converged
    matrix, slope, _ = (np.asarray(x) for x in dense_normal_equations(result.model, data, fixed))
    assert slope @ np.linalg.solve(matrix, slope) < 1e-6  # χ² can fall by no more
    together = [*jax.tree.leaves(result.model), jax.device_put(jnp.ones(()), jax.devices()[1])]
    assert np.isfinite(sum(jnp.sum(x) for x in together))  # the model goes together with arrays on any device


def on_one_device(tree):
    return all(len(x.devices()) == 1 for x in jax.tree.leaves(tree) if eqx.is_array(x))


@needs_two
def test_what_is_computed_outside_the_sums_is_computed_once_and_not_on_each_device():
    model, data = case()
    packed = hx.pack(data, devices=jax.devices()[:2])
    assert on_one_device(packed.geometry)  # maps and slopes of a sector are computed from it
    assert on_one_device(packed.on_one_device())
    both_model, both = packed.beside((model, packed))
    assert all(len(x.devices()) == 2 for x in jax.tree.leaves((both_model, both)))
    assert both.values is packed.values  # what is spread stays so


@needs_two
@pytest.mark.x64
@pytest.mark.slow
@pytest.mark.standard_promotion  # as Optax needs
@pytest.mark.parametrize("way", ["eliminated", "descend"])
def test_no_result_of_spread_data_is_left_on_several_devices(way):
    _, data = case()
    packed = hx.pack(data, devices=jax.devices()[:2])
    start = hx.static_diffusion(D0=5e3, alpha=-0.2, D_offset=50.0, contrast=np.full(4, 0.25), offset=np.full(4, 1.0))
    if way == "descend":
        result = hx.descend(start, packed, fixed=["D_offset", "alpha"], steps=3)
    else:
        result = hx.fit(start, packed, fixed=["D_offset", "alpha"], eliminate_scaling=True)
    assert on_one_device(result.model)


@needs_two
@pytest.mark.x64
@pytest.mark.slow
def test_a_joint_fit_takes_data_that_are_spread_over_different_devices():
    _, data = case()
    start = hx.static_diffusion(D0=5e3, alpha=-0.2, D_offset=50.0, contrast=np.full(4, 0.25), offset=np.full(4, 1.0))
    spread = hx.pack(data, devices=jax.devices()[:2]), hx.pack(data, devices=jax.devices()[1:2])
    options = {"fixed": ["D_offset", "alpha"], "estimate": False}
    together, alone = hx.fit(start, list(spread), **options), hx.fit(start, data, **options)
    assert together.converged
    D0 = next(p for p in together.parameters.values() if p.name == "D0")
    np.testing.assert_allclose(D0.value, alone.parameters["D0"].value, rtol=1e-6)


@needs_two
def test_pickled_data_come_back_on_one_device():
    model, data = case(full_sigma=True)
    packed = hx.pack(data, size=10, devices=jax.devices()[:2])
    found = pickle.loads(pickle.dumps(packed))
    assert found.mesh is None
    assert found.n_pairs == packed.n_pairs
    np.testing.assert_array_equal(found.values, packed.values)
    np.testing.assert_allclose(hx.chi_squared(model, found), hx.chi_squared(model, packed), rtol=1e-12)


@needs_two
def test_several_models_at_once_on_spread_data():
    model, data = case()
    models = jax.tree.map(lambda x: jnp.stack([x, 1.2 * x]) if eqx.is_array(x) else x, model)
    found = eqx.filter_jit(eqx.filter_vmap(hx.chi_squared, in_axes=(eqx.if_array(0), None)))
    one, two = (found(models, hx.pack(data, devices=jax.devices()[:n])) for n in (1, 2))
    np.testing.assert_allclose(two, one, rtol=1e-12 if PRECISE else 1e-5)


def test_only_data_with_enough_to_do_are_spread():
    per_device = spreading._PAIRS_A_DEVICE["cpu"]
    assert len(spreading.devices_for(10)) == 1
    assert len(spreading.devices_for(int(2 * per_device))) == min(2, len(jax.local_devices()))
    assert spreading.devices_for(10**12) == jax.local_devices()


def test_no_device_and_one_named_twice_are_refused():
    _, data = case()
    for wrong, count in (([], "0 devices"), ([jax.devices()[0]] * 2, "2 devices, 1 of them")):
        with pytest.raises(ValueError, match=count):
            hx.pack(data, devices=wrong)


def test_each_core_is_a_device_unless_the_user_says_otherwise():
    # The cores of the other process count: a test may have left NPROC, which limits them, in this one.
    say = (
        "import jax, homodyne_eqx; from homodyne_eqx.engine.cores import n_cores; print(n_cores(), len(jax.devices()))"
    )
    for settings, number in {(): None, (("JAX_NUM_CPU_DEVICES", "3"),): 3, (("NPROC", "1"),): 1}.items():
        environment = {k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "JAX_NUM_CPU_DEVICES", "NPROC")}
        environment |= {"JAX_PLATFORMS": "cpu", **dict(settings)}
        done = subprocess.run([sys.executable, "-c", say], env=environment, capture_output=True, text=True, check=True)
        cores, devices = map(int, done.stdout.split())
        assert devices == (cores if number is None else number), done.stderr


def test_cores_are_those_that_the_process_may_use_and_no_more_than_nproc(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(12), raising=False)
    for limit, expected in (("", 12), ("5", 5), ("40", 12), ("0", 12), ("many", 12)):
        monkeypatch.setenv("NPROC", limit)
        assert n_cores() == expected


def test_the_code_of_the_page_on_cores_runs():
    page = (Path(__file__).parents[2] / "docs" / "many_cores.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1], names)
    assert len(names["packed"].values.sharding.device_set) == len(jax.devices())
    assert np.isfinite(names["value"])


_PROCESS = """
import sys, jax, numpy as np
number, port, precise = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
jax.config.update("jax_enable_x64", precise)
jax.config.update("jax_num_cpu_devices", 2)
jax.distributed.initialize(f"localhost:{port}", num_processes=2, process_id=number)
import homodyne_eqx as hx
rng = np.random.default_rng(3)
geometry = hx.Geometry(q=np.array([0.004, 0.006]), t=0.1 * np.arange(60))
model = hx.static_diffusion(D0=4e3, alpha=0.0, D_offset=0.0, contrast=np.full(2, 0.3), offset=np.full(2, 1.0))
data = hx.TwoTimeData(np.asarray(model(geometry)) + 0.02 * rng.standard_normal((2, 60, 60)), geometry, sigma=0.02)
start = hx.static_diffusion(D0=5e3, alpha=0.0, D_offset=0.0, contrast=np.full(2, 0.25), offset=np.full(2, 1.0))
for devices in (jax.devices(), jax.local_devices()[:1]):
    packed = hx.pack(data, size=24, devices=devices)
    result = hx.fit(start, packed, fixed=["alpha", "D_offset"])
    here = sum(x.data.nbytes for x in packed.values.addressable_shards)
    print("RESULT", here, packed.n_pairs, result.converged, repr(float(result.chi2)),
          repr(result.parameters["D0"].value),
          repr(result.parameters["D0"].uncertainty), flush=True)
"""


@pytest.mark.slow
def test_two_processes_make_the_same_fit_each_with_its_own_tiles():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "JAX_NUM_CPU_DEVICES")}
    arguments = [sys.executable, "-c", _PROCESS]
    started = [
        subprocess.Popen(
            [*arguments, str(k), str(port), str(int(PRECISE))],
            env={**environment, "JAX_PLATFORMS": "cpu"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in range(2)
    ]
    said = [process.communicate(timeout=500) for process in started]
    for process, (_, errors) in zip(started, said, strict=True):
        assert process.returncode == 0, errors[-3000:]
    rows = [[line.split()[1:] for line in out.splitlines() if line.startswith("RESULT")] for out, _ in said]
    for together, alone in rows:
        assert int(together[0]) * 6 == int(alone[0]) * 4  # bytes of tiles: all six, or four of eight, two of them empty
        assert together[1] == alone[1]
        assert together[2] == alone[2] == "True"
        for a, b in zip(together[3:], alone[3:], strict=True):
            np.testing.assert_allclose(float(a), float(b), rtol=1e-9 if PRECISE else 1e-3)
    assert rows[0][0][3:] == rows[1][0][3:]
