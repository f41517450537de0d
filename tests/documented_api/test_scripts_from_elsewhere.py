"""Forms of arguments that scripts for the published packages pass: axes as columns and rows, one contrast an azimuth,
and the times along which integrals run."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from homodyne_eqx import documented_api as jb

from .documented_api_cases import DATA, LAMINAR, OF_G1, SETTING, SIGMA, T

DT = OF_G1["dt"]
N_PHI = len(np.ravel(OF_G1["phi"]))
CONTRAST, OFFSET = 0.3 - 0.05 * np.arange(N_PHI), 1.0 + 0.02 * np.arange(N_PHI)
RTOL = 1e-10 if jax.config.jax_enable_x64 else 1e-4
SHAPES = {"a vector": (N_PHI,), "as it broadcasts": (N_PHI, 1, 1)}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def one_by_one(function, **others):
    """The function of each azimuth with its own contrast and offset, one after the other."""
    phi, arguments = np.ravel(OF_G1["phi"]), {**SETTING, **others}
    return [
        np.asarray(function(LAMINAR, t1=T, t2=T, **{**arguments, "phi": phi[k : k + 1], **own}))
        for k, own in enumerate(
            {"contrast": float(c), "offset": float(o)} for c, o in zip(CONTRAST, OFFSET, strict=True)
        )
    ]


class TestColumnsAndRows:
    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize("traced", [False, True])
    def test_they_are_the_meshgrid(self, turned, traced):
        def g2(t):
            axes = (t[None, :], t[:, None]) if turned else (t[:, None], t[None, :])
            return jb.compute_g2_scaled(LAMINAR, *axes, **SETTING)

        found = jax.jit(g2)(jnp.asarray(T)) if traced else g2(np.asarray(T))
        expected = jb.compute_g2_scaled(LAMINAR, *np.meshgrid(T, T, indexing="ij"), **SETTING)
        np.testing.assert_allclose(found, expected, rtol=RTOL)

    def test_two_that_differ_are_refused(self):
        with pytest.raises(ValueError, match="different frame times"):
            jb.compute_g2_scaled(LAMINAR, np.asarray(T)[:, None], 2 * np.asarray(T)[None, :], **SETTING)

    def test_two_columns_are_refused(self):
        with pytest.raises(ValueError, match=r"expected the same frame times.*t\[:, None\] and t\[None, :\]"):
            jb.compute_g2_scaled(LAMINAR, np.asarray(T)[:, None], np.asarray(T)[:, None], **SETTING)


class TestOneContrastAnAzimuth:
    def arguments(self, shape, as_array=np.asarray):
        return {**SETTING, "contrast": as_array(CONTRAST).reshape(shape), "offset": as_array(OFFSET).reshape(shape)}

    @every_shape
    def test_g2(self, shape):
        for as_array in (np.asarray, jnp.asarray):
            found = jb.compute_g2_scaled(LAMINAR, T, T, **self.arguments(shape, as_array))
            np.testing.assert_allclose(found, np.concatenate(one_by_one(jb.compute_g2_scaled)), rtol=RTOL)

    def test_chi_squared_is_the_sum_of_the_azimuths(self):
        phi = np.ravel(OF_G1["phi"])
        expected = sum(
            float(
                jb.compute_chi_squared(
                    LAMINAR, DATA[k], 0.1, T, T,
                    **{**SETTING, "phi": phi[k : k + 1], "contrast": float(CONTRAST[k]), "offset": float(OFFSET[k])},
                )
            )
            for k in range(N_PHI)
        )  # fmt: skip
        found = jb.compute_chi_squared(LAMINAR, DATA, 0.1, T, T, **self.arguments((N_PHI, 1, 1)))
        np.testing.assert_allclose(found, expected, rtol=1e-9 if RTOL < 1e-6 else 1e-3)

    @pytest.mark.slow
    def test_gradients_are_sums_too(self):
        found = jb.gradient_g2(LAMINAR, T, T, **self.arguments((N_PHI,)))
        expected = np.sum(one_by_one(jb.gradient_g2), axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e3 * RTOL, atol=1e-3 * np.max(np.abs(expected)) * RTOL)

    def test_batches(self):
        both = np.stack([LAMINAR, 1.1 * np.asarray(LAMINAR)])
        found = jb.vectorized_g2_computation(both, T, T, **self.arguments((N_PHI, 1, 1)))
        np.testing.assert_allclose(found[1], jb.compute_g2_scaled(both[1], T, T, **self.arguments((N_PHI,))), rtol=RTOL)
        chi2 = jb.batch_chi_squared(both, DATA, SIGMA, T, T, **self.arguments((N_PHI, 1, 1)))
        np.testing.assert_allclose(
            chi2[1], jb.compute_chi_squared(both[1], DATA, SIGMA, T, T, **self.arguments((N_PHI,))), rtol=1e-4
        )

    def test_factors(self):
        q, L = SETTING["q"], SETTING["L"]
        others = {k: v for k, v in self.arguments((N_PHI,)).items() if k not in ("q", "L")}
        found = jb.compute_g2_scaled_with_factors(
            LAMINAR, T, T, wavevector_q_squared_half_dt=q**2 * DT / 2, sinc_prefactor=q * L * DT / (2 * np.pi), **others
        )
        np.testing.assert_allclose(
            found, jb.compute_g2_scaled(LAMINAR, T, T, **self.arguments((N_PHI,))), rtol=max(RTOL, 1e-9)
        )

    @pytest.mark.parametrize("shape", [(N_PHI + 1,), (1, N_PHI), (N_PHI, 1), (N_PHI, len(T), 1)])
    def test_other_shapes_are_refused(self, shape):
        for name in ("contrast", "offset"):
            with pytest.raises(ValueError, match=rf"{name} has shape .*one for each azimuth, \({N_PHI},\)"):
                jb.compute_g2_scaled(LAMINAR, T, T, **{**SETTING, name: np.ones(shape)})

    def test_what_is_not_finite_is_refused(self):
        bad = np.where(np.arange(N_PHI) == 1, np.nan, 0.3)
        with pytest.raises(ValueError, match="contrast holds values that are not finite"):
            jb.compute_g2_scaled(LAMINAR, T, T, **{**SETTING, "contrast": bad})


class TestTimeGrid:
    CALLS: ClassVar = {
        "compute_g1_diffusion": {"q": OF_G1["q"], "dt": DT},
        "compute_g1_shear": OF_G1,
        "compute_g1_total": OF_G1,
    }

    @pytest.mark.parametrize("name", CALLS)
    def test_frames_that_are_consecutive_in_it(self, name):
        function, others = getattr(jb, name), self.CALLS[name]
        plain, t = function(LAMINAR, T, T, **others), np.asarray(T)
        for grid in (t, np.concatenate([t, t[-1] + DT * np.arange(1, 5)])):
            np.testing.assert_array_equal(function(LAMINAR, T, T, **others, time_grid=grid), plain)

    @pytest.mark.parametrize("name", CALLS)
    def test_others_are_refused(self, name):
        t = np.asarray(T)
        for grid in (t[::2], 1.5 * t, t[:-1], np.zeros(0)):
            with pytest.raises(ValueError, match=r"not consecutive among them.*leave out time_grid"):
                getattr(jb, name)(LAMINAR, T, T, **self.CALLS[name], time_grid=grid)
