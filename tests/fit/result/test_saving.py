"""Results in folders: what is loaded is what was saved, and nothing is written by half."""

import json
from dataclasses import fields, replace

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from steady import HELD, START, model, simulated

import homodyne_eqx as hx
from homodyne_eqx.fit.result import stored_result
from tests.fit.result.user_terms import Settling

pytestmark = pytest.mark.xdist_group("saving")


def assert_same_data(found, data):
    assert found.c2.dtype == data.c2.dtype
    assert found.sigma.dtype == data.sigma.dtype
    np.testing.assert_array_equal(found.sigma, data.sigma)
    assert eqx.tree_equal(found.geometry, data.geometry, typematch=True)
    assert [x.weak_type for x in jax.tree.leaves(found.geometry)] == [
        x.weak_type for x in jax.tree.leaves(data.geometry)
    ]
    assert (found.mask is None) == (data.mask is None)
    if data.mask is not None:
        np.testing.assert_array_equal(found.mask, data.mask)
    for k in range(data.n_sector):
        np.testing.assert_array_equal(found.c2[k], data.c2[k])
        for a, b in zip(found.weighted_map(k), data.weighted_map(k), strict=True):
            np.testing.assert_array_equal(a, b)
    assert found.excluded == data.excluded
    assert found.sigma_source == data.sigma_source
    for name in ("path", "format", "sha256", "frames", "notes"):
        assert getattr(found.provenance, name) == getattr(data.provenance, name)
    for name, value in data.provenance.metadata.items():
        assert type(found.provenance.metadata[name]) is type(value)
        np.testing.assert_array_equal(found.provenance.metadata[name], value)
    assert {*found.provenance.metadata} == {*data.provenance.metadata}


