"""Every error of data: raised by a broken file or array, with its values as fields and its message for Python."""

import copy
import dataclasses
import inspect
import pickle
import re
from pathlib import Path

import h5py
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx import errors
from homodyne_eqx.data import TwoTimeData, load, save_aps_u
from homodyne_eqx.data.formats.reader_options import ReaderOption, each_once
from homodyne_eqx.physics.geometry import Geometry

FRAME_TIME = "entry/instrument/detector_1/frame_time"
BEGIN_FRAME = "xpcs/twotime/config/begin_frame"


class Files:
    """Makes what a case needs: files of both layouts in the folder of the test, maps and a geometry."""

    def __init__(self, folder, aps_u_file, npz_file, symmetric_maps, geometry_of):
        self.folder, self.write_aps_u, self.write_npz = folder, aps_u_file, npz_file
        self.maps, self.geometry = symmetric_maps, geometry_of

    def aps_u(self, **changes):
        return self.write_aps_u(self.maps(), **changes)

    def npz(self, **changes):
        return self.write_npz(self.maps(), **changes)

    def text(self):
        path = self.folder / "notes.txt"
        path.write_text("not a two-time file")
        return path

    def hdf5(self, contents):
        path = self.folder / "made.hdf"
        with h5py.File(path, "w") as file:
            for name, value in contents.items():
                file[name] = value
        return path

    def linked(self):
        self.aps_u()
        return self.hdf5({"g12b": h5py.ExternalLink("scan.hdf", "/xpcs/twotime/correlation_map/c2_00001")})

    def enormous(self):
        """A map of 400,000 frames of which one chunk is there."""
        path = self.hdf5({"md/x": 1})
        with h5py.File(path, "r+") as file:
            file["md"].attrs["frame_time"] = 1.0
            file.create_dataset("qval_dict", (0,), "f4").attrs["0"] = [0.01]
            c2 = file.create_dataset("g12b", (400_000, 400_000, 1), "f8", chunks=(100, 100, 1))
            c2[:100, :100] = 1.0
        return path

    def npy(self):
        np.save(self.folder / "c2.npy", self.maps())
        return self.folder / "c2.npy"

    def lazy(self, c2):
        class Maps:
            shape, dtype = c2.shape, c2.dtype

            def __getitem__(self, k):
                return c2[k]

        return Maps()

    def shifted_npz(self):
        """Times from 0 though the first frame is 40, and not uniform."""
        times = np.array([0.0, 1.0, 3.0, *range(4, 13)])
        return self.npz(t1=times, t2=times, cache_metadata_json=np.asarray('{"start_frame": 41}'))

    def data(self, c2=None, sigma=1.0, **options):
        return TwoTimeData(self.maps() if c2 is None else c2, self.geometry(), sigma=sigma, **options)

    def noise_of_pixels(self):
        sigma = np.ones((4, 12, 12))
        sigma[2, 3, 5] = sigma[2, 3, 6] = -1.0
        return sigma

    def twice(self):
        """Two sectors of the same q and phi."""
        geometry = Geometry(q=np.array([0.01, 0.01]), t=np.arange(12) * 0.1)
        return TwoTimeData(self.maps(2), geometry, sigma=1.0)


@pytest.fixture
def files(tmp_path, aps_u_file, npz_file, symmetric_maps, geometry_of):
    return Files(tmp_path, aps_u_file, npz_file, symmetric_maps, geometry_of)


