"""Packed data with other values against data with other values, packed."""

import dataclasses

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine.repacking import repacked

N_SECTOR, N_T = 4, 37
GEOMETRY = hx.Geometry(q=[0.01, 0.02, 0.01, 0.02], t=np.arange(N_T) * 0.1, phi=[0.0, 30.0, 60.0, 90.0])


def symmetric(seed):
    half = np.random.default_rng(seed).normal(1, 0.1, (N_SECTOR, N_T, N_T))
    return half + np.swapaxes(half, 1, 2)


@pytest.mark.parametrize("sigma", ["number", "map"])
@pytest.mark.parametrize("size", [None, 16])
def test_repacked_data_are_the_other_data_packed(sigma, size):
    c2, generator = symmetric(0), np.random.default_rng(3)
    missing = np.triu(generator.random(c2.shape) < 0.2)  # (j, i) alone counts there
    c2[missing] = np.nan
    c2[:, 9, :20] = c2[:, :20, 9] = np.nan
    noise = 0.1 if sigma == "number" else 0.1 + generator.random(c2.shape)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=noise, mask=np.arange(N_T) == 5)
    other = symmetric(1)
    calls = []
    found = repacked(hx.pack(data, size=size), lambda k: calls.append(k) or other[k])
    assert sorted(calls) == list(range(N_SECTOR))
    there = np.where(np.isnan(c2), np.nan, other)
    expected = hx.pack(dataclasses.replace(data, c2=there), size=size)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, two in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_allclose(one, two, rtol=1e-6)


@pytest.mark.parametrize("sigma", ["number", "map"])
def test_pairs_without_a_value_in_the_other_map_count_no_longer(sigma):
    c2, other = symmetric(0), symmetric(1)
    other[:, 20:23, 1:5] = np.nan
    other[:, 1:5, 20:23] = np.nan
    noise = 0.1 if sigma == "number" else np.full(c2.shape, 0.1)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=noise)
    found = repacked(hx.pack(data, size=16), lambda k: other[k])
    expected = hx.pack(dataclasses.replace(data, c2=other), size=16)
    assert found.n_pairs == expected.n_pairs < hx.pack(data).n_pairs
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-6)
