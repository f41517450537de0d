"""The options of a layout as data, for `load` and for the command line."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import WrongOption
from ..units import BASE, in_base_unit, numbers_in_base_unit

_IN_WORDS = {float: "a number", int: "a whole number", str: "a string", bool: "True or False"}


@final
@dataclass(frozen=True)
class ReaderOption:
    """One option of a layout. It is an argument of `homodyne_eqx.load` and a flag of the command line.

    - `name`: of the argument, and of the parameter of `Reader.read`; one that `load` does not have: `"frame_time"`,
      which makes the flag `--frame-time`;
    - `type`: `float`, `int`, `str` or `bool`;
    - `placeholder`: the value in help texts and messages, in capitals; the unit where there is one: `"SECONDS"`;
    - `help`: one sentence for the help text, with when to pass it;
    - `quantity`: of a number that may be given as text with a unit, a name of `units.BASE`: `"time"`;
    - `many`: whether it is a list of numbers; one number is a list of one.
    """

    name: str
    type: type[float] | type[int] | type[str] | type[bool]
    placeholder: str
    help: str
    quantity: str | None = None
    many: bool = False

    @property
    def text_or_type(self) -> Any:
        """The type of its value on the command line: text where a unit or a list may follow."""
        return str if self.quantity is not None else self.type

    def checked(self, value: Any) -> float | int | str | bool | np.ndarray:
        """`value` as the type of this option, in the unit of this package.

        **Raises:** `WrongOption` for a value of another type, and for an unknown unit.
        """
        if self.many and self.quantity is not None:
            return numbers_in_base_unit(self.name, value, self.quantity)
        expected = _IN_WORDS[self.type]
        if self.quantity is not None:
            value = in_base_unit(self.name, value, self.quantity)
            expected = f"{expected} in {BASE[self.quantity]}, or text with a unit"
        try:
            if self.type is str and isinstance(value, str):
                return value
            if self.type is bool and isinstance(value, bool | np.bool_):
                return bool(value)
            if self.type is int:
                return operator.index(value)
            if self.type is float and not isinstance(value, str):
                return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
        raise WrongOption(self.name, value, expected)


FRAME_TIME = ReaderOption(
    "frame_time", float, "SECONDS", "Period of the detector, if the file lacks it or states a wrong one.", "time"
)
EXTERNAL = ReaderOption("external", bool, "", "Read parts of an HDF5 file that lie in other files.")
FIRST_FRAME = ReaderOption(
    "first_frame",
    int,
    "N",
    "Detector frame, from 0, at which the maps start, if the file lacks it or states a wrong one.",
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
