"""The laws, for everything in the registry."""

import inspect

import pytest

from homodyne_eqx import testing
from homodyne_eqx.core import detection, kernels, rates, scaling, terms
from tests.core.registry import ALL, DETECTIONS, KERNELS, RATES, SCALINGS, TERMS

pytestmark = pytest.mark.x64  # each check runs in both precisions by itself

KINDS = (
    rates.AbstractRate,
    kernels.AbstractKernel,
    terms.AbstractTerm,
    terms.AbstractProfile,
    detection.AbstractDetection,
    scaling.AbstractScaling,
)


def every(registry):
    return pytest.mark.parametrize("entry", registry.values(), ids=registry.keys())


def singular(entry):
    return [make() for make in entry.singular]


@every(RATES)
def test_rates(entry):
    testing.check_rate(entry.make(), singular=singular(entry))


@every(KERNELS)
def test_kernels(entry):
    testing.check_kernel(entry.make(), singular=singular(entry))


@every(TERMS)
def test_terms(entry):
    testing.check_term(entry.make(), singular=singular(entry))


@every(DETECTIONS)
def test_detections(entry):
    made = entry.make()
    drifts = isinstance(made, detection.DriftingContrast)
    testing.check_detection(made, unity=not drifts, singular=singular(entry))


@every(SCALINGS)
def test_scalings(entry):
    testing.check_scaling(entry.make())


def test_the_registry_is_complete():
    """What the package exports stands in the registry, by itself or within another entry."""

    def classes_within(x):
        found = {type(x)}
        for value in vars(x).values() if hasattr(x, "__dict__") else ():
            for part in value if isinstance(value, tuple) else (value,):
                found |= classes_within(part)
        return found

    registered = set().union(*(classes_within(e.make()) for registry in ALL.values() for e in registry.values()))
    exported = {
        cls
        for module in (rates, kernels, terms, detection, scaling)
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, KINDS) and vars(cls).get("__final__", False)
    }
    assert not exported - registered
