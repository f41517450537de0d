"""Profiles, contours and posteriors made by hand, so that no test of their outputs has to fit or sample."""

import numpy as np

from homodyne_eqx.inference import Contour, Posterior, Profile

NAMES, UNITS = ("D0", "phi0"), ("Å²/s", "deg")


def made_profile(name="phi0", notes=()):
    """A parabola that is steeper below: 68 % from 20 − 1 to 20 + 2."""
    x = np.linspace(-3.5, 7.0, 22)
    statistic = np.where(x < 0, x**2, x**2 / 4)
    others = np.stack([2e4 + 0 * x, 20 + x], axis=1)
    return Profile(name, "deg", 20.0, 1.5, 20 + x, statistic, NAMES, others, ("level", "level"), notes)


def made_contour():
    """Circles in units of the two uncertainties, 100 Å²/s and 0.5°."""
    rays = []
    for angle in 2 * np.pi * np.arange(24) / 24:
        root = np.arange(5.0)
        rays.append(np.stack([2e4 + 100 * root * np.cos(angle), 20 + 0.5 * root * np.sin(angle), root], axis=1))
    return Contour(NAMES, UNITS, np.array([2e4, 20.0]), np.diag([1e4, 0.25]), tuple(rays))


def made_posterior(divergences=0):
    """Normal draws of two chains."""
    draws = np.array([2e4, 20.0]) + np.array([100.0, 0.5]) * np.random.default_rng(5).standard_normal((2, 300, 2))
    numbers = dict.fromkeys(NAMES, 500.0)
    return Posterior(
        names=NAMES, units=UNITS, draws=draws, log_density=np.zeros((2, 300)), divergences=divergences,
        r_hat=dict.fromkeys(NAMES, 1.001), effective=numbers, fitted=np.array([2e4, 20.0]),
        stated=np.array([100.0, np.nan]), density=None, seconds=1.0,
    )  # fmt: skip
