"""Fits to blocks of frames: what they are given, what they mean, and that one program does for all."""

import importlib

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T, N_SECTOR = 60, 2
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=2.0 + np.arange(N_T) * 0.1, phi=[0.0, 60.0])
TRUTH = hx.TwoTimeModel(hx.Diffusion(2e4), hx.ContrastOffset(0.5, 1.0))
AGEING = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(8e4, -1.0, 0.0)), hx.ContrastOffset(0.5, 1.0))


def simulated(model, seed, sigma=0.02, **options):
    noise = np.tril(sigma * np.random.default_rng(seed).standard_normal((N_SECTOR, N_T, N_T)), -1)
    return hx.TwoTimeData(
        np.asarray(model(GEOMETRY)) + noise + np.swapaxes(noise, 1, 2), GEOMETRY, sigma=sigma, **options
    )


@pytest.mark.x64
def test_each_block_is_the_fit_to_its_own_frames():
    data = simulated(TRUTH, 0)
    found = hx.blocks_of_frames(TRUTH, data, n_blocks=4, fixed=["offset"])
    assert found.names == ("diffusion.rate", "contrast")
    assert found.labels == ("frames 0–14", "frames 15–29", "frames 30–44", "frames 45–59")
    third = hx.fit(TRUTH, data.select(frames=(30, 45)), fixed=["offset"])
    assert found.fitted[2, 0] == pytest.approx(third.parameters["diffusion.rate"].value, rel=1e-9)
    np.testing.assert_allclose(found.values, np.mean(found.fitted, axis=0))
    assert not found.notes


@pytest.mark.x64
def test_frames_left_over_are_said_and_masks_go_along():
    spoilt = np.zeros((N_T, N_T), bool)
    spoilt[20:24] = True
    data = simulated(TRUTH, 1, mask=spoilt | spoilt.T)
    found = hx.blocks_of_frames(TRUTH, data, n_blocks=7)
    assert found.labels[-1] == "frames 48–55"
    assert found.notes == ("not used: the last 4 of 60 frames",)
    assert [result.data.excluded.masked for result in found.results if result.data is not None] == [
        int(np.sum((spoilt | spoilt.T)[k : k + 8, k : k + 8] & ~np.eye(8, dtype=bool))) * N_SECTOR
        for k in range(0, 56, 8)
    ]


@pytest.mark.slow
@pytest.mark.x64
def test_ageing_means_the_same_in_every_block_and_is_noticed_where_the_model_has_none():
    data = simulated(AGEING, 2, sigma=0.01)
    ageing = hx.blocks_of_frames(AGEING, data, n_blocks=3, fixed=["alpha", "D_offset"])
    low, high = ageing.intervals(0.99)["D0"]
    assert low < 8e4 < high
    assert ageing.consistency["D0"].probability > 1e-3
    steady = hx.blocks_of_frames(TRUTH, data, n_blocks=3)
    assert steady.consistency["diffusion.rate"].probability < 1e-6
    # The rate of each block is that at its middle: D0/t.
    middle = np.mean(np.asarray(GEOMETRY.t).reshape(3, 20), axis=1)
    np.testing.assert_allclose(steady.fitted[:, 0], 8e4 / middle, rtol=0.1)


@pytest.mark.x64
@pytest.mark.slow
def test_blocks_compile_once(monkeypatch):
    data = simulated(TRUTH, 3)
    traced = []
    problem_module = importlib.import_module("homodyne_eqx.fit.problem")
    original = problem_module.normal_equations
    monkeypatch.setattr(problem_module, "normal_equations", lambda *a, **k: traced.append(1) or original(*a, **k))
    hx.blocks_of_frames(TRUTH, data, n_blocks=5)
    first = len(traced)
    assert first > 0  # blocks of 12 frames, which no other test of this file has
    hx.blocks_of_frames(TRUTH, data.select(frames=(0, 36)), n_blocks=3)
    hx.blocks_of_frames(TRUTH, simulated(TRUTH, 5), n_blocks=5)
    assert len(traced) == first
    hx.blocks_of_frames(TRUTH, data.select(frames=(0, 33)), n_blocks=3)
    of_three = len(traced) - first
    assert 0 < of_three < 1.5 * first  # not once a block


@pytest.mark.x64
@pytest.mark.slow
def test_the_scatter_of_blocks_is_that_of_fits_to_such_blocks():
    """Over many simulated measurements with short speckles: 1σ of a block, and of the mean over the blocks."""
    fast = hx.TwoTimeModel(hx.Diffusion(1e5), hx.ContrastOffset(0.5, 1.0))
    field = np.sqrt((np.asarray(fast(GEOMETRY)) - 1) / 0.5)
    single, mean, means, blocks = [], [], [], []
    for seed in range(30):
        c2 = speckle_maps(list(field), 300, seed, n_modes=2)
        found = hx.blocks_of_frames(fast, hx.TwoTimeData(c2, GEOMETRY, sigma=0.05), n_blocks=4)
        single.append(np.diagonal(found.single_covariance))
        mean.append(np.diagonal(found.covariance))
        means.append(found.values)
        blocks.append(found.fitted[0])
    # 30 replicates know a scatter to 13 %, 30 × 3 degrees of freedom to 7 %.
    np.testing.assert_allclose(np.std(blocks, axis=0, ddof=1) / np.sqrt(np.mean(single, axis=0)), 1, atol=0.45)
    np.testing.assert_allclose(np.std(means, axis=0, ddof=1) / np.sqrt(np.mean(mean, axis=0)), 1, atol=0.45)


def test_what_cannot_be_cut_is_refused():
    data = simulated(TRUTH, 6)
    with pytest.raises(ValueError, match="n_blocks is 2; expected at least 3"):
        hx.blocks_of_frames(TRUTH, data, n_blocks=2)
    with pytest.raises(ValueError, match=r"30 blocks of 60 frames have 2 each.*at most 20"):
        hx.blocks_of_frames(TRUTH, data, n_blocks=30)
    with pytest.raises(TypeError, match="Packed"):
        hx.blocks_of_frames(TRUTH, hx.pack(data))  # pyright: ignore[reportArgumentType]


def test_an_error_names_the_block():
    gone = np.zeros(N_T, bool)
    gone[20:40] = True
    with pytest.raises(ValueError, match="No pixel") as raised:
        hx.blocks_of_frames(TRUTH, simulated(TRUTH, 7, mask=gone), n_blocks=3)
    assert raised.value.__notes__ == ["This was in the fit to the frames 20–39, one of 3 blocks."]
    with pytest.raises(ValueError, match=r"Not converged: frames 0–19 \(step limit\)"):
        hx.blocks_of_frames(
            hx.TwoTimeModel(hx.Diffusion(1e3), TRUTH.scaling),
            simulated(TRUTH, 7),
            n_blocks=3,
            max_steps=1,
            estimate=False,
        )
