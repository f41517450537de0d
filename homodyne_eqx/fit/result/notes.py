"""What a result has to say beside its numbers, for whom a minimum of χ² is not yet an answer."""

from collections.abc import Iterator

import equinox as eqx
import jax

from ...data import TwoTimeData
from ...physics.model import TwoTimeModel
from ...physics.terms import TwoComponents
from ..free_parameters import FreeParameters
from .derived import terms_within

_FAR_ABOVE = 4.0


def notes_on(
    fitted: TwoTimeModel, free_parameters: FreeParameters, reduced_chi2: float, data: TwoTimeData | None, loss: str
) -> Iterator[str]:
    """Sentences on a minimum that has been found."""
    # Noise that is correlated between frames widens the scatter of the reduced χ² about 1, not its mean; and a sigma
    # estimated from the plateau leaves out what noise grows with the correlation.
    given = data is None or not data.sigma_source.startswith("estimated")
    if given and loss == "Squares" and reduced_chi2 > _FAR_ABOVE:
        yield (
            f"a minimum, but the residuals are {reduced_chi2**0.5:.2g} times sigma: if sigma is right, the model does "
            "not describe the data. Try other starts (starts=[…]) or another model."
        )
    moving = {parameter.leaf for parameter in free_parameters.free}
    for term in terms_within(fitted.g1):
        if isinstance(term, TwoComponents) and moving and _alike(term):
            yield (
                "the two components may have changed names: first and second exchanged, with the fraction w become "
                "1 − w, is the same map."
            )


def _alike(term: TwoComponents) -> bool:
    """Whether both components are the same in kind."""
    kinds = [jax.tree.structure(eqx.filter(part, eqx.is_array)) for part in (term.first, term.second)]
    return kinds[0] == kinds[1]
