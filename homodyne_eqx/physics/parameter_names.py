"""What users and results call the parameters of a model: names that stay when another term is added."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from .model import TwoTimeModel
from .parameters import ParameterLeaf, parameter_leaves
from .quantities import labels_within
from .rates import PowerLaw
from .terms import AbstractTerm, Diffusion, Product, Shear

_DOCUMENTED = {
    (Diffusion, "rate.amplitude"): ("D0", "Å²/s^(1+alpha)"),
    (Diffusion, "rate.exponent"): ("alpha", ""),
    (Diffusion, "rate.offset"): ("D_offset", "Å²/s"),
    (Shear, "rate.amplitude"): ("gamma_dot_t0", "s^−(1+beta)"),
    (Shear, "rate.exponent"): ("beta", ""),
    (Shear, "rate.offset"): ("gamma_dot_t_offset", "s⁻¹"),
    (Shear, "phi0"): ("phi0", "deg"),
}


def named_leaves(model: TwoTimeModel) -> list[ParameterLeaf]:
    """The parameter leaves of a model, each with its `name`:

    - the documented one (`D0`), where diffusion or shear is g1 or a factor of it, and the field of contrast and offset
      (`contrast`), where no other parameter has that name;
    - else the class of the innermost term or detection in small letters and the place in it: `diffusion.rate` of a
      constant, `relaxation.rate.amplitude` of another rate, `drift.phi0`, `populations.fractions`. Where several terms
      of one class are named so, each has its number among the terms of that class: `diffusion_2.rate`;
    - the path in the model, `g1.terms[1].rate.value`, where all this would leave two parameters with one name.
    """
    leaves, labels = parameter_leaves(model), labels_within(model)
    short = [_short(model, leaf) for leaf in leaves]
    alone = {name for name, n in Counter(each[0] for each in short if each).items() if n == 1}
    owners = [max((p for p in labels if f".{leaf.path}".startswith(f"{p}.")), key=len) for leaf in leaves]
    own = [each is not None and each[0] in alone for each in short]
    numbered = Counter(
        labels[path][0] for path in {path for path, is_short in zip(owners, own, strict=True) if not is_short}
    )
    named = []
    for leaf, each, is_short, owner in zip(leaves, short, own, owners, strict=True):
        if each is not None and is_short:
            named.append(each)
        elif owner == "":
            named.append((leaf.path, leaf.unit))
        else:
            word, number = labels[owner]
            place = f".{leaf.path}".removeprefix(owner)
            place = place if leaf.in_name else place.rpartition(".")[0]
            named.append((f"{word}_{number}{place}" if numbered[word] > 1 else f"{word}{place}", leaf.unit))
    counts = Counter(name for name, _ in named)
    return [
        dataclasses.replace(
            leaf, name=name if counts[name] == 1 else leaf.path, unit=unit, of_scaling=_of_scaling(leaf)
        )
        for leaf, (name, unit) in zip(leaves, named, strict=True)
    ]


def names_by_path(leaves: Iterable[ParameterLeaf]) -> dict[str, str]:
    """From the path of each parameter in the model, which may stand for it, to its name; of single elements, too."""
    found = {}
    for leaf in leaves:
        found[leaf.path] = leaf.name
        paths, names = (element_names(of_leaf, np.shape(leaf.value)) for of_leaf in (leaf.path, leaf.name))
        found |= dict(zip(paths, names, strict=True))
    return {path: name for path, name in found.items() if path != name}


def element_names(name: str, shape: tuple[int, ...]) -> list[str]:
    """The names of the scalars that an array of this name holds: itself, or `contrast[0]`, `contrast[1]`, …"""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def _short(model: TwoTimeModel, leaf: ParameterLeaf) -> tuple[str, str] | None:
    """A name without that of a term, and the unit: the documented one, or the field of contrast and offset."""
    if _of_scaling(leaf):
        return leaf.path.removeprefix("scaling."), leaf.unit
    return _documented(model, leaf.path)


def _documented(model: TwoTimeModel, path: str) -> tuple[str, str] | None:
    """The documented name and unit of a parameter of diffusion or shear, g1 itself or a factor of it."""
    within = re.fullmatch(r"g1(?:\.terms\[(\d+)\])?\.(.*)", path)
    if within is None:
        return None
    term: AbstractTerm = model.g1
    if within[1] is not None and isinstance(term, Product):
        term = term.terms[int(within[1])]
    if within[2] == "phi0" or isinstance(getattr(term, "rate", None), PowerLaw):
        return _DOCUMENTED.get((type(term), within[2]))
    return None


def _of_scaling(leaf: ParameterLeaf) -> bool:
    return leaf.path.startswith("scaling.")
