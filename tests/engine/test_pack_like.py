"""Packing maps with arrays of other packed maps gives what packing them alone gives."""

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine.packing import pack_maps

N_T = 14


def data(q=(0.01, 0.02), sigma=0.01, n_t=N_T, seed=0):
    n = len(q)
    c2 = 1 + 0.1 * np.random.default_rng(seed).random((n, n_t, n_t))
    geometry = hx.Geometry(q=np.array(q), t=0.1 * np.arange(n_t), phi=np.arange(n))
    return hx.TwoTimeData((c2 + c2.swapaxes(1, 2)) / 2, geometry, sigma=sigma)


def same(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)


PIXELS = 0.01 * (1 + np.eye(N_T)[None].repeat(2, 0))


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"sigma": 0.02},
        {"sigma": np.array([0.01, 0.03])},
        {"sigma": PIXELS},
        {"q": (0.01, 0.01)},
        {"q": (0.02, 0.01)},
        {"n_t": 9},
    ],
    ids=["same", "sigma", "sigma of sectors", "sigma of pixels", "equal q", "q exchanged", "frames"],
)
def test_it_is_what_packing_alone_gives(other):
    second = data(**other, seed=1)
    same(pack_maps(second, like=hx.pack(data())), hx.pack(second))


def test_arrays_that_are_the_same_are_taken_over():
    first = hx.pack(data())
    second = pack_maps(data(seed=1), like=first)
    assert second.weights is first.weights
    assert second.starts is first.starts
    assert second.sectors is first.sectors
    assert second.values is not first.values
