"""The kernel that a result names, since the meaning of a fitted rate depends on it."""

import dataclasses

from ...physics.composition import components_of, modules_within
from ...physics.kernels import AbstractKernel
from ...physics.model import TwoTimeModel


def kernel_of(model: TwoTimeModel) -> str:
    """The kernel by name; where terms have different ones, each with its term.

    First those whose choice changes what the fitted rate means; a plain one is named only where there is no other.
    """
    found = [
        (kernel, type(term).__name__)
        for _, term in modules_within(model.g1)
        for field in dataclasses.fields(term)
        for _, kernel in components_of(term, field)
        if isinstance(kernel, AbstractKernel)
    ]
    ranked = sorted(found, key=lambda pair: not pair[0].changes_rate)
    telling = [(type(kernel).__name__, term) for kernel, term in ranked if not kernel.plain]
    named = telling or [(type(kernel).__name__, term) for kernel, term in ranked]
    kernels = dict.fromkeys(kernel for kernel, _ in named)
    if len(kernels) > 1:
        return ", ".join(dict.fromkeys(f"{kernel} ({term})" for kernel, term in named))
    return next(iter(kernels), type(model.g1).__name__)
