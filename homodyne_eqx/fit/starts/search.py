"""A search for the start of a fit that needs none itself, over all values that its parameters may have."""

import numpy as np

from ..free_parameters import FreeParameters
from .candidates import Candidates
from .search_space import SearchSpace, search_space

_DRAWN = 512
_POPULATION = 32
_GENERATIONS = 30
_CROSSED = 0.8


def search(candidates: Candidates, free_parameters: FreeParameters, seed: int = 0) -> tuple[np.ndarray, float]:
    """The free parameters of least χ² that were found, (n_free,), and this χ².

    Points spread evenly over the search space (Sobol), then differential evolution from the best of them: each is
    moved along the difference of two others, mostly from the best one, and stays where it was unless χ² falls (Storn
    and Price, J. Global Optim. 11, 341 (1997)). Reproducible: a `seed` gives the same.
    """
    generator = np.random.default_rng(seed)
    space = search_space(free_parameters, lambda parameters: candidates.chi2_and_level(parameters)[1])
    chi2_of = lambda u: candidates.chi2_and_level(space.parameters(u))[0]  # noqa: E731
    own = space.of_parameters(space.base)[None, :]
    if not space.coordinates:
        return space.base, float(candidates.chi2_and_level(space.base[None, :])[0][0])
    u = np.concatenate([own, spread_evenly(_DRAWN, own.size, seed)])
    chi2 = chi2_of(u)
    best = np.argsort(chi2, kind="stable")[:_POPULATION]
    u, chi2 = u[best], chi2[best]
    for _ in range(_GENERATIONS):
        tried = _moved(u, int(np.argmin(chi2)), space, generator)
        found = chi2_of(tried)
        better = found < chi2
        u[better], chi2[better] = tried[better], found[better]
    k = int(np.argmin(chi2))
    return space.parameters(u[k : k + 1])[0], float(chi2[k])


def spread_evenly(n: int, n_coordinates: int, seed: int) -> np.ndarray:
    """The first n points of a scrambled Sobol sequence, (n, n_coordinates), in [0, 1)."""
    from scipy.stats import qmc

    return qmc.Sobol(n_coordinates, seed=seed).random_base2(int(np.ceil(np.log2(max(n, 2)))))[:n]


def _moved(u: np.ndarray, best: int, space: SearchSpace, generator: np.random.Generator) -> np.ndarray:
    """A trial for each member of the population, mirrored into [0, 1] or, where 0 and 1 are the same, wrapped."""
    n, n_coordinates = u.shape
    a, b, c = (generator.permuted(np.tile(np.arange(n), (n, 1)), axis=1)[:, :3]).T
    weight = generator.uniform(0.4, 0.9, (n, 1))
    towards = np.where(generator.random((n, 1)) < 0.5, u[best] - u, u[c] - u)
    mutant = u + weight * towards + weight * (u[a] - u[b])
    crossed = generator.random(u.shape) < _CROSSED
    crossed[np.arange(n), generator.integers(n_coordinates, size=n)] = True
    tried = np.where(crossed, mutant, u)
    periodic = np.array([each.periodic for each in space.coordinates])
    mirrored = 1 - np.abs(1 - np.mod(tried, 2))
    return np.where(periodic, np.mod(tried, 1), mirrored)
