"""What is said of parameters that the data do not determine, and which of them to fix at which value."""

from collections.abc import Sequence

from ...physics.minus_sign import with_minus
from ..parameter import Parameter


def undetermined_text(without_effect: Sequence[Parameter], combined: Sequence[Parameter]) -> str:
    """One or two sentences.

    **Arguments:** `without_effect`: parameters that χ² does not depend on at all; `combined`: those that change χ², but
    not along some combination of them.
    """
    said = []
    if without_effect:
        one = len(without_effect) == 1
        said.append(
            f"the data do not determine {_listed(without_effect)}: χ² is at its minimum whatever "
            f"{'its value' if one else 'their values'}. Fix {'it' if one else 'them'}."
        )
    if combined:
        neutral = [f"{p.name} = {with_minus(format(p.neutral, 'g'))}" for p in combined if p.neutral is not None]
        known = [p for p in combined if p.neutral is None]
        each = " each by itself" if len(combined) > 1 else ""
        remedy = f"Fix {' and '.join(neutral)}" if neutral else f"Fix {known[0].name} at a value that is known"
        said.append(
            f"the data do not determine {_listed(combined)}{each}: χ² is the same along a line of values. {remedy}."
        )
    return " ".join(text if k == 0 else text[0].upper() + text[1:] for k, text in enumerate(said))


def _listed(parameters: Sequence[Parameter]) -> str:
    return ", ".join(p.name for p in parameters)
