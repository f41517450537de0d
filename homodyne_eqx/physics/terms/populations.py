"""Populations of scatterers that move in different ways."""

from typing import ClassVar, final

import numpy as np
from jaxtyping import Array, Float

from ..construction_checks import check_structure
from ..geometry import Geometry, Sector, is_concrete
from ..parameters import component, parameter
from ..per_sector import all_values
from .abstract import AbstractTerm, Nodes, each, joined
from .field import plus, times


@final
class Populations(AbstractTerm):
    """g1 = (1 − Σ fractions) · terms[0] + Σ_k fractions[k] · terms[k + 1]: populations that move independently.

    - `terms`: two or more terms, one for each population.
    - `fractions`: the share of each population except the first, which has the rest, shape `(n − 1,)`, dimensionless, ≥
      0, of sum ≤ 1; fits keep each within (0, 1). `PerSector` of shape `(n_sector, n − 1)` where they depend on q.

    For a share that changes in time, or one that drifts against the other, see `TwoComponents`.

    Limits: fractions → 0 is the first term. Derivation: independent populations add their fields, whose correlations
    add by their share of the intensity.

    **Raises:** `ValueError` for fractions of another number or out of range; `TypeError` for an object that is not a
    term.
    """

    steady: ClassVar[bool] = True

    terms: tuple[AbstractTerm, ...] = component(converter=tuple)
    fractions: Float[Array, " n_others"] = parameter("", (0.0, 1.0))

    def __check_init__(self):
        check_structure(self)
        if len(self.terms) < 2 or self.fractions.shape != (len(self.terms) - 1,):
            raise ValueError(
                f"Populations was given {len(self.terms)} terms and fractions of shape {self.fractions.shape}; "
                "expected two or more terms and the fraction of each but the first, which has the rest. With one set a "
                "sector: PerSector of shape (n_sector, n_terms − 1)."
            )
        if is_concrete(all_values(self.fractions)):
            shares = np.asarray(all_values(self.fractions))
            if np.any(shares < 0) or np.any(shares.sum(-1) > 1):
                raise ValueError(f"Populations was given fractions = {shares}; expected numbers ≥ 0 of sum ≤ 1.")

    def nodes(self, geometry: Geometry) -> Nodes:
        return joined([term.nodes(geometry) for term in self.terms])

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        others = [self.fractions[k] for k in range(len(self.terms) - 1)]
        shares = [1 - sum(others[1:], others[0]), *others]
        return plus(
            *(
                times(share, term.pair(i, j, sector))
                for share, term, i, j in zip(shares, self.terms, each(node_i), each(node_j), strict=True)
            )
        )
