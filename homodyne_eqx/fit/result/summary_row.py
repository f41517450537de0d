"""One line of the summary of a fit, as data: the terminal, `print` and JSON show its texts as they are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from .numbers import number_texts, value_text

_SAID_OF = {"fixed": "fixed", "at_bound": "at bound", "undetermined": "undetermined"}


@final
@dataclass(frozen=True)
class Remedy:
    """A remedy for the statement of a row, as data, because Python and the command line use different names.

    - `action`: "fix", "bound", "simpler_rates", "other_starts", "other_model", "exclude_frames", "scaling_by_sector",
      "flow", "stretched", "changing_rates" or "separate"; `names`: the parameters that it applies to, or the frames.
    """

    action: str
    names: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class SummaryRow:
    """One line of a summary.

    - `group`: "verdict", "parameters" (of the physics), "scaling", "sectors" (contrast and offset of one sector each),
      "derived", "quality", "kernel", "ending" or "notes"; other groups are shown as lines of their own;
    - `name`, `value`, `unit`: a number with its unit, or a sentence;
    - `uncertainty`: 1σ, infinite if the data do not determine the value, `None` without one;
    - `value_text`, `uncertainty_text`: these as they are shown, to the same decimals and with the same exponent;
    - `status`: of the verdict "adequate" or "inadequate"; of a parameter "free", "tied", "fixed", "at_bound" or
      "undetermined";
      of the ending how the fit ended; else "";
    - `remedies`: possible remedies.
    """

    group: str
    name: str
    value: float | int | str
    value_text: str
    uncertainty: float | None = None
    uncertainty_text: str = ""
    unit: str = ""
    status: str = ""
    remedies: tuple[Remedy, ...] = ()

    def to_dict(self) -> Mapping[str, Any]:
        """The row as plain numbers, strings and lists."""
        remedies = [{"action": each.action, "names": list(each.names)} for each in self.remedies]
        return {**vars(self), "remedies": remedies}


def quantity(
    group: str,
    name: str,
    value: float | int,
    unit: str = "",
    uncertainty: float | None = None,
    status: str = "",
    text: str | None = None,
) -> SummaryRow:
    """The row of a number.

    **Arguments:** `uncertainty`: 1σ, `None` or NaN without one; `text`: how the value is written, to the digits of its
    uncertainty unless given.
    """
    if uncertainty is None or math.isnan(uncertainty):
        said = _SAID_OF.get(status, "")
        return SummaryRow(group, name, value, value_text(value) if text is None else text, None, said, unit, status)
    if math.isinf(uncertainty):
        status = "undetermined"
    texts = number_texts(value, uncertainty)
    return SummaryRow(
        group=group,
        name=name,
        value=value,
        value_text=texts[0] if text is None else text,
        uncertainty=uncertainty,
        uncertainty_text=_SAID_OF.get(status) or texts[1],
        unit=unit,
        status=status,
    )


def sentence(group: str, name: str, text: str, status: str = "", remedies: tuple[Remedy, ...] = ()) -> SummaryRow:
    """The row of something said in words."""
    return SummaryRow(group, name, text, text, status=status, remedies=remedies)
