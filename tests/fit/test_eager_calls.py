"""Public functions called outside jit: compiled at the first call and never again, whatever the values are."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import homodyne_eqx as hx

X64 = jax.config.jax_enable_x64
WHERE = hx.Geometry(q=[0.01, 0.012], t=0.5 * np.arange(6))
_compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, *_, **__: _compiled.append(event) if event.endswith("backend_compile_duration") else None
)


def model(rate=3e3, contrast=(0.3, 0.25)):
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(np.array(contrast), np.ones(2)))


@pytest.fixture(scope="module")
def data():
    return hx.TwoTimeData(np.asarray(model()(WHERE)), WHERE, sigma=0.01)


@pytest.fixture(scope="module")
def packed(data):
    return hx.pack(data)


def programs_of_the_second_call(function):
    """The numbers of programs that the first call compiles, and the second one, with other values of all parameters."""
    counts = []
    for start in (model(), model(3.3e3, (0.31, 0.27))):
        before = len(_compiled)
        jax.block_until_ready(jax.tree.leaves(eqx.filter(function(start), eqx.is_array)))
        counts.append(len(_compiled) - before)
    return counts[1]


def of_residual(start, data):
    problem = hx.least_squares_problem(start, data)
    return hx.residual(problem.start, problem)


CALLS = {
    "dense map": lambda m, data, packed: m(WHERE),
    "pairs": lambda m, data, packed: m.pairs(WHERE, *np.array([[2, 3], [1, 0], [0, 1]])),
    "χ²": lambda m, data, packed: hx.chi_squared(m, packed),
    "χ² under a loss": lambda m, data, packed: hx.chi_squared(m, packed, hx.Huber(1.0)),
    "normal equations": lambda m, data, packed: hx.normal_equations(m, packed),
    "gradient of χ²": lambda m, data, packed: eqx.filter_grad(hx.chi_squared)(m, packed),
    "value and gradient": lambda m, data, packed: eqx.filter_value_and_grad(hx.chi_squared)(m, packed),
    "gradient of the map": lambda m, data, packed: eqx.filter_grad(lambda m: jnp.sum(m(WHERE)))(m),
    "residual": lambda m, data, packed: of_residual(m, data),
    "log-density": lambda m, data, packed: (lambda density: density(density.start))(hx.log_density(m, data)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_second_call_compiles_nothing(call, data, packed):
    assert programs_of_the_second_call(lambda m: call(m, data, packed)) == 0


def test_another_shape_compiles(packed):
    """The count would see a compilation."""
    hx.chi_squared(model(), packed)
    before = len(_compiled)
    three = hx.Geometry(q=[0.01, 0.012, 0.014], t=0.5 * np.arange(6))
    hx.TwoTimeModel(hx.Diffusion(3e3), hx.ContrastOffset(np.full(3, 0.3), np.ones(3)))(three)
    assert len(_compiled) > before


@pytest.mark.standard_promotion
@pytest.mark.slow
def test_a_second_descent_compiles_no_step(data):
    """The default optimiser is the same at every call."""
    hx.descend(model(2.8e3), data, steps=2)
    before = len(_compiled)
    hx.descend(model(2.9e3), data, steps=2)
    assert len(_compiled) == before


def test_values_are_those_of_the_sum_over_pairs(data, packed):
    start = model(2.5e3)
    i, j = np.tril_indices(6, -1)
    residual = (np.asarray(start(WHERE)) - data.c2)[:, i, j] / 0.01
    np.testing.assert_allclose(hx.chi_squared(start, packed), np.sum(residual**2), rtol=1e-6 if X64 else 1e-3)


class TestLeavesThatAreNoArrays:
    ENTRIES: ClassVar = {
        "fit": lambda m, data: hx.fit(m, data),
        "joint fit": lambda m, data: hx.fit(m, {"one": data, "two": data}),
        "fit_many": lambda m, data: hx.fit_many(m, [data]),
        "descend": lambda m, data: hx.descend(m, data, optax.adam(1e-2)),
        "least_squares_problem": lambda m, data: hx.least_squares_problem(m, data),
        "log_density": lambda m, data: hx.log_density(m, data),
        "estimate": lambda m, data: hx.estimate(m, data),
        "chi_squared": lambda m, data: hx.chi_squared(m, hx.pack(data)),
        "gradient": lambda m, data: eqx.filter_grad(hx.chi_squared)(m, hx.pack(data)),
        "normal_equations": lambda m, data: hx.normal_equations(m, hx.pack(data)),
        "dense map": lambda m, data: m(WHERE),
    }

    @pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
    def test_a_python_number_is_refused_by_its_place(self, entry, data):
        bad = eqx.tree_at(lambda m: m.g1.rate.value, model(), 900.0)
        with pytest.raises(TypeError, match=r"g1\.rate\.value is the float 900\.0; .*jnp\.asarray\(900\.0\)"):
            entry(bad, data)

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (900, r"g1\.rate\.value is the int 900; .*jnp\.asarray\(900\.0\)"),
            (None, r"g1\.rate\.value is None; .*Give it a value"),
            (np.array(900), r"g1\.rate\.value is an array of int64; .*astype\(float\)"),
            ([900.0, 800.0], r"g1\.rate\.value\[0\] is the float 900\.0"),
        ],
    )
    def test_so_is_whatever_else_is_no_floating_point_array(self, value, message, packed):
        bad = eqx.tree_at(lambda m: m.g1.rate.value, model(), value)
        with pytest.raises(TypeError, match=message):
            hx.chi_squared(bad, packed)

    def test_a_number_that_is_no_parameter_names_the_static_field(self, packed):
        class Numbered(hx.AbstractTerm):
            inner: hx.AbstractTerm
            order: int = 2

            def nodes(self, geometry):
                return self.inner.nodes(geometry)

            def pair(self, node_i, node_j, sector):
                return self.inner.pair(node_i, node_j, sector) ** self.order

        bad = hx.TwoTimeModel(Numbered(hx.Diffusion(3e3)), hx.ContrastOffset(0.3, 1.0))
        with pytest.raises(TypeError, match=r"g1\.order is the int 2; .*eqx\.field\(static=True\)"):
            hx.chi_squared(bad, packed)

    def test_numbers_and_arrays_of_numpy_are_arrays(self, packed):
        for value in (np.array(900.0), np.float64(900.0)) if X64 else (np.float32(900.0),):
            given = eqx.tree_at(lambda m: m.g1.rate.value, model(), value)
            assert hx.chi_squared(given, packed) == hx.chi_squared(model(900.0), packed)

    def test_what_is_true_or_false_may_be_a_leaf(self, packed):
        """A switch selects the code; it is no parameter."""

        class Switched(hx.AbstractTerm):
            inner: hx.AbstractTerm
            on: bool = True

            def nodes(self, geometry):
                return self.inner.nodes(geometry)

            def pair(self, node_i, node_j, sector):
                return self.inner.pair(node_i, node_j, sector)

        given = hx.TwoTimeModel(Switched(hx.Diffusion(900.0)), model().scaling)
        np.testing.assert_allclose(hx.chi_squared(given, packed), hx.chi_squared(model(900.0), packed), rtol=1e-6)


@pytest.mark.x64
class TestMixedPrecision:
    """float32 beside float64 is computed in float64."""

    @staticmethod
    def single(tree):
        return jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, tree)

    def data_of(self, where, dtype):
        c2 = np.asarray(model()(WHERE)).astype(dtype)
        return hx.TwoTimeData(c2, where, sigma=0.01)

    @pytest.mark.standard_promotion
    @pytest.mark.parametrize("narrow_model", [True, False])
    @pytest.mark.parametrize("narrow_maps", [True, False])
    @pytest.mark.parametrize("narrow_times", [True, False])
    def test_every_mixture_is_computed(self, narrow_model, narrow_maps, narrow_times):
        where = self.single(WHERE) if narrow_times else WHERE
        data = self.data_of(where, np.float32 if narrow_maps else np.float64)
        start = self.single(model(2.5e3)) if narrow_model else model(2.5e3)
        expected = hx.chi_squared(model(2.5e3), hx.pack(self.data_of(WHERE, np.float64)))
        found = hx.chi_squared(start, hx.pack(data))
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_the_problem_of_a_narrow_model_is_that_of_the_wide_one(self, data):
        narrow, wide = (hx.least_squares_problem(m, data) for m in (self.single(model(2.5e3)), model(2.5e3)))
        assert narrow.model(narrow.start).g1.rate.value.dtype == jnp.float64
        np.testing.assert_allclose(narrow.chi_squared(narrow.start), wide.chi_squared(wide.start), rtol=1e-5)


class TestFitsThatAreTraced:
    """One sentence that names what can be traced."""

    MESSAGE = r"cannot be traced.*least_squares_problem.*fit_many"
    ENTRIES: ClassVar = {
        "fit": lambda m, data: hx.fit(m, data).chi2,
        "joint fit": lambda m, data: hx.fit(m, [data, data]).chi2,
        "fit_many": lambda m, data: hx.fit_many(m, [data])[0].chi2,
        "descend": lambda m, data: hx.descend(m, data, optax.adam(1e-2)).chi2,
        "least_squares_problem": lambda m, data: hx.least_squares_problem(m, data).start,
        "estimate": lambda m, data: hx.estimate(m, data).g1.rate.value,
    }

    @pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
    def test_every_entry_under_jit(self, entry, data):
        with pytest.raises(TypeError, match=self.MESSAGE):
            jax.jit(lambda rate: entry(model(rate), data))(3e3)

    @pytest.mark.parametrize("transform", [jax.grad, jax.vmap], ids=["grad", "vmap"])
    def test_fit_under(self, transform, data):
        with pytest.raises(TypeError, match=self.MESSAGE):
            transform(lambda rate: hx.fit(model(rate), data).chi2)(
                jnp.array(3e3) if transform is jax.grad else jnp.ones(2)
            )

    def test_under_jit_with_nothing_traced_among_the_arguments(self, data):
        with pytest.raises(TypeError, match=self.MESSAGE):
            jax.jit(lambda: hx.fit(model(), data).chi2)()

    def test_data_made_of_traced_maps(self, data):
        with pytest.raises(TypeError, match=r"c2 is traced.*packed\.values"):
            jax.jit(lambda c2: hx.fit(model(), hx.TwoTimeData(c2, WHERE, sigma=0.01)).chi2)(data.c2)
