"""A configuration file that was read."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ..spelling import flag
from .keys import SECTIONS
from .line_of_key import line_of_key

_LARGEST = 10_000_000


@final
@dataclass(frozen=True)
class Config:
    """A valid configuration file: its path, its text, and its sections by name, keys and values as in the file."""

    path: Path
    text: str
    sections: Mapping[str, Mapping[str, Any]]

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings of each parameter: `start`, `fix`, `bounds`."""
        return self.sections.get("parameters", {})

    @property
    def input_sha256(self) -> str | None:
        """The checksum of the file that was fitted with these settings, where a fit has written them."""
        return self.sections.get("input", {}).get("sha256")

    def places(self, message: str) -> list[str]:
        """The places in the file of the settings that an error message names by their flags, a line for each."""
        found = []
        for section, values in self.sections.items():
            keys = SECTIONS.get(section, {})
            for name in values:
                option = keys[name].option if name in keys else None
                if option is not None and re.search(rf"{re.escape(flag(option))}(?![\w-])", message):
                    found.append(self._place(section, name))
        if re.search(r"--(start|fix|bound)(?![\w-])", message):
            for name in self.parameters:
                if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.]\w)", message):
                    found.append(self._place("parameters", name))
        return found

    def _place(self, *names: str) -> str:
        section = ".".join(names) if names[0] == "parameters" else names[0]
        key = "" if names[0] == "parameters" else f" {names[-1]}"
        return f"{self.path}, line {line_of_key(self.text, names)}: [{section}]{key}"


def read_config(path: Path) -> Config:
    """Read and check a configuration file.

    **Raises:** `ValueError` with a line for everything that is wrong: the line in the file, the key, the value, and
    what is expected; `OSError` where it cannot be read.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected a file of TOML, such as {path / 'config.toml'}.")
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; expected a file of TOML of {_LARGEST} at most.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text)
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8; expected a file of TOML.") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no valid TOML: {error}. Compare `homodyne-eqx config --template`.") from None
    from .schema import faults

    wrong = sorted((line_of_key(text, place) or 0, said) for place, said in faults(document))
    if wrong:
        raise ValueError("\n".join(f"{path}, line {line}: {said}" for line, said in wrong))
    return Config(path, text, document)
