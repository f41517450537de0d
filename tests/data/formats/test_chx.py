"""Result files of NSLS-II CHX."""

import numpy as np
import pytest

from homodyne_eqx.data import errors, load
from tests.data.layouts import DT, PHI, Q, chx, decaying_maps


@pytest.mark.parametrize("lazy", [False, True])
def test_maps_sectors_and_times(tmp_path, lazy):
    c2 = decaying_maps()
    data = load(chx(tmp_path / "uid=a1b2_Res.h5", c2), sigma=0.01, first_frame=3, lazy=lazy)
    for k in range(3):
        np.testing.assert_array_equal(data.c2[k], c2[k])
    np.testing.assert_allclose(data.geometry.q, Q)
    np.testing.assert_allclose(data.geometry.phi, PHI)
    np.testing.assert_allclose(data.geometry.t, DT * (3 + np.arange(24)))
    assert data.provenance.format == "chx"


def test_rings_have_no_azimuth(tmp_path):
    data = load(chx(tmp_path / "a.h5", decaying_maps(), rows=[[0.001], [0.002], [0.003]]), sigma=0.01)
    assert data.geometry.phi is None
    np.testing.assert_allclose(data.geometry.q, [0.001, 0.002, 0.003])
    data = load(chx(tmp_path / "b.h5", decaying_maps(), rows=[0.001, 0.002, 0.003]), sigma=0.01)
    np.testing.assert_allclose(data.geometry.q, [0.001, 0.002, 0.003])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frame_time": None}, "has no /md with the attribute frame_time. Pass frame_time"),
        ({"frame_time": 5 * DT}, "the smallest step of /taus is 0.5 s"),
        ({"frame_time": "soon"}, "frame_time is 'soon'; expected a number in s"),
        ({"rows": [[0.001]] * 5}, "more than the 3 maps: .* Pass sector_q"),
        ({"g12b": np.ones((24, 24, 3), int)}, "/g12b holds int64: a correlation is no whole number"),
        ({"rows": [[0.001], [0.002]]}, "attribute 2 of /qval_dict is None"),
        ({"rows": [[0.001], [0.002], [0.003, 5.0]]}, r"not 3 times a finite \[q\]"),
        ({"rows": [[0.001], [0.002], [np.nan]]}, r"not 3 times a finite \[q\]"),
        ({"g12b": np.ones((24, 23, 3))}, r"/g12b has shape \(24, 23, 3\); expected \(n_t, n_t, n_sector\)"),
    ],
)
def test_what_is_missing_or_contradicts_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load(chx(tmp_path / "a.h5", decaying_maps(), **options), sigma=0.01)


def test_a_frame_time_may_be_text_with_a_unit(tmp_path):
    data = load(chx(tmp_path / "a.h5", decaying_maps(), frame_time="500 ms"), sigma=0.01)
    assert float(data.geometry.dt) == pytest.approx(0.5)


def test_a_map_that_is_not_symmetric_is_refused(tmp_path):
    c2 = decaying_maps()
    c2[1] = c2[1, 0][None, :]  # rows by age, the same decay in each: axes that are not two times
    with pytest.raises(errors.AsymmetricMap, match="sector 1 is not symmetric"):
        load(chx(tmp_path / "a.h5", c2), sigma=0.01)
