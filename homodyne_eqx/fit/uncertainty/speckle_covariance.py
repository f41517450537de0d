"""The covariance of fitted parameters under the noise of finitely many speckles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ...data import TwoTimeData
from ...engine import NormalEquations, Packed, normal_equations, pack
from ...engine.losses import AbstractLoss, Squares
from ...engine.normal_equations.sector_slopes import SectorSlopes, sector_slopes
from ...engine.unfolding import FoldedMap, folded_map, sector_places
from ...noise.sector_noise import sector_noise
from ...physics.model import TwoTimeModel
from ..free_parameters import marked_leaves
from ..solve.quadratic import on_host
from .covariance import Inverse, inverse

_FEWEST_DRAWS = 240
_BLOCKS = 4
_ALL_BLOCKS = 24
_DRAWN_AT_ONCE = 512
_NEGLIGIBLE = 1e-3


@final
@dataclass(frozen=True)
class SpeckleCovariance:
    """What the noise of speckles leaves uncertain of the free parameters of a fit.

    - `names`: of the free parameters; `covariance`: (n_free, n_free); NaN for parameters at a bound, to which the
      others are then conditional, and infinite for those that the data do not determine;
    - `uncertainties`: name → 1σ; `white_noise_uncertainties`: the same from JᵀJ alone, which takes the noise of every
      pair of frames as independent;
    - `speckles`: how many independent speckles each sector seems to have, (n_sector,); `photon_noise`: the variance
      that photons add to the intensity of a speckle in one frame, in units of the contrast, (n_sector,);
      `white`: whether the noise of a sector is independent from pixel to pixel, (n_sector,);
    - `notes`: sectors in which no field has the fitted correlation, and how much of it was left out.
    """

    names: tuple[str, ...]
    covariance: np.ndarray
    white_noise_covariance: np.ndarray
    speckles: np.ndarray
    photon_noise: np.ndarray
    white: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def uncertainties(self) -> Mapping[str, float]:
        return dict(zip(self.names, np.sqrt(np.diagonal(self.covariance)).tolist(), strict=True))

    @property
    def white_noise_uncertainties(self) -> Mapping[str, float]:
        return dict(zip(self.names, np.sqrt(np.diagonal(self.white_noise_covariance)).tolist(), strict=True))


def speckle_covariance(
    result: Any,
    data: TwoTimeData | Packed | None = None,
    *,
    loss: AbstractLoss | None = None,
    draws: int = 8000,
    seed: int = 0,
) -> SpeckleCovariance:
    """The covariance of the parameters of a fit, for noise of finitely many speckles: N⁻¹ V N⁻¹, N = JᵀJ.

    Neighbouring pixels of a two-time map share their speckles, so that their noise is correlated. V is the covariance
    of Jᵀr under that noise: speckles are drawn at random as complex Gaussian fields with the fitted g1, with as many
    modes as the contrast says and with photon noise, and the pull of each at the parameters is computed. How many
    speckles the data have follows from the residuals, so that a sigma that is wrong by a factor does not matter.

    **Arguments:**

    - `result`: of `fit`; `data`: those that were fitted, the `TwoTimeData` or packed; those of the result unless given.
    - `loss`: as of the fit; needed where that was not squares. A robust loss counts as weights that are given.
    - `draws`: how many speckles, over all sectors, at least 240 in each; `seed`: of the random numbers.

    What is assumed: the light of a sector is one Gaussian field (of correlation √M for detections other than `Homodyne`
    and `PartialHeterodyne`); sectors do not share speckles; the speckles of a sector are independent of each other.

    **Returns:** a `SpeckleCovariance`.

    **Raises:** `ValueError` for a result of packed data without `data`, and for one of a robust loss without `loss`.
    """
    packed = _packed(result, data)
    loss = _loss(result, loss)
    names, at_bound, free = _free(result)
    normal = on_host(normal_equations_of(result.model, packed, loss, free))
    directions = inverse(normal, at_bound)
    places = sector_places(packed)
    n_draws = max(draws // len(places), _FEWEST_DRAWS)
    n_blocks = max(_BLOCKS, -(-_ALL_BLOCKS // len(places)), -(-n_draws // _DRAWN_AT_ONCE))
    noises = []
    for k, (group, member) in sorted(places.items()):
        slopes, folded = sector_slopes(result.model, packed, free, k), folded_map(packed, group, member)
        residual, weights = residual_and_weights(slopes, folded, loss)
        generator = np.random.default_rng([seed, k])
        noises.append(sector_noise(slopes, residual, weights, n_draws // n_blocks, n_blocks, generator))
    V = np.sum([noise.pulls / noise.speckles for noise in noises], axis=0)
    return SpeckleCovariance(
        names,
        sandwich(directions, V, result.covariance),
        result.covariance,
        np.array([noise.speckles for noise in noises]),
        np.array([noise.photon_noise for noise in noises]),
        np.array([noise.white for noise in noises]),
        tuple(_unphysical(k, noise.clipped) for k, noise in enumerate(noises) if noise.clipped > _NEGLIGIBLE),
    )


def _unphysical(sector: int, clipped: float) -> str:
    return (
        f"sector {sector}: no field has the fitted correlation; {100 * clipped:.2g} % of it, where it is negative, was "
        "left out of the noise. Check the model."
    )


def sandwich(directions: Inverse, V: np.ndarray, white: np.ndarray) -> np.ndarray:
    """N⁻¹ V N⁻¹ over the parameters that are not at a bound; NaN and infinite where the white-noise covariance is."""
    inside, length, values, vectors, usable = directions
    half = (vectors[:, usable] / values[usable]) @ vectors[:, usable].T / np.outer(length, length)
    out = np.full(white.shape, np.nan)
    out[np.ix_(inside, inside)] = half @ V[np.ix_(inside, inside)] @ half
    return np.where(np.isfinite(white), out, white)


def residual_and_weights(slopes: SectorSlopes, folded: FoldedMap, loss: AbstractLoss) -> tuple[np.ndarray, np.ndarray]:
    """data − g2 and the weights of one sector, (n_t, n_t), strictly lower triangular, as the loss counts them."""
    counts = folded.weights > 0
    g2 = slopes.offset + slopes.contrast * slopes.M
    residual = np.where(counts, folded.values - g2, 0)
    weights = folded.weights
    if loss.reweights:
        slope = np.asarray(loss.slope(jnp.asarray(weights * residual**2)), float)
        weights = weights * slope
    return residual, weights


@eqx.filter_jit
def normal_equations_of(model: TwoTimeModel, packed: Packed, loss: AbstractLoss, free: Any) -> NormalEquations:
    """The normal equations, compiled."""
    return normal_equations(model, packed, loss, free)


def _packed(result: Any, data: TwoTimeData | Packed | None) -> Packed:
    data = result.data if data is None else data
    if data is None:
        raise ValueError(
            "This result is of packed data, which it does not hold. Pass them: speckle_covariance(result, packed)."
        )
    return data if isinstance(data, Packed) else pack(data)


def _loss(result: Any, loss: AbstractLoss | None) -> AbstractLoss:
    if loss is None and result.loss == "Squares":
        return Squares()
    if loss is None or type(loss).__name__ != result.loss:
        raise ValueError(
            f"The fit was made with the loss {result.loss}; got {loss}. Pass the one of the fit: "
            f"speckle_covariance(result, loss={result.loss}(…))."
        )
    return loss


def _free(result: Any) -> tuple[tuple[str, ...], np.ndarray, Any]:
    """Names of the free parameters, which of them are at a bound, and which leaves of the model they are."""
    free = [p for p in result.parameters.values() if p.free]
    leaves = marked_leaves(result.model, {p.leaf for p in free})
    return tuple(p.name for p in free), np.array([p.at_bound for p in free]), leaves