CASES = {
    "UnknownLayout": (
        lambda f: load(f.text()),
        {
            "missing": {
                "aps-u": ("the HDF5 signature",),
                "npz-cache": ("the ZIP signature of an .npz file",),
                "fit-result": ("the HDF5 signature",),
                "aps-legacy": ("the HDF5 signature",),
                "nxxpcs": ("the HDF5 signature",),
                "chx": ("the HDF5 signature",),
                "esrf-id02": ("the HDF5 signature",),
                "npz": ("the ZIP signature of an .npz file",),
                "npy": ("the signature of an .npy file",),
                "mat": ("the signature of a .mat file",),
                "aps-u-multitau": ("the HDF5 signature",),
            }
        },
        ["notes.txt has no known layout", "they lack the HDF5 signature", "it lacks the signature of an .npy file"],
    ),
    "UnknownFormat": (
        lambda f: load(f.text(), format="spec"),
        {"format": "spec"},
        [
            "format is 'spec'; expected one of aps-u, npz-cache, fit-result, aps-legacy, nxxpcs, chx, esrf-id02, npz, "
            "npy, mat, aps-u-multitau."
        ],
    ),
    "WrongFormat": (
        lambda f: load(f.text(), format="aps-u"),
        {"format": "aps-u", "missing": ("the HDF5 signature",)},
        ["not of the layout 'aps-u': it lacks the HDF5 signature."],
    ),
    "InvalidFile": (
        lambda f: load(f.aps_u(avg_frame=0), sigma=1.0),
        {"reason": "/xpcs/twotime/config/avg_frame is 0; expected ≥ 1. Correct it in the file."},
        ["scan.hdf: /xpcs/twotime/config/avg_frame is 0"],
    ),
    "UnknownOption": (
        lambda f: load(f.npz(), sigma=1.0, frame_time=0.1, exposure=3),
        {"format": "npz-cache", "names": ("frame_time", "exposure"), "known": ("first_frame",)},
        ["does not take frame_time, exposure; it takes first_frame. Leave frame_time, exposure out."],
    ),
    "WrongOption": (
        lambda f: load(f.aps_u(), sigma=1.0, first_frame=3.5),
        {"option": "first_frame", "value": 3.5},
        ["first_frame is 3.5; expected a whole number."],
    ),
    "MissingFrameTime": (
        lambda f: load(f.aps_u(drop=("frame_time",)), sigma=1.0),
        {"dataset": FRAME_TIME},
        [f"scan.hdf has no /{FRAME_TIME}. Pass frame_time=<seconds> as the period of the detector."],
    ),
    "WrongFrameTime": (
        lambda f: load(f.aps_u(), sigma=1.0, frame_time=-0.5),
        {"frame_time": -0.5},
        ["frame_time is -0.5 s; expected > 0. Pass frame_time=<seconds>"],
    ),
    "MissingFirstFrame": (
        lambda f: load(f.aps_u(drop=("begin_frame",)), sigma=1.0),
        {"dataset": BEGIN_FRAME},
        [f"scan.hdf has no /{BEGIN_FRAME}. Pass first_frame=<n> as the detector frame, counted from 0"],
    ),
    "WrongFirstFrame": (
        lambda f: load(f.aps_u(begin_frame=-20), sigma=1.0),
        {"first_frame": -20.0},
        ["the first frame is -20; expected a detector frame counted from 0. Pass first_frame=<n>"],
    ),
    "LostTimeOrigin": (
        lambda f: load(f.shifted_npz(), sigma=1.0),
        {"first_frame": 40},
        ["starts at frame 40", "Pass first_frame=0 if its times nevertheless count from the start of the flow"],
    ),
    "NotLazy": (
        lambda f: load(f.npz(), sigma=1.0, lazy=True),
        {"format": "npz-cache"},
        ["cannot be read map by map", "Pass lazy=False."],
    ),
    "MissingSigma": (
        lambda f: load(f.aps_u()),
        {},
        ["scan.hdf holds no sigma", 'Pass sigma=<value>, or sigma="estimate" to take it from the scatter'],
    ),
    "WrongSigma": (
        lambda f: f.data(sigma="robust"),
        {"value": "robust"},
        ["sigma is 'robust'; expected a number or the word", 'or sigma="estimate"'],
    ),
    "WrongSigmaPixel": (
        lambda f: f.data(sigma=f.noise_of_pixels()),
        {"index": (2, 3, 5), "value": -1.0, "count": 2},
        ["sigma[2, 3, 5] is -1.0 (2 such pixels in sector 2)", "Mask those pixels"],
    ),
    "SigmaNotEstimated": (
        lambda f: f.data(np.ones((4, 12, 12)), sigma="estimate"),
        {"sector": 0},
        ["estimating sigma takes at least 20. Pass sigma=<value>."],
    ),
    "NoPixelLeft": (
        lambda f: f.data(mask=np.ones(12, bool)),
        {"sector": 0, "diagonal": 12, "not_finite": 0, "masked": 132},
        ["No pixel of sector 0 is left: 0 are not finite and 132 are masked, besides the diagonal (12)."],
    ),
    "WrongShape": (
        lambda f: f.data(mask=np.ones(11, bool)),
        {"name": "mask", "shape": (11,)},
        ["mask has shape (11,); expected (12,) (frames), (12, 12)"],
    ),
    "NotASelection": (
        lambda f: f.data().select(frames=(9, 3)),
        {"option": "frames", "value": (9, 3)},
        ["frames is (9, 3); expected (first, stop) with 0 ≤ first, stop ≤ 12"],
    ),
    "NoSuchSector": (
        lambda f: f.data().select(sectors=[1, 7, 9]),
        {"sectors": (7, 9), "n_sector": 4},
        ["There is no sector 7, 9; expected numbers from 0 to 3."],
    ),
    "NothingSelected": (
        lambda f: f.data().select(q=(1, 2), sectors=[3]),
        {"wanted": {"q": (1, 2), "sectors": [3]}},
        ["No sector is left with q (1, 2) and sectors [3]. There are q 0.005 Å⁻¹, phi 30, −80, 120, 5°."],
    ),
    "KnownLayout": (
        lambda f: load(f.hdf5({"entry/multitau/g2": np.ones((4, 2))}), sigma=1.0),
        {"layout": "a multi-tau result in NXxpcs"},
        ["made.hdf looks like a multi-tau result in NXxpcs. Maps of two times are needed: run"],
    ),
    "WrongSigmaOfValue": (
        lambda f: hx.OneTimeData([1.0, 2.0], [[1.2, 1.1], [1.3, 1.1]], q=0.01, sigma=[[0.1, 0.1], [0.1, 0.0]]),
        {"index": 3, "sector": 1, "value": 0.0, "count": 1},
        ["sigma of value 3, in sector 1, is 0.0 (1 such values); expected finite numbers > 0"],
    ),
    "NoValueLeft": (
        lambda f: hx.OneTimeData([1.0, 2.0], [[1.2, 1.1], [np.nan, np.nan]], q=0.01, sigma=0.1),
        {"sector": 1, "total": 2},
        ["No value of sector 1 is left: its 2 values are masked, not finite", "Pass sectors=<indices>"],
    ),
    "NeedsTimeOrigin": (
        lambda f: hx.chi_squared(
            hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(1e4, -0.3)), hx.ContrastOffset(0.2, 1.0)),
            hx.pack(hx.OneTimeData([1.0, 2.0], [1.2, 1.1], q=0.01, sigma=0.1)),
        ),
        {"parts": ("PowerLaw",)},
        ["PowerLaw may change with time, and one-time data hold lags alone", "Expected a model of constant rates"],
    ),
    "TooLarge": (
        lambda f: load(f.enormous(), sigma=1.0, sector_q=0.01),
        {"what": "the maps", "n_bytes": 8 * 400_000**2},
        [
            "the maps would take 1.28e+03 GB of memory, and ",
            "Pass lazy=True to leave the maps in the file, or sectors=",
        ],
    ),
    "MissingValue": (
        lambda f: load(f.npy(), sigma=1.0, sector_q=0.01),
        {"what": "the time between its frames", "option": "dt", "placeholder": "SECONDS"},
        ["c2.npy does not state the time between its frames, and there is no default. Pass dt=<seconds>."],
    ),
    "UnknownSectors": (
        lambda f: load(f.hdf5({"g12b": np.ones((8, 8, 2))}), sigma=1.0, frame_time=1.0),
        {"reason": "it has no /qval_dict with the q of each map."},
        ["with the q of each map. Pass sector_q=<q> and sector_phi=<degrees> of each map, in their order."],
    ),
    "OutsideTheFile": (
        lambda f: load(f.linked(), sigma=1.0),
        {"name": "g12b", "target": "scan.hdf"},
        ["/g12b lies in another file, 'scan.hdf', which is read only on request. Pass external=True if you trust"],
    ),
    "AsymmetricMap": (
        lambda f: f.data(1 + 0.3 * np.exp(-np.arange(12) / 3) * np.ones((4, 12, 1))),
        {"sector": 0},
        ["The map of sector 0 is not symmetric", "If the axes are age i and lag k, put the value to c2[i, i + k]"],
    ),
    "HalfOfALazyMap": (
        lambda f: f.data(f.lazy(np.triu(f.maps()))).weighted_map(2),
        {"sector": 2, "half": "lower"},
        ["The lower half of the map of sector 2 is 0 or NaN", "data.in_memory(), which fills it", "Pass lazy=False."],
    ),
    "NotInLayout": (
        lambda f: save_aps_u(f.folder / "twice.hdf", f.twice()),
        {},
        ["Two sectors have the same q and phi"],
    ),
    "RepeatsDiffer": (
        lambda f: hx.average([f.data(), f.data().select(sectors=[0, 1, 2])]),
        {"repeat": 1, "path": None},
        ["Of repeat 1 ", "expected ", ", as of repeat 0. "],
    ),
    "NoiseOfBinsUnknown": (
        lambda f: hx.binned(f.data(), 2),
        {"bin_frames": 2},
        ["Bin fewer frames", "Pass bin_frames=<fewer>"],
    ),
    "MissingGeometry": (
        lambda f: hx.TwoTimeModel(hx.Shear(1e-3, 10.0, hx.GapAverage()), hx.ContrastOffset(0.3, 1.0))(
            Geometry(q=0.01, t=np.arange(4.0))
        ),
        {"owner": "Shear", "names": ("gap", "phi")},
        ["Shear needs gap and phi, which the geometry lacks. Pass gap=<angstrom> and phi=<degrees>."],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_error_has_its_values_its_message_and_its_copies(files, name):
    provoke, fields, words = CASES[name]
    with pytest.raises(ValueError, match=r"\w") as caught:
        provoke(files)
    error = caught.value
    assert type(error) is getattr(hx.errors, name)
    assert {key: getattr(error, key) for key in fields} == fields
    for word in words:
        assert word in str(error)
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(same) is type(error)
        assert str(same) == str(error)
        assert same.remedies == error.remedies


def test_every_public_error_is_raised_by_a_case():
    public = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.AbstractInputError)
    }
    assert public - {"AbstractInputError"} == {*CASES}


