"""Start values from the parameters of a former result."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final


@final
@dataclass(frozen=True)
class FormerStart:
    """Start values by name, one or one for each sector, and sentences on the values that could not be taken over."""

    values: Mapping[str, float | tuple[float, ...]]
    notes: tuple[str, ...]


def former_start(path: Path, names: Sequence[str], held: Sequence[str], n_sector: int, by_sector: bool) -> FormerStart:
    """The parameters of a former result that a model of these names has.

    **Arguments:** `path`: the folder of a result, or its `result.json`; `names`: of the new model; `held`: those that
    its choice of rates fixes; `n_sector`: of the new data; `by_sector`: whether the new model has one contrast and
    offset for each sector.

    **Raises:** `ValueError` where there is no result, or it has none of the names.
    """
    former = _parameters(path)
    values: dict[str, float | tuple[float, ...]] = {}
    notes = []
    for name in (each for each in former if each in names and each not in held):
        found = former[name]
        if isinstance(found, tuple) and not by_sector:
            found = sum(found) / len(found)
        if isinstance(found, tuple) and len(found) != n_sector:
            notes.append(
                f"{name} of {path} is not used: it is for {len(found)} sectors, and these data have {n_sector}"
            )
        else:
            values[name] = found
    if not values:
        raise ValueError(
            f"--start-from {path}: none of its parameters {', '.join(former)} can start a model with "
            f"{', '.join(names)}."
        )
    others = [name for name in former if name not in names]
    if others:
        notes.append(f"the model has no {', '.join(others)} as {path} has; left out")
    left = [name for name in held if name in former and former[name] != 0.0]
    if left:
        notes.append(f"{', '.join(left)} of {path} is not used: --rates constant fixes it at 0")
    return FormerStart(values, tuple(notes))


def document_file(path: Path) -> Path:
    """The result.json of a former result, given it or its folder. **Raises:** `ValueError` where there is none."""
    file = path / "result.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"--start-from is {path}; expected the folder of a result, or its result.json.")
    return file


def _parameters(path: Path) -> dict[str, float | tuple[float, ...]]:
    """The values of the result by name; of arrays, which it lists as `contrast[0]`, `contrast[1]`, …, as tuples."""
    file = document_file(path)
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        listed = {name: float(fields["value"]) for name, fields in document["parameters"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"--start-from: {file} is no result of a fit; expected the result.json of one.") from None
    found: dict[str, Any] = {}
    for name, value in listed.items():
        of_array = re.fullmatch(r"(.*)\[(\d+)\]", name)
        if of_array is not None:
            found.setdefault(of_array[1], {})[int(of_array[2])] = value
        else:
            found[name] = value
    return {
        name: tuple(each[k] for k in sorted(each)) if isinstance(each, dict) else each for name, each in found.items()
    }
