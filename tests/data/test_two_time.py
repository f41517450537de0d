"""The container: what it keeps, what it excludes and counts, and what it refuses."""

import copy
import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.data import TwoTimeData
from homodyne_eqx.data.errors import NoPixelLeft
from homodyne_eqx.data.provenance import Provenance
from homodyne_eqx.physics.geometry import Geometry


class Reads:
    """A lazy stack that counts how often each map is read."""

    def __init__(self, c2):
        self.c2, self.shape, self.dtype, self.count = c2, c2.shape, c2.dtype, np.zeros(len(c2), int)

    def __getitem__(self, k):
        self.count[k] += 1
        return self.c2[k]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_is_kept_without_a_copy_and_cannot_be_changed(symmetric_maps, geometry_of, dtype):
    c2 = symmetric_maps(dtype=dtype)
    data = TwoTimeData(c2, geometry_of(), sigma=0.01)
    assert np.shares_memory(data.c2, c2)
    assert data.c2.dtype == dtype
    with pytest.raises(ValueError, match="read-only"):
        data.c2[0, 0, 1] = 2
    with pytest.raises(AttributeError):
        data.sigma = 1.0


def test_whole_numbers_lists_and_jax_arrays_are_taken(geometry_of):
    counts = np.full((2, 3, 3), 2)
    for c2 in (counts, jnp.asarray(counts, jnp.float32)):
        assert TwoTimeData(c2, geometry_of(2, 3), sigma=1.0).c2.dtype.kind == "f"
    assert TwoTimeData([[[1.0, 2.0], [2.0, 1.0]]], geometry_of(1, 2), sigma=1.0).shape == (1, 2, 2)


def test_weights_are_one_over_the_variance_and_zero_where_excluded(symmetric_maps, geometry_of):
    c2 = symmetric_maps()
    c2[1, 2, 5] = np.nan
    c2[1, 7, 3] = -np.inf
    mask = np.zeros((12, 12), bool)
    mask[4] = True
    sigma = np.array([0.1, 0.2, 0.3, 0.4])
    data = TwoTimeData(c2, geometry_of(), sigma=sigma, mask=mask)
    values, weights = data.weighted_map(1)
    excluded = np.eye(12, dtype=bool) | mask
    excluded[2, 5] = excluded[7, 3] = True
    assert np.all(weights[excluded] == 0)
    assert np.all(values[excluded] == 0)
    np.testing.assert_allclose(weights[~excluded], 25, rtol=1e-6)
    np.testing.assert_array_equal(values[~excluded], c2[1][~excluded])
    assert values.dtype == weights.dtype == c2.dtype
    np.testing.assert_array_equal(data.scalar_sigma, sigma)


def test_every_pixel_is_counted_once_by_its_first_cause(symmetric_maps, geometry_of):
    c2 = symmetric_maps()
    c2[0, 3, 3] = c2[0, 3, 4] = c2[2, 6, 1] = np.nan
    mask = np.zeros(c2.shape, bool)
    mask[0, 3] = True  # holds a diagonal pixel and one that is not finite: ten are left to it
    excluded = TwoTimeData(c2, geometry_of(), sigma=0.01, mask=mask).excluded
    assert (excluded.diagonal, excluded.not_finite, excluded.masked) == (48, 2, 10)
    assert excluded.total == c2.size
    assert excluded.used == c2.size - 60


def test_a_frame_mask_takes_rows_and_columns(symmetric_maps, geometry_of):
    frames = np.zeros(12, bool)
    frames[[0, 7]] = True
    data = TwoTimeData(symmetric_maps(), geometry_of(), sigma=0.01, mask=frames)
    weights = data.weighted_map(2)[1]
    assert np.all(weights[[0, 7]] == 0)
    assert np.all(weights[:, [0, 7]] == 0)
    assert np.count_nonzero(weights) == 10 * 10 - 10


@given(seed=st.integers(0, 2**16), n_t=st.integers(2, 9), n_sector=st.integers(1, 4))
def test_weights_and_counts_agree_for_any_mask_noise_and_gaps(seed, n_t, n_sector):
    rng = np.random.default_rng(seed)
    c2 = np.where(rng.random((n_sector, n_t, n_t)) < 0.2, np.nan, rng.random((n_sector, n_t, n_t)))
    mask = rng.random(c2.shape) < 0.3
    c2[:, 0, 1], mask[:, 0, 1] = 1.0, False
    sigma = rng.uniform(0.5, 2, c2.shape)
    geometry = Geometry(q=np.full(n_sector, 0.01), t=np.arange(n_t) * 0.1)
    data = TwoTimeData(c2, geometry, sigma=sigma, mask=mask)
    weights = np.stack([data.weighted_map(k)[1] for k in range(n_sector)])
    counts = np.isfinite(c2) & ~mask & ~np.eye(n_t, dtype=bool)
    np.testing.assert_allclose(weights, np.where(counts, sigma**-2.0, 0))
    assert data.excluded.used == np.count_nonzero(weights)
    assert data.scalar_sigma is None


