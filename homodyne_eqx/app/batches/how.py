"""The ways to fit the files of a batch: by the settings of the command line, by a model, or by a function of Python."""

import abc
import hashlib
import inspect
import json
import shlex
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, final

import numpy as np

from ...data import load
from ...data.provenance import file_sha256
from ...fit import FitResult
from ...fit.result.model_description import describe, unknown_places
from ...joint import fit
from ...physics.model import TwoTimeModel
from ..fit_settings import FitSettings
from ..model_file import check_file, is_in_file
from ..spelling import flags_of
from ..start_from import document_file


class Fitted(NamedTuple):
    """The result of a file, further entries of its `result.json`, and the text of its `config.toml` if it has one."""

    result: FitResult
    more: Mapping[str, Any] = MappingProxyType({})
    config: str | None = None


class AbstractHow(abc.ABC):
    """The way to fit a file of a batch. It is pickled on its way to other processes."""

    @abc.abstractmethod
    def fit(self, file: Path) -> Fitted:
        """The result of a file. **Raises:** any error of the file."""

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The settings on which the result depends, beside the file, in types of JSON."""

    @abc.abstractmethod
    def command(self, file: Path) -> list[str] | None:
        """Arguments of the command line that do the same for one file, `None` if there are none."""

    @abc.abstractmethod
    def words(self, error: Exception) -> str:
        """The text of an error of a file, for the caller of the batch."""


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that change with the settings."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


@final
@dataclass(frozen=True)
class BySettings(AbstractHow):
    """The settings of the command line, as `homodyne-eqx fit` takes them."""

    chosen: FitSettings

    def fit(self, file: Path) -> Fitted:
        from rich.console import Console

        from ..fit_file import fit_file

        done = fit_file(file, self.chosen, Console(quiet=True), True, self.command(file), time.perf_counter())
        return Fitted(done.result, done.more, done.config)

    def settings(self) -> dict[str, Any]:
        return {**self._given(), "contents": {str(file): file_sha256(file) for file in self._read_besides()}}

    def _given(self) -> dict[str, Any]:
        given = {each.name: getattr(self.chosen, each.name) for each in fields(self.chosen)}
        of_layouts = {name: value for name, value in self.chosen.layout_options.items() if value is not None}
        return {**given, "layout_options": of_layouts}

    def _read_besides(self) -> list[Path]:
        """Files that every fit depends on: that of a model of one's own, and a former result."""
        model, former = self.chosen.model, self.chosen.start_from
        found = [check_file(model)[0]] if model is not None and is_in_file(model) else []
        return found if former is None else [*found, document_file(former)]

    def command(self, file: Path) -> list[str]:
        default = FitSettings()
        given = {name: value for name, value in self._given().items() if value != getattr(default, name)}
        given = {**given, **given.pop("layout_options", {})}
        several = {name: list(value) for name, value in given.items() if name in ("sector", "start", "fix", "bound")}
        return ["fit", str(file), *shlex.split(" ".join(flags_of({**given, **several})))]

    def words(self, error: Exception) -> str:
        from ..bad_input import in_options

        return _named(error, in_options(error))


@final
@dataclass(frozen=True)
class ByModel(AbstractHow):
    """`hx.fit(model, hx.load(file, **loading), **fitting)`; `stated`: further settings."""

    model: TwoTimeModel
    loading: Mapping[str, Any] = field(default_factory=dict)
    fitting: Mapping[str, Any] = field(default_factory=dict)
    stated: Any = None

    def fit(self, file: Path) -> Fitted:
        result = fit(self.model, load(file, **self.loading), **self.fitting)
        assert isinstance(result, FitResult)
        return Fitted(result)

    def settings(self) -> dict[str, Any]:
        arrays: list[np.ndarray] = []
        priors = {name: each.to_dict() for name, each in (self.fitting.get("priors") or {}).items()}
        fitting = {**self.fitting, "priors": priors} if priors else self.fitting
        parts = {"model": self.model, "loading": self.loading, "fitting": fitting}
        described = {name: describe(each, arrays) for name, each in parts.items()}
        unknown = [place for name, each in described.items() for place in unknown_places(each, name)]
        if unknown and self.stated is None:
            raise ValueError(
                f"Whether {', '.join(unknown)} is the same in the next run is unknown. Pass settings=…: a text, a "
                "number, or a list or dictionary of these. Change it when the results must change."
            )
        sums = [hashlib.sha256(np.ascontiguousarray(each).tobytes()).hexdigest() for each in arrays]
        return {**described, "arrays": sums, "stated": self.stated}

    def command(self, file: Path) -> None:
        return None

    def words(self, error: Exception) -> str:
        return _named(error, str(error))


@final
@dataclass(frozen=True)
class ByFunction(AbstractHow):
    """`function(file)`, which returns a `FitResult`; `stated`: its settings, beside its source."""

    function: Callable[[Path], FitResult]
    stated: Any = None

    def fit(self, file: Path) -> Fitted:
        result = self.function(file)
        if not isinstance(result, FitResult):
            raise TypeError(f"The function returned a {type(result).__name__} for {file}; expected a FitResult.")
        return Fitted(result)

    def settings(self) -> dict[str, Any]:
        try:
            source = textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):
            source = None
        if source is None and self.stated is None:
            raise ValueError(
                f"The source of {self.function!r} is not known, so whether it is the same in the next run is "
                "unknown. Pass settings=…: a text, a number, or a list or dictionary of these. Change it when the "
                "results must change."
            )
        return {"source": source, "stated": self.stated}

    def command(self, file: Path) -> None:
        return None

    def words(self, error: Exception) -> str:
        return _named(error, str(error))


def _named(error: Exception, text: str) -> str:
    """The text, with the type of the error before it where that is no usual one for bad input, or says all there is."""
    usual = isinstance(error, ValueError | OSError | TypeError | ImportError)
    return text if text and usual else f"{type(error).__name__}: {text}" if text else type(error).__name__
