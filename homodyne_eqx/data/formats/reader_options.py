"""What a layout asks of the caller beside the file: options as data, for `load` and for the command line."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

from ..errors import WrongOption

_IN_WORDS = {float: "a number", int: "a whole number", str: "a string"}


@final
@dataclass(frozen=True)
class ReaderOption:
    """One option of a layout. It is an argument of `homodyne_eqx.load` and a flag of the command line.

    - `name`: of the argument, and of the parameter of `Reader.read`; one that `load` does not have: `"frame_time"`,
      which makes the flag `--frame-time`;
    - `type`: `float`, `int` or `str`;
    - `placeholder`: the value in help texts and messages, in capitals; the unit where there is one: `"SECONDS"`;
    - `help`: one sentence for the help text, with when to pass it.
    """

    name: str
    type: type[float] | type[int] | type[str]
    placeholder: str
    help: str

    def checked(self, value: Any) -> float | int | str:
        """`value` as the type of this option. **Raises:** `WrongOption` for a value of another type."""
        try:
            if self.type is str and isinstance(value, str):
                return value
            if self.type is int:
                return operator.index(value)
            if self.type is float and not isinstance(value, str):
                return float(value)
        except TypeError:
            pass
        raise WrongOption(self.name, value, _IN_WORDS[self.type])


FIRST_FRAME = ReaderOption(
    "first_frame", int, "N", "Detector frame, from 0, at which the maps start, where the file has it wrong."
)


def each_once(options: Iterable[ReaderOption]) -> tuple[ReaderOption, ...]:
    """Each option once, in the order in which they first occur.

    **Raises:** `ValueError` where two of one name differ.
    """
    by_name: dict[str, ReaderOption] = {}
    for option in options:
        if by_name.setdefault(option.name, option) != option:
            raise ValueError(
                f"Two readers state the option {option.name} differently: {by_name[option.name]} and {option}. Import "
                "the one that is there, or choose another name."
            )
    return tuple(by_name.values())
