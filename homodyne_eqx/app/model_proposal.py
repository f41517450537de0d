"""A model that suits a file by its sectors and metadata, and the command that fits it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from ..data import TwoTimeData
from .model_choice import ModelName
from .spelling import flags_of

_SAYS_MODEL = ("model", "analysis_mode", "mode")
_DEGREES = 0.01


@final
@dataclass(frozen=True)
class Proposal:
    """A model, why that one, and, where it is not the only one, the other."""

    model: ModelName
    reason: str
    otherwise: ModelName | None = None


def proposed_model(data: TwoTimeData) -> Proposal:
    """Static for a file that says so and for sectors of one azimuth, or none; else laminar flow, or static."""
    for name in _SAYS_MODEL:
        said = str(data.provenance.metadata.get(name, "")).lower()
        if said.startswith("static"):
            return Proposal(ModelName.static, f"the file says so ({name} = {said})")
    if data.geometry.phi is None:
        return Proposal(ModelName.static, "the file states no azimuths, so a flow cannot be fitted")
    distinct = len(distinct_directions(np.asarray(data.geometry.phi, float)))
    if distinct == 1:
        return Proposal(
            ModelName.static, "all sectors have one azimuth, so a flow cannot be distinguished from diffusion"
        )
    reason = f"the sectors have {distinct} azimuths; for a sample without flow use static"
    return Proposal(ModelName.laminar_flow, reason, ModelName.static)


def distinct_directions(phi: np.ndarray) -> np.ndarray:
    """The azimuths that differ by more than 0.01°, modulo 180, since c2 is the same in opposite directions."""
    ordered = np.sort(np.mod(phi, 180.0))
    kept = ordered[np.diff(ordered, prepend=-1.0) > _DEGREES]
    return kept[:-1] if len(kept) > 1 and kept[0] + 180 - kept[-1] <= _DEGREES else kept


def fit_command(
    model: ModelName, file: Path, data: TwoTimeData, given: Mapping[str, Any], estimate: bool, folder: str = "results"
) -> str:
    """The command that fits the file, quoted for a shell, with what was given, and a place for the gap.

    **Arguments:** `given`: flags by their name in Python, `None`, false or empty for those that were not given;
    `estimate`: whether sigma is to be estimated.
    """
    parts = [f"homodyne-eqx fit {shlex.quote(str(file))} --model {model.value}", *flags_of(given)]
    if model is ModelName.laminar_flow and data.geometry.gap is None:
        parts.append("--gap <Å>")
    if estimate:
        parts.append("--sigma estimate")
    return " ".join([*parts, f"--output {folder}"])
