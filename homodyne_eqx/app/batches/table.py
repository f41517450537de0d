"""The table of a batch: one row a file, made from the result folders alone."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, final

from ...data import whole_file
from .record import RESULT, THUMBNAIL, Record, record_in

CSV, PARQUET = "summary.csv", "summary.parquet"
HEAD = ("file", "status", "adequate", "chi2", "reduced_chi2", "message", "folder", "settings")


class Status(StrEnum):
    """The ways in which the work on a file can end."""

    adequate = "adequate"
    inadequate = "inadequate"
    not_converged = "not converged"
    failed = "failed"


@final
class Quantity(NamedTuple):
    """A parameter or a derived rate. `uncertainty`: 1σ, NaN where there is none; `shown`: neither fixed nor of contrast
    and offset."""

    value: float
    uncertainty: float
    unit: str
    shown: bool


@final
@dataclass(frozen=True)
class Row:
    """The row of a file in the table. χ² and the columns after it are NaN and empty if there is no result."""

    folder: str
    record: Record
    status: Status
    message: str
    adequate: bool | None = None
    chi2: float = math.nan
    reduced_chi2: float = math.nan
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    derived: Mapping[str, Quantity] = field(default_factory=dict)
    thumbnail: bytes | None = None
    has_report: bool = False


def row_of(folder: Path) -> Row | None:
    """The row of a folder, `None` where no batch has finished it."""
    record = record_in(folder)
    if record is None:
        return None
    if record.failure is not None:
        return Row(folder.name, record, Status.failed, _one_line(record.failure))
    document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    adequate = bool(document["verdict"]["adequate"])
    if not document["converged"]:
        status, message = Status.not_converged, document["message"]
    else:
        status, message = Status.adequate if adequate else Status.inadequate, document["verdict"]["text"]
    picture = folder / THUMBNAIL
    return Row(
        folder=folder.name,
        record=record,
        status=status,
        message="; ".join(_one_line(text) for text in (message, record.drawing) if text),
        adequate=adequate,
        chi2=_number(document["chi2"]),
        reduced_chi2=_number(document["reduced_chi2"]),
        parameters=_quantities(document["parameters"]),
        derived=_quantities(document["derived"]),
        thumbnail=picture.read_bytes() if picture.is_file() else None,
        has_report=(folder / "report.html").is_file(),
    )


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The rows by the names of their files, numbers in them by size: scan_9 before scan_10."""
    return sorted(rows, key=lambda row: (*_natural(row.record.file), row.folder))


def quantity_names(rows: Sequence[Row]) -> list[str]:
    """All parameters in the order of the model, then all derived rates."""
    parameters = dict.fromkeys(name for row in rows for name in row.parameters)
    return list(parameters | dict.fromkeys(name for row in rows for name in row.derived))


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Name of column → values, `None` for none. The columns are those of `HEAD`, then NAME and NAME_uncertainty."""
    columns: dict[str, list[Any]] = {
        "file": [row.record.file for row in rows],
        "status": [str(row.status) for row in rows],
        "adequate": [row.adequate for row in rows],
        "chi2": [_or_none(row.chi2) for row in rows],
        "reduced_chi2": [_or_none(row.reduced_chi2) for row in rows],
        "message": [row.message for row in rows],
        "folder": [row.folder for row in rows],
        "settings": [row.record.fingerprint for row in rows],
    }
    for name in quantity_names(rows):
        found = [row.parameters.get(name) or row.derived.get(name) for row in rows]
        columns[name] = [None if each is None else _or_none(each.value) for each in found]
        columns[f"{name}_uncertainty"] = [None if each is None else _or_none(each.uncertainty) for each in found]
    return columns


def write_table(output: Path, rows: Sequence[Row]) -> None:
    """`summary.csv`, and `summary.parquet` where pyarrow is installed, each whole or not at all."""
    columns = columns_of(in_order(rows))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in line] for line in zip(*columns.values(), strict=True))
    with whole_file(output / CSV, overwrite=True) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return
    kinds = {**dict.fromkeys(HEAD, pa.string()), "adequate": pa.bool_(), "chi2": pa.float64(), "reduced_chi2": None}
    arrays = {name: pa.array(values, kinds.get(name) or pa.float64()) for name, values in columns.items()}
    with whole_file(output / PARQUET, overwrite=True) as temporary:
        parquet.write_table(pa.table(arrays), temporary)


def _cell(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _quantities(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Quantity]:
    return {
        name: Quantity(
            _number(each["value"]), _number(each["uncertainty"]), each["unit"], each["free"] and not each["of_scaling"]
        )
        for name, each in stored.items()
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _natural(text: str) -> tuple:
    """Texts and numbers in turn, the texts at even places."""
    return tuple(int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", text)))
