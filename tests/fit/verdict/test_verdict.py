"""Verdicts on fits to simulated speckle fields: right models are adequate, and what was done to the data is named."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.verdict.finding import Kind
from homodyne_eqx.testing.speckle_fields import speckle_intensities

pytestmark = pytest.mark.x64

N_T, N_SECTOR, SPECKLES, TAU = 80, 6, 1500, 15.0
T = np.arange(N_T) * 0.1
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=T, phi=np.arange(N_SECTOR) * 30.0, gap=2e6)
RATE = 1.0 / (TAU * 0.1 * 0.01**2)
MODEL = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(1.0, 1.0))
LAG = np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T))) / TAU
FIELD = np.exp(-LAG / 2)


def correlated(intensities):
    """c2 of intensities (n_t, n_speckles), with the frames normalised by their own mean."""
    mean = intensities.mean(axis=1)
    return intensities @ intensities.T / intensities.shape[1] / np.outer(mean, mean)


def intensities(seed, fields=(FIELD,) * N_SECTOR, **options):
    generator = np.random.default_rng(seed)
    return [speckle_intensities(field, SPECKLES, generator, **options) for field in fields]


def maps(seed, fields=(FIELD,) * N_SECTOR, **options):
    return np.stack([correlated(each) for each in intensities(seed, fields, **options)])


def fitted(c2, model=MODEL, **options):
    return hx.fit(model, hx.TwoTimeData(c2, GEOMETRY, sigma=options.pop("sigma", "estimate")), **options)


def bright(seed, frames, factor):
    """Frames of a brighter beam where all frames were normalised by one mean."""
    gain = np.ones(N_T)
    gain[list(frames)] = factor
    return maps(seed) * np.outer(gain, gain)


def glitched(seed, frame, size, sectors):
    generator, c2 = np.random.default_rng(seed), maps(seed)
    for k in sectors:
        noise = size * generator.standard_normal(N_T)
        c2[k, frame, :] += noise
        c2[k, :, frame] += noise
    return c2


def with_hot_pixels(seed, n, intensity):
    found = intensities(seed)
    for each in found:
        each[:, :n] = intensity
    return np.stack([correlated(each) for each in found])


def sheared(seed):
    flow = hx.TwoTimeModel(
        hx.Diffusion(RATE) * hx.Shear(2.5e-4, phi0=20.0, kernel=hx.SincSquared()), hx.ContrastOffset(1.0, 1.0)
    )
    return maps(seed, [np.sqrt(np.asarray(each)) for each in np.asarray(flow(GEOMETRY)) - 1])


def of_contrasts(seed):
    """Contrasts that differ by 10 % from sector to sector, of two modes each."""
    factor = np.array([0.9, 1.1, 1.0, 0.95, 1.1, 0.9])
    return 1 + (maps(seed, n_modes=2) - 1) * factor[:, None, None]


def white(seed, size):
    noise = np.random.default_rng(seed).standard_normal((N_SECTOR, N_T, N_T)) * size
    return np.tril(noise) + np.swapaxes(np.tril(noise, -1), 1, 2)


COMMON = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.5, 1.0))
FAINT = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.3, 1.0))
AGED = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(2 * RATE, -0.5, 0.0)), hx.ContrastOffset(1.0, 1.0))
DIRTY = {
    "one frame ten times brighter": (lambda s: (bright(s, [41], 10.0), MODEL), Kind.FRAMES, 41),
    "three such frames": (lambda s: (bright(s, [12, 41, 60], 10.0), MODEL), Kind.FRAMES, None),
    "one frame 1.1 times brighter": (lambda s: (bright(s, [17], 1.1), MODEL), Kind.FRAMES, 17),
    "a glitched frame": (lambda s: (glitched(s, 30, 0.5, range(N_SECTOR)), MODEL), Kind.FRAMES, 30),
    "a frame glitched in one sector": (lambda s: (glitched(s, 30, 2.0, [2]), MODEL), Kind.FRAMES, 30),
    "hot pixels": (lambda s: (with_hot_pixels(s, 4, 40.0), MODEL), Kind.STATIC, None),
    "flow fitted as static": (lambda s: (sheared(s), MODEL), Kind.DIRECTION, None),
    "one contrast for several": (lambda s: (of_contrasts(s), COMMON), Kind.SECTOR, None),
    "stretched": (lambda s: (maps(s, [np.exp(-(LAG**0.85) / 2)] * N_SECTOR), MODEL), Kind.EVERYWHERE, None),
    "ageing": (
        lambda s: (maps(s, [np.sqrt(np.asarray(each)) for each in np.asarray(AGED(GEOMETRY)) - 1]), MODEL),
        Kind.EVERYWHERE,
        None,
    ),
    "ageing under white noise": (
        lambda s: (1 + 0.3 * (np.asarray(AGED(GEOMETRY)) - 1) + white(s, 0.02), FAINT),
        Kind.EVERYWHERE,
        None,
    ),
}


@pytest.mark.parametrize("sigma", ["estimate", 0.02])
@pytest.mark.parametrize("name", DIRTY)
def test_what_is_wrong_is_found_and_named(name, sigma):
    make, kind, frame = DIRTY[name]
    c2, model = make(3)
    result = fitted(c2, model, sigma=sigma)
    assert result.converged
    verdict = result.verdict
    assert not verdict.adequate
    assert verdict.findings[0].kind == kind, str(verdict)
    if frame is not None:
        assert verdict.worst_frame == frame
        assert f"rame {frame} " in verdict.text


def test_three_bright_frames_are_all_named():
    verdict = fitted(bright(5, [12, 41, 60], 10.0)).verdict
    assert sorted(verdict.remedies[0].names) == ["12", "41", "60"]
    c2 = bright(5, [12, 41, 60], 10.0)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma="estimate", mask=np.isin(np.arange(N_T), [12, 41, 60]))
    assert hx.fit(MODEL, data).verdict.adequate


def test_a_frame_of_a_model_that_fails_early_is_not_called_noisy():
    c2, model = DIRTY["ageing"][0](1)
    assert all(finding.kind != Kind.FRAMES for finding in fitted(c2, model).verdict.findings)


def test_the_direction_of_a_departure_is_right():
    """Exponents below and above 1, and rates that fall and rise."""
    for exponent, word in ((0.85, "stretched"), (1.15, "compressed")):
        verdict = fitted(maps(2, [np.exp(-(LAG**exponent) / 2)] * N_SECTOR)).verdict
        assert word in verdict.text
    later = np.sqrt(np.asarray(AGED(GEOMETRY))[0] - 1)
    for field, word in ((later, "slows"), (later[::-1, ::-1], "quickens")):
        assert word in fitted(maps(2, [field] * N_SECTOR)).verdict.text


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: fitted(maps(seed)),
        lambda seed: fitted(maps(seed, n_modes=2), COMMON),
        lambda seed: fitted(maps(seed, n_modes=2, photons=2.0), COMMON),
        lambda seed: fitted(0.7 * np.asarray(FAINT(GEOMETRY)) + 0.3 + white(seed, 0.02), FAINT, sigma=0.02),
        lambda seed: fitted(0.5 + 0.5 * maps(seed), COMMON),
        lambda seed: fitted(maps(seed, [np.exp(-(LAG**0.85) / 2)] * N_SECTOR), STRETCHED),
    ],
    ids=["one mode", "two modes", "photons", "white", "with a constant background", "stretched"],
)
def test_right_models_are_adequate(make):
    verdicts = [make(seed).verdict for seed in range(4)]
    assert all(verdict.adequate for verdict in verdicts), [str(verdict) for verdict in verdicts]
    assert "those of the noise" in verdicts[0].text


STRETCHED = hx.TwoTimeModel(hx.Diffusion(RATE, kernel=hx.Stretched(0.85)), hx.ContrastOffset(1.0, 1.0))


def test_the_expected_chi2_is_that_of_right_models_within_its_spread():
    results = [fitted(maps(seed), sigma=0.02) for seed in range(12)]
    found = np.array([result.reduced_chi2 for result in results])
    expected = np.array([result.verdict.expected_reduced_chi2 for result in results])
    spread = np.array([result.verdict.spread for result in results])
    assert abs(np.mean(found / expected) - 1) < np.mean(spread / expected) < 0.25
    assert 0.5 < np.std(found / expected, ddof=1) / np.mean(spread / expected) < 1.6


def test_from_packed_data_it_is_the_same():
    c2 = maps(4)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma="estimate")
    one, other = hx.fit(MODEL, data), hx.fit(MODEL, hx.pack(data))
    assert one.verdict == other.verdict
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-6)


def test_a_fit_that_ended_elsewhere_is_not_judged():
    verdict = fitted(maps(4), max_steps=0).verdict
    assert not verdict.adequate
    assert "not judged" in verdict.text
    assert verdict.worst_sector is None


def test_white_noise_that_exceeds_sigma_is_said():
    c2 = np.asarray(FAINT(GEOMETRY)) + white(1, 0.03)
    verdict = fitted(c2, FAINT, sigma=0.02).verdict
    assert not verdict.adequate
    assert "1.49 times sigma" in verdict.text
    assert fitted(c2, FAINT, sigma=0.03).verdict.adequate


def test_frames_that_one_sector_lacks_leave_the_others_judged():
    """A frame masked in one sector alone, with and without a bad frame in another."""
    mask = np.zeros((N_SECTOR, N_T, N_T), bool)
    mask[1, 7], mask[1, :, 7] = True, True
    verdicts = [
        hx.fit(MODEL, hx.TwoTimeData(c2, GEOMETRY, sigma="estimate", mask=mask)).verdict
        for c2 in (maps(6), glitched(6, 30, 2.0, [3]))
    ]
    assert verdicts[0].adequate, str(verdicts[0])
    assert verdicts[0].worst_frame is not None
    assert not verdicts[1].adequate
    assert verdicts[1].worst_frame == 30
    assert "frame 30" in verdicts[1].text.lower()