def test_full_noise_may_be_anything_where_pixels_are_excluded(symmetric_maps, geometry_of):
    c2, sigma = symmetric_maps(), np.full((4, 12, 12), 0.01)
    sigma[:, np.arange(12), np.arange(12)] = 0
    assert TwoTimeData(c2, geometry_of(), sigma=sigma).weighted_map(3)[1][0, 0] == 0
    sigma[3, 2, 5] = np.nan
    with pytest.raises(ValueError, match=r"sigma\[3, 2, 5\] is nan.*Mask those pixels"):
        TwoTimeData(c2, geometry_of(), sigma=sigma)


def test_a_lazy_stack_is_read_when_needed_and_only_what_is_selected(symmetric_maps, geometry_of):
    c2 = symmetric_maps()
    stack = Reads(c2)
    data = TwoTimeData(stack, geometry_of(), sigma=0.01)
    assert data.is_lazy
    assert "counted when read" in repr(data)
    part = data.select(sectors=[2, 0], frames=(3, 9))
    assert stack.count.sum() == 0
    np.testing.assert_array_equal(part.weighted_map(0)[0][0, 1:], c2[2, 3, 4:9])
    np.testing.assert_array_equal(stack.count, [0, 0, 1, 0])
    whole = part.in_memory()
    np.testing.assert_array_equal(whole.c2, c2[[2, 0], 3:9, 3:9])
    assert not whole.is_lazy
    assert whole.excluded == part.excluded


@pytest.mark.parametrize("again", [copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_a_copy_through_pickle_is_the_same_and_as_immutable(symmetric_maps, geometry_of, again):
    mask = np.zeros(24, bool)
    mask[3] = True
    origin = Provenance(path="a.hdf", format="aps-u", frames=(2, 14), notes=("one",), metadata={"q0": 0.01})
    data = TwoTimeData(symmetric_maps(n_t=24), geometry_of(n_t=24), sigma="estimate", mask=mask, provenance=origin)
    other = again(data)
    for name in ("c2", "sigma", "mask"):
        np.testing.assert_array_equal(getattr(other, name), getattr(data, name))
    assert other.c2.dtype == data.c2.dtype
    np.testing.assert_array_equal(other.geometry.q, data.geometry.q)
    np.testing.assert_array_equal(other.geometry.t, data.geometry.t)
    assert (other.provenance, other.sigma_source, other.excluded) == (origin, data.sigma_source, data.excluded)
    for array in (other.c2, other.sigma):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError):
        other.provenance.metadata["q0"] = 2


def test_it_prints_what_a_user_asks_first(symmetric_maps, geometry_of):
    c2 = symmetric_maps()
    c2[0, 1, 2] = np.nan
    text = repr(TwoTimeData(c2, geometry_of(first=4), sigma=0.02))
    for part in ("4 sectors × 12 frames", "2 to 7.5 s, dt 0.5 s", "0.005 Å⁻¹", "30, −80, 120, 5°", "1e+06 Å", "0.02"):
        assert part in text
    assert "48 on the diagonal, 1 not finite, 0 masked of 576 pixels" in text


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (None, "missing.*estimate"),
        (0.0, r"sigma is 0\.0; expected finite numbers > 0"),
        (-0.01, "expected finite numbers > 0"),
        (np.nan, "expected finite numbers > 0"),
        (np.inf, "expected finite numbers > 0"),
        ([0.1, 0.1, 0.0, 0.1], "expected finite numbers > 0"),
        ([0.1, 0.1], r"shape \(2,\); expected \(\), \(4,\) or \(4, 12, 12\)"),
        ("robust", '"estimate"'),
    ],
)
def test_noise_has_no_default_and_is_positive(symmetric_maps, geometry_of, sigma, message):
    with pytest.raises(ValueError, match=message):
        TwoTimeData(symmetric_maps(), geometry_of(), sigma=sigma)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((12, 12), r"\(12, 12\); expected \(n_sector, n_t, n_t\).*c2\[None\]"),
        ((4, 12, 11), r"\(4, 12, 11\); expected \(n_sector, n_t, n_t\)"),
        ((0, 12, 12), "at least one sector"),
        ((4, 1, 1), "at least 2"),
        ((3, 12, 12), r"\(3, 12, 12\); expected 4 maps, one for each sector of the geometry"),
        ((4, 11, 11), r"\(4, 11, 11\); expected 12 frames, one for each time t"),
    ],
)
def test_shapes_that_disagree_are_refused(geometry_of, shape, message):
    with pytest.raises(ValueError, match=message):
        TwoTimeData(np.ones(shape), geometry_of(), sigma=0.01)


