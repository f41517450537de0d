"""One value a sector: a model with `PerSector` is, sector by sector, the model with that sector's numbers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.documented_models import named_leaves
from homodyne_eqx.physics.parameters import parameter_leaves
from homodyne_eqx.physics.per_sector import at_sector

Q = np.array([0.004, 0.006, 0.004, 0.005])
PHI = np.array([25.0, 100.0, 150.0, 60.0])
T = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.1])
CLOSE = {"rtol": 1e-12 if jax.config.jax_enable_x64 else 2e-6}  # pyright: ignore[reportAttributeAccessIssue]


def geometry(sectors=slice(None)):
    return hx.Geometry(q=Q[sectors], t=T, phi=PHI[sectors], gap=1e6)


def model(term, detection=hx.Homodyne()):
    return hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0), detection)


def spread(*values):
    return hx.PerSector(np.array(values))


# Each entry makes a model from `of`, which is given a table of one row a sector and returns what stands in its place.
MADE = {
    "rate": lambda of: model(hx.Relaxation(of(0.3, 0.7, 1.5, 1.0))),
    "amplitude of a power law": lambda of: model(hx.Diffusion(hx.PowerLaw(of(3e4, 2e4, 5e4, 1e4), -0.3, 0.0))),
    "factor of a rate": lambda of: model(hx.Diffusion(hx.PowerLaw(3e4, -0.3) * of(1.0, 0.5, 2.0, 3.0))),
    "direction": lambda of: model(hx.Shear(1e-3, phi0=of(1.0, 20.0, -30.0, 4.0))),
    "kernel, read by each pair": lambda of: model(hx.Relaxation(0.8, hx.Stretched(of(0.6, 1.0, 1.5, 0.8)))),
    "rate and kernel": lambda of: model(
        hx.Relaxation(of(0.3, 0.7, 1.5, 1.0), hx.Stretched(of(0.6, 1.0, 1.5, 0.8))) * hx.Shear(1e-3, 10.0)
    ),
    "fractions": lambda of: model(
        hx.Populations((hx.Relaxation(0.5), hx.Ballistic(150.0)), of([0.1], [0.2], [0.3], [0.4]))
    ),
    "width of a distribution": lambda of: model(
        hx.Distribution(hx.Relaxation(of(0.3, 0.7, 1.5, 1.0)), lambda r: r.rate.value, of(0.1, 0.2, 0.3, 0.4), order=3)
    ),
    "tied": lambda of: model(
        hx.Shared(
            hx.Shear(of(1e-3, 2e-3, 1e-3, 3e-3), 10.0) * hx.NonAffine(of(0.0, 0.0, 0.0, 0.0), 2e5),
            lambda g: g.terms[1].rate,
            lambda g: g.terms[0].rate,
        )
    ),
    "frozen": lambda of: model(
        hx.Frozen(hx.Relaxation(0.8, hx.Stretched(of(0.6, 1.0, 1.5, 0.8)))) * hx.Relaxation(0.3)
    ),
    "spline": lambda of: model(
        hx.Relaxation(
            hx.Spline((0.05, 0.4, 2.0), of([0.3, 0.5, 1], [0.4, 0.3, 1], [1, 1, 2], [2, 1, 0.2])),
            accumulation=hx.GaussLegendre(),
        )
    ),
    "profile": lambda of: model(hx.VelocityProfile(1e-3, 10.0, hx.ShearBands(of(0.2, 0.4, 0.5, 0.3), 0.7))),
    "detection": lambda of: model(hx.Relaxation(0.8), hx.PartialHeterodyne(of(0.1, 0.2, 0.0, 0.4))),
    "detection within a detection": lambda of: model(
        hx.Relaxation(of(0.3, 0.7, 1.5, 1.0)),
        hx.FiniteSector(of(6.0, 2.0, 3.0, 8.0), detection=hx.PartialHeterodyne(of(0.1, 0.2, 0.0, 0.4))),
    ),
    "drifting contrast": lambda of: model(
        hx.Relaxation(0.8), hx.DriftingContrast(of([0.1, -0.03], [0.2, 0.0], [0.0, 0.0], [-0.1, 0.1]))
    ),
}


maps = eqx.filter_jit(lambda m, where: m(where))
pairs = eqx.filter_jit(lambda m, where, i, j, sector: m.pairs(where, i, j, sector))


def in_sector(k):
    return lambda *values: np.array(values[k])


@pytest.mark.parametrize("name", MADE)
def test_the_map_is_that_of_each_sector_by_itself(name):
    whole, (i, j) = MADE[name](spread), np.tril_indices(len(T))
    expected = np.array([maps(MADE[name](in_sector(k)), geometry([k]))[0] for k in range(4)])
    np.testing.assert_allclose(maps(whole, geometry()), expected, **CLOSE)
    np.testing.assert_allclose(pairs(whole, geometry(), i, j, np.arange(4)[:, None]), expected[:, i, j], **CLOSE)


def test_sectors_alike_in_all_else_differ_where_a_value_does():
    """Also where the caller promises that q, gap and φ are the same, so that a map need be computed once only."""
    alike = hx.Geometry(q=0.004, t=T, phi=np.full(3, 20.0), gap=1e6)
    common = ("q", "gap", "phi")
    for term in (hx.Relaxation(spread(0.3, 0.6, 0.9)), hx.Relaxation(0.8, hx.Stretched(spread(0.5, 1.0, 1.5)))):
        found = eqx.filter_jit(model(term))(alike, common)
        assert np.abs(np.diff(found[:, 3, 0])).min() > 1e-3
        np.testing.assert_allclose(found, maps(model(term), alike), **CLOSE)


def test_some_of_the_sectors_keep_their_values():
    whole, all_maps = MADE["rate and kernel"](spread), maps(MADE["rate and kernel"](spread), geometry())
    chosen = np.array([3, 1])
    some = geometry().with_sectors(jax.tree.map(lambda x: x[chosen], geometry().sectors))
    np.testing.assert_allclose(maps(whole, some), all_maps[chosen], **CLOSE)
    later = hx.Geometry(q=Q, t=T[2:], phi=PHI, gap=1e6)
    np.testing.assert_allclose(maps(whole, some.with_times(T[2:])), maps(whole, later)[chosen], **CLOSE)


def test_transformations():
    """jit, vmap and grad of the map: the derivative is that of each sector's own number."""
    tables = np.array([[0.3, 0.7, 1.5, 1.0], [0.2, 0.4, 0.3, 2.0]])

    def total(values, where):
        return jnp.sum(model(hx.Relaxation(hx.PerSector(values)))(where) ** 2)

    batch = jax.jit(jax.vmap(total, (0, None)))(tables, geometry())
    np.testing.assert_allclose(batch, [jax.jit(total)(x, geometry()) for x in tables], **CLOSE)
    gradient = jax.jit(jax.grad(total))(jnp.asarray(tables[0]), geometry())
    alone = jax.jit(jax.grad(lambda rate, where: jnp.sum(model(hx.Relaxation(rate))(where) ** 2)))
    expected = [alone(rate, geometry([k])) for k, rate in enumerate(tables[0])]
    np.testing.assert_allclose(gradient, expected, rtol=CLOSE["rtol"] * 10)
    by_geometry = eqx.filter_jit(eqx.filter_grad(lambda where: total(tables[0], where)))(geometry())
    assert by_geometry.index is None
    assert np.all(np.isfinite(by_geometry.t))


