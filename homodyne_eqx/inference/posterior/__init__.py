"""Samples of the posterior of a fit."""

from .posterior import Posterior as Posterior
from .sample import require_sampler as require_sampler, sample as sample
