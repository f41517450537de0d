"""The covariance of fitted parameters under the noise of finitely many speckles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ...data import TwoTimeData
from ...engine import AbstractPacked, NormalEquations, Packed, PackedPairs, normal_equations, pack
from ...engine.losses import AbstractLoss, Squares
from ...physics.model import TwoTimeModel
from ..free_parameters import marked_leaves
from ..priors.prior_rows import prior_information, prior_rows
from ..solve.quadratic import on_host
from .abstract_noise import AbstractNoise
from .noise_of_fit import DRAWS, NoiseOfFit
from .noise_of_pairs import NoiseOfPairs

_NEGLIGIBLE = 1e-3


@final
@dataclass(frozen=True)
class SpeckleCovariance:
    """The uncertainty of the free parameters of a fit under the noise of speckles.

    - `names`: of the free parameters; `covariance`: (n_free, n_free); NaN for parameters at a bound, to which the
      others are then conditional, and infinite for those that the data do not determine;
    - `uncertainties`: name → 1σ; `white_noise_uncertainties`: the same for independent noise of every pair of frames,
      from the normal matrix;
    - `speckles`: the estimated number of independent speckles of each sector, (n_sector,); `photon_noise`: the variance
      that photons add to the intensity of a speckle in one frame, in units of the contrast, (n_sector,); `white`:
      whether the noise of a sector is independent from pixel to pixel, (n_sector,);
    - `notes`: sectors whose fitted correlation no field can have, and the part of it that was left out.
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
    draws: int = DRAWS,
    seed: int = 0,
) -> SpeckleCovariance:
    """The covariance of the parameters of a fit, for noise of finitely many speckles: N⁻¹ V N⁻¹.

    Neighbouring pixels of a two-time map share their speckles, so that their noise is correlated. N is the matrix of
    the normal equations, and V the covariance of their vector under that noise: speckles are drawn at random as complex
    Gaussian fields with the fitted g1, with the number of modes that follows from the contrast, and with photon noise,
    and the vector is computed for each speckle. The number of speckles is estimated from the residuals, so a sigma that
    is wrong by a factor has no effect.

    **Arguments:**

    - `result`: of `fit`; `data`: those that were fitted, the `TwoTimeData` or packed; those of the result unless given.
    - `loss`: as of the fit; needed unless it was `Squares`. A robust loss counts as given weights.
    - `draws`: how many speckles, over all sectors, at least 240 in each; for runs of more than 2000 frames
      fewer, down to an eighth; `seed`: of the random numbers.

    Assumptions: the light of a sector is one Gaussian field (of correlation √M for detections other than `Homodyne` and
    `PartialHeterodyne`); sectors do not share speckles; the speckles of a sector are independent of each other.

    **Returns:** a `SpeckleCovariance`.

    **Raises:** `ValueError` for a result of packed data without `data`, and for one of a robust loss without `loss`.
    """
    given = result.data if data is None else data
    if not isinstance(given, TwoTimeData | Packed | None):
        raise TypeError(
            f"The data are a {type(given).__name__}, and no speckles are drawn for those: their errors are taken as "
            "given. result.covariance holds their uncertainties."
        )
    if result.weights != "independent":
        raise ValueError(
            f"The fit was made with weights={result.weights!r}, and this is the covariance of least squares. That of "
            "the fit is result.covariance."
        )
    names = tuple(p.name for p in result.parameters.values() if p.free)
    return found_covariance(names, noise_of_result(result, data, loss, draws, seed))


def noise_of_result(
    result: Any,
    data: Any = None,
    loss: AbstractLoss | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> NoiseOfFit | NoiseOfPairs:
    """The noise of the data at the end of a fit; arguments and errors as of `speckle_covariance`. `data` may be pairs
    and one-time data, too, or these packed."""
    packed, loss = packed_of(result, data), _loss(result, loss)
    parameters = [p for p in result.parameters.values() if p.free]
    free = marked_leaves(result.model, {p.leaf for p in parameters})
    at_bound, values = np.array([p.at_bound for p in parameters]), np.array([p.value for p in parameters])
    rows = prior_rows(parameters)
    found = _normal_equations(result.model, packed, loss, free)
    normal = on_host(rows.added_to(found, jnp.asarray(values, found.vector.dtype)))
    rest = loss, free, at_bound, normal, prior_information(parameters, values)
    if isinstance(packed, PackedPairs):
        return NoiseOfPairs(result.model, packed, *rest)
    assert isinstance(packed, Packed)
    return NoiseOfFit(result.model, packed, *rest, draws, seed)


def found_covariance(names: tuple[str, ...], noise: AbstractNoise) -> SpeckleCovariance:
    """The uncertainty of the free parameters of these names from the noise of a fit."""
    sectors = noise.sectors
    return SpeckleCovariance(
        names,
        noise.covariance,
        noise.white_noise_covariance,
        noise.speckles,
        np.array([sector.photon_noise for sector in sectors]),
        np.array([sector.white for sector in sectors], bool),
        tuple(_unphysical(k, sector.clipped) for k, sector in enumerate(sectors) if sector.clipped > _NEGLIGIBLE),
    )


def _unphysical(sector: int, clipped: float) -> str:
    return (
        f"sector {sector}: no field has the fitted correlation; {100 * clipped:.2g} % of it, where it is negative, was "
        "left out of the noise. Check the model."
    )


@eqx.filter_jit
def _normal_equations(model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss, free: Any) -> NormalEquations:
    """The normal equations, compiled."""
    return normal_equations(model, packed, loss, free)


def packed_of(result: Any, data: Any) -> AbstractPacked:
    """The data of a fit, packed.

    **Raises:** `ValueError` for a result of packed data without `data`.
    """
    data = result.data if data is None else data
    if data is None:
        raise ValueError("This result is of packed data, which it does not hold. Pass them as data.")
    return data if isinstance(data, AbstractPacked) else pack(data)


def _loss(result: Any, loss: AbstractLoss | None) -> AbstractLoss:
    if loss is None and result.loss == "Squares":
        return Squares()
    if loss is None or type(loss).__name__ != result.loss:
        raise ValueError(
            f"The fit was made with the loss {result.loss}; got {loss}. Pass the one of the fit: "
            f"speckle_covariance(result, loss={result.loss}(…))."
        )
    return loss