def test_float32_stays_float32():
    to_single = lambda tree: jax.tree.map(  # noqa: E731
        lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, tree
    )
    for name in ("rate and kernel", "fractions", "detection"):
        found = maps(to_single(MADE[name](spread)), to_single(geometry()))
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, maps(MADE[name](spread), geometry()), rtol=1e-5)


def test_name_unit_bounds_and_freedom_are_those_of_the_parameter():
    described = lambda m: [(x.path, x.unit, x.bounds, x.free, x.scan) for x in parameter_leaves(m)]  # noqa: E731
    for made in MADE.values():
        assert described(made(spread)) == described(made(in_sector(0)))
    scanned = lambda of: hx.Echo(1e-3, of(4.0, 5.0), 10.0, of(20.0, 30.0))  # noqa: E731
    assert described(scanned(spread)) == described(scanned(in_sector(0)))
    assert [x.scan for x in parameter_leaves(scanned(spread))] == ["", "frequency", "", "phase"]
    fixed = {x.path: x.free for x in parameter_leaves(hx.Transit(1.0, spread(1e5, 2e5)))}
    assert fixed == {"velocity.value": True, "beam_radius": False}
    owners = [type(x.owner).__name__ for x in parameter_leaves(hx.Relaxation(spread(1.0, 2.0)))]
    assert owners == ["Constant"]


def test_documented_names():
    flow = {"alpha": 0.0, "D_offset": 0.0, "contrast": 0.3, "offset": 1.0}
    found = {leaf.name: leaf.value.shape for leaf in named_leaves(hx.static_diffusion(D0=spread(1.0, 2.0), **flow))}
    assert found["D0"] == (2,)
    with pytest.raises(ValueError, match="one value for each sector of D0; expected one number"):
        hx.to_parameter_vector(hx.static_diffusion(D0=spread(1.0, 2.0), **flow))


