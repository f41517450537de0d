"""The tiles of packed data spread over several devices: cores of a processor, GPUs, or those of several machines."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

from ..physics.geometry import is_concrete

TILES = "tiles"
_PAIRS_A_DEVICE = {"cpu": 1e5, "gpu": 2e7, "tpu": 2e7}

_Tree = TypeVar("_Tree")


def devices_for(n_pairs: int) -> list[Any]:
    """The devices of this process over which data of so many pairs are spread: as many as have enough to do."""
    pairs = _PAIRS_A_DEVICE.get(jax.default_backend(), 2e7)
    return jax.local_devices()[: max(1, int(n_pairs / pairs))]


def mesh_of(devices: Sequence[Any]) -> Mesh | None:
    """The devices as a mesh of one axis; None for the first one alone, where JAX computes anyway."""
    if len(devices) == 1 and devices[0] == jax.devices()[0]:
        return None
    if len(devices) == 0 or len(set(devices)) != len(devices):
        raise ValueError(
            f"devices holds {len(devices)} devices, {len(set(devices))} of them different; expected one or more, each "
            "once. Pass jax.devices() or a part of it."
        )
    return Mesh(np.array(list(devices), dtype=object), (TILES,))


def on_each(mesh: Mesh | None, tree: _Tree) -> _Tree:
    """`tree` with its arrays on each of the devices, so that they are not sent there at every call; what is there
    already, such as tiles that are spread over them, stays as it is."""
    if mesh is None:
        return tree
    devices, everywhere = set(mesh.devices.flat), NamedSharding(mesh, PartitionSpec())

    def is_elsewhere(x: Any) -> bool:
        return eqx.is_array(x) and is_concrete(x) and x.sharding.device_set != devices

    arrays, rest = eqx.partition(tree, is_elsewhere)
    return eqx.combine(jax.device_put(arrays, everywhere), rest)


def where(other: Array, values: np.ndarray) -> Array:
    """`values` as an array on the devices of another array."""
    if not (is_concrete(other) and other.committed):
        return jnp.asarray(values)
    return jax.device_put(values, other.sharding)


def on_host(x: Array) -> np.ndarray:
    """The values of an array. Where other processes hold a part of it they have to call this too."""
    if x.is_fully_addressable or x.is_fully_replicated:
        return np.asarray(x)
    assert isinstance(x.sharding, NamedSharding)
    everywhere = NamedSharding(x.sharding.mesh, PartitionSpec())
    return np.asarray(jax.jit(lambda x: x, out_shardings=everywhere)(x))


def on_default(tree: _Tree) -> _Tree:
    """`tree` with its arrays where JAX puts arrays by itself, so that they go together with those of any device."""
    arrays, rest = eqx.partition(tree, _is_spread)
    return eqx.combine(jax.device_put(jax.tree.map(on_host, arrays)), rest)


def _is_spread(x: object) -> bool:
    return isinstance(x, jax.Array) and is_concrete(x) and len(x.sharding.device_set) > 1


def spread(mesh: Mesh | None, axis: int, parts: Mapping[int, np.ndarray]) -> Array:
    """One array of the parts of all devices, in their order along an axis. `parts`: number of the device in the mesh →
    part, of those of this process.

    JAX takes over the memory of the parts where the device is the processor; `jnp.asarray` would copy them.
    """
    if mesh is None:
        return jax.device_put(parts[0])
    shape = list(next(iter(parts.values())).shape)
    shape[axis] *= mesh.size
    placed = [jax.device_put(part, mesh.devices.flat[k]) for k, part in parts.items()]
    spec = NamedSharding(mesh, PartitionSpec(*[None] * axis, TILES))
    return jax.make_array_from_single_device_arrays(tuple(shape), spec, placed)


def sum_over_devices(mesh: Mesh, function: Callable, spread_arrays: PyTree, axes: PyTree, others: PyTree) -> PyTree:
    """Σ `function(share of the spread arrays, others)` over all devices, the same on each of them.

    **Arguments:** `axes`: along which axis each of the spread arrays is, with the structure of these.
    """
    of_share = jax.tree.map(lambda axis: PartitionSpec(*[None] * axis, TILES), axes)
    return jax.shard_map(
        lambda share, rest: jax.lax.psum(function(share, rest), TILES),
        mesh=mesh,
        in_specs=(of_share, PartitionSpec()),
        out_specs=PartitionSpec(),
    )(spread_arrays, others)
