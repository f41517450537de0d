"""Configuration files of the packages homodyne (2.x) and xpcsjax, as a configuration file of this one."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ..map_models import TWO_COMPONENT_NAMES, MapModelName
from ..model_choice import AccumulationName, KernelName, LossName, ModelChoice, ModelName, ScalingName
from .yaml_document import YamlDocument, read_yaml

_MODELS = {
    "laminar_flow": ModelName.laminar_flow,
    "static": ModelName.static,
    "static_isotropic": ModelName.static,
    "static_anisotropic": ModelName.static,
    "two_component": MapModelName.two_component,
    "heterodyne": MapModelName.two_component,
}
_LOSSES = {"linear": LossName.squares, "soft_l1": LossName.soft_l1, "huber": LossName.huber, "cauchy": LossName.cauchy}
_OTHER_NAMES = {"gamma_dot_0": "gamma_dot_t0", "gamma_dot_offset": "gamma_dot_t_offset", "phi_0": "phi0"}
_THEIR_PHI0 = "phi0_het"
_PLAIN_ARRAYS = (".npz", ".npy", ".mat")
_ANALYZER = "analyzer_parameters"


@final
@dataclass(frozen=True)
class Converted:
    """The text of a configuration file, and notes on the conversion, line by line."""

    text: str
    said: tuple[str, ...]


def toml_of_yaml(path: Path) -> Converted:
    """Read the YAML of homodyne or xpcsjax and write what it sets in TOML; what is not used, and why, is said.

    **Raises:** `ValueError` for what is no such file, and for values that cannot be meant.
    """
    return _Conversion(read_yaml(path)).converted()


def _names(model: ModelName | MapModelName) -> tuple[str, ...]:
    """The names that their files have for the parameters of a model."""
    if isinstance(model, MapModelName):
        return (*(name for name in TWO_COMPONENT_NAMES if name != "phi0"), _THEIR_PHI0, "contrast", "offset")
    return ModelChoice(model, KernelName.sinc_squared, AccumulationName.trapezoid).names


def _turned(said: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an angle, for the angle with the other sign."""
    turned = dict(said)
    if "start" in said:
        turned["start"] = -said["start"]
    if "bounds" in said:
        low, high = said["bounds"]
        turned["bounds"] = [-high, -low]
    return turned


