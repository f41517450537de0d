"""A document of YAML that knows which of its keys were used."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, final


@final
class YamlDocument:
    """Values by their path, `"optimization.nlsq.loss"`; `unused` lists the values that were not read."""

    def __init__(self, path: Path, content: dict[str, Any]):
        self.path = path
        self._content = content
        self._used: set[str] = set()

    def take(self, place: str) -> Any:
        """The value at this place, `None` if there is none, which counts as used."""
        self._used.add(place)
        value: Any = self._content
        for name in place.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def peek(self, place: str) -> Any:
        """The same without counting it as used."""
        used = set(self._used)
        value, self._used = self.take(place), used
        return value

    def take_of(self, place: str, name: str, key: str, element: dict[str, Any]) -> Any:
        """The value under a key of an element of a list, by the name of the element; the key counts as used."""
        self._used.add(f"{place}.{name}.{key}")
        return element.get(key)

    def number(self, place: str) -> float | None:
        """The same as a number. **Raises:** `ValueError` for anything else."""
        value = self.take(place)
        return None if value is None else self.as_number(place, value)

    def integer(self, place: str) -> int | None:
        """The same as an integer. **Raises:** `ValueError` for anything else."""
        number = self.number(place)
        if number is not None and number != int(number):
            raise ValueError(f"{self.path}: {place} is {number}; expected an integer.")
        return None if number is None else int(number)

    def as_number(self, place: str, value: Any) -> float:
        """A value as a number; text is read, since YAML takes 1e-3, without a point, for text."""
        try:
            if isinstance(value, bool):
                raise TypeError
            return float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.path}: {place} is {value!r}; expected a number.") from None

    def unused(self) -> list[str]:
        """The keys that were not used, those of one section in a line: `optimization.mcmc: num_warmup, num_samples`."""
        rest = [place for place in _leaves(self._content, ()) if not self._is_used(place)]
        sections = groupby(rest, lambda place: place[:-1])
        return [
            f"{'.'.join(section) or 'top'}: {', '.join(each[-1] for each in members)}" for section, members in sections
        ]

    def _is_used(self, place: tuple[str, ...]) -> bool:
        return any(".".join(place[:depth]) in self._used for depth in range(1, len(place) + 1))


def _leaves(value: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Places of all values; the elements of a list of sections by their `name`, or by their number."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _leaves(each, (*place, str(name)))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for k, each in enumerate(value):
            name = each.get("name", k) if isinstance(each, dict) else k
            yield from _leaves(each, (*place, str(name)))
    else:
        yield place


def read_yaml(path: Path) -> YamlDocument:
    """**Raises:** `ImportError` with the remedy without PyYAML; `ValueError` for what is no YAML, or no mapping."""
    try:
        import yaml
    except ImportError:
        raise ImportError(
            "--from-yaml needs PyYAML. Install it with: pip install 'homodyne-eqx[yaml]'", name="yaml"
        ) from None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds {type(content).__name__}; expected the YAML of homodyne or xpcsjax, a mapping.")
    return YamlDocument(path, content)
