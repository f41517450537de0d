"""The mean of repeats: its value and its sigma beside simulated speckles, masks, lazy stacks, refusals."""

import dataclasses
import functools
import pickle

import numpy as np
import pytest

import homodyne_eqx as hx

N, DECAY = 36, 6.0
FIELD = np.exp(-np.abs(np.subtract.outer(np.arange(N), np.arange(N))) / DECAY)
Q = np.array([0.004, 0.005])


def repeat(seed, speckles=400, sigma=0.05, field=FIELD, n_sector=2, **fields):
    c2 = hx.testing.speckle_maps([field] * n_sector, speckles, seed)
    return hx.TwoTimeData(c2, geometry(n_sector), sigma=sigma, **fields)


@functools.cache
def geometry(n_sector):
    return hx.Geometry(q=Q[:n_sector], t=0.1 * np.arange(N), phi=30.0, dt=0.1)


def changed(data, **of_geometry):
    g = data.geometry
    values = {"q": g.q, "t": g.t, "phi": g.phi, "gap": g.gap} | of_geometry
    return dataclasses.replace(data, geometry=hx.Geometry(**values))


@dataclasses.dataclass(frozen=True)
class Stack:
    maps: np.ndarray
    read: list

    @property
    def shape(self):
        return self.maps.shape

    @property
    def dtype(self):
        return self.maps.dtype

    def __getitem__(self, k):
        self.read.append(k)
        return self.maps[k]


def lazy(data, read=None):
    return dataclasses.replace(data, c2=Stack(np.asarray(data.c2), [] if read is None else read))


def test_the_mean_is_unbiased_and_sigma_is_its_scatter_for_speckle_noise():
    """Repeats of 200, 800 and 400 speckles: the sigma of one set is the scatter of the mean over 40 sets."""
    speckles = [200, 800, 400]
    repeats = [[repeat(100 * s + r, p, p**-0.5, n_sector=1) for r, p in enumerate(speckles)] for s in range(40)]
    sets = [hx.average(each) for each in repeats]
    pairs = np.triu_indices(N, 1)
    means = np.stack([data.c2[0][pairs] for data in sets])
    truth = 1 + FIELD[pairs] ** 2
    scatter = np.sqrt(np.mean(np.var(means, axis=0, ddof=1)))
    stated = np.array([data.sigma[0] for data in sets])
    assert stated.shape == (40,)
    assert np.sqrt(np.mean(stated**2)) == pytest.approx(scatter, rel=0.07)
    assert abs(np.mean(means - truth)) < 5 * scatter / np.sqrt(40 * (N / DECAY) ** 2 / 2)
    # In the plain mean those of few speckles count too much.
    plain = np.stack([np.mean([data.c2[0][pairs] for data in each], axis=0) for each in repeats])
    assert scatter < 0.93 * np.sqrt(np.mean(np.var(plain, axis=0, ddof=1)))


def test_each_pixel_is_the_weighted_mean_where_present():
    rng = np.random.default_rng(2)
    sigmas = (0.02, 0.05, 0.03)
    masks = [np.triu(rng.random((2, N, N)) < 0.3, 1) for _ in range(3)]
    masks = [mask | mask.swapaxes(1, 2) for mask in masks]
    for mask in masks:
        mask[0, 2, 9] = mask[0, 9, 2] = True
    repeats = [repeat(r, sigma=s, mask=m) for r, (s, m) in enumerate(zip(sigmas, masks))]
    mean = hx.average(repeats)
    unit = []
    for k in range(2):
        squares, free = 0.0, 0
        for i in range(N):
            for j in range(N):
                some = [(d.c2[k, i, j], s**-2) for d, s, m in zip(repeats, sigmas, masks) if not m[k, i, j] and i != j]
                if not some:
                    assert i == j or mean.map_and_excluded(k)[1][i, j]
                    continue
                total = sum(w for _, w in some)
                expected = sum(w * v for v, w in some) / total
                assert mean.c2[k, i, j] == pytest.approx(expected, rel=1e-12)
                squares += sum(w * (v - expected) ** 2 for v, w in some)
                free += len(some) - 1
        unit.append(squares / free)
    for k, (i, j) in ((0, (3, 30)), (1, (12, 5))):
        total = sum(s**-2 for s, m in zip(sigmas, masks) if not m[k, i, j])
        if total:
            assert mean.sigma[k, i, j] == pytest.approx(np.sqrt(unit[k] / total), rel=1e-9)
    assert mean.excluded.masked == sum(int(np.count_nonzero(np.all([m[k] for m in masks], 0))) for k in range(2))
    assert mean.excluded.not_finite == 0


def test_a_frame_that_is_bad_in_one_repeat_is_taken_from_the_others():
    repeats = [repeat(r) for r in range(3)]
    spoilt = np.array(repeats[1].c2)
    spoilt[:, 11] = spoilt[:, :, 11] = 7.0 + np.random.default_rng(0).random(N)
    repeats[1] = dataclasses.replace(repeats[1], c2=(spoilt + spoilt.swapaxes(1, 2)) / 2).excluding(frames=[11])
    mean = hx.average(repeats)
    assert mean.excluded.bad_frames == 0
    off = np.delete(np.arange(N), 11)
    np.testing.assert_allclose(mean.c2[0, 11, off], (repeats[0].c2[0, 11, off] + repeats[2].c2[0, 11, off]) / 2)
    assert mean.sigma[0, 11, 3] == pytest.approx(mean.sigma[0, 5, 3] * np.sqrt(1.5))
    everywhere = hx.average([each.excluding(frames=[4]) for each in repeats])
    assert everywhere.excluded.bad_frames == 2 * (2 * N - 2)
    # One frame in one repeat and another in another: their pair is in the third.
    crossed = hx.average([repeats[0].excluding(frames=[2]), repeats[1], repeats[2].excluding(frames=[2])])
    assert crossed.map_and_excluded(0)[1][2, 11]
    assert not crossed.map_and_excluded(0)[1][2, 12]


