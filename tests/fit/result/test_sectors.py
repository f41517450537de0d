"""Maps and sectors of a result against brute force: the dense map of the model, and numpy."""

from dataclasses import replace

import equinox as eqx
import jax
import numpy as np
import pytest
from steady import HELD, SIGMA, START, model

import homodyne_eqx as hx
from homodyne_eqx.fit.result import sectors as sectors_module


def dense(result):
    return np.asarray(eqx.filter_jit(result.model)(result.data.geometry), float)


@pytest.mark.x64
def test_maps_are_data_model_and_their_difference_in_sigma(steady_fit):
    g2 = dense(steady_fit)
    off_diagonal = ~np.eye(24, dtype=bool)
    for k in range(4):
        maps = steady_fit.maps(k)
        np.testing.assert_array_equal(maps.data, steady_fit.data.c2[k])
        np.testing.assert_allclose(maps.model, g2[k], rtol=1e-12)
        expected = ((np.asarray(steady_fit.data.c2[k]) - g2[k]) / SIGMA)[off_diagonal]
        np.testing.assert_allclose(maps.residual[off_diagonal], expected, atol=1e-8)
        assert np.all(np.isnan(maps.residual[~off_diagonal]))
    with pytest.raises(IndexError, match="no sector 4"):
        steady_fit.maps(4)


@pytest.mark.x64
@pytest.mark.slow
def test_what_does_not_count_is_nan_and_leaves_the_misfit_alone(masked_data):
    result = hx.fit(model(**START), masked_data, fixed=HELD, sample=False, scan=False)
    g2 = dense(result)
    counts = np.isfinite(masked_data.c2) & ~masked_data.mask & ~np.eye(24, dtype=bool)
    squares = ((np.where(counts, masked_data.c2, 0).astype(float) - g2) / masked_data.sigma) ** 2
    for k, sector in enumerate(result.sectors):
        np.testing.assert_array_equal(np.isfinite(result.maps(k).residual), counts[k])
        assert sector.n_pixels == counts[k].sum()
        assert sector.reduced_chi2 == pytest.approx(squares[k][counts[k]].mean(), rel=1e-10)


@pytest.mark.x64
def test_sectors_have_their_own_contrast_and_offset(steady_fit):
    for k, sector in enumerate(steady_fit.sectors):
        for name in ("contrast", "offset"):
            p = steady_fit.parameters[f"{name}[{k}]"]
            assert getattr(sector, name) == p.value
            assert getattr(sector, f"{name}_uncertainty") == pytest.approx(p.uncertainty, rel=1e-12)
            assert getattr(sector, f"{name}_status") == "own"
        assert sector.index == k
        assert sector.q == pytest.approx(0.0054)
        assert sector.phi == [95.0, 20.0, 150.0, 60.0][k]


@pytest.mark.x64
@pytest.mark.slow
def test_common_and_smooth_scalings_say_that_their_uncertainty_is_common(steady_fit):
    common = eqx.tree_at(lambda m: m.scaling, model(**START), hx.ContrastOffset(0.3, 1.0))
    result = hx.fit(common, steady_fit.data, fixed=[*HELD, "offset"], sample=False, scan=False)
    for sector in result.sectors:
        assert sector.contrast_status == "common"
        assert sector.contrast_uncertainty == pytest.approx(result.parameters["contrast"].uncertainty, rel=1e-12)
        assert (sector.offset_status, sector.offset_uncertainty, sector.offset) == ("fixed", None, 1.0)
    harmonics = np.array([[0.01, 0.02]])
    smooth = eqx.tree_at(lambda m: m.scaling, common, hx.SmoothScaling(0.3, 1.0, harmonics, harmonics))
    result = hx.fit(smooth, steady_fit.data, fixed=HELD, sample=False, scan=False)
    names = list(result.free_names)
    chosen = [names.index(n) for n in names if "contrast" in n]
    block = result.covariance[np.ix_(chosen, chosen)]
    for sector in result.sectors:
        phi = np.deg2rad(sector.phi)
        slope = np.array([1.0, np.cos(phi), np.sin(phi)])
        assert sector.contrast_uncertainty == pytest.approx(np.sqrt(slope @ block @ slope), rel=1e-9)
        values = np.array([result.parameters[names[c]].value for c in chosen])
        assert sector.contrast == pytest.approx(slope @ values, rel=1e-12)
        assert sector.contrast_status == "common"


@pytest.mark.x64
@pytest.mark.slow
def test_a_scaling_at_its_bound_has_no_uncertainty(steady_fit):
    bounds = {"contrast[1]": (0.0, 0.25)}
    result = hx.fit(
        eqx.tree_at(lambda m: m.scaling.contrast, model(**START), jax.numpy.full(4, 0.24)),
        steady_fit.data, fixed=HELD, bounds=bounds, sample=False, scan=False,
    )  # fmt: skip
    assert [s.contrast_status for s in result.sectors] == ["own", "at_bound", "own", "own"]
    assert result.sectors[1].contrast_uncertainty is None


@pytest.mark.x64
def test_one_program_serves_all_sectors_and_each_map_is_computed_once(steady_fit, monkeypatch):
    result = replace(steady_fit)
    compiled = []
    original = sectors_module.two_time_map
    monkeypatch.setattr(sectors_module, "two_time_map", lambda *a: compiled.append(1) or original(*a))
    sectors_module._squared.clear_cache() if hasattr(sectors_module._squared, "clear_cache") else None
    shorter = replace(result, data=result.data.select(frames=(0, 21)))
    computed = []
    plain = sectors_module._squared
    monkeypatch.setattr(sectors_module, "_squared", lambda *a: computed.append(1) or plain(*a))
    assert len(list(shorter.each_map())) == 4
    assert len(shorter.sectors) == 4
    assert len(compiled) == 1
    assert len(computed) == 4


@pytest.mark.x64
@pytest.mark.slow
def test_packed_data_leave_no_maps_and_the_error_says_what_to_do(steady_fit):
    result = hx.fit(model(**START), hx.pack(steady_fit.data), fixed=HELD, sample=False, scan=False)
    for ask in (lambda: result.maps(0), lambda: result.sectors, lambda: list(result.each_map())):
        with pytest.raises(ValueError, match="replace\\(result, data=data\\)"):
            ask()
    assert result.to_dict()["sectors"] is None
    given = replace(result, data=steady_fit.data)
    assert given.sectors[2].reduced_chi2 == pytest.approx(steady_fit.sectors[2].reduced_chi2, rel=1e-6)


def test_maps_in_the_precision_of_the_run(steady_fit):
    g2 = dense(steady_fit)
    np.testing.assert_allclose(steady_fit.maps(1).model, g2[1], rtol=1e-5)
    reduced = [sector.reduced_chi2 for sector in steady_fit.sectors]
    np.testing.assert_allclose(np.mean(reduced), steady_fit.chi2 / (4 * 24 * 23 / 2), rtol=1e-3)


def test_chi2_by_sector_and_frame_is_that_of_a_loop(steady_fit, masked_data):
    result = replace(steady_fit, data=masked_data)
    found = result.reduced_chi2_of_frames
    assert found.shape == (4, 24)
    for k in range(4):
        residual = np.asarray(result.maps(k).residual, float)
        for frame in range(24):
            both = np.concatenate([residual[frame], residual[:, frame]])
            known = both[np.isfinite(both)]
            if known.size:
                np.testing.assert_allclose(found[k, frame], np.mean(known**2), rtol=1e-5)
            else:
                assert np.isnan(found[k, frame])
    assert np.isnan(found[1, 3])
    assert np.isnan(found[0, 7])
