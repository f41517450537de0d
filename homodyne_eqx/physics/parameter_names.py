"""The names of the parameters of a model: they do not change when another term is added."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from .model import TwoTimeModel
from .parameters import ParameterLeaf, parameter_leaves
from .quantities import labels_within
from .rates import PowerLaw
from .terms import Diffusion, Product, Shear

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

    A tied parameter is not free, and `tied_to` has the name of the other one.
    """
    labels = labels_within(model)
    leaves = [replace(leaf, of_scaling=leaf.path.startswith("scaling.")) for leaf in parameter_leaves(model)]
    short = [_short(model, leaf) for leaf in leaves]
    alone = Counter(name for name, _ in short)
    owners = [max((path for path in labels if f".{leaf.path}".startswith(f"{path}.")), key=len) for leaf in leaves]
    named_by_term = {owner for owner, (name, _) in zip(owners, short, strict=True) if alone[name] != 1 or not name}
    several = Counter(labels[owner][0] for owner in named_by_term)
    names = []
    for leaf, owner, (name, _) in zip(leaves, owners, short, strict=True):
        word, number = labels[owner]
        place = f".{leaf.path}".removeprefix(owner)
        term = f"{word}_{number}" if several[word] > 1 else word
        of_term = term + (place if leaf.in_name else place.rpartition(".")[0])
        names.append(name if name and alone[name] == 1 else of_term if owner else leaf.path)
    counts = Counter(names)
    found = [
        replace(leaf, name=name if counts[name] == 1 else leaf.path, unit=unit if name == documented else leaf.unit)
        for leaf, name, (documented, unit) in zip(leaves, names, short, strict=True)
    ]
    name_at, other = {leaf.path: leaf.name for leaf in found}, dict(model.ties)
    return [replace(x, tied_to=name_at[other[x.path]], free=False) if x.path in other else x for x in found]


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


def partners_by_leaf(leaves: Sequence[ParameterLeaf], role: str) -> dict[str, list[str]]:
    """From the name of a leaf that a power of time multiplies to the name of its partner, or of the parameter to which
    that is tied, for each of its elements.

    **Arguments:** `role`: of the partner, "exponent_of" or "plateau_of", see `parameter`.
    """
    by_path, found = {leaf.path: leaf for leaf in leaves}, {}
    for partner in leaves:
        field = getattr(partner, role)
        of = by_path.get(f"{partner.path.rpartition('.')[0]}.{field}")
        if field and of is not None and np.shape(partner.value) in ((), np.shape(of.value)):
            names = element_names(partner.tied_to or partner.name, np.shape(partner.value))
            found[of.name] = names * (np.size(of.value) // len(names))
    return found


def _short(model: TwoTimeModel, leaf: ParameterLeaf) -> tuple[str, str]:
    """A name without that of a term, and the unit: the field of contrast and offset, or the documented name of a
    parameter of diffusion or shear that is g1 or a factor of it; "" where there is none."""
    if leaf.of_scaling:
        return leaf.path.removeprefix("scaling."), leaf.unit
    within, term = re.fullmatch(r"g1(?:\.terms\[(\d+)\])?\.(.*)", leaf.path), model.g1
    if within is not None and within[1] is not None and isinstance(term, Product):
        term = term.terms[int(within[1])]
    if within is not None and (within[2] == "phi0" or isinstance(getattr(term, "rate", None), PowerLaw)):
        return _DOCUMENTED.get((type(term), within[2]), ("", ""))
    return "", ""
