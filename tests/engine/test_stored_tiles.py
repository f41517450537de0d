"""Packed data larger than the memory that they may have: read from a file, with the same sums and the same fits."""

import gc
import pickle
import weakref

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import assert_normal_equations_agree, dense_normal_equations

import homodyne_eqx as hx
from homodyne_eqx.engine import tile_file
from homodyne_eqx.engine.memory_budget import memory_budget
from homodyne_eqx.engine.repacking import repacked
from homodyne_eqx.engine.unfolding import folded_map, sector_places

PRECISE = jax.config.jax_enable_x64
TOLERANCE = 1e-10 if PRECISE else 1e-4
ITEM = 8 if PRECISE else 4
LITTLE = 1250 * ITEM  # bytes; all tiles take 2160 numbers, with weights of every pair twice as many
DEVICES = [1, pytest.param(2, marks=pytest.mark.skipif(len(jax.devices()) < 2, reason="one device cannot share"))]


def case(full_sigma=False, seed=3):
    """Two groups of equal q, excluded pixels, and a number of frames that no tile divides."""
    rng = np.random.default_rng(seed)
    geometry = hx.Geometry(q=np.array([0.004, 0.006, 0.004, 0.006]), t=0.1 * np.arange(29))
    model = hx.static_diffusion(D0=4e3, alpha=-0.2, D_offset=50.0, contrast=np.full(4, 0.3), offset=np.full(4, 1.0))
    c2 = np.asarray(model(geometry)) + 0.02 * rng.standard_normal((4, 29, 29))
    sigma = 0.02 * (1 + rng.random(c2.shape)) if full_sigma else 0.02
    return model, hx.TwoTimeData(c2, geometry, sigma=sigma, mask=rng.random(c2.shape) < 0.2)


def in_file(data, n_devices=1, memory=LITTLE):
    return hx.pack(data, size=6, devices=jax.devices()[:n_devices], memory=memory)


@pytest.mark.parametrize("n_devices", DEVICES)
@pytest.mark.parametrize("full_sigma", [False, True])
def test_sums_over_blocks_are_those_of_brute_force(n_devices, full_sigma):
    model, data = case(full_sigma)
    packed = in_file(data, n_devices)
    assert packed.is_stored
    assert packed.values.layout.n_blocks > 1
    expected = dense_normal_equations(model, data)
    assert_normal_equations_agree(hx.normal_equations(model, packed), expected, TOLERANCE)
    for _ in range(2):  # the second pass begins with what the first has read ahead
        value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))(model, packed)
        np.testing.assert_allclose(value, expected[2], rtol=TOLERANCE)
        slopes = np.concatenate([np.ravel(x) for x in jax.tree.leaves(gradient)])
        scale = np.sqrt(np.diagonal(expected[0]) * float(expected[2]))
        np.testing.assert_allclose(slopes / scale, 2 * np.asarray(expected[1]) / scale, atol=TOLERANCE)


@pytest.mark.parametrize("n_devices", DEVICES)
@pytest.mark.parametrize("full_sigma", [False, True])
def test_the_blocks_in_flight_fit_into_the_memory(n_devices, full_sigma):
    """One is used, one is copied and one read ahead on each device; with weights of every pair twice as many."""
    _, data = case(full_sigma)
    for memory in (LITTLE, 1.5 * LITTLE):
        packed = in_file(data, n_devices, memory)
        assert 3 * n_devices * (1 + full_sigma) * packed.values.layout.n_bytes <= memory
    assert not in_file(data, n_devices, 1e6).is_stored


def test_everything_else_is_as_of_data_in_memory():
    model, data = case(full_sigma=True)
    memory, stored = hx.pack(data, size=6), in_file(data)
    assert stored.n_pairs == memory.n_pairs
    assert stored.n_tiles == memory.n_tiles
    for place in sector_places(memory).values():
        for found, expected in zip(folded_map(stored, *place), folded_map(memory, *place), strict=True):
            np.testing.assert_array_equal(found, expected)
    tiles = jnp.array([4, 1, 5])
    some = eqx.filter_jit(lambda packed, tiles: packed.subset(tiles))
    for found in (stored.subset(tiles), some(stored, tiles)):
        np.testing.assert_array_equal(found.values, memory.subset(tiles).values)
        np.testing.assert_array_equal(found.weights, memory.subset(tiles).weights)
    back = pickle.loads(pickle.dumps(stored))
    assert not back.is_stored
    np.testing.assert_array_equal(back.values, memory.values)
    maps = {k: np.full((29, 29), 1 + 0.1 * k) for k in range(4)}
    maps[2][:, 3] = np.nan
    again, expected = (repacked(packed, maps.__getitem__) for packed in (stored, memory))
    assert again.is_stored
    assert again.n_pairs == expected.n_pairs < stored.n_pairs
    np.testing.assert_allclose(hx.chi_squared(model, again), hx.chi_squared(model, expected), rtol=TOLERANCE)
    np.testing.assert_allclose(hx.chi_squared(model, stored), hx.chi_squared(model, memory), rtol=TOLERANCE)