def test_two_repeats_have_the_sigma_that_follows_from_theirs():
    mean = hx.average([repeat(0, sigma=0.03), repeat(1, sigma=[0.04, 0.03])])
    np.testing.assert_allclose(mean.sigma, [0.024, 0.03 / np.sqrt(2)])
    assert "from sigma of 2 repeats" in repr(mean)
    np.testing.assert_allclose(hx.average([repeat(0), repeat(1)], sigma=0.01).sigma, 0.01)
    with pytest.raises(ValueError, match="do not scatter"):
        hx.average([repeat(0), repeat(0), repeat(0)])


def test_lazy_repeats_give_a_lazy_mean_of_the_same_values_one_map_at_a_time():
    repeats, read = [repeat(r).excluding(frames=[r]) for r in range(3)], []
    mean = hx.average(lazy(each, read) for each in repeats)
    assert mean.is_lazy
    in_memory = hx.average(repeats)
    # 2 sectors: each map of each repeat in one pass.
    assert sorted(read) == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(mean.in_memory().c2, in_memory.c2)
    assert mean.sigma.shape == (2,)
    assert in_memory.sigma.shape == in_memory.shape
    np.testing.assert_allclose(mean.sigma, [in_memory.sigma[k, 20, 10] for k in range(2)])
    assert any("not all repeats have" in note for note in mean.notes)


@pytest.mark.parametrize(
    ("other", "what", "value", "expected"),
    [
        (lambda d: d.select(frames=(0, N - 1)), "the number of frames", str(N - 1), str(N)),
        (lambda d: d.select(sectors=[0]), "the number of sectors", "1", "2"),
        (lambda d: changed(d, t=0.2 * np.arange(N)), "dt", "0.2 s", "0.1 s"),
        (lambda d: changed(d, t=0.1 * (3 + np.arange(N))), "the time of frame", "s", "s"),
        (lambda d: changed(d, q=Q * [1, 1.01]), "q of sector 1", "0.00505 Å⁻¹", "0.005 Å⁻¹"),
        (lambda d: changed(d, phi=[30.0, 31.0]), "phi of sector 1", "31 °", "30 °"),
        (lambda d: changed(d, phi=None), "phi", "no phi", "phi given"),
        (lambda d: changed(d, gap=1e6), "gap", "gap given", "no gap"),
    ],
)
def test_repeats_of_something_else_are_refused(other, what, value, expected):
    with pytest.raises(hx.errors.RepeatsDiffer) as caught:
        hx.average([repeat(0), repeat(1), other(repeat(2))])
    assert caught.value.repeat == 2
    assert caught.value.what.startswith(what)
    assert value in caught.value.value
    assert expected in caught.value.expected
    assert f"{caught.value.what} is {caught.value.value}; expected" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_what_is_no_list_of_repeats_is_refused():
    with pytest.raises(ValueError, match="number of repeats is 1; expected at least 2"):
        hx.average([repeat(0)])
    with pytest.raises(TypeError, match="ndarray; expected TwoTimeData"):
        hx.average([repeat(0), np.ones((2, N, N))])


def test_a_turn_of_phi_is_the_same_direction():
    hx.average([repeat(0), changed(repeat(1), phi=390.0)])


def test_a_repeat_of_other_dynamics_is_named_and_good_ones_are_not():
    faster = FIELD**2
    for seed in range(3):
        good = [repeat(10 * seed + r) for r in range(4)]
        assert not [note for note in hx.average(good).notes if "differs" in note]
        good[2] = repeat(10 * seed + 2, field=faster)
        notes = [note for note in hx.average(good).notes if "differs" in note]
        assert len(notes) == 1
        assert notes[0].startswith("repeat 2 differs from the others by more than the noise")


def test_the_provenance_lists_repeats_steps_and_checksums():
    def of(name, r):
        origin = hx.Provenance(
            f"{name}.hdf", "aps-u", name * 64, (0, N), (f"note of {name}", "shared"), {"s": 1, "r": r}
        )
        return repeat(r, provenance=origin)

    mean = hx.average([of("a", 0), of("b", 1).excluding(frames=[5])])
    source = mean.provenance
    assert source.path == "a.hdf, b.hdf"
    assert source.metadata == {"s": 1}
    assert source.frames == (0, N)
    assert set(source.notes) == {"shared", "repeat 0 (a.hdf): note of a", "repeat 1 (b.hdf): note of b"}
    assert source.steps == (
        "repeat 1 (b.hdf): bad frames excluded: 5",
        f"mean of 2 repeats, weighted by 1/sigma²: a.hdf (sha256 {'a' * 64}), b.hdf (sha256 {'b' * 64})",
    )
