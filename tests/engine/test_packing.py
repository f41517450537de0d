"""Folding: one pair, one measurement; and what carries no weight stays out."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from dense import folded_pairs

import homodyne_eqx as hx
from homodyne_eqx.engine import Packed
from homodyne_eqx.engine.pair_sums import in_lanes
from homodyne_eqx.engine.tile_size import tile_size
from homodyne_eqx.engine.tiles import triangle


def data_of(n_sector=2, n_t=7, seed=0, **options):
    rng = np.random.default_rng(seed)
    geometry = hx.Geometry(q=0.005, t=0.1 * np.arange(n_t), phi=jnp.linspace(0, 90, n_sector), gap=1e6)
    c2 = 1 + rng.random((n_sector, n_t, n_t))
    return hx.TwoTimeData(c2, geometry, **{"sigma": 0.01, **options})


def unpacked(packed: Packed):
    """{(sector, i, j): (value, weight)} of every pair with weight."""
    found = {}
    values = np.asarray(packed.values)
    weights = np.asarray(packed.weights)
    for group, tile, member, a, b in np.argwhere(~np.isnan(values)):
        row, column = np.asarray(packed.starts)[tile, 0]
        weight = weights[group, member] if weights.ndim == 2 else weights[group, tile, member, a, b]
        key = (int(packed.sectors[group, member]), int(row + a), int(column + b))
        assert key not in found, f"{key} stands twice"
        found[key] = (values[group, tile, member, a, b], weight)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, None])
@pytest.mark.parametrize("full_sigma", [False, True])
def test_every_pair_stands_once_with_the_weight_of_one(size, full_sigma):
    sigma = 0.01 * (1 + np.random.default_rng(1).random((2, 7, 7))) if full_sigma else np.array([0.01, 0.02])
    mask = np.random.default_rng(2).random((2, 7, 7)) < 0.3
    data = data_of(sigma=sigma, mask=mask)
    packed = hx.pack(data, size=size)
    found = unpacked(packed)
    expected = {
        (k, int(i), int(j)): (d, w)
        for k, pairs in enumerate(folded_pairs(data))
        for i, j, d, w in zip(*pairs, strict=True)
    }
    assert found.keys() == expected.keys()
    assert packed.n_pairs == len(expected)
    np.testing.assert_array_equal(packed.counts, np.sum(~np.isnan(np.asarray(packed.values)), (-1, -2)))
    tiles = np.arange(packed.n_tiles)[::2]
    assert packed.subset(jnp.asarray(tiles)).n_pairs == np.sum(np.asarray(packed.counts)[:, tiles])
    for key, (value, weight) in expected.items():
        np.testing.assert_allclose(found[key], (value, weight), rtol=1e-6)


def test_a_symmetric_map_counts_each_pair_with_one_over_sigma_squared():
    packed = hx.pack(data_of(n_sector=1, n_t=5, sigma=0.02))
    assert packed.n_pairs == 10
    assert all(weight == pytest.approx(2500) for _, weight in unpacked(packed).values())


def test_sectors_of_equal_q_are_grouped():
    geometry = hx.Geometry(q=jnp.array([2.0, 1.0, 2.0, 1.0]) * 1e-3, t=0.1 * np.arange(4), phi=np.arange(4.0), gap=1e6)
    packed = hx.pack(hx.TwoTimeData(np.ones((4, 4, 4)), geometry, sigma=1.0))
    assert np.asarray(packed.sectors).tolist() == [[1, 3], [0, 2]]
    assert packed.common == ("q", "gap")


@pytest.mark.parametrize(("n_sector", "n_t"), [(1, 30), (5, 200), (10, 500), (23, 1001), (23, 4000), (400, 300)])
def test_tiles_suit_sums_in_lanes_and_cover_little_twice(n_sector, n_t):
    size = tile_size(n_sector, n_t)
    assert size == n_t or in_lanes(size)[1] >= size - 4
    n_blocks = -(-n_t // size)
    assert n_blocks == 1 or n_blocks * (n_blocks + 1) / 2 * size**2 < 1.7 * n_t**2 / 2


def test_a_compiled_program_knows_no_number_of_pairs():
    counted = []
    packed = [hx.pack(data_of(mask=np.random.default_rng(k).random((7, 7)) < 0.3)) for k in range(2)]
    assert packed[0].n_pairs != packed[1].n_pairs

    @eqx.filter_jit
    def number(some):
        counted.append(1)
        return some.n_pairs

    for some in packed:
        assert number(some) == some.n_pairs
    assert len(counted) == 1


def test_storage_follows_the_data_unless_told_otherwise():
    data = data_of()
    assert hx.pack(data, dtype="float32").values.dtype == np.float32
    assert hx.pack(data).values.dtype == jnp.result_type(float)


def test_a_lazy_stack_is_read_one_map_at_a_time():
    data = data_of(n_sector=3)

    class Maps:
        shape, dtype, alive, most = data.c2.shape, data.c2.dtype, 0, 0

        def __getitem__(self, k):
            return np.array(data.c2[k])

    lazy = hx.TwoTimeData(Maps(), data.geometry, sigma=0.01)
    np.testing.assert_array_equal(hx.pack(lazy).values, hx.pack(data).values)


@pytest.mark.parametrize("n_t", [1, 2, 9, 10])
@pytest.mark.parametrize("size", [1, 4, 9])
def test_the_tiles_cover_the_triangle_once(n_t, size):
    size = min(size, n_t)
    seen = np.zeros((n_t, n_t), int)
    for (row, column), (new_row, new_column) in zip(*triangle(n_t, size), strict=True):
        for i in range(row, row + size):
            for j in range(column, column + size):
                seen[i, j] += (i >= new_row) and (j >= new_column) and i >= j
    np.testing.assert_array_equal(seen, np.tril(np.ones((n_t, n_t), int)))
