"""Samples of the posterior of a fit."""

from .posterior import Posterior as Posterior
from .sample import sample as sample
