"""The engine with one value for each sector: against sectors one by one, dense Jacobians and differences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import assert_normal_equations_agree, dense_normal_equations
from jax.flatten_util import ravel_pytree

import homodyne_eqx as hx
from homodyne_eqx.engine.frame_values import evaluate

pytestmark = pytest.mark.x64

Q = np.array([0.0061, 0.0054, 0.0061, 0.0054])  # which packing brings into another order, in two groups
PHI = np.array([70.0, 5.0, 100.0, 30.0])
T = 0.05 * np.arange(9)
RATES, EXPONENTS = np.array([2.0, 1.0, 4.0, 3.0]), np.array([0.6, 1.0, 1.4, 0.8])

chi_squared = eqx.filter_jit(hx.chi_squared)


def geometry(q=Q):
    return hx.Geometry(q=q, t=T, phi=PHI, gap=2e5)


def scaling(n=4):
    return hx.ContrastOffset(0.3 + 0.01 * np.arange(n), 1 + 0.01 * np.arange(n))


class Table(hx.AbstractTerm):
    """g1 = exp(−(rates[index] τ)²), read by the frames or by each pair."""

    rates: jax.Array = hx.parameter("s⁻¹", (0.0, np.inf))
    in_nodes: bool = eqx.field(static=True, default=True)

    def nodes(self, geometry):
        return hx.Nodes(self.rates[geometry.index] * geometry.t if self.in_nodes else geometry.t)

    def pair(self, node_i, node_j, sector):
        lag = node_i.channels - node_j.channels
        return jnp.exp(-((lag if self.in_nodes else self.rates[sector.index] * lag) ** 2))


TERMS = {
    "read by frames": lambda: hx.Relaxation(hx.PerSector(RATES)),
    "read by pairs": lambda: hx.Relaxation(2.0, hx.Stretched(hx.PerSector(EXPONENTS))),
    "both, and a flow": lambda: (
        hx.Relaxation(hx.PerSector(RATES), hx.Stretched(hx.PerSector(EXPONENTS))) * hx.Shear(1e-2, 10.0)
    ),
    "some of an array, read by pairs": lambda: hx.Populations(
        (hx.Relaxation(2.0), hx.Relaxation(hx.PerSector(RATES)), hx.Static()),
        hx.PerSector(np.array([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3], [0.4, 0.1]])),
    ),
    "fixed": lambda: hx.Frozen(hx.Relaxation(2.0, hx.Stretched(hx.PerSector(EXPONENTS)))) * hx.Relaxation(1.0),
    "one's own": lambda: Table(RATES),
    "one's own, read by pairs": lambda: Table(RATES, in_nodes=False),
}


def model(name, detection=hx.Homodyne()):
    return hx.TwoTimeModel(TERMS[name](), scaling(), detection)


def noisy(model, where):
    g2 = np.asarray(eqx.filter_jit(model)(where))
    return hx.TwoTimeData(g2 + 0.01 * np.random.default_rng(0).normal(size=g2.shape), where, sigma=0.01)


def structure_of(model, where, common):
    return eqx.filter_eval_shape(evaluate, model, where, common).structure


def shifted(model, by=0.02):
    return jax.tree.map(lambda x: x * (1 + by) + by * 1e-3 if eqx.is_inexact_array(x) else x, model)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.slow
def test_normal_equations_and_gradient_are_those_of_the_dense_map(name):
    start, data = shifted(model(name)), noisy(model(name), geometry())
    packed = hx.pack(data, size=4)
    assert np.asarray(packed.sectors).tolist() == [[1, 3], [0, 2]]
    expected = matrix, vector, chi2 = dense_normal_equations(start, data)
    assert_normal_equations_agree(eqx.filter_jit(hx.normal_equations)(start, packed), expected, 1e-9)
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))(start, packed)
    scale = np.where(np.diagonal(matrix) > 0, np.sqrt(np.diagonal(matrix) * chi2), 1)
    np.testing.assert_allclose(ravel_pytree(gradient)[0] / scale, 2 * vector / scale, atol=1e-12)
    np.testing.assert_allclose(value, chi2, rtol=1e-12)


@pytest.mark.slow
def test_a_detection_with_one_value_a_sector():
    detection = hx.FiniteSector(
        hx.PerSector([6.0, 2.0, 3.0, 8.0]), n_phi=2, detection=hx.PartialHeterodyne(hx.PerSector([0.1, 0.2, 0.3, 0.4]))
    )
    whole = hx.TwoTimeModel(TERMS["read by frames"]() * hx.Shear(1e-2, 10.0), scaling(), detection)
    data = noisy(whole, geometry())
    found = eqx.filter_jit(hx.normal_equations)(shifted(whole), hx.pack(data, size=5))
    assert_normal_equations_agree(found, dense_normal_equations(shifted(whole), data), 1e-9)


@pytest.mark.parametrize("q", [Q, np.full(4, 0.0054)], ids=["several q", "one q"])
def test_chi_squared_is_the_sum_of_those_of_the_sectors(q):
    data = noisy(model("both, and a flow"), geometry(q))
    whole, total = shifted(model("both, and a flow")), 0.0
    for k in range(4):
        g1 = hx.Relaxation(RATES[k], hx.Stretched(EXPONENTS[k])) * hx.Shear(1e-2, 10.0)
        one = shifted(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3 + 0.01 * k, 1 + 0.01 * k)))
        total += float(chi_squared(one, hx.pack(data.select(sectors=[k]), size=4)))
    np.testing.assert_allclose(chi_squared(whole, hx.pack(data, size=4)), total, rtol=1e-12)


def test_gradient_is_that_by_differences():
    start, data = shifted(model("both, and a flow")), noisy(model("both, and a flow"), geometry())
    packed = hx.pack(data, size=4)
    gradient = eqx.filter_jit(eqx.filter_grad(hx.chi_squared))(start, packed).g1.terms[0]
    places = {
        "rate": (lambda m: m.g1.terms[0].rate.value.values, gradient.rate.value.values),
        "exponent": (lambda m: m.g1.terms[0].kernel.exponent.values, gradient.kernel.exponent.values),
    }
    for place, found in places.values():
        for k in range(4):
            step = 1e-4 * place(start)[k]

            def at(h, k=k, place=place):
                return float(chi_squared(eqx.tree_at(place, start, place(start).at[k].add(h)), packed))

            by_steps = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
            np.testing.assert_allclose(found[k], by_steps, rtol=1e-6)


@pytest.mark.slow
def test_second_derivatives_and_batches():
    """The Hessian is made of sectors that know nothing of each other; a batch is one after the other."""
    data = noisy(model("read by pairs"), geometry())
    packed = hx.pack(data, size=4)

    def of(values):
        start = eqx.tree_at(lambda m: m.g1.kernel.exponent.values, shifted(model("read by pairs")), values)
        return hx.chi_squared(start, packed)

    hessian = jax.jit(jax.hessian(of))(jnp.asarray(EXPONENTS))
    slopes = jax.jit(jax.grad(of))
    by_steps = [(slopes(EXPONENTS + 1e-5 * e) - slopes(EXPONENTS - 1e-5 * e)) / 2e-5 for e in np.eye(4)]
    np.testing.assert_allclose(hessian, by_steps, rtol=1e-5, atol=1e-6 * float(jnp.abs(hessian).max()))
    batch = np.stack([EXPONENTS, EXPONENTS * 1.1])
    np.testing.assert_allclose(jax.jit(jax.vmap(of))(batch), [jax.jit(of)(x) for x in batch], rtol=1e-12)


def test_best_scaling_is_that_of_each_sector():
    data = noisy(model("both, and a flow"), geometry())
    low, high = jnp.array([1e-3, 0.0]), jnp.array([2.0, 2.0])
    best = eqx.filter_jit(hx.engine.with_best_scaling)
    found = best(model("both, and a flow"), hx.pack(data, size=4), low, high).scaling
    for k in range(4):
        g1 = hx.Relaxation(RATES[k], hx.Stretched(EXPONENTS[k])) * hx.Shear(1e-2, 10.0)
        one = hx.TwoTimeModel(g1, hx.ContrastOffset(0.2, 1.0))
        alone = best(one, hx.pack(data.select(sectors=[k]), size=4), low, high).scaling
        np.testing.assert_allclose(found.contrast[k], alone.contrast, rtol=1e-10)
        np.testing.assert_allclose(found.offset[k], alone.offset, rtol=1e-10)


def test_data_of_some_sectors_keep_the_numbers_of_the_whole():
    whole, chosen = model("both, and a flow"), np.array([3, 0, 2])
    data = noisy(whole, geometry())
    some = geometry().with_sectors(jax.tree.map(lambda x: x[chosen], geometry().sectors))
    part = hx.TwoTimeData(data.c2[chosen], some, sigma=0.01)
    three = eqx.tree_at(lambda m: m.scaling, whole, hx.ContrastOffset(0.3 + 0.01 * chosen, 1 + 0.01 * chosen))
    start = shifted(three)
    found = eqx.filter_jit(hx.normal_equations)(start, hx.pack(part, size=4))
    assert_normal_equations_agree(found, dense_normal_equations(start, part), 1e-9)
    assert float(found.matrix[1, 1]) == 0.0  # the rate of sector 1, which is not there
    rates = np.diagonal(found.matrix)[[0, 2, 3]]
    assert np.all(rates > 0)


@pytest.mark.parametrize("evaluated", [hx.chi_squared, hx.normal_equations])
def test_another_number_of_values_than_sectors_is_refused(evaluated):
    packed = hx.pack(noisy(model("read by frames"), geometry()))
    wrong = hx.TwoTimeModel(hx.Relaxation(hx.PerSector(RATES[:2])), scaling())
    for call in (evaluated, eqx.filter_jit(evaluated)):
        with pytest.raises(ValueError, match=r"g1\.rate\.value is a PerSector of 2 values; the geometry has 4 sectors"):
            call(wrong, packed)
    with pytest.raises(ValueError, match="PerSector of 2 values"):
        hx.engine.with_best_scaling(wrong, packed, jnp.zeros(2), jnp.ones(2))


def test_what_is_common_to_all_sectors():
    """Frame values are shared by sectors of one q as before, except those that read which sector it is."""
    where = geometry(np.full(4, 0.0054))
    flow = hx.laminar_flow(
        D0=1e4, alpha=-0.3, D_offset=10.0, gamma_dot_t0=1e-2, beta=0.1, gamma_dot_t_offset=0.0, phi0=10.0, contrast=0.3,
        offset=1.0,
    )  # fmt: skip
    structure = structure_of(flow, where, ("q", "gap"))
    assert structure.common == (True, False, False, False)
    assert structure.direct == structure.per_sector == structure.of_sector == ()
    rates = structure_of(model("both, and a flow"), where, ("q", "gap"))
    assert rates.common[0] is False
    assert rates.per_sector == (True,)
    exponents = structure_of(model("read by pairs"), where, ("q", "gap", "phi"))
    assert exponents.common == (True,)
    own = structure_of(model("one's own"), where, ("q", "gap", "phi"))
    assert own.common == (False,)


def test_new_values_compile_nothing():
    packed = hx.pack(noisy(model("both, and a flow"), geometry()), size=4)
    once = eqx.filter_jit(eqx.debug.assert_max_traces(hx.normal_equations, max_traces=1))
    once(model("both, and a flow"), packed)
    once(shifted(model("both, and a flow")), packed)