def assert_same(found, result):
    for name in ("ended", "message", "kernel", "loss", "assumption", "notes", "chi2", "degrees_of_freedom"):
        assert getattr(found, name) == getattr(result, name), name
    assert dict(found.seconds) == dict(result.seconds)
    np.testing.assert_array_equal(found.covariance, result.covariance)
    for mapping in ("parameters", "derived"):
        kept, expected = getattr(found, mapping), getattr(result, mapping)
        assert [*kept] == [*expected]
        for name, p in expected.items():
            for field in (*(f.name for f in fields(p) if f.name != "spread"), "uncertainty"):
                np.testing.assert_equal(getattr(kept[name], field), getattr(p, field))
    np.testing.assert_array_equal(found.white_noise_covariance, result.white_noise_covariance)
    np.testing.assert_equal(vars(found.verdict), vars(result.verdict))
    for name, value in vars(result.speckle_covariance).items():
        np.testing.assert_array_equal(getattr(found.speckle_covariance, name), value)
    assert len(found.history) == len(result.history)
    for a, b in zip(found.history, result.history, strict=True):
        for field in fields(b):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))
    assert eqx.tree_equal(found.model, result.model, typematch=True)
    assert jax.tree.structure(found.model) == jax.tree.structure(result.model)
    assert found.summary() == result.summary()
    assert str(found) == str(result)
    if result.data is None:
        assert found.data is None
        return
    assert_same_data(found.data, result.data)
    assert found.sectors == result.sectors
    for k in range(result.data.n_sector):
        for a, b in zip(found.maps(k), result.maps(k), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def fitted(start, data, **options):
    return hx.fit(start, data, **{"fixed": HELD, "sample": False, "scan": False, **options})


def test_what_is_loaded_is_what_was_saved(steady_fit, tmp_path):
    folder = steady_fit.save(tmp_path / "deep" / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["curves.csv", "result.h5", "result.json"]
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    found = hx.FitResult.load(folder)
    assert_same(found, steady_fit)
    again = found.save(tmp_path / "again")
    assert_same(hx.FitResult.load(again / "result.h5"), steady_fit)
    # What is computed anew from model and data is what had been stored.
    assert replace(found).sectors == steady_fit.sectors


@pytest.mark.slow
@pytest.mark.x64
def test_masks_noise_a_pixel_bounds_and_endings_come_back(masked_data, tmp_path):
    result = fitted(
        model(**{**START, "D0": 2e4}), masked_data, bounds={"D0": (1.0, 2.5e4), "phi0": (-80.0, None)}, max_steps=3
    )
    assert result.ended == "step limit"
    assert_same(hx.FitResult.load(result.save(tmp_path / "out")), result)


@pytest.mark.x64
@pytest.mark.slow
def test_what_the_data_do_not_determine_stays_infinite(tmp_path):
    result = fitted(model(gamma_dot_t0=0.0), simulated(20), free=["D0", "phi0"], fixed=[])
    assert np.isinf(result.parameters["phi0"].uncertainty)
    found = hx.FitResult.load(result.save(tmp_path / "out"))
    assert np.isinf(found.parameters["phi0"].uncertainty)
    assert_same(found, result)


@pytest.mark.x64
@pytest.mark.slow
def test_terms_of_users_smooth_scaling_uneven_times_and_float32_come_back(tmp_path):
    t = np.cumsum(np.random.default_rng(1).uniform(0.03, 0.07, 20))
    g1 = hx.Diffusion(hx.PowerLaw(3e4, 0.0, 0.0)) * Settling(10.0, {"kind": "slow"})
    truth = hx.TwoTimeModel(g1, hx.SmoothScaling(0.3, 1.0, np.full((1, 2), 0.01), np.zeros((1, 2))))
    where = hx.Geometry(q=np.array([0.004, 0.005]), t=t, phi=np.array([0.0, 80.0]))
    noise = np.random.default_rng(2).normal(size=(2, 20, 20)) * 0.01
    c2 = np.asarray(truth(where)) + noise + noise.swapaxes(1, 2)
    data = hx.TwoTimeData(c2.astype(np.float32), where, sigma=np.array([0.014, 0.015], np.float32))
    result = fitted(truth, data, fixed=["alpha", "D_offset"])
    assert_same(hx.FitResult.load(result.save(tmp_path / "out")), result)


@pytest.mark.x64
@pytest.mark.slow
def test_a_model_that_holds_a_function_needs_one_of_the_same_structure(tmp_path):
    def start(rate):
        return hx.TwoTimeModel(
            hx.Distribution(hx.Diffusion(hx.Constant(rate)), where=lambda term: term.rate.value, width=0.1),
            hx.ContrastOffset(0.3, 1.0),
        )

    result = fitted(start(3e4), simulated(20), fixed=[], max_steps=3)
    folder = result.save(tmp_path / "out")
    with pytest.raises(ValueError, match=r"but not model.g1.where \(function .*Pass a model .*load\(folder, model=…\)"):
        hx.FitResult.load(folder)
    found = hx.FitResult.load(folder, model=start(1.0))
    assert jnp.array_equal(found.model.g1.term.rate.value, result.model.g1.term.rate.value)
    assert str(found) == str(result)
    np.testing.assert_array_equal(found.maps(2).model, result.maps(2).model)
    with pytest.raises(ValueError, match=r"at model\.g1; the one that was saved has Distribution"):
        hx.FitResult.load(folder, model=model())


@pytest.mark.x64
def test_a_fit_of_packed_data_saves_what_there_is(steady_fit, tmp_path):
    result = fitted(model(**START), hx.pack(steady_fit.data))
    found = hx.FitResult.load(result.save(tmp_path / "out"))
    assert_same(found, result)
    with pytest.raises(ValueError, match="packed data were fitted"):
        found.maps(0)
    from homodyne_eqx.data.result_file import load_result_arrays

    file = load_result_arrays(tmp_path / "out" / "result.h5")
    with pytest.raises(ValueError, match="holds no maps"):
        file.maps(0)


@pytest.mark.x64
def test_a_result_in_float64_says_so_where_float32_is_computed(steady_fit, tmp_path):
    folder = steady_fit.save(tmp_path / "out")
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(UserWarning, match="jax_enable_x64"):
            found = hx.FitResult.load(folder)
    finally:
        jax.config.update("jax_enable_x64", True)
    assert found.summary() == steady_fit.summary()


class TestFolders:
    def test_nothing_is_replaced_unasked_and_nothing_but_results_ever(self, steady_fit, tmp_path):
        folder = steady_fit.save(tmp_path / "out")
        before = (folder / "result.h5").read_bytes()
        with pytest.raises(FileExistsError, match="overwrite=True"):
            steady_fit.save(folder)
        assert (folder / "result.h5").read_bytes() == before
        steady_fit.save(folder, overwrite=True, more={"command": ["fit"]})
        assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["command"] == ["fit"]
        replaced = (folder / "result.h5").read_bytes()
        (folder / "notes.txt").write_text("precious")
        with pytest.raises(FileExistsError, match=r"notes\.txt"):
            steady_fit.save(folder, overwrite=True)
        assert (folder / "notes.txt").read_text() == "precious"
        assert (folder / "result.h5").read_bytes() == replaced
        (tmp_path / "empty").mkdir()
        assert (steady_fit.save(tmp_path / "empty") / "result.h5").is_file()
        with pytest.raises(ValueError, match=r"ends in \.json"):
            steady_fit.save(tmp_path / "x.h5")
        (tmp_path / "file").write_text("text")
        with pytest.raises(NotADirectoryError):
            steady_fit.save(tmp_path / "file")

    def test_a_result_that_reads_its_maps_from_the_folder_can_replace_it(self, steady_fit, tmp_path):
        folder = steady_fit.save(tmp_path / "out")
        hx.FitResult.load(folder).save(folder, overwrite=True)
        assert_same(hx.FitResult.load(folder), steady_fit)

    def test_a_failure_leaves_the_former_result(self, steady_fit, tmp_path, monkeypatch):
        folder = steady_fit.save(tmp_path / "out")
        before = (folder / "result.json").read_bytes()

        def fail(*_):
            raise OSError("No space left on device")

        monkeypatch.setattr(stored_result, "json_text", fail)
        for path in (folder, tmp_path / "new"):
            with pytest.raises(OSError, match="No space left"):
                steady_fit.save(path, overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert (folder / "result.json").read_bytes() == before

    def test_json_alone_is_one_file(self, steady_fit, tmp_path):
        path = steady_fit.save(tmp_path / "x.json")
        assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]
        with pytest.raises(FileExistsError):
            steady_fit.save(path)
        with pytest.raises(ValueError, match="numbers of a result alone"):
            hx.FitResult.load(path)

    def test_other_folders_and_files_are_refused(self, steady_fit, tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no"):
            hx.FitResult.load(tmp_path / "missing")
        folder = steady_fit.save(tmp_path / "out")
        whole = (folder / "result.h5").read_bytes()
        (folder / "result.h5").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(OSError, match="damaged"):
            hx.FitResult.load(folder)
        (folder / "result.h5").write_bytes(whole)
        with h5py.File(folder / "result.h5", "r+") as file:
            record = json.loads(file["record"].asstr()[()])
            del file["record"]
        with pytest.raises(ValueError, match="kept no model"):
            hx.FitResult.load(folder)
        with h5py.File(folder / "result.h5", "r+") as file:
            file["record"] = json.dumps({**record, "version": 99})
        with pytest.raises(ValueError, match="later version"):
            hx.FitResult.load(folder)
        (folder / "result.h5").write_text("not HDF5")
        with pytest.raises(ValueError, match="no HDF5 file"):
            hx.FitResult.load(folder)
        (folder / "result.h5").unlink()
        with pytest.raises(FileNotFoundError, match=r"holds no result\.h5"):
            hx.FitResult.load(folder)

    def test_maps_that_are_gone_are_named(self, steady_fit, tmp_path):
        folder = steady_fit.save(tmp_path / "out")
        found = hx.FitResult.load(folder)
        kept = replace(found, data=found.data.in_memory())
        (folder / "result.h5").unlink()
        with pytest.raises(FileNotFoundError, match="in_memory"):
            found.maps(0)
        np.testing.assert_array_equal(kept.maps(0).data, steady_fit.maps(0).data)


@pytest.mark.x64
def test_the_rates_over_time_are_a_table(steady_fit, tmp_path):
    folder = steady_fit.save(tmp_path / "out")
    lines = (folder / "curves.csv").read_text(encoding="utf-8").splitlines()
    curves = steady_fit.curves()
    names = [f"{name}{part} [{curve.unit}]" for name, curve in curves.items() for part in ("", " low", " high")]
    assert lines[0].split(",") == ["t [s]", *names]
    values = np.array([line.split(",") for line in lines[1:]], float)
    columns = [x for curve in curves.values() for x in (curve.value, curve.low, curve.high)]
    np.testing.assert_allclose(values.T, [np.asarray(steady_fit.data.geometry.t), *columns], rtol=1e-9)


@pytest.mark.x64
def test_a_model_that_no_file_holds_is_viewed_with_gaps(steady_fit, tmp_path):
    g1 = hx.Distribution(hx.Diffusion(hx.Constant(3e4)), where=lambda term: term.rate.value, width=0.1)
    result = replace(steady_fit, model=hx.TwoTimeModel(g1, steady_fit.model.scaling))
    vars(result).update({"_view": steady_fit._view, "sectors": steady_fit.sectors})
    folder = result.save(tmp_path / "out")
    with pytest.raises(ValueError, match=r"but not model\.g1\.where"):
        hx.FitResult.load(folder)
    found = hx.FitResult.load(folder, to_view=True)
    assert str(found) == str(result)
    assert found.sectors == result.sectors
    for a, b in zip(found.maps(1), steady_fit.maps(1), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(found.reduced_chi2_of_frames, steady_fit.reduced_chi2_of_frames, rtol=1e-4)
    with pytest.raises(IndexError, match="no sector 4"):
        found.maps(4)
    page = found.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert found.equation == str(result.model)
    assert "TwoTimeModel" in page
    assert len(found.plot.maps([1]).axes) > 3
