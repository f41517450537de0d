"""Sectors by q, azimuth and number, and frames that keep their times."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.data import Provenance, TwoTimeData, errors
from homodyne_eqx.physics.geometry import Geometry

Q = np.array([0.004, 0.004, 0.008, 0.008, 0.008])
PHI = np.array([150.0, -170.0, -90.0, 10.0, 175.0])


@pytest.fixture
def data(symmetric_maps):
    geometry = Geometry(q=Q, phi=PHI, gap=2.0e6, t=0.1 * (7 + np.arange(12)), dt=0.1)
    sigma, mask = np.arange(1.0, 6.0), np.zeros((5, 12, 12), bool)
    mask[3, 4, 5] = True
    return TwoTimeData(symmetric_maps(5), geometry, sigma=sigma, mask=mask)


@pytest.mark.parametrize(
    ("wanted", "sectors"),
    [
        ({"q": (0.004, 0.004)}, [0, 1]),
        ({"q": (0.005, 0.009)}, [2, 3, 4]),
        ({"phi": (140, 160)}, [0]),
        ({"phi": (170, 190)}, [1, 4]),
        ({"phi": (-170, -90)}, [1, 2]),
        ({"phi": (190, 270)}, [1, 2]),
        ({"phi": (0, 360)}, [0, 1, 2, 3, 4]),
        ({"q": (0.008, 0.008), "phi": (0, 180)}, [3, 4]),
        ({"sectors": [4, 0]}, [4, 0]),
        ({"sectors": [4, 0, 3], "q": (0.008, 0.01)}, [4, 3]),
        ({"q": ("0.03nm^-1", "0.05nm^-1")}, [0, 1]),
        ({"q": [(0.003, 0.005), ("0.07nm^-1", 0.009)]}, [0, 1, 2, 3, 4]),
        ({"phi": [(140, 160), (0, 20)]}, [0, 3]),
        ({"phi": ("3rad", "190deg")}, [1, 4]),
        ({"phi": (9.9998, 149.9998)}, [3]),  # a hundred-thousandth of a turn is left to rounding
        ({"phi": (10.0002, 150.0002)}, [0]),
        ({"phi": (9.99995, 149.99995)}, [0, 3]),
        ({"phi": (10.00005, 150.00005)}, [0, 3]),
        ({"q": (0.0040001, 0.008)}, [2, 3, 4]),
        ({"q": (0.004000001, 0.007999999)}, [0, 1, 2, 3, 4]),
    ],
)
def test_sectors_are_those_that_fulfil_every_condition(data, wanted, sectors):
    part = data.select(**wanted)
    np.testing.assert_array_equal(part.c2, data.c2[sectors])
    np.testing.assert_allclose(part.geometry.phi, PHI[sectors])
    np.testing.assert_allclose(part.geometry.q, Q[sectors])
    np.testing.assert_array_equal(part.sigma, data.sigma[sectors])
    np.testing.assert_array_equal(part.mask, data.mask[sectors])


def test_frames_keep_their_times(data):
    part = data.select(frames=(3, 10))
    np.testing.assert_allclose(part.geometry.t, 0.1 * np.arange(10, 17), rtol=1e-6)
    np.testing.assert_array_equal(part.c2, data.c2[:, 3:10, 3:10])
    assert part.mask[3, 1, 2]
    assert part.mask.sum() == 1
    again = part.select(frames=(2, 5))
    np.testing.assert_allclose(again.geometry.t, 0.1 * np.arange(12, 15), rtol=1e-6)


def test_a_stated_frame_period_is_kept_with_the_real_times(symmetric_maps):
    """The documented integrals count it for every step, whatever the times of the frames."""
    t = 0.1 * np.arange(12) + 0.002 * np.random.default_rng(0).random(12)
    data = TwoTimeData(symmetric_maps(1), Geometry(q=0.01, t=t, dt=0.101), sigma=1.0)
    geometry = data.select(frames=(2, 9)).geometry
    assert float(geometry.dt) == float(data.geometry.dt)
    np.testing.assert_array_equal(geometry.intervals, np.full(6, data.geometry.dt))
    np.testing.assert_array_equal(geometry.t, data.geometry.t[2:9])


def test_frame_times_that_are_not_uniform_keep_their_spacing(symmetric_maps):
    t = np.cumsum(np.linspace(0.1, 0.4, 12))
    data = TwoTimeData(symmetric_maps(1), Geometry(q=0.01, t=t), sigma=1.0)
    part = data.select(frames=(5, 12))
    np.testing.assert_allclose(part.geometry.intervals, np.diff(t)[5:], rtol=1e-5)


@given(first=st.integers(0, 4), second=st.integers(0, 4), length=st.integers(4, 8))
def test_selecting_twice_is_selecting_once(first, second, length):
    i, j = np.indices((20, 20))
    c2 = np.arange(3.0)[:, None, None] * 1000 + 20 * np.maximum(i, j) + np.minimum(i, j)
    data = TwoTimeData(c2, Geometry(q=Q[:3], t=np.arange(20) * 0.5), sigma=np.ones_like(c2))
    outer = data.select(frames=(first, 18), sectors=[2, 0])
    inner = outer.select(frames=(second, second + length), sectors=[1])
    once = data.select(frames=(first + second, first + second + length), sectors=[0])
    np.testing.assert_array_equal(inner.c2, once.c2)
    np.testing.assert_array_equal(inner.geometry.t, once.geometry.t)
    assert inner.sigma.shape == once.sigma.shape == inner.shape


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        (
            {"q": (0.01, 0.02)},
            ValueError,
            r"with q \(0.01, 0.02\). There are q 0.004, 0.008 Å⁻¹, phi 150, −170, −90, 10, 175°",
        ),
        ({"phi": (20, 30)}, ValueError, "No sector is left"),
        ({"sectors": []}, ValueError, "No sector is left"),
        ({"q": 0.004}, ValueError, r"q is 0.004; expected a range \(lowest, highest\) in Å⁻¹"),
        ({"phi": (30, 20)}, ValueError, r"phi is \(30, 20\); expected a range.*across ±180 is written as \(170, 190\)"),
        ({"q": [(0.1, 0.2), (0.3,)]}, ValueError, r"q is \(0.3,\); expected a range"),
        ({"q": ("5 furlong", 1)}, TypeError, "q is '5 furlong'; expected a number in Å⁻¹"),
        ({"sectors": [5]}, IndexError, "from 0 to 4"),
        ({"sectors": [1, 1]}, ValueError, "each index once"),
        ({"frames": (3, 30)}, ValueError, "stop ≤ 12"),
        ({"frames": (3, 4)}, ValueError, "at least 2 frames"),
        ({"frames": (-3, 4)}, ValueError, "0 ≤ first"),
        ({"frames": (0.5, 4)}, ValueError, r"\(first, stop\)"),
    ],
)
def test_what_selects_nothing_or_is_no_selection_says_what_there_is(data, wanted, error, message):
    with pytest.raises(error, match=message):
        data.select(**wanted)


def test_azimuths_cannot_select_where_there_are_none(symmetric_maps):
    data = TwoTimeData(symmetric_maps(1), Geometry(q=0.01, t=np.arange(12) * 0.1), sigma=1.0)
    with pytest.raises(ValueError, match="have no azimuth"):
        data.select(phi=(0, 10))


def test_each_step_stands_in_the_provenance(symmetric_maps, geometry_of):
    """Numbers of frames are those of the file, also after a selection."""
    origin = Provenance(frames=(20, 32), steps=("read",))
    data = TwoTimeData(symmetric_maps(), geometry_of(), sigma=0.02, provenance=origin)
    found = data.select(frames=(2, 12)).excluding(frames=[1, 2, 7], sectors=[2]).select(sectors=[2, 0])
    assert found.provenance.steps == (
        "read",
        "kept 10 of 12 frames: 22 to 31",
        "bad frames excluded: 23 to 24, 29",
        "kept 3 of 4 sectors, numbered anew: 0 to 1, 3",
        "kept 2 of 3 sectors, numbered anew: 2, 0",
    )
    assert found.provenance.frames == (22, 32)
    np.testing.assert_array_equal(found.c2, np.asarray(data.c2)[[3, 0], 2:12, 2:12])
    outliers = np.zeros(data.shape, bool)
    outliers[1, 3, 4] = outliers[1, 4, 3] = True
    assert data.excluding(outliers=outliers).provenance.steps[-1] == "outliers excluded: 2 pixels"
    assert "step     kept 10 of 12 frames" in repr(found)
    assert data.select(sectors=range(4)).provenance.steps == ("read",)


def test_sectors_that_cannot_be_excluded_are_named(symmetric_maps, geometry_of):
    data = TwoTimeData(symmetric_maps(), geometry_of(), sigma=0.02)
    with pytest.raises(errors.NoSuchSector, match="no sector 4"):
        data.excluding(sectors=[4])
    with pytest.raises(errors.NothingSelected):
        data.excluding(sectors=range(4))