@final
class _Conversion:
    def __init__(self, document: YamlDocument):
        self._yaml = document
        self._said: list[str] = []
        self._file: str | None = None

    def converted(self) -> Converted:
        from .schema import faults

        mode = self._mode()
        names = _names(_MODELS[mode])
        sections = {
            "model": self._model(mode),
            "data": self._data(),
            "parameters": self._parameters(names),
            "fit": self._fit(),
            "output": {"folder": self._yaml.take("output.directory")},
        }
        text = self._written(sections)
        wrong = faults(tomllib.loads(text))
        if wrong:
            raise ValueError("\n".join(f"{self._yaml.path}: {said}" for _, said in wrong))
        self._say(
            "sigma: configurations of homodyne and xpcsjax state no noise; set sigma in [data] unless your "
            "data file holds it"
        )
        unused = [f"not used: {line}" for line in self._yaml.unused()]
        return Converted(text, (*self._said, *unused))

    def _say(self, sentence: str) -> None:
        self._said.append(f"note: {sentence}.")

    def _mode(self) -> str:
        said = self._yaml.take("analysis_mode")
        mode = str(said).lower().replace("-", "_")
        if mode not in _MODELS:
            raise ValueError(
                f"{self._yaml.path}: analysis_mode is {said!r}; expected {', '.join(_MODELS)}, as homodyne 2 and "
                "xpcsjax have it."
            )
        if mode == "static_isotropic":
            self._say("analysis_mode static_isotropic has one angle; here every sector is fitted, at any azimuth")
        return mode

    def _model(self, mode: str) -> dict[str, Any]:
        model: dict[str, Any] = {"name": _MODELS[mode].value}
        if mode == "laminar_flow":
            self._say(
                "kernel is sinc-squared, as in homodyne and xpcsjax; gap-average has a shear rate 2.2 to 2.3 "
                "times smaller"
            )
            model["kernel"] = KernelName.sinc_squared.value
        place = "optimization.nlsq.anti_degeneracy.per_angle_mode"
        scaling = self._yaml.take(place)
        if scaling == "individual":
            model["scaling"] = ScalingName.per_sector.value
        elif scaling is not None:
            self._say(f'{place} = {scaling} is not used: scaling is "per-sector" unless you choose "common"')
        return model

    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"frames": self._frames()}
        self._file = self._name_of_file()
        dt = self._yaml.number(f"{_ANALYZER}.dt")
        if dt is not None:
            plain = self._file is not None and self._file.lower().endswith(_PLAIN_ARRAYS)
            data["dt" if plain else "frame_time"] = dt
            if not plain:
                self._say(
                    "dt is frame_time, the period of the detector; leave it out if the data file states the right one"
                )
        data["gap"] = self._yaml.number(f"{_ANALYZER}.geometry.stator_rotor_gap")
        q = self._yaml.number(f"{_ANALYZER}.scattering.wavevector_q")
        if q is not None:
            self._say(f"wavevector_q = {q:g} is not used: choose with q = [LO, HI] in [data]; `inspect` lists the q")
        data["phi"] = self._phi()
        return data

    def _name_of_file(self) -> str | None:
        folder, name, whole = (
            self._yaml.take(f"experimental_data.{key}") for key in ("data_folder_path", "data_file_name", "file_path")
        )
        return str(Path(folder or ".", name)) if name else whole

    def _frames(self) -> list[int] | None:
        """Theirs count from 1, the last included; `end_frame` −1, or none, is the end."""
        first, last = (self._yaml.integer(f"{_ANALYZER}.{key}") for key in ("start_frame", "end_frame"))
        first = 1 if first is None else max(first, 1)
        if last is not None and last > 0:
            return [first - 1, last]
        if first > 1:
            self._say(f"start_frame = {first} is not used, because there is no end_frame: set frames in [data]")
        return None

    def _phi(self) -> list[float] | None:
        place = "phi_filtering.target_ranges"
        if self._yaml.take("phi_filtering.enabled") is not True:
            return None
        ranges = self._yaml.peek(place) or []
        if len(ranges) > 1:
            self._say(f"{place} has {len(ranges)} ranges and is not used: choose with sectors = […] in [data]")
        if len(ranges) != 1:
            return None
        ends = {end: self._yaml.take_of(place, "0", end, ranges[0]) for end in ("min_angle", "max_angle")}
        return [self._yaml.as_number(f"{place}.{end}", value) for end, value in ends.items()]

    def _parameters(self, known: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {name: {} for name in known}
        place = "initial_parameters"
        names = self._yaml.take(f"{place}.parameter_names") or []
        values = self._yaml.take(f"{place}.values")
        if values is not None and len(values) != len(names):
            raise ValueError(
                f"{self._yaml.path}: {place} has {len(names)} parameter_names and {len(values)} values; "
                "expected as many."
            )
        for name, value in zip(names, values or [], strict=bool(values)):
            self._of(found, name, place)["start"] = self._yaml.as_number(f"{place}.values", value)
        for name in ("contrast", "offset"):
            value = self._yaml.take(f"{place}.per_angle_scaling.{name}")
            if value is not None:
                each = value if isinstance(value, list) else [value]
                start = [self._yaml.as_number(f"{place}.per_angle_scaling.{name}", v) for v in each]
                found[name]["start"] = start if len(start) > 1 else start[0]
        active = self._yaml.take(f"{place}.active_parameters")
        for name in [] if not active else [n for n in names if n not in active]:
            self._of(found, name, place)["fix"] = True
        for name, value in (self._yaml.take(f"{place}.fixed_parameters") or {}).items():
            start = self._yaml.as_number(f"{place}.fixed_parameters.{name}", value)
            self._of(found, name, place).update(start=start, fix=True)
        self._bounds(found)
        if _THEIR_PHI0 in found:
            found["phi0"] = _turned(found.pop(_THEIR_PHI0))
            self._say(
                "phi0 is −phi0_het: the drift enters as cos(phi0 − phi) here, and as cos(phi + phi0_het) in xpcsjax"
            )
        return {name: said for name, said in found.items() if said}

    def _bounds(self, found: Mapping[str, dict[str, Any]]) -> None:
        place = "parameter_space.bounds"
        for each in self._yaml.peek(place) or []:
            name = str(each.get("name"))
            low, high = (self._yaml.take_of(place, name, end, each) for end in ("min", "max"))
            self._yaml.take_of(place, name, "name", each)
            ends = (-math.inf if low is None else low, math.inf if high is None else high)
            self._of(found, name, place)["bounds"] = [self._yaml.as_number(f"{place}.{name}", end) for end in ends]

    def _of(self, found: Mapping[str, dict[str, Any]], name: str, place: str) -> dict[str, Any]:
        ours = _OTHER_NAMES.get(name, name)
        if ours not in found:
            self._say(f"{place} names {name}, which the model does not have; left out")
            return {}
        return found[ours]

    def _fit(self) -> dict[str, Any]:
        said = self._yaml.take("optimization.nlsq.loss")
        if said is not None and said not in _LOSSES:
            self._say(f"loss = {said} is not used: there are {', '.join(_LOSSES)}")
        loss = _LOSSES.get(said)
        return {
            "loss": None if loss is None else loss.value,
            "max_steps": self._yaml.integer("optimization.nlsq.max_iterations"),
        }

    def _written(self, sections: Mapping[str, Mapping[str, Any]]) -> str:
        import tomlkit

        document = tomlkit.document()
        document.add(
            tomlkit.comment(f"From {self._yaml.path.name}. Settings that were not converted were listed on stderr.")
        )
        if self._file:
            document.add(tomlkit.comment(f"homodyne-eqx fit {self._file} --config THIS_FILE"))
        for section, values in sections.items():
            table = tomlkit.table(is_super_table=section == "parameters")
            for name, value in values.items():
                if isinstance(value, dict):
                    table[name] = tomlkit.item(value)
                elif value is not None:
                    table[name] = value
            if table:
                document[section] = table
        return tomlkit.dumps(document)
