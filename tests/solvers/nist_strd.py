"""Nonlinear regression problems with certified results, of the Statistical Reference Datasets of NIST.

The values in `nist_strd.json` are those of the 27 data files of «Nonlinear Regression»,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml: a work of the government of the United States, in the public
domain. Each has two starts, certified parameters with their standard deviations, and the residual sum of squares, to 11
digits; `data` is the response, then the predictors.
"""

import functools
import json
from pathlib import Path

import jax.numpy as jnp

PROBLEMS = json.loads((Path(__file__).parent / "nist_strd.json").read_text())


def _misra_c(b, x):
    return b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5)


def _chwirut(b, x):
    return jnp.exp(-b[0] * x) / (b[1] + b[2] * x)


def _exponentials(b, x):
    return sum(b[k] * jnp.exp(-b[k + 1] * x) for k in (0, 2, 4))


def _peaks(b, x):
    two = sum(b[k] * jnp.exp(-((x - b[k + 1]) ** 2) / b[k + 2] ** 2) for k in (2, 5))
    return b[0] * jnp.exp(-b[1] * x) + two


def _cubics(b, x):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _saturation(b, x):
    return b[0] * (1 - jnp.exp(-b[1] * x))


def _cycles(b, x):
    turn = 2 * jnp.pi * x
    found = b[0] + b[1] * jnp.cos(turn / 12) + b[2] * jnp.sin(turn / 12)
    return found + sum(b[k + 1] * jnp.cos(turn / b[k]) + b[k + 2] * jnp.sin(turn / b[k]) for k in (3, 6))


MODELS = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": _saturation,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _cycles,
    "Eckerle4": lambda b, x: b[0] / b[1] * jnp.exp(-(((x - b[2]) / b[1]) ** 2) / 2),
    "Gauss1": _peaks,
    "Gauss2": _peaks,
    "Gauss3": _peaks,
    "Hahn1": _cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _exponentials,
    "Lanczos2": _exponentials,
    "Lanczos3": _exponentials,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * jnp.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4]),
    "Misra1a": _saturation,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": _misra_c,
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * jnp.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - jnp.arctan(b[2] / (x - b[3])) / jnp.pi,
    "Thurber": _cubics,
}


@functools.cache
def residual_of(name):
    """residual(b), model less data, in the precision of the run; of Nelson for the logarithm of the response.
    The same function at every call, so that it is compiled once."""
    y, *x = (jnp.asarray(column) for column in PROBLEMS[name]["data"])
    y = jnp.log(y) if name == "Nelson" else y
    return lambda b, args=None: MODELS[name](b, x if len(x) > 1 else x[0]) - y
