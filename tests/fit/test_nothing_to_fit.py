"""Data sets among many that hold nothing to fit: their results say so, and the others have theirs."""

import json

import numpy as np
import pytest

import homodyne_eqx as hx

N_T, SIGMA = 12, 0.01


def geometry():
    return hx.Geometry(q=np.array([0.01, 0.02]), t=0.1 * np.arange(N_T))


def model(rate=3e3):
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(np.full(2, 0.3), np.ones(2)))


def maps(seed):
    noise = np.tril(np.random.default_rng(seed).normal(scale=SIGMA, size=(2, N_T, N_T)), -1)
    return np.asarray(model(4e3)(geometry()), float) + noise + noise.swapaxes(1, 2)


def good(seed):
    return hx.TwoTimeData(maps(seed), geometry(), sigma=SIGMA)


class Lazy:
    """Maps that are read one at a time, as those of a file."""

    def __init__(self, c2):
        self.c2, self.shape, self.dtype = c2, c2.shape, c2.dtype

    def __getitem__(self, k):
        return self.c2[k]


def all_nan():
    return hx.TwoTimeData(Lazy(np.full((2, N_T, N_T), np.nan)), geometry(), sigma=SIGMA)


def masked():
    """One pair of frames is left in each sector."""
    mask = np.ones((2, N_T, N_T), bool)
    mask[:, 3, 1] = mask[:, 1, 3] = False
    return hx.TwoTimeData(maps(7), geometry(), sigma=SIGMA, mask=mask)


@pytest.fixture(scope="module")
def results():
    return hx.fit_many(model(), [all_nan(), good(0), masked(), good(1)])


def test_the_others_have_their_fits(results):
    assert [str(each.ended) for each in results] == ["nothing to fit", "converged", "nothing to fit", "converged"]
    alone = hx.fit_many(model(), [good(0), good(1)])
    assert [results[k].chi2 for k in (1, 3)] == pytest.approx([each.chi2 for each in alone], rel=1e-5)


def test_their_results_say_why(results):
    assert results[0].message.startswith("nothing was fitted. No pixel of sector 0 is left")
    assert results[2].message.startswith("nothing was fitted. 2 pairs of frames cannot determine 5 parameters.")
    for k in (0, 2):
        assert not results[k].converged
        assert not results[k].verdict.adequate
        assert results[k].message in str(results[k])
        assert "NOT CONVERGED" in str(results[k])
        assert results[k].free_names == results[1].free_names
        assert results[k].parameters["diffusion.rate"].value == pytest.approx(3e3)
        assert np.isnan([results[k].chi2, results[k].reduced_chi2]).all()
        assert np.isnan(results[k].covariance).all()


def test_they_can_be_stored(results, tmp_path):
    path = results[0].save(tmp_path / "fit")
    stored = json.loads((path / "result.json").read_text(encoding="utf-8"))
    assert (stored["ended"], stored["converged"], stored["chi2"]) == ("nothing to fit", False, None)
    again = hx.FitResult.load(path)
    assert again.ended == hx.Ended.NOTHING_TO_FIT
    assert again.message == results[0].message
    assert hx.FitResult.load(results[1].save(tmp_path / "other")).chi2 == results[1].chi2


def test_none_of_them_may_hold_anything():
    assert {str(each.ended) for each in hx.fit_many(model(), [masked(), all_nan()])} == {"nothing to fit"}


def test_a_fit_of_one_of_them_is_refused():
    with pytest.raises(ValueError, match="2 pairs of frames cannot determine 5 parameters"):
        hx.fit(model(), masked())
    with pytest.raises(hx.errors.NoPixelLeft, match="sector 0"):
        hx.fit(model(), all_nan())
