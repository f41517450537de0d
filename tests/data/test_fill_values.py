"""Numbers in the place of missing values: found where they are, and nothing else is taken for one."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.data.fill_values import fill_values
from tests.data.layouts import DT, PHI, Q, decaying_maps

WHERE = hx.Geometry(q=Q, phi=PHI, t=DT * np.arange(40), dt=DT)


def some_pairs(share, seed=0):
    """A symmetric choice of pairs of frames."""
    chosen = np.triu(np.random.default_rng(seed).random((40, 40)) < share, 1)
    return chosen | chosen.T


@pytest.mark.parametrize("value", [0.0, -1.0, 65535.0, -9999.0])
def test_pixels_of_a_fill_value_are_masked_and_said(value):
    c2, holes = decaying_maps(n_t=40), some_pairs(0.05)
    c2[:, holes] = value
    data = hx.TwoTimeData(c2, WHERE, sigma=0.01)
    assert data.excluded.masked == 3 * np.count_nonzero(holes)
    said = f"{data.excluded.masked} pixels (sectors 0, 1, 2) hold exactly {value:.6g}".replace("-", "−")
    assert any(note.startswith(said) for note in data.notes)
    np.testing.assert_array_equal(data.weighted_map(1)[1] == 0, holes | np.eye(40, dtype=bool))


@pytest.mark.parametrize("where", ["far lags", "a block", "one sector"])
def test_regions_without_measurement(where):
    c2, frames = decaying_maps(n_t=40), np.arange(40)
    region = np.abs(np.subtract.outer(frames, frames)) > 25
    if where == "a block":
        region = (frames[:, None] > 30) & (frames > 30)
    c2[1 if where == "one sector" else slice(None), region] = 0
    data = hx.TwoTimeData(c2, WHERE, sigma=0.01)
    off_diagonal = np.count_nonzero(region & ~np.eye(40, dtype=bool))
    assert data.excluded.masked == off_diagonal * (1 if where == "one sector" else 3)


def test_lazy_maps_are_treated_alike(tmp_path):
    c2 = decaying_maps(n_t=40)
    c2[:, some_pairs(0.05)] = -1
    data = hx.TwoTimeData(decaying_maps(n_t=40), WHERE, sigma=0.01)
    hx.save_aps_u(tmp_path / "a.hdf", data)
    import h5py

    with h5py.File(tmp_path / "a.hdf", "r+") as file:
        for k in range(3):
            item = file[f"xpcs/twotime/correlation_map/c2_{k + 1:05d}"]
            item[...] = np.triu(c2[k])
            del item.attrs["sha256"]
    whole, lazy = (hx.load(tmp_path / "a.hdf", lazy=how) for how in (False, True))
    assert whole.excluded.masked > 0
    assert lazy.excluded == whole.excluded


def test_few_photons_are_no_fill_values():
    """At 0.5 to 10 coincidences a pair on average, many pixels are exactly 0, and they count."""
    rng = np.random.default_rng(3)
    for coincidences in (0.5, 1, 2, 5, 10):
        counts = rng.poisson(np.sqrt(coincidences / 50), (150, 50)) + 1e-300
        mean = counts.mean(axis=1)
        c2 = counts @ counts.T / 50 / np.outer(mean, mean)
        pairs = c2[np.triu_indices(150, 1)]
        pairs = pairs[np.isfinite(pairs) & (pairs < 1e6)]
        assert fill_values(pairs) == [], coincidences


@pytest.mark.parametrize("rate", [0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("baseline", [0.0, 1.0])
def test_a_model_without_noise_has_none(rate, baseline):
    t = 0.1 * np.arange(60)
    c2 = baseline + 0.2 * np.exp(-rate * np.abs(np.subtract.outer(t, t)))
    assert fill_values(c2) == []
