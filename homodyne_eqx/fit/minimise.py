"""Drive a least-squares solver to the minimum, and judge honestly whether it got there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx

from ..engine import NormalEquations
from .problem import Problem
from .solver import advance, first

UNDETERMINED = 1e6
_AT_BOUND = 1e-3
_PATIENCE = 15
_RESTARTS = 3


class Quadratic(NamedTuple):
    """The normal equations on the host, in double precision: χ² around the parameters, to second order."""

    matrix: np.ndarray
    vector: np.ndarray
    chi2: float

    @property
    def is_finite(self) -> bool:
        """Whether χ² and its derivatives are numbers."""
        return bool(np.all(np.isfinite(self.matrix)) and np.isfinite(self.chi2))


@dataclass(frozen=True)
class Iteration:
    """Where a fit stands after a step.

    - `number`; `chi2`; `expected_decrease`: by how much χ² would still fall were the model linear;
    - `moved`: the largest change of a parameter in this step, in units of its own uncertainty with all others held;
    - `parameters`: values of the free parameters; `elapsed`: s since the first of these steps began;
    - `degrees_of_freedom`: of the data that the step saw, fewer where they are averaged or sampled.
    """

    number: int
    chi2: float
    expected_decrease: float
    moved: float
    parameters: np.ndarray = field(repr=False)
    elapsed: float
    degrees_of_freedom: int


@dataclass(frozen=True)
class Outcome:
    """How a minimisation ended: "converged", "stalled", "step limit", "interrupted" or "not finite"."""

    ended: str
    parameters: np.ndarray
    normal: Quadratic
    history: tuple[Iteration, ...]
    at_bound: np.ndarray
    first_call: float


def minimise(
    problem: Problem,
    solver: optx.AbstractLeastSquaresSolver,
    degrees_of_freedom: int,
    max_steps: int,
    tolerance: float,
    callback: Callable[[Iteration], None] | None = None,
    prepare: Callable[[np.ndarray, Quadratic], np.ndarray] = lambda parameters, normal: parameters,
    reach: float = 1.0,
) -> Outcome:
    """Iterate until χ² can be expected to fall by less than `tolerance` (in units of max(1, reduced χ²)).

    Where the solver gives up before that, the unknowns are rescaled to the place it has reached and it starts again
    from there, three times at most. Ctrl-C ends the loop with the best state so far.

    **Arguments:** `prepare`: from the start and the normal equations there to a better start, before the first step;
    `reach`: how far the first step may go, see `rescaled`. More than 1 saves steps next to a minimum and costs some
    elsewhere.
    """
    begun = time.perf_counter()
    history: list[Iteration] = []
    unknowns = problem.unknowns
    limits = tuple(np.asarray(x, float) for x in (unknowns.low, unknowns.high, unknowns.start))
    ended, restarts, rejected, first_call = "step limit", 0, 0, 0.0
    y, carried, before = problem.start, None, None
    parameters, normal = np.asarray(problem.unknowns.start), None
    try:
        while len(history) <= max_steps:
            if carried is None:
                carried = first(solver, y, problem)
            position, done = advance(solver, y, problem, carried)
            y, carried = position.y, position.carried
            normal = on_host(position.normal)
            parameters = np.asarray(position.parameters, float)
            first_call = first_call or time.perf_counter() - begun
            if not normal.is_finite:
                ended = "not finite"
                break
            left = expected_decrease(limits, parameters, normal)
            moved = 0.0 if before is None else float(np.max(np.abs(parameters - before) * np.sqrt(_diagonal(normal))))
            rejected = rejected + 1 if moved == 0 and before is not None else 0
            before = parameters
            elapsed = time.perf_counter() - begun
            history.append(
                Iteration(len(history), float(normal.chi2), left, moved, parameters, elapsed, degrees_of_freedom)
            )
            if callback is not None:
                callback(history[-1])
            if left <= tolerance * max(1.0, float(normal.chi2) / max(1, degrees_of_freedom)):
                ended = "converged"
                break
            if len(history) == 1:
                parameters = prepare(parameters, normal)
                problem, y, carried = rescaled(problem, parameters, normal, reach), jnp.zeros_like(y), None
            elif bool(done) or rejected > _PATIENCE:
                if restarts == _RESTARTS:
                    ended = "stalled"
                    break
                restarts, rejected = restarts + 1, 0
                problem, y, carried = rescaled(problem, parameters, normal), jnp.zeros_like(y), None
    except KeyboardInterrupt:
        ended = "interrupted"
        if normal is None:
            raise
    at_bound = touching(*limits, parameters, normal)
    return Outcome(ended, parameters, normal, tuple(history), at_bound, first_call)


def rescaled(problem: Problem, parameters: np.ndarray, normal: Quadratic, reach: float = 1.0) -> Problem:
    """The same problem with y = 0 at these parameters, and y scaled such that a change of 1 changes √χ² by `reach`."""
    dtype = problem.unknowns.start.dtype
    scale = reach * np.minimum(1 / np.sqrt(_diagonal(normal)), np.maximum(np.abs(parameters), 1.0))
    unknowns = problem.unknowns.around(jnp.asarray(parameters, dtype), jnp.asarray(scale, dtype))
    return eqx.tree_at(lambda p: p.unknowns, problem, unknowns)


def expected_decrease(limits: tuple[np.ndarray, ...], parameters: np.ndarray, normal: Quadratic) -> float:
    """By how much χ² would fall at the minimum of its quadratic model, gᵀN⁻¹g.

    Over the parameters that the data determine and no bound holds.

    **Arguments:** `limits`: lower bounds, upper bounds and magnitudes of the parameters, as for `touching`.
    """
    inside = ~touching(*limits, parameters, normal) & _determined(limits[2], normal)
    d = np.sqrt(_diagonal(normal))[inside]
    g = normal.vector[inside] / d
    scaled = normal.matrix[np.ix_(inside, inside)] / np.outer(d, d)
    values, vectors = np.linalg.eigh(scaled)
    usable = values > _smallest(values)
    return float(np.sum((vectors.T @ g)[usable] ** 2 / values[usable]))


def touching(
    low: np.ndarray, high: np.ndarray, magnitude: np.ndarray, parameters: np.ndarray, normal: Quadratic
) -> np.ndarray:
    """Which parameters lie on a bound (within 1e-3 of their own uncertainty) while χ² still falls beyond it.

    One whose uncertainty exceeds a million times its `magnitude` (the start) is undetermined, not held by a bound.
    """
    near = np.where(_determined(magnitude, normal), _AT_BOUND / np.sqrt(_diagonal(normal)), 0)
    return ((parameters - low < near) & (normal.vector > 0)) | ((high - parameters < near) & (normal.vector < 0))


def _determined(magnitude: np.ndarray, normal: Quadratic) -> np.ndarray:
    """Which parameters the data determine at all, all others held."""
    return (magnitude == 0) | (1 / np.sqrt(_diagonal(normal)) < UNDETERMINED * np.abs(magnitude))


class Inverse(NamedTuple):
    """N⁻¹ taken apart: of the parameters that no bound holds, in units of 1/√N_kk, by eigenvalue."""

    inside: np.ndarray
    length: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    usable: np.ndarray

    def variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters; infinite if it leans on what the data do not determine."""
        scaled = self.vectors.T @ (slope[self.inside] / self.length)
        unknown = np.linalg.norm(scaled[~self.usable])
        if unknown > 1e-6 * max(np.linalg.norm(scaled), 1e-300):
            return np.inf
        return float(np.sum(scaled[self.usable] ** 2 / self.values[self.usable]))


