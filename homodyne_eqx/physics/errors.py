"""Errors that a caller tells apart by their type: the fault as fields, the remedies as options."""

import abc
import json
from dataclasses import dataclass, fields
from typing import Any, final


@final
@dataclass(frozen=True)
class Remedy:
    """An option that repairs what an error is about, the same for Python and for the command line.

    - `option`: its name in Python: `"frame_time"`;
    - `value`: the value to pass. A word in capitals stands for the value (`"SECONDS"`), anything else is the value
      itself;
    - `purpose`: an explanation, if the name is not clear, in the form in which it follows in the text: `"as the period
      of …"`.
    """

    option: str
    value: Any
    purpose: str = ""

    @property
    def is_placeholder(self) -> bool:
        """Whether `value` stands for a value that the caller has to fill in."""
        return isinstance(self.value, str) and self.value.isupper()


class AbstractSpelling(abc.ABC):
    """The spelling of options in a message: as arguments in Python, as flags on the command line."""

    @abc.abstractmethod
    def name(self, option: str) -> str:
        """An option without a value."""

    @abc.abstractmethod
    def assignment(self, remedy: Remedy) -> str | None:
        """An option with its value, `None` for one that cannot be passed here."""


@final
class InPython(AbstractSpelling):
    """`frame_time`, `frame_time=<seconds>`, `sigma="estimate"`."""

    def name(self, option: str) -> str:
        return option

    def assignment(self, remedy: Remedy) -> str | None:
        if remedy.is_placeholder:
            return f"{remedy.option}=<{remedy.value.lower()}>"
        value = json.dumps(remedy.value) if isinstance(remedy.value, str) else repr(remedy.value)
        return f"{remedy.option}={value}"


class AbstractInputError(ValueError):
    """A fault of the input, and the options that repair it. The fields of each error are in its own docstring.

    - `remedies`: options to pass, any one of them unless the error says otherwise; none where no option helps.

    `str(error)` is the message for Python, `error.text(spelling)` the same in the words of another interface.
    """

    remedies: tuple[Remedy, ...] = ()
    conjunction: str = ", or "

    @abc.abstractmethod
    def problem(self, spelling: AbstractSpelling) -> str:
        """The fault, the value, and what was expected: one or more whole sentences."""

    def text(self, spelling: AbstractSpelling) -> str:
        """The problem, then the remedies, each option written as `spelling` does."""
        spelled = ((spelling.assignment(remedy), remedy.purpose) for remedy in self.remedies)
        options = [" ".join(filter(None, (option, purpose))) for option, purpose in spelled if option is not None]
        problem = self.problem(spelling)
        return f"{problem} Pass {self.conjunction.join(options)}." if options else problem

    def __str__(self) -> str:
        return self.text(InPython())

    def __reduce__(self):
        """Copied and pickled through the constructor, also where the fields were given by name."""
        return type(self), tuple(getattr(self, field.name) for field in fields(self))  # pyright: ignore[reportArgumentType]


@final
@dataclass(eq=False)
class NeedsTimeOrigin(AbstractInputError):
    """A model that changes with time, and data that hold lags alone. `parts`: what changes, e.g. `("PowerLaw",)`."""

    parts: tuple[str, ...]

    def problem(self, spelling: AbstractSpelling) -> str:
        listed = ", ".join(self.parts)
        return (
            f"{listed} may change with time, and one-time data hold lags alone: they do not say when a pair of frames "
            "was taken. Expected a model of constant rates, such as Diffusion(Constant(J)); or fit data that hold the "
            "times of both frames, a TwoTimeData or a PairData. A class of your own that depends on the lag alone "
            "states so: steady: ClassVar[bool] = True."
        )


_PLACEHOLDERS = {"gap": "ANGSTROM", "phi": "DEGREES"}


@final
@dataclass(eq=False)
class MissingGeometry(AbstractInputError):
    """A term, a detection or a scaling reads a field of the `Geometry` that is `None`.

    - `owner`: the part that needs it, e.g. `"Shear"`; `names`: the fields that are missing, `"gap"`, `"phi"` or both;
    - `otherwise`: an alternative without them, as the end of a sentence, or `""`.
    """

    owner: str
    names: tuple[str, ...]
    otherwise: str = ""

    conjunction = " and "

    def __post_init__(self):
        self.remedies = tuple(Remedy(name, _PLACEHOLDERS[name]) for name in self.names)

    def problem(self, spelling: AbstractSpelling) -> str:
        otherwise = f"; {self.otherwise}" if self.otherwise else ""
        return f"{self.owner} needs {' and '.join(self.names)}, which the geometry lacks{otherwise}."