def test_derivatives_of_second_order_and_batches_of_models():
    model, data = case()
    stored, memory = in_file(data), hx.pack(data)
    rates = jnp.array([3e3, 4e3, 5e3])

    def chi2(rate, packed):
        return hx.chi_squared(eqx.tree_at(lambda m: m.g1.rate.amplitude, model, rate), packed)

    for transformed in (jax.vmap(chi2, (0, None)), jax.vmap(jax.grad(jax.grad(chi2)), (0, None))):
        found, expected = (jax.jit(transformed)(rates, packed) for packed in (stored, memory))
        np.testing.assert_allclose(found, expected, rtol=10 * TOLERANCE)


def test_one_program_does_for_all_data_of_a_layout():
    model, traced = case()[0], []

    @eqx.filter_jit
    def chi2(model, packed):
        traced.append(packed)
        return hx.chi_squared(model, packed)

    values = []
    for seed in (1, 2):
        data = case(seed=seed)[1]
        values.append(float(chi2(model, in_file(data))))
        np.testing.assert_allclose(values[-1], hx.chi_squared(model, hx.pack(data)), rtol=TOLERANCE)
    assert len(traced) == 1
    assert values[0] != values[1]


def test_the_file_goes_with_the_data():
    packed = in_file(case()[1])
    file, number = weakref.ref(packed.values.file), packed.values.file.number
    assert tile_file.tile_file(number) is file()
    del packed
    gc.collect()
    assert file() is None


@pytest.mark.x64
def test_a_fit_is_the_same():
    model, data = case()
    stored, memory = (hx.fit(model, packed) for packed in (in_file(data), hx.pack(data, size=6)))
    assert stored.ended == memory.ended
    np.testing.assert_allclose(stored.chi2, memory.chi2, rtol=1e-9)
    for one, other in zip(stored.parameters.values(), memory.parameters.values(), strict=True):
        assert abs(one.value - other.value) < 1e-4 * other.uncertainty
        np.testing.assert_allclose(one.uncertainty, other.uncertainty, rtol=1e-4)


def test_data_larger_than_half_of_the_free_memory_go_into_a_file(monkeypatch):
    data = case()[1]
    monkeypatch.setattr("homodyne_eqx.engine.memory_budget.available_memory", lambda: 2 * LITTLE)
    assert hx.pack(data, size=6).is_stored
    monkeypatch.setattr("homodyne_eqx.engine.memory_budget.available_memory", lambda: None)
    assert not hx.pack(data, size=6).is_stored


def test_many_data_sets_in_files_are_refused():
    model, data = case()
    with pytest.raises(ValueError, match=r"lie in files\. Fit them one by one"):
        hx.fit_many(model, [in_file(data), in_file(data)])


def test_no_room_for_the_file_is_said_before_anything_is_written(monkeypatch):
    usage = tile_file.shutil.disk_usage(".")
    monkeypatch.setattr(tile_file.shutil, "disk_usage", lambda path: usage._replace(free=2**30))
    with pytest.raises(OSError, match=r"1\.07 GB free for them. Make room there, .* TMPDIR .* memory=…"):
        in_file(case()[1])


@pytest.mark.parametrize(
    ("given", "expected"),
    [("4GB", 4e9), ("512 MiB", 512 * 2**20), ("1.5e3 kB", 1.5e6), (2e6, 2e6), (7, 7), ("100", 100), ("2t", 2e12)],
)
def test_memory_in_words(given, expected):
    assert memory_budget(given) == expected


@pytest.mark.parametrize("given", ["much", "", "0GB", 0, -1.0, "4 GV", "4.5.6 GB", float("nan")])
def test_memory_that_states_no_bytes_is_refused(given):
    with pytest.raises(ValueError, match=r"memory is .*; expected bytes, as a number or with a unit"):
        hx.pack(case()[1], memory=given)
