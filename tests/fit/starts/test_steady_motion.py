"""The start of a fit, against maps made by numpy alone."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.data import TwoTimeData
from homodyne_eqx.fit.starts.steady_motion import steady_motion
from homodyne_eqx.physics.errors import MissingGeometry
from homodyne_eqx.physics.geometry import Geometry
from homodyne_eqx.physics.kernels import GapAverage, SincSquared

Q, GAP, DT, FRAMES = 0.005, 1.0e6, 0.1, 100
PHI = np.array([-60.0, -20.0, 10.0, 45.0, 80.0, 120.0])


def sheared(J, shear_rate, phi0, contrast=0.2, noise=0.005, kernel=lambda y: np.sinc(y / np.pi) ** 2, phi=PHI, q=Q):
    t = DT * np.arange(FRAMES)
    lag = np.abs(np.subtract.outer(t, t))
    q = np.broadcast_to(q, len(phi))[:, None, None]
    y = q * GAP / 2 * np.cos(np.radians(phi0 - phi))[:, None, None] * shear_rate * lag
    offset = 1 + 0.02 * np.sin(np.arange(len(phi)))[:, None, None]
    g2 = offset + contrast * np.exp(-(q**2) * J * lag) * kernel(y)
    error = np.triu(noise * np.random.default_rng(1).standard_normal(g2.shape), 1)
    return TwoTimeData(g2 + error + error.swapaxes(1, 2), Geometry(q=q[:, 0, 0], phi=phi, gap=GAP, t=t), sigma=noise)


def apart(a, b):
    """Degrees between two directions of flow, of which opposite ones are the same."""
    return abs((a - b + 90) % 180 - 90)


@given(strain=st.floats(0.3, 2.0), ratio=st.floats(0.12, 1.0), phi0=st.floats(-90, 90), contrast=st.floats(0.05, 0.5))
def test_it_is_within_a_few_per_cent_wherever_the_data_are(strain, ratio, phi0, contrast):
    """`strain`: ½ q L γ̇, the phase between wall and centre in a second; `ratio` of q²J to it.

    With a ratio much above 1 or below 0.1 one motion hides the other.
    """
    J, shear_rate = ratio * strain / Q**2, strain / (Q * GAP / 2)
    found = steady_motion(sheared(J, shear_rate, phi0, contrast), GapAverage())
    assert found.shear_rate == pytest.approx(shear_rate, rel=0.1)
    assert apart(found.phi0, phi0) < 4
    assert -90 < found.phi0 <= 90
    # Diffusion shows only as far as shear leaves something to see.
    assert pytest.approx(J, rel=0.1, abs=0.1 * shear_rate * GAP / Q) == found.J
    np.testing.assert_allclose(found.contrast, contrast, rtol=0.1)
    np.testing.assert_allclose(found.offset, 1 + 0.02 * np.sin(np.arange(6)), atol=0.02 * contrast + 0.003)
    assert found.explained > 0.9


def test_the_shear_rate_is_in_the_convention_of_the_kernel():
    documented = lambda y: np.sinc(y / np.pi**2) ** 4  # noqa: E731
    found = steady_motion(sheared(2e3, 5e-4, 30, kernel=documented), SincSquared())
    assert found.shear_rate == pytest.approx(5e-4, rel=0.06)


def test_sectors_of_different_q_and_no_shear():
    q = np.array([0.003, 0.005, 0.008, 0.003, 0.005, 0.008])
    found = steady_motion(sheared(4e4, 0.0, 0.0, q=q))
    assert pytest.approx(4e4, rel=0.03) == found.J
    assert found.shear_rate is None
    assert found.phi0 is None


def test_masked_pixels_do_not_count():
    data = sheared(2e4, 4e-4, 20)
    c2 = np.array(data.c2)
    c2[:, 30:50] = c2[:, :, 30:50] = np.nan
    c2[2] = np.where(np.random.default_rng(0).random(c2[2].shape) < 0.3, np.inf, c2[2])
    found = steady_motion(TwoTimeData(c2, data.geometry, sigma=0.005), GapAverage())
    assert pytest.approx(2e4, rel=0.1) == found.J
    assert apart(found.phi0, 20) < 3


@pytest.mark.parametrize(
    ("J", "word"), [(40 / Q**2, "within one frame"), (2e-3 / Q**2, "hardly decay")], ids=["too fast", "too slow"]
)
def test_it_says_what_the_data_do_not_show(J, word):
    (note,) = [note for note in steady_motion(sheared(J, 0.0, 0.0, noise=1e-5)).notes if word in note]
    assert note


def test_noise_alone_is_called_so():
    rng = np.random.default_rng(0)
    c2 = 1 + 0.01 * rng.standard_normal((2, 60, 60))
    geometry = Geometry(q=Q, t=DT * np.arange(60), phi=np.array([0.0, 90.0]), gap=GAP)
    data = TwoTimeData(c2 + c2.swapaxes(1, 2) - 1, geometry, sigma=0.01)
    assert any("explains only" in note for note in steady_motion(data, GapAverage()).notes)


def test_shear_needs_a_gap_and_an_azimuth():
    data = sheared(2e4, 0.0, 0.0)
    bare = TwoTimeData(data.c2, Geometry(q=np.full(6, Q), t=DT * np.arange(FRAMES)), sigma=0.005)
    with pytest.raises(MissingGeometry, match="needs gap and phi"):
        steady_motion(bare, GapAverage())
