"""The record in the folder of a file of a batch: the content and the settings from which its result comes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from ...data.whole_folder import BATCH_RECORD

FIGURES, REPORT, RESULT = "figures", "report.html", "result.json"
THUMBNAIL = Path(FIGURES) / "thumbnail.png"


@final
@dataclass(frozen=True)
class Record:
    """- `file`: its absolute path; `sha256`: checksum of its content, `None` where it could not be read;
    - `fingerprint`: of the settings and the version of the package; `settings`: what it was made from;
    - `failure`: why there is no result, `None` where there is one; `drawing`: why figures or report are missing.
    """

    file: str
    sha256: str | None
    fingerprint: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None
    drawing: str | None = None

    def write(self, folder: Path) -> None:
        """Into an existing folder."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False, default=str)
        (folder / BATCH_RECORD).write_text(text + "\n", encoding="utf-8")


def record_in(folder: Path) -> Record | None:
    """The record of a folder; `None` where no batch wrote it, it is damaged, or the result that it states is gone."""
    try:
        found = Record(**json.loads((folder / BATCH_RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.failure is not None or (folder / RESULT).is_file() else None


def records_in(output: Path) -> dict[str, Record]:
    """Name of folder → record, of all folders in the output of a batch, in the order of names."""
    if not output.is_dir():
        return {}
    folders = sorted(entry for entry in output.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return {folder.name: record for folder in folders if (record := record_in(folder)) is not None}
