"""The sections and keys of a configuration file: the value of each, and its option of `fit`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, final

from annotated_types import Ge, Gt, Len

from ...data.formats import ReaderOption, all_reader_options
from ..model_choice import AccumulationName, KernelName, LossName, RatesName, ScalingName, WeightsName


@final
@dataclass(frozen=True)
class Key:
    """One key of a section.

    - `type`: of its value, as pydantic takes it; `expected`: the same in words;
    - `option`: the option of `fit` that it stands for, by its name in Python, whose default and help are its own;
    - `example`: a value for the template, where the option has no default;
    - `help`: in place of that of the option, where that speaks of the command line;
    - `quantity`: of a number that may be text with a unit, a name of `units.BASE`.
    """

    type: Any
    expected: str
    option: str | None = None
    example: Any = None
    help: str | None = None
    quantity: str | None = None


_Number = int | float
_Count = Annotated[int, Ge(0)]
_AtLeastOne = Annotated[int, Ge(1)]
_Positive = Annotated[float, Gt(0)]
_Quantity = _Number | str


def _two(kind: Any) -> Any:
    return Annotated[list[kind], Len(2, 2)]


def _one_of(names: type[StrEnum], option: str, example: StrEnum | None = None) -> Key:
    values = tuple(name.value for name in names)
    return Key(Literal[values], " or ".join(f'"{value}"' for value in values), option, example and example.value)


def _of_reader(option: ReaderOption) -> Key:
    """A key for a value that one layout may lack."""
    if option.quantity is None:
        words = {int: "an integer", bool: "true or false", str: "text", float: "a number"}
        simple = {int: 0, bool: False, str: option.placeholder.lower(), float: 1.0}[option.type]
        return Key(option.type, words[option.type], option.name, simple, option.help)
    example: Any = {"time": "1ms", "q": "0.05nm^-1", "angle": 45.0}[option.quantity]
    if option.many:
        kind, said = _Quantity | list[_Quantity], "a number, text with a unit, or a list of them"
        in_file = option.help.replace("with commas", "in a list")
        return Key(kind, said, option.name, [example, example], in_file, option.quantity)
    return Key(_Quantity, "a number, or text with a unit", option.name, example, option.help, option.quantity)


_LISTED = "Numbers and ranges in text such as "
SECTIONS: Mapping[str, Mapping[str, Key]] = {
    "model": {
        "name": Key(str, "the name of a model", "model", "laminar-flow"),
        "kernel": _one_of(KernelName, "kernel"),
        "rates": _one_of(RatesName, "rates"),
        "diffusion_rates": _one_of(RatesName, "diffusion_rates", RatesName.constant),
        "shear_rates": _one_of(RatesName, "shear_rates", RatesName.constant),
        "knots": Key(Annotated[int, Ge(2)], "an integer ≥ 2", "knots"),
        "accumulation": _one_of(AccumulationName, "accumulation"),
        "scaling": _one_of(ScalingName, "scaling"),
    },
    "data": {
        "q": Key(_two(_Quantity), "two numbers [LO, HI], or texts with a unit", "q", [0.005, 0.006], None, "q"),
        "phi": Key(_two(_Quantity), "two numbers [LO, HI], in degrees", "phi", [0.0, 90.0], None, "angle"),
        "sectors": Key(
            list[_Count], "a list of integers ≥ 0", "sector", [0, 3], "Sector numbers, counted from 0 as in `inspect`."
        ),
        "frames": Key(_two(_Count), "two integers [A, B], 0 ≤ A < B", "frames", [0, 200]),
        "gap": Key(_Quantity, "a number in Å, or text with a unit", "gap", "200um", None, "length"),
        "sigma": Key(_Positive | Literal["estimate"], 'a number > 0, or "estimate"', "sigma", "estimate"),
        "one_time": Key(bool, "true or false", "one_time"),
        **{option.name: _of_reader(option) for option in all_reader_options()},
    },
    "prepare": {
        "exclude_frames": Key(
            str | list[_Count],
            'text such as "61,70-75", a list of integers ≥ 0, or "found"',
            "exclude_frames",
            "61,70-75",
        ),
        "exclude_outliers": Key(bool, "true or false", "exclude_outliers"),
        "exclude_sectors": Key(
            str | list[_Count], 'text such as "3,8-11", or a list of integers ≥ 0', "exclude_sectors", "3,8-11"
        ),
        "repeat": Key(
            list[str],
            "a list of file names",
            "repeat",
            ["again.hdf"],
            "Repeated measurements, averaged with the file; paths are relative to this file. For three or more, "
            "sigma is their scatter.",
        ),
        "bin_frames": Key(_AtLeastOne, "an integer ≥ 1", "bin_frames", 2),
    },
    "fit": {
        "loss": _one_of(LossName, "loss"),
        "weights": _one_of(WeightsName, "weights"),
        "max_steps": Key(_AtLeastOne, "an integer ≥ 1", "max_steps"),
        "start_from": Key(str, "the name of a folder, or of its result.json", "start_from", "former_result"),
        "threads": Key(_AtLeastOne, "an integer ≥ 1", "threads", 2),
    },
    "output": {
        "folder": Key(str, "the name of a folder", "output", "results"),
        "figures": Key(bool, "true or false", "figures"),
        "report": Key(bool, "true or false", "html", True),
    },
    "input": {
        "file": Key(str, "text", None, None, "The file that was fitted."),
        "sha256": Key(str, "text", None, None, "Its checksum; a fit of another file reports the difference."),
        "layout": Key(str, "text", None, None, "The layout of that file."),
        "steps": Key(list[str], "a list of texts", None, None, "The steps that changed the data after they were read."),
        "homodyne_eqx": Key(str, "text", None, None, "The version of the package that made the fit."),
    },
}
"""Section → key → its value. `[input]` is written beside results, and no option of a fit."""

PARAMETER: Mapping[str, Key] = {
    "start": Key(
        float | list[float],
        "a finite number, or a list of one for each sector",
        None,
        1.0e4,
        "Start value, or a list with one for each sector if every sector has its own value.",
    ),
    "fix": Key(
        bool,
        "true or false (start holds the value)",
        None,
        False,
        "True: the parameter stays at its start value.",
    ),
    "bounds": Key(
        _two(float),
        "two numbers [LO, HI] with LO < HI; -inf or inf for no bound",
        None,
        [0.0, float("inf")],
        "Lower and upper bound; -inf or inf for no bound on that side.",
    ),
}
"""The keys of `[parameters.NAME]`."""

PATHS = ("repeat", "start_from", "output")
"""Options that name files, which in a configuration file are relative to its folder."""
