"""Which of several models of the same data is the simplest that describes them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, final

from ..fit import FitResult
from .model_choice import RatesName


@final
@dataclass(frozen=True)
class Compared:
    """One model and what its fit says of it.

    - `name`: as it was asked for, `static`, `laminar-flow:constant`;
    - `adequate`: whether it describes the data; `text`: why or why not;
    - `free`: the number of free parameters, contrasts and offsets included;
    - `reduced_chi2`, and what a right model is expected to have, with its standard deviation `spread`, speckle noise
      included; NaN where the fit was not judged.
    """

    name: str
    adequate: bool
    text: str
    free: int
    reduced_chi2: float
    expected: float
    spread: float

    @property
    def status(self) -> str:
        """`adequate`, `not adequate`, or `not judged` where the fit did not end at a minimum."""
        if self.adequate:
            return "adequate"
        return "not adequate" if math.isfinite(self.spread) else "not judged"

    @property
    def excess(self) -> float:
        """By how many standard deviations reduced χ² exceeds what is expected."""
        return (self.reduced_chi2 - self.expected) / self.spread

    @property
    def folder(self) -> str:
        """A name for the folder of its result."""
        return re.sub(r"[^\w.-]+", "-", self.name.replace("\\", "/").rpartition("/")[2])

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {**asdict(self), "status": self.status, "excess": self.excess, "folder": self.folder}


def compared(name: str, result: FitResult) -> Compared:
    """What a fit says of its model."""
    verdict = result.verdict
    free = sum(parameter.free for parameter in result.parameters.values())
    numbers = (result.reduced_chi2, verdict.expected_reduced_chi2, verdict.spread)
    return Compared(name, verdict.adequate, verdict.text, free, *(float(x) for x in numbers))


def ranked(models: Sequence[Compared]) -> list[Compared]:
    """Those that describe the data first, the fewest free parameters first; then those that do not, the smallest excess
    of reduced χ² first; then those that were not judged.

    Differences of χ² between models are not compared: the noise of speckles is correlated, and the χ² of two right
    models differ by more than white noise lets expect.
    """

    def key(each: Compared) -> tuple[int, float, float]:
        if each.status == "adequate":
            return 0, float(each.free), each.excess
        return (1, each.excess, float(each.free)) if each.status == "not adequate" else (2, float(each.free), 0.0)

    return sorted(models, key=key)


def conclusion(models: Sequence[Compared]) -> str:
    """What the ranking says, in words. **Arguments:** `models`: ranked."""
    adequate = [each for each in models if each.status == "adequate"]
    if adequate:
        first, *others = adequate
        said = f"The simplest model that describes the data is {first.name}, with {first.free} free parameters."
        as_few = [each.name for each in others if each.free == first.free]
        more = [each.name for each in others if each.free > first.free]
        if as_few:
            said += f" With as many, {', '.join(as_few)} does too: these data do not tell them apart."
        if more:
            said += f" {', '.join(more)} does too; nothing in the data asks for the further parameters."
        return said
    judged = [each for each in models if each.status == "not adequate"]
    if not judged:
        return "No fit ended at a minimum of χ², so that no model was judged."
    first = judged[0]
    return (
        f"None of the models describes the data. {first.name} comes closest: its reduced χ² exceeds what the noise "
        f"lets expect by {first.excess:.3g} standard deviations. {first.text}"
    )


def model_and_rates(name: str) -> Mapping[str, Any]:
    """The settings that a name asks for: `laminar-flow:constant` is laminar flow with constant rates."""
    model, _, rates = name.rpartition(":")
    if model and rates in [*RatesName]:
        return {"model": model, "rates": RatesName(rates), "diffusion_rates": None, "shear_rates": None}
    return {"model": name}