def test_the_equation_shows_the_values():
    text = str(MADE["rate and kernel"](spread))
    assert "value = [0.3, 0.7, 1.5, 1] s⁻¹" in text
    assert "exponent = [0.6, 1, 1.5, 0.8]" in text
    assert "PerSector" not in text
    assert "where = term.rate.value, width = [0.1, 0.2, 0.3, 0.4]" in str(MADE["width of a distribution"](spread))


def test_a_number_is_replaced_and_a_tree_without_any_is_left_as_it_is():
    plain, table = hx.Relaxation(0.3), hx.Relaxation(spread(0.1, 0.2, 0.4))
    assert at_sector(plain, jnp.asarray(1)) is plain
    assert float(at_sector(table, jnp.asarray(1)).rate.value) == pytest.approx(0.2)


WRONG = hx.Relaxation(hx.PerSector(np.array([0.1, 0.2, 0.3])))
MESSAGE = r"g1\.rate\.value is a PerSector of 3 values; the geometry has 4 sectors.*one value for each"


@pytest.mark.parametrize(
    "meet",
    [
        lambda m: m(geometry()),
        lambda m: eqx.filter_jit(m)(geometry()),
        lambda m: m(geometry(), ("q", "gap", "phi")),
        lambda m: m.pairs(geometry(), 1, 0, 0),
        lambda m: m.nodes(geometry().with_sectors(jax.tree.map(lambda x: x[0], geometry().sectors))),
        lambda m: m(geometry().with_sectors(jax.tree.map(lambda x: x[:3], geometry().sectors))),
    ],
)
def test_another_number_of_values_than_sectors(meet):
    with pytest.raises(ValueError, match=MESSAGE):
        meet(model(WRONG))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hx.PerSector(0.3), ValueError, r"shape \(\); expected one for each sector, \(n_sector,\)"),
        (lambda: hx.PerSector([]), ValueError, r"shape \(0,\)"),
        (lambda: hx.PerSector("slow"), TypeError, "given a str; expected numbers"),
        (lambda: hx.PerSector((hx.Constant(1.0), hx.Constant(2.0))), TypeError, "given a tuple; expected numbers"),
        (lambda: hx.Stretched(spread([0.5], [0.6])), ValueError, r"shape \(1,\) as exponent; expected one number"),
        (lambda: hx.Relaxation(spread([0.5], [0.6])), TypeError, "where a rate is expected"),
        (lambda: hx.PartialHeterodyne(spread(0.1, 0.2, 1.5)), ValueError, r"reference = 1\.5; expected .* from 0 to 1"),
        (
            lambda: hx.Populations((hx.Static(), hx.Static()), spread(0.1, 0.2)),
            ValueError,
            r"shape \(\); .*PerSector of shape \(n_sector, n_terms − 1\)",
        ),
        (
            lambda: hx.Populations((hx.Static(), hx.Static(), hx.Static()), spread([0.1, 0.2], [0.6, 0.6])),
            ValueError,
            "of sum ≤ 1",
        ),
        (lambda: hx.Relaxation(0.1, spread(0.5, 0.6)), TypeError, "kernel"),
        (lambda: hx.ContrastOffset(spread(0.1, 0.2), 1.0), TypeError, r"PerSector as contrast.*\(n_sector,\)"),
        (lambda: hx.Relaxation(0.3) * spread(1.0, 2.0), TypeError, "PerSector"),
        (lambda: spread(1.0, 2.0) * hx.Relaxation(0.3), TypeError, "PerSector"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


class Table(hx.AbstractTerm):
    """g1 = exp(−rates[index] τ): a term of one's own that reads which sector it is in."""

    rates: jax.Array = hx.parameter("s⁻¹", (0.0, np.inf))
    in_nodes: bool = eqx.field(static=True, default=True)

    def nodes(self, geometry):
        return hx.Nodes(self.rates[geometry.index] * geometry.t if self.in_nodes else geometry.t)

    def pair(self, node_i, node_j, sector):
        lag = node_i.channels - node_j.channels
        return jnp.exp(-lag if self.in_nodes else -self.rates[sector.index] * lag)


@pytest.mark.parametrize("in_nodes", [True, False])
def test_a_term_of_ones_own_reads_the_index(in_nodes):
    rates = (0.3, 0.7, 1.5, 1.0)
    # The pixels of a sector, over which a FiniteSector averages, are of that sector too.
    own, table = model(Table(np.array(rates), in_nodes), hx.FiniteSector(6.0)), model(hx.Relaxation(spread(*rates)))
    np.testing.assert_allclose(maps(own, geometry()), maps(table, geometry()), rtol=1e-5)
    alike = hx.Geometry(q=0.004, t=T, phi=np.full(4, 20.0), gap=1e6)
    np.testing.assert_allclose(eqx.filter_jit(own)(alike, ("q", "gap", "phi")), maps(table, alike), rtol=1e-5)