def test_other_input_is_refused_with_the_remedy(symmetric_maps, geometry_of):
    c2, geometry = symmetric_maps(), geometry_of()
    with pytest.raises(TypeError, match="complex"):
        TwoTimeData(c2 * 1j, geometry, sigma=0.01)
    with pytest.raises(TypeError, match="expected booleans"):
        TwoTimeData(c2, geometry, sigma=0.01, mask=np.zeros((12, 12)))
    with pytest.raises(ValueError, match=r"mask has shape \(11,\); expected \(12,\)"):
        TwoTimeData(c2, geometry, sigma=0.01, mask=np.zeros(11, bool))
    with pytest.raises(ValueError, match=r"No pixel of sector 0 is left: 0 are not finite and 132 are masked"):
        TwoTimeData(c2, geometry, sigma=0.01, mask=np.ones(12, bool))
    c2[2] = np.nan
    with pytest.raises(ValueError, match=r"sector 2 is left: 132 are not finite.*leave the sector out"):
        TwoTimeData(c2, geometry, sigma=0.01)
    lazy = TwoTimeData(Reads(c2), geometry, sigma=0.01)
    with pytest.raises(ValueError, match="No pixel of sector 2"):
        lazy.weighted_map(2)
    with pytest.raises(IndexError, match="no sector 4; expected numbers from 0 to 3"):
        lazy.weighted_map(4)


def test_bad_frames_and_outliers_are_excluded_and_counted_by_themselves(symmetric_maps, geometry_of):
    c2 = symmetric_maps(n_sector=2)
    c2[0, 5, 6] = np.nan
    mask = np.zeros(12, bool)
    mask[5] = True
    pixels = np.zeros(c2.shape, bool)
    pixels[1, 0, 1] = pixels[1, 1, 0] = pixels[1, 3, 4] = True
    data = TwoTimeData(Reads(c2), geometry_of(2), sigma=0.01, mask=mask)
    some = data.excluding(frames=[3, 5], outliers=pixels)
    assert data.bad_frames is None
    found = some.excluded
    # Row and column 5 of the masked frame, without the diagonal and one NaN; those of frame 3, without frame 5.
    assert (found.not_finite, found.masked, found.bad_frames, found.outliers) == (1, 43, 40, 2)
    assert found.used == sum(np.count_nonzero(some.weighted_map(k)[1]) for k in range(2))
    assert str(found) == "24 on the diagonal, 1 not finite, 43 masked, 40 in bad frames, 2 outliers of 288 pixels"
    in_two_steps = data.excluding(frames=[3]).excluding(frames=[5], outliers=pixels)
    for other in (pickle.loads(pickle.dumps(some)), some.in_memory(), in_two_steps):
        assert other.excluded == found
    cut = some.select(sectors=[1], frames=(2, 8))
    np.testing.assert_array_equal(np.flatnonzero(cut.bad_frames), [1, 3])
    np.testing.assert_array_equal(cut.weighted_map(0)[1], some.weighted_map(1)[1][2:8, 2:8])
    by_booleans = data.excluding(frames=np.isin(np.arange(12), [3, 5]))
    np.testing.assert_array_equal(by_booleans.bad_frames, some.bad_frames)


@pytest.mark.parametrize("frames", ["found", [12], [-1], [1.5], 3])
def test_what_are_no_frames_is_refused(symmetric_maps, geometry_of, frames):
    with pytest.raises(ValueError, match="expected a list of frame numbers, whole numbers from 0 to 11"):
        TwoTimeData(symmetric_maps(), geometry_of(), sigma=0.01).excluding(frames=frames)


def test_frames_of_which_nothing_is_left_are_refused(symmetric_maps, geometry_of):
    data = TwoTimeData(symmetric_maps(), geometry_of(), sigma=0.01)
    with pytest.raises(NoPixelLeft, match="0 are masked, 132 lie in bad frames and 0 are outliers"):
        data.excluding(frames=range(12))
    with pytest.raises(ValueError, match=r"outliers has shape \(3,\)"):
        data.excluding(outliers=np.zeros(3, bool))
