"""The contracts: methods that take the right arguments, return the right results, and can be traced by JAX.

They are checked before any law, since a module that breaks its contract breaks laws too, with messages that mislead.
"""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..physics.construction_checks import described
from ..physics.detection import AbstractDetection
from ..physics.geometry import Geometry, Sector
from ..physics.kernels import AbstractKernel
from ..physics.per_sector import at_sector
from ..physics.rates import AbstractIntegrableRate, AbstractRate
from ..physics.terms import AbstractTerm, Nodes
from .law_error import LawError, traceable
from .laws import cast, name_of, require


def check_term_contract(term: AbstractTerm, geometry: Geometry) -> None:
    name = name_of(term)
    _takes(term.nodes, f"{name}.nodes", "geometry")
    _takes(term.pair, f"{name}.pair", "node_i", "node_j", "sector")
    _check_nodes_and_pair(name, term, lambda m, g: m.nodes(g), lambda m, i, j, s: m.pair(i, j, s), geometry)


def check_detection_contract(detection: AbstractDetection, g1: AbstractTerm, geometry: Geometry) -> None:
    name = name_of(detection)
    _takes(detection.nodes, f"{name}.nodes", "g1", "geometry")
    _takes(detection.pair, f"{name}.pair", "g1", "node_i", "node_j", "sector")
    with jax.enable_x64(True):
        g1 = at_sector(cast(g1, jnp.float64), geometry.index[0])
    factor = _check_nodes_and_pair(
        name, detection, lambda m, g: m.nodes(g1, g), lambda m, i, j, s: m.pair(g1, i, j, s), geometry
    )
    require(
        not jnp.issubdtype(factor.dtype, jnp.complexfloating),
        f"{name}.pair is complex; an intensity correlation is real. Write `jnp.abs(field) ** 2`, or `.real`.",
    )


def check_rate_contract(rate: AbstractRate, times: Any) -> None:
    name = name_of(rate)
    _takes(rate.__call__, name, "t")
    with jax.enable_x64(True):
        rate, t = cast(rate, jnp.float64), jnp.asarray(times, jnp.float64)
        for at in (t, t[None, :], t[0]):
            _keeps_shape(f"{name}(t)", lambda m, x: m(x), rate, at)
        if isinstance(rate, AbstractIntegrableRate):
            _takes(rate.integral, f"{name}.integral", "start", "stop")
            _keeps_shape(f"{name}.integral(start, stop)", lambda m, x: m.integral(x[0], x), rate, t)


def check_kernel_contract(kernel: AbstractKernel, amounts: Any) -> None:
    name = name_of(kernel)
    _takes(kernel.__call__, name, "x")
    with jax.enable_x64(True):
        kernel, x = cast(kernel, jnp.float64), jnp.asarray(amounts, jnp.float64)
        for at in (x, x[0]):
            _keeps_shape(f"{name}(x)", lambda m, y: m(y), kernel, at)


def _check_nodes_and_pair(
    name: str, module: eqx.Module, nodes_of: Callable, pair_of: Callable, geometry: Geometry
) -> jax.ShapeDtypeStruct:
    """Trace both methods for one sector; the shape and dtype of a pair's factor."""
    with jax.enable_x64(True):
        module, geometry = cast(module, jnp.float64), cast(geometry, jnp.float64)
        sector: Sector = jax.tree.map(lambda x: x[0], geometry.sectors)
        module = at_sector(module, sector.index)
        with traceable(f"{name}.nodes"):
            nodes = eqx.filter_eval_shape(nodes_of, module, geometry.with_sectors(sector))
        require(
            isinstance(nodes, Nodes),
            f"{name}.nodes returns {_kind(nodes)}; expected hx.Nodes(channels), or hx.Nodes(channels, tables).",
        )
        for path, leaf in jax.tree_util.tree_leaves_with_path(nodes):
            shape = jnp.shape(leaf)
            require(
                shape[:1] == (geometry.n_t,),
                f"{name}.nodes{jax.tree_util.keystr(path)} has shape {shape}; expected one value for each frame, "
                f"({geometry.n_t},). Anything else `pair` reads from the term or the sector.",
            )
        frame = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), nodes)
        with traceable(f"{name}.pair"):
            factor = eqx.filter_eval_shape(pair_of, module, frame, frame, sector)
    is_scalar = isinstance(factor, jax.ShapeDtypeStruct) and factor.shape == ()
    require(
        is_scalar and jnp.issubdtype(factor.dtype, jnp.inexact),
        f"{name}.pair returns {_kind(factor)}; expected a scalar array, the factor of one pair of frames. It is "
        "written for one sector and one pair: the nodes of a frame, q, phi and gap are scalars in it.",
    )
    return factor


def _keeps_shape(what: str, function: Callable, module: eqx.Module, at: Any) -> None:
    with traceable(what):
        found = eqx.filter_eval_shape(function, module, at)
    require(
        isinstance(found, jax.ShapeDtypeStruct) and found.shape == at.shape,
        f"{what} of an argument of shape {at.shape} returns {_kind(found)}; expected an array of that shape.",
    )


def _takes(method: Callable, what: str, *arguments: str) -> None:
    """The method can be called with these arguments, by position."""
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError as error:
        found = ", ".join(["self", *inspect.signature(method).parameters])
        expected = ", ".join(["self", *arguments])
        raise LawError(f"{what} takes ({found}); expected ({expected}).") from error


def _kind(found: Any) -> str:
    if isinstance(found, jax.ShapeDtypeStruct):
        return f"an array of shape {found.shape} and dtype {found.dtype}"
    return described(found)
