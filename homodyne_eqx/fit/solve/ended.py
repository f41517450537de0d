"""The ways in which a fit can end: a word for each, and a sentence with its meaning and a remedy."""

from enum import StrEnum
from typing import final


@final
class Ended(StrEnum):
    """The ways in which a fit can end. Each is also equal to its string: `result.ended == "converged"`."""

    sentence: str

    CONVERGED = (
        "converged",
        "χ² is at its minimum after {n} steps: it is expected to fall by at most {left:.2g} more.",
    )
    UNDETERMINED = (
        "undetermined",
        "{undetermined}",
    )
    VALLEY = (
        "valley",
        "after {n} steps χ² falls ever more slowly {undetermined}",
    )
    STALLED = (
        "stalled",
        "the solver makes no more progress after {n} steps, yet χ² should still fall by {left:.2g}. "
        "Try another start, or fix parameters that are hardly determined.",
    )
    STEP_LIMIT = (
        "step limit",
        "the limit of {n} steps was reached while χ² should still fall by {left:.2g}. Allow more.",
    )
    INTERRUPTED = "interrupted", "interrupted after {n} steps; these are the best parameters so far."
    NOT_FINITE = (
        "not finite",
        "χ² or its derivative is not finite at the parameters reached after {n} steps. Set bounds that exclude them.",
    )
    NOTHING_TO_FIT = "nothing to fit", "nothing was fitted. {undetermined}"

    def __new__(cls, value: str, sentence: str) -> "Ended":
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    @property
    def at_minimum(self) -> bool:
        """Whether χ² is at a minimum, which may be a line of values."""
        return self in (Ended.CONVERGED, Ended.UNDETERMINED)

    def message(self, steps: int, left: float, undetermined: str = "") -> str:
        """The sentence of this ending.

        **Arguments:** `steps`: the number of steps; `left`: the expected further decrease of χ²; `undetermined`: the
        sentence on the parameters that the data do not determine.
        """
        return self.sentence.format(n=steps, left=left, undetermined=undetermined)
