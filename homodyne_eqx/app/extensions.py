"""Models of other packages, which the command line offers by name beside its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.close_names import did_you_mean
from ..physics.model import TwoTimeModel
from ..physics.parameter_names import named_leaves, names_by_path
from .model_choice import ModelName, Start

ONE_TIME = ("rates", "stretched-rates", "diffusion", "anomalous")
"""Names of the models for one-time correlations."""
FOR_MAPS = ("two-component", "stretched-static", "stretched-laminar-flow", "ballistic")
"""Names of the models for maps beside the documented ones."""

GROUP = "homodyne_eqx.models"
"""The group of entry points, functions of `TwoTimeData` that return the `TwoTimeModel` at which a fit starts."""


@final
@dataclass(frozen=True)
class InstalledModel:
    """A model of another package, with start values for the data to fit.

    - `name`: as on the command line; `package`: the distribution that offers it, with its version;
    - `model`: the model at its start values; its parameters are named as in `homodyne_eqx.fit`;
    - `held`: values of parameters that stay where they are, by name; `aliases`: further names that stand for these;
    - `search`: bounds of a search for the start in the data, by name, beside those of the model; `None` where `model`
      is the start.
    """

    name: str
    package: str
    model: TwoTimeModel
    held: Mapping[str, float] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    search: Mapping[str, tuple[float, float]] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters."""
        return tuple(leaf.name for leaf in named_leaves(self.model))

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of all parameters, and those that may stand for them."""
        return tuple(dict.fromkeys((*self.names, *self._other_names())))

    def by_name(self, assignments: Iterable[str]) -> list[str]:
        """NAME=VALUE and the like, with the name of a parameter in the place of its path in the model."""
        names = self._other_names()
        parts = (text.partition("=") for text in assignments)
        return ["".join((names.get(name.strip(), name), *rest)) for name, *rest in parts]

    @property
    def fixed(self) -> dict[str, float]:
        return {**self.held}

    def _other_names(self) -> dict[str, str]:
        return {**names_by_path(named_leaves(self.model)), **self.aliases}

    def start(self, given: Mapping[str, float | tuple[float, ...]]) -> Start:
        """The start: a given value, for every element of an array unless there are as many, or the value of the model.

        **Raises:** `ValueError` for another number of values.
        """
        values: dict[str, Any] = {}
        leaves = named_leaves(self.model)
        names = self._other_names()
        given = {names.get(name, name): value for name, value in given.items()}
        for leaf in leaves:
            start = {**self.held, **given}.get(leaf.name)
            values[leaf.name] = leaf.value if start is None else _filled(leaf.name, leaf.value, start)
        held = dict.fromkeys(self.held, "constant rates")
        sources = {name: "given" if name in given else held.get(name, self.package) for name in values}
        return Start(values, sources, ())

    def build(self, values: Mapping[str, Any]) -> TwoTimeModel:
        """The model with a value for every name of `names`."""
        paths = iter(self.names)
        put = lambda x: jnp.asarray(values[next(paths)], x.dtype) if eqx.is_inexact_array(x) else x  # noqa: E731
        return jax.tree.map(put, self.model)


def _filled(name: str, value: Any, given: float | tuple[float, ...]) -> np.ndarray:
    if isinstance(given, tuple) and (len(given) != value.size or not value.ndim):
        expected = f"one, or {value.size}" if value.ndim else "one"
        raise ValueError(f"--start {name} has {len(given)} values; expected {expected}.")
    return np.reshape(given, value.shape) if isinstance(given, tuple) else np.full(value.shape, given)


EntryPoint = Any
"""The class of the standard library, or of `importlib_metadata`, which replaces it once a package has imported it."""


_OWN = (*(name.value for name in ModelName), *FOR_MAPS, *ONE_TIME)


def offered_models() -> list[str]:
    """Names of all models that there are, those of installed packages included."""
    return list(dict.fromkeys((*_OWN, *sorted(entry.name for entry in entry_points(group=GROUP)))))


def find(name: str) -> EntryPoint | None:
    """The entry point of this name, not loaded yet; `None` for a model of this package.

    **Raises:** `ValueError` for a name that no package offers, or more than one.
    """
    own = _OWN
    if name in own:
        return None
    found = entry_points(group=GROUP)
    offers = [entry for entry in found if entry.name == name]
    if len(offers) == 1:
        return offers[0]
    if offers:
        packages = ", ".join(sorted(_package(entry) for entry in offers))
        raise ValueError(f"The model {name!r} is offered by {packages}; expected one package. Uninstall the others.")
    others = sorted({entry.name for entry in found} - {*own})
    installed = f", or {', '.join(others)} of installed packages" if others else ""
    meant = did_you_mean(name, [*own, *others])
    raise ValueError(
        f"--model is {name!r}.{meant} Expected {' or '.join(own)}{installed}. A package offers models as entry points "
        f"of the group {GROUP}; install the one that has it."
    )


def started(entry: EntryPoint, data: TwoTimeData | OneTimeData | PairData) -> InstalledModel:
    """Load the entry point and call it with the data.

    **Raises:** `ImportError` if it cannot be loaded; `TypeError` if it is not a function or returns no `TwoTimeModel`.
    """
    package = _package(entry)
    try:
        function = entry.load()
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"The model {entry.name!r} of {package} cannot be loaded from {entry.value}: {error}. "
            "Reinstall the package."
        ) from error
    if not callable(function):
        raise TypeError(
            f"The model {entry.name!r} of {package} is a {type(function).__name__}; expected a function from "
            "TwoTimeData to the TwoTimeModel to start from."
        )
    model = function(data)
    if not isinstance(model, TwoTimeModel):
        raise TypeError(
            f"The model {entry.name!r} of {package} returned a {type(model).__name__}; expected a TwoTimeModel, the "
            "start of a fit."
        )
    return InstalledModel(entry.name, package, model)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value
