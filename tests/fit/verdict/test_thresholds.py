"""The verdict on given residuals, on both sides of each threshold, with its words and remedies."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from homodyne_eqx.engine import Cauchy, Squares
from homodyne_eqx.fit.solve.ended import Ended
from homodyne_eqx.fit.uncertainty.noise_of_fit import NoiseOfFit
from homodyne_eqx.fit.uncertainty.noise_of_pairs import NoiseOfPairs
from homodyne_eqx.fit.verdict.bad_frames import frame_findings, worst_frame
from homodyne_eqx.fit.verdict.departures import chi2_limit, departure_findings, guard_findings
from homodyne_eqx.fit.verdict.finding import Finding, Kind
from homodyne_eqx.fit.verdict.lags import lag_findings
from homodyne_eqx.fit.verdict.pairs_verdict import judge_pairs
from homodyne_eqx.fit.verdict.size_of_residuals import expected_chi2, size_findings
from homodyne_eqx.fit.verdict.verdict import _explained
from homodyne_eqx.noise.directions import DEPARTURES
from homodyne_eqx.noise.lag_scores import LagScores
from homodyne_eqx.noise.sector_noise import SectorNoise
from homodyne_eqx.noise.signs import Signs
from homodyne_eqx.noise.weighted_fit import WeightedFit
from tests.holding import holding

N_FRAMES = 40


def weighted(by_sector, common=np.zeros(6)):
    return holding(WeightedFit, departures=np.array(by_sector, float), common_departures=np.array(common, float))


def signs(frames, runs):
    return Signs(*[np.ones(np.shape(runs)[:-1])] * 4, runs, frames)


def sector(frames=(), runs=(), scatter=0.05, width=1):
    """A sector of usual noise, but for frames and runs whose squares are so many times the others': pairs of a number
    and a factor. `scatter`: standard deviation of the drawn squares."""
    n_runs = N_FRAMES // width
    of_frames, of_runs = np.ones(N_FRAMES), np.ones(n_runs)
    for values, given in ((of_frames, frames), (of_runs, runs)):
        for k, factor in given:
            values[k] = factor
    drawn = [np.array([1 + scatter * (-1.0) ** (np.arange(n) + block) for block in (0, 1)]) for n in (N_FRAMES, n_runs)]
    return holding(
        SectorNoise,
        frames=np.arange(N_FRAMES),
        found=signs(of_frames, of_runs),
        drawn=signs(*drawn),
        white=False,
    )


def named(sectors):
    """The frames that are to be excluded, the worst one first."""
    found = list(frame_findings(tuple(sectors)))
    assert len(found) <= 1
    if not found:
        return []
    (remedy,) = found[0].remedies
    assert remedy.action == "exclude_frames"
    return [found[0].frame, *(int(name) for name in remedy.names if int(name) != found[0].frame)]


@pytest.mark.parametrize(("n_sector", "wider"), [(1, 2.0), (4, 1.25)])
def test_a_single_frame_stands_out_by_sixteen_deviations(n_sector, wider):
    """More of few sectors, whose squares scatter less evenly."""
    for factor, frames in ((0.97, []), (1.03, [17])):
        scatter = 3 / (factor * wider * 16)
        assert named([sector([(17, 4.0)], scatter=scatter)] * n_sector) == frames


def test_a_run_of_frames_stands_out_by_eight_deviations():
    for factor, frames in ((0.97, []), (1.03, [18])):
        bad = sector([(18, 3.0)], runs=[(4, 1 + factor * 16 * 0.05)], scatter=0.05, width=4)
        bad.drawn.frames[...] = 1 + 20 * (bad.drawn.frames - 1)  # so that no frame stands out by itself
        assert named([bad]) == frames


def test_a_frame_that_is_named_is_twice_as_noisy_as_the_others_and_a_fifth_of_the_worst():
    assert named([sector([(5, 1.95)], scatter=1e-3)]) == []
    assert named([sector([(5, 2.05)], scatter=1e-3)]) == [5]
    assert named([sector([(5, 21.0), (20, 4.9)], scatter=1e-3)]) == [5]
    assert named([sector([(5, 21.0), (20, 5.1)], scatter=1e-3)]) == [5, 20]


def test_one_frame_in_ten_at_most_is_called_bad():
    places = [2, 11, 20, 29, 38]
    assert named([sector([(k, 5.0) for k in places[:4]], scatter=1e-3)]) == places[:4]
    assert named([sector([(k, 5.0) for k in places], scatter=1e-3)]) == []


def test_a_frame_among_others_that_rise_is_no_single_bad_frame():
    beside = [(k, 1 + rise) for k, rise in zip(range(13, 22), (1.4,) * 4 + (4.0,) + (1.4,) * 4, strict=True)]
    assert named([sector(beside, scatter=1e-3)]) == []


def test_the_frame_of_a_single_sector_is_named_with_it():
    (found,) = frame_findings((sector(), sector(), sector([(7, 9.0)]), sector()))
    assert (found.kind, found.frame, found.sector) == (Kind.FRAMES, 7, None)
    assert found.text.startswith("frame 7 is 3 times noisier than the others: exclude it.")
    only_there = [sector(), sector(), sector([(7, 9.0)]), sector()]
    only_there[0] = holding(SectorNoise, **{**vars(sector()), "frames": np.arange(N_FRAMES - 1)})
    (found,) = frame_findings(tuple(only_there))
    assert (found.frame, found.sector) == (7, 2)
    assert "noisier than the others in sector 2: exclude it." in found.text
    assert found.size == pytest.approx(9.0 / 2)
    assert worst_frame(tuple(only_there)) == 7
    assert worst_frame(()) is None


SENTENCES = {
    "contrast": ("contrast is larger", "contrast is smaller", "scaling_by_sector"),
    "offset": ("offset is larger", "offset is smaller", "scaling_by_sector"),
    "rate": ("decay is faster", "decay is slower", "other_model"),
    "stretching": ("decay is more compressed", "decay is more stretched", "stretched"),
    "ageing": ("decay quickens more", "decay slows more", "changing_rates"),
    "fading": ("contrast grows more", "contrast falls more", "other_model"),
}


@pytest.mark.parametrize("which", range(6), ids=DEPARTURES)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_departure_is_told_beyond_six_deviations_in_a_sector_and_five_of_all(which, sign):
    more, less, remedy = SENTENCES[DEPARTURES[which]]
    said = more if sign > 0 else less
    unit = np.eye(6)[which]
    assert list(departure_findings(weighted([0 * unit, 5.95 * sign * unit], 4.95 * sign * unit), None)) == []
    (found,) = departure_findings(weighted([0 * unit, 6.05 * sign * unit]), None)
    assert (found.kind, found.sector, [r.action for r in found.remedies]) == (Kind.SECTOR, 1, [remedy])
    assert f"in sector 1 the {said}" in found.text
    assert "by 6.05 standard deviations" in found.text
    assert found.size == pytest.approx(6.05 / 6)
    (found,) = departure_findings(weighted([0 * unit], 5.05 * sign * unit), None)
    assert (found.kind, found.sector, [r.action for r in found.remedies]) == (Kind.EVERYWHERE, None, [remedy])
    assert found.text.startswith(f"the {said}")
    assert found.size == pytest.approx(5.05 / 5)


def of_direction(phi, size=8.0, rest=0.0):
    column = size * np.cos(2 * np.deg2rad(phi - 20)) + rest * np.random.default_rng(0).standard_normal(phi.size)
    by_sector = np.zeros((phi.size, 6))
    by_sector[:, 2] = column
    (found,) = departure_findings(weighted(by_sector), phi)
    return found.kind


def test_departures_that_follow_the_direction_are_told_as_such_from_five_directions_on():
    assert of_direction(np.arange(5) * 36.0) == Kind.DIRECTION
    assert of_direction(np.array([0.0, 36.0, 72.0, 108.0, 180.0])) == Kind.SECTOR  # 0° and 180° are one direction
    many = np.arange(30) * 6.0
    assert of_direction(many, rest=1.5) == Kind.DIRECTION
    assert of_direction(many, rest=6.0) == Kind.SECTOR
    (found,) = departure_findings(weighted(np.outer(np.cos(2 * np.deg2rad(many)), [0, 0, 8, 0, 0, 0])), many)
    assert [remedy.action for remedy in found.remedies] == ["flow"]


@pytest.mark.parametrize("degrees", [1, 3, 12, 100])
def test_chi2_is_compared_with_four_deviations(degrees):
    assert chi2_limit(degrees) == pytest.approx(chi2.isf(norm.sf(4), degrees), rel=0.1)  # by a cube root
    limit = chi2_limit(degrees)
    for distance, n in ((0.99 * limit, 0), (1.01 * limit, 1)):
        found = list(guard_findings(holding(WeightedFit, guard=lambda d=distance: (d, degrees))))
        assert [each.kind for each in found] == [Kind.UNSPECIFIC] * n
    assert list(guard_findings(holding(WeightedFit, guard=lambda: (1e3, 0)))) == []


def lag_kinds(near=(0.0,), ratio=1.0, smooth=(0.0,), additive=(0.0,)):
    scores = LagScores(np.array(near, float), ratio, np.array(smooth, float), np.array(additive, float))
    return [(each.kind, each.sector) for each in lag_findings(scores)]


def test_lags_are_told_beyond_their_thresholds():
    near = [(Kind.UNSPECIFIC, 0)]
    assert lag_kinds(near=[4.9], ratio=2.0) == []
    assert lag_kinds(near=[5.1], ratio=2.0) == near
    assert lag_kinds(near=[-5.1], ratio=0.5) == near
    assert lag_kinds(near=[50.0], ratio=1.49) == []
    assert lag_kinds(near=[50.0], ratio=1.51) == near
    assert lag_kinds(near=[-50.0], ratio=0.68) == []
    assert lag_kinds(near=[-50.0], ratio=0.66) == near
    assert lag_kinds(near=[2.4] * 4, ratio=2.0) == []  # 4.8 of all together
    assert lag_kinds(near=[2.6] * 4, ratio=2.0) == near
    smooth = [(Kind.UNSPECIFIC, 1)]
    assert lag_kinds(smooth=[2.9, 3.0, 2.9, 2.9], additive=[0.0] * 4) == []
    assert lag_kinds(smooth=[3.0, 3.1, 3.0, 3.0], additive=[0.0] * 4) == smooth
    assert lag_kinds(smooth=[0.0, 8.9, 0.0, 0.0], additive=[0.0] * 4) == []
    assert lag_kinds(smooth=[0.0, 9.1, 0.0, 0.0], additive=[0.0] * 4) == smooth
    static = (Kind.STATIC, 0)
    assert static not in lag_kinds(smooth=[7.0], additive=[4.9])
    assert static in lag_kinds(smooth=[7.0], additive=[5.1])
    assert static not in lag_kinds(smooth=[5.9], additive=[50.0])


def of_white(white=True, loss=Squares()):
    return holding(NoiseOfFit, sectors=(holding(SectorNoise, white=white),), loss=loss)


def test_white_residuals_are_too_large_beyond_a_quarter_more_than_expected():
    assert list(size_findings(1.24, of_white())) == []
    (found,) = size_findings(1.26, of_white())
    assert found.kind == Kind.SIZE
    assert "1.12 times sigma" in found.text
    assert list(size_findings(9.0, of_white(white=False))) == []
    assert list(size_findings(9.0, of_white(loss=Cauchy()))) == []
    assert expected_chi2(of_white(), 800) == pytest.approx((1.0, 0.05))  # √(2/n)


def pairs_noise(residuals, sector=None, lags_only=False):
    residuals = np.asarray(residuals, float)
    sector = np.zeros(residuals.size, int) if sector is None else sector
    return holding(
        NoiseOfPairs,
        residuals=residuals,
        sector=sector,
        covariances=None,
        loss=Squares(),
        normal=SimpleNamespace(is_finite=True),
        packed=SimpleNamespace(geometry=SimpleNamespace(n_sector=int(sector.max()) + 1), lags_only=lags_only),
    )


def judged_pairs(reduced, degrees, **options):
    return judge_pairs(pairs_noise(**{"residuals": np.ones(8), **options}), Ended.CONVERGED, reduced, degrees)


@pytest.mark.parametrize(("degrees", "limit"), [(200, 1.5), (10_000, 1.15)])
def test_pairs_are_judged_by_five_deviations_and_fifteen_per_cent(degrees, limit):
    assert judged_pairs(limit - 0.01, degrees).adequate
    verdict = judged_pairs(limit + 0.01, degrees)
    assert (verdict.adequate, [f.kind for f in verdict.findings]) == (False, [Kind.SIZE])
    assert f"{np.sqrt(limit + 0.01):.3g} times as large as the errors" in verdict.text
    assert (verdict.expected_reduced_chi2, verdict.spread) == pytest.approx((1.0, np.sqrt(2 / degrees)))


def test_a_sector_of_pairs_is_named_by_five_deviations_of_its_own():
    sectors = np.repeat([0, 1, 2], 50)  # 5 √(2/50) = 1
    for square, adequate in ((1.98, True), (2.02, False)):
        residuals = np.where(sectors == 1, np.sqrt(square), 0.7)
        verdict = judged_pairs(1.0, 150, residuals=residuals, sector=sectors)
        assert (verdict.adequate, verdict.worst_sector) == (adequate, 1)
        assert [(f.kind, f.sector) for f in verdict.findings] == ([] if adequate else [(Kind.SECTOR, 1)])


def test_neighbours_that_are_correlated_by_five_deviations_are_said():
    for n_pairs, said in ((24, False), (27, True)):  # of correlation 1, so √n deviations
        verdict = judged_pairs(1.0, 100, residuals=np.ones(n_pairs), lags_only=True)
        assert ("neighbouring lags are correlated (1.00)" in verdict.text) == said
    assert "neighbouring" not in judged_pairs(1.0, 100, residuals=np.ones(400)).text


def kept(**sizes):
    return [each.kind for each in _explained([Finding(Kind[name], "x", size) for name, size in sizes.items()])]


def test_of_findings_that_one_cause_explains_the_cause_is_left():
    every = {"STATIC": 2.0, "SECTOR": 2.0, "SIZE": 2.0}
    assert kept(FRAMES=9.0, **every) == [Kind.FRAMES]
    assert kept(FRAMES=7.9, **every) == [Kind.STATIC, Kind.SECTOR, Kind.SIZE]
    assert kept(EVERYWHERE=1.5, **every) == [Kind.EVERYWHERE, Kind.SECTOR, Kind.SIZE]
    assert kept(EVERYWHERE=2.5, **every) == [Kind.EVERYWHERE, Kind.SIZE]
    assert kept(DIRECTION=1.5, **every) == [Kind.DIRECTION, Kind.SECTOR, Kind.SIZE]