def inverse(normal: Quadratic, held: np.ndarray) -> Inverse:
    """N⁻¹ over the parameters that are not held."""
    inside = ~held
    length = np.sqrt(_diagonal(normal))[inside]
    values, vectors = np.linalg.eigh(normal.matrix[np.ix_(inside, inside)] / np.outer(length, length))
    return Inverse(inside, length, values, vectors, values > _smallest(values))


def covariance(normal: Quadratic, held: np.ndarray) -> np.ndarray:
    """N⁻¹ over the parameters that are not held; infinite variance for what the data do not determine.

    The rows and columns of held parameters are NaN.
    """
    out = np.full(normal.matrix.shape, np.nan)
    inside, d, values, vectors, usable = inverse(normal, held)
    matrix = (vectors[:, usable] / values[usable]) @ vectors[:, usable].T / np.outer(d, d)
    lost = np.any(np.abs(vectors[:, ~usable]) > 1e-3, axis=1) | (np.diagonal(normal.matrix)[inside] == 0)
    matrix[lost, lost] = np.inf
    out[np.ix_(inside, inside)] = matrix
    return out


def _smallest(values: np.ndarray) -> float:
    return 10 * values.size * np.finfo(float).eps * max(float(values[-1]), 0.0) if values.size else 0.0


def _diagonal(normal: Quadratic) -> np.ndarray:
    diagonal = np.diagonal(normal.matrix)
    return np.where(diagonal > 0, diagonal, 1.0)


def on_host(normal: NormalEquations) -> Quadratic:
    """The normal equations as NumPy arrays of double precision."""
    return Quadratic(np.asarray(normal.matrix, float), np.asarray(normal.vector, float), float(normal.chi2))