def test_the_usual_types_still_catch_them(files):
    for wrong in ({"frame_time": 0.1}, {"first_frame": "three"}):
        with pytest.raises(TypeError):
            load(files.npz(), sigma=1.0, **wrong)
    with pytest.raises(IndexError):
        files.data().select(sectors=[4])


def test_what_repairs_a_file_is_data(files):
    path = files.aps_u(drop=("frame_time", "begin_frame"))
    repairs = {}
    for value in (0.5, 3):
        with pytest.raises(errors.AbstractInputError) as caught:
            load(path, sigma=1.0, **repairs)
        (remedy,) = caught.value.remedies
        assert remedy.is_placeholder
        repairs[remedy.option] = value
    data = load(path, sigma=1.0, **repairs)
    np.testing.assert_allclose(data.geometry.t, 0.5 * (3 + np.arange(12)))


def test_the_path_of_a_missing_sigma_tells_files_from_arrays(files):
    with pytest.raises(errors.MissingSigma) as caught:
        load(files.aps_u())
    assert caught.value.path == str(files.folder / "scan.hdf")
    with pytest.raises(errors.MissingSigma, match="is missing, and there is no default") as caught:
        files.data(sigma=None)
    assert caught.value.path is None


@pytest.mark.parametrize(
    ("option", "value", "taken"),
    [("frame_time", 2, 2.0), ("frame_time", np.float32(0.5), 0.5), ("first_frame", np.int64(4), 4)],
)
def test_numbers_of_any_kind_are_taken_as_options(files, option, value, taken):
    times = load(files.aps_u(), sigma=1.0, **{option: value}).geometry.t
    expected = taken * np.arange(12) if option == "frame_time" else 0.25 * (taken + np.arange(12))
    np.testing.assert_allclose(times, expected, rtol=1e-6)


