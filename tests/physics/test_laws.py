"""The laws, for everything in the registry."""

import importlib
import inspect
import pkgutil

import pytest

import homodyne_eqx as hx
from homodyne_eqx import physics as room, testing
from homodyne_eqx.physics import accumulation, detection, kernels, rates, scaling, terms
from tests.physics.registry import ALL, DETECTIONS, KERNELS, RATES, SCALINGS, TERMS

pytestmark = pytest.mark.x64  # each check runs in both precisions by itself

KINDS = (
    rates.AbstractRate,
    kernels.AbstractKernel,
    terms.AbstractTerm,
    terms.AbstractProfile,
    detection.AbstractDetection,
    scaling.AbstractScaling,
    accumulation.AbstractAccumulation,
)


def every(registry):
    return pytest.mark.parametrize("entry", registry.values(), ids=registry.keys())


def singular(entry):
    return [make() for make in entry.singular]


@every(RATES)
@pytest.mark.slow
def test_rates(entry):
    testing.check_rate(entry.make(), singular=singular(entry))


@every(KERNELS)
def test_kernels(entry):
    testing.check_kernel(entry.make(), singular=singular(entry))


@every(TERMS)
@pytest.mark.slow
def test_terms(entry):
    testing.check_term(entry.make(), singular=singular(entry))


@every(DETECTIONS)
@pytest.mark.slow
def test_detections(entry):
    made = entry.make()
    drifts = isinstance(made, detection.DriftingContrast)
    testing.check_detection(made, unity=not drifts, of_run=drifts, singular=singular(entry))


@every(SCALINGS)
def test_scalings(entry):
    testing.check_scaling(entry.make())


def classes_within(module):
    """The class of a module and those of its parts."""
    found = {type(module)}
    for value in vars(module).values() if hasattr(module, "__dict__") else ():
        for part in value if isinstance(value, tuple) else (value,):
            found |= classes_within(part)
    return found


def physics():
    """Every class of the physics that can be made and is of a kind that users put into models."""
    names = [m.name for m in pkgutil.walk_packages(room.__path__, "homodyne_eqx.physics.")]
    classes = {c for name in names for c in vars(importlib.import_module(name)).values() if inspect.isclass(c)}
    return {c for c in classes if issubclass(c, KINDS) and vars(c).get("__final__", False)}


def test_the_registry_is_complete():
    """All classes that can be made stand in the registry, alone or within another entry, and are exported."""
    registered = set().union(*(classes_within(e.make()) for registry in ALL.values() for e in registry.values()))
    assert not physics() - registered
    assert not [c for c in physics() if getattr(hx, c.__name__, None) is not c]


def test_what_the_physics_exports_is_of_a_kind_that_is_registered():
    """A new kind of physics must come into the registry; what is no physics is named here."""
    exported = {c for c in vars(hx).values() if inspect.isclass(c) and c.__module__.startswith("homodyne_eqx.physics.")}
    others = {c.__name__ for c in exported if not issubclass(c, KINDS)}
    assert others == {"Geometry", "Nodes", "PerSector", "Quantity", "Sector", "TwoTimeModel"}
