"""Sentences on parameters that the data do not determine, with the parameter to fix and its value."""

from collections.abc import Sequence

from ...physics.minus_sign import with_minus
from ..parameter import Parameter


def undetermined_text(without_effect: Sequence[Parameter], combined: Sequence[Parameter], n_lines: int) -> str:
    """One or two sentences. As many parameters are to be fixed as there are lines, an offset before an exponent.

    **Arguments:** `without_effect`: parameters that χ² does not depend on at all; `combined`: those that change χ², but
    not along some combination of them; `n_lines`: the number of independent combinations of this kind.
    """
    said = []
    if without_effect:
        one = len(without_effect) == 1
        said.append(
            f"the data do not determine {_listed(without_effect)}: χ² is at its minimum for any value of "
            f"{'it' if one else 'them'}. Fix {'it' if one else 'them'}."
        )
    if combined:
        first = sorted((p for p in combined if p.neutral is not None), key=lambda p: not p.unit)[: max(n_lines, 1)]
        neutral = [_at_neutral(p) for p in combined if p in first]
        known = [p for p in combined if p.neutral is None]
        each = " each by itself" if len(combined) > 1 else ""
        remedy = f"Fix {' and '.join(neutral)}" if neutral else f"Fix {known[0].name} at a value that is known"
        said.append(
            f"the data do not determine {_listed(combined)}{each}: χ² is the same along a line of values. {remedy}."
        )
    return " ".join(text if k == 0 else text[0].upper() + text[1:] for k, text in enumerate(said))


def valley_text(running: Sequence[Parameter]) -> str:
    """The end of a sentence, and a sentence on what to do.

    An offset is fixed before an exponent, which has no unit: what is left is then a law of its own.

    **Arguments:** `running`: the parameters that change together while χ² hardly falls.
    """
    neutral = [p for p in running if p.neutral is not None]
    first = next((p for p in neutral if p.unit), neutral[0] if neutral else None)
    if first is None:
        remedy = f'Fix one of them at a value that is known, or bound it (bounds={{"{running[0].name}": (low, high)}})'
    else:
        remedy = f"Fix {_at_neutral(first)}, or give it bounds or a prior"
    return f"along a line of values of {_listed(running)}, which the data do not distinguish. {remedy}."


def _at_neutral(p: Parameter) -> str:
    return f"{p.name} = {with_minus(format(p.neutral, 'g'))}"


def _listed(parameters: Sequence[Parameter]) -> str:
    return ", ".join(p.name for p in parameters)