def test_an_option_that_is_none_is_not_given(files):
    np.testing.assert_allclose(load(files.npz(), sigma=1.0, frame_time=None).geometry.dt, 0.1, rtol=1e-6)


def test_two_readers_share_an_option_or_differ_in_its_name():
    one, other = ReaderOption("gain", float, "VALUE", "Of one."), ReaderOption("gain", int, "VALUE", "Of another.")
    assert each_once([one, ReaderOption("gain", float, "VALUE", "Of one.")]) == (one,)
    with pytest.raises(ValueError, match="state the option gain differently"):
        each_once([one, other])


def test_the_layout_of_a_reader_with_another_first_frame(files):
    """A time origin that is lost is found again with the option that the error names."""
    path = files.shifted_npz()
    with pytest.raises(errors.LostTimeOrigin) as caught:
        load(path, sigma=1.0)
    (remedy,) = caught.value.remedies
    assert not remedy.is_placeholder
    np.testing.assert_allclose(load(path, sigma=1.0, **{remedy.option: remedy.value}).geometry.t[:3], [0, 1, 3])


def test_a_file_is_opened_by_the_first_reader_that_misses_nothing(files):
    with h5py.File(files.aps_u(), "r+") as file:
        del file["xpcs/twotime/processed_bins"]
    with pytest.raises(errors.UnknownLayout) as caught:
        load(files.folder / "scan.hdf", sigma=1.0)
    assert caught.value.missing["aps-u"] == ("/xpcs/twotime/processed_bins",)
    assert caught.value.layouts.keys() == caught.value.missing.keys()


PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_on_errors_names_each_and_its_fields():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {}
    for row in rows:
        errors_of_row, _, fields = row.strip("| ").split(" | ")
        names = [name for name in re.findall(r"`(\w+)`", errors_of_row) if name in CASES]
        parts = fields.split("; ") if len(names) > 1 and ";" in fields else [fields] * len(names)
        named |= {name: set(re.findall(r"`(\w+)`", part)) for name, part in zip(names, parts, strict=True)}
    assert named.keys() == CASES.keys()
    for name, fields in named.items():
        assert fields <= {field.name for field in dataclasses.fields(getattr(errors, name))}, name


def test_the_example_of_the_page_runs(files, capsys):
    (source,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    namespace = {}
    exec(source, namespace)
    path = files.write_aps_u(files.maps(n_t=40))
    assert namespace["load_anyway"](path).sigma_source.startswith("estimated")
    with pytest.raises(errors.MissingFrameTime):
        namespace["load_anyway"](files.aps_u(drop=("frame_time",)))
    assert capsys.readouterr().out == "frame_time SECONDS\n"
