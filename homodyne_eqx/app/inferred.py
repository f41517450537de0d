"""The results of `profile` and `sample` in the folder of a fit: written there, and read for the reports."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ..data.whole_file import whole_file
from ..data.whole_folder import POSTERIOR, PROFILES, check_folder, replaced_folder
from ..fit.result.document import json_text
from ..inference import Contour, Posterior, Profile
from ..inference.profiles import from_document

_SUMMARY, _DRAWS, _PICTURE = "summary.json", "posterior.nc", "posterior.png"
_OF_POSTERIOR = frozenset({_SUMMARY, _DRAWS, _PICTURE})


@final
@dataclass(frozen=True)
class Inferred:
    """Profiles and contours with the levels that were asked for, and what a posterior says, if it was sampled."""

    profiles: Sequence[tuple[Profile | Contour, tuple[float, ...]]] = ()
    posterior: Mapping[str, Any] | None = None

    def profile_texts(self) -> list[str]:
        """Each profile and contour as a table."""
        return [each.text(levels) for each, levels in self.profiles]

    def texts(self) -> list[str]:
        """Everything as tables."""
        return [*self.profile_texts(), *([] if self.posterior is None else [str(self.posterior["text"])])]


def inferred_in(folder: Path) -> Inferred:
    """The profiles and the posterior in the folder of a result. **Raises:** `ValueError` for a file that is damaged."""
    profiles = []
    for path in sorted((folder / PROFILES).glob("*.json")):
        document = _read(path)
        try:
            found = from_document(document)
            listed = document["intervals"] if isinstance(found, Profile) else document["contours"]
            profiles.append((found, tuple(float(each["level"]) for each in listed)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no profile: {error} Remove it, or profile again with --force.") from None
    summary = folder / POSTERIOR / _SUMMARY
    return Inferred(profiles, _posterior(summary) if summary.is_file() else None)


def profile_file(folder: Path, names: Sequence[str]) -> Path:
    """The file of the profile of a parameter, or of the contour of two."""
    plain = [re.sub(r"[^\w.-]+", "-", name).strip("-") for name in names]
    return folder / PROFILES / f"{'_and_'.join(plain)}.json"


def check_profile(folder: Path, names: Sequence[str], force: bool) -> None:
    """**Raises:** `FileExistsError` for a profile that is there, unless `force`; `PermissionError` for a folder in
    which nothing may be written."""
    path = profile_file(folder, names)
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists and is not overwritten. Pass --force to replace it.")
    _check_writable(folder, folder / PROFILES)


def check_posterior(folder: Path, force: bool) -> None:
    """Refuse a folder with a posterior, as `check_profile` does for a profile."""
    check_folder(folder / POSTERIOR, force, _OF_POSTERIOR, "Move that elsewhere", "pass --force")
    _check_writable(folder, folder / POSTERIOR)


def write_profile(folder: Path, found: Profile | Contour, levels: Sequence[float]) -> Path:
    """The numbers as JSON, over a former profile of the same parameters, whose picture is removed."""
    names = (found.name,) if isinstance(found, Profile) else found.names
    path = profile_file(folder, names)
    path.parent.mkdir(exist_ok=True)
    with whole_file(path, overwrite=True) as partial:
        partial.write_text(json_text(found.document(levels)), encoding="utf-8")
    path.with_suffix(".png").unlink(missing_ok=True)
    return path


def draw_profile(path: Path, found: Profile | Contour) -> Path:
    """The picture beside the numbers."""
    return _drawn(path.with_suffix(".png"), found.plot)


def write_posterior(folder: Path, found: Posterior, force: bool, more: Mapping[str, Any]) -> Path:
    """The draws as NetCDF, for ArviZ, and a summary; `more`: further values for the summary."""
    check_posterior(folder, force)
    with replaced_folder(folder / POSTERIOR) as partial:
        found.inference_data().to_netcdf(str(partial / _DRAWS), engine="h5netcdf")
        (partial / _SUMMARY).write_text(json_text({**found.document(), **more}), encoding="utf-8")
    return folder / POSTERIOR


def draw_posterior(folder: Path, found: Posterior) -> Path:
    """The picture beside the draws."""
    return _drawn(folder / POSTERIOR / _PICTURE, found.plot)


def _drawn(path: Path, plot: Callable[[], Any]) -> Path:
    with whole_file(path, overwrite=True) as partial:
        plot().savefig(partial, format="png")
    return path


def _posterior(path: Path) -> Mapping[str, Any]:
    found = _read(path)
    if not isinstance(found, dict) or found.get("kind") != "posterior":
        raise ValueError(f"{path} is no summary of a posterior. Remove its folder, or sample again with --force.")
    return found


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). Remove it, or make it again with --force.") from None


def _check_writable(folder: Path, inner: Path) -> None:
    place = inner if inner.is_dir() else folder
    if not os.access(place, os.W_OK):
        raise PermissionError(f"{place} may not be written to. Copy the folder of the result to a place of your own.")
