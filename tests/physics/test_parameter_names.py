"""Names of parameters: of the term they belong to, the same when another term is added."""

from typing import final

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import homodyne_eqx as hx
from homodyne_eqx.physics.parameter_names import named_leaves, names_by_path

POWER_LAW = hx.PowerLaw(3.0, -0.5, 1.0)


def first_rate(g1):
    return g1.terms[0].rate


def names(g1, scaling=hx.ContrastOffset(0.3, 1.0), *detection):
    return [leaf.name for leaf in named_leaves(hx.TwoTimeModel(g1, scaling, *detection))]


@pytest.mark.parametrize(
    ("g1", "expected"),
    [
        (hx.Diffusion(2.0), ["diffusion.rate"]),
        (hx.Diffusion(2.0) * hx.Shear(1.0, 0.0), ["diffusion.rate", "shear.rate", "phi0"]),
        (hx.Diffusion(POWER_LAW) * hx.Drift(1.0, 0.0), ["D0", "alpha", "D_offset", "drift.velocity", "drift.phi0"]),
        (hx.Diffusion(hx.Relaxing(3.0, 1.0, 0.4)), [f"diffusion.rate.{x}" for x in ("initial", "plateau", "time")]),
        (hx.Relaxation(1.0, hx.Stretched(0.7)), ["relaxation.rate", "relaxation.kernel.exponent"]),
        (hx.Diffusion(2.0) * hx.Diffusion(3.0), ["diffusion_1.rate", "diffusion_2.rate"]),
        (hx.Diffusion(POWER_LAW) * hx.Diffusion(3.0), ["D0", "alpha", "D_offset", "diffusion.rate"]),
        (
            hx.Relaxation(1.0) * hx.Relaxation(2.0, hx.Stretched(0.7)),
            ["relaxation_1.rate", "relaxation_2.rate", "relaxation_2.kernel.exponent"],
        ),
        (
            hx.Populations((hx.Diffusion(1.0), hx.Frozen(hx.Ballistic(2.0))), [0.3]),
            ["diffusion.rate", "ballistic.velocity", "populations.fractions"],
        ),
        (
            hx.TwoComponents(hx.Diffusion(1.0), hx.Static(), 0.3, 2.0, 5.0),
            ["diffusion.rate", "two_components.fraction", "two_components.velocity", "two_components.phi0"],
        ),
        (
            hx.Shared(hx.Shear(1.0, 0.0) * hx.NonAffine(1.0, 3.0), lambda g: g.terms[1].rate, first_rate),
            ["shear.rate", "shear.phi0", "non_affine.length"],
        ),
        (
            hx.VelocityProfile(1.0, 2.0, hx.WallSlip(0.1, 0.2)),
            [f"velocity_profile.{x}" for x in ("rate", "phi0", "profile.slip_rest", "profile.slip_moving")],
        ),
        (hx.Diffusion(hx.Constant(1.0) + hx.Constant(2.0)), ["diffusion.rate.rates[0]", "diffusion.rate.rates[1]"]),
    ],
)
def test_a_parameter_is_named_by_its_term(g1, expected):
    assert names(g1) == [*expected, "contrast", "offset"]


def test_names_stay_when_a_term_is_added():
    before = names(hx.Diffusion(2.0) * hx.Shear(POWER_LAW, 0.0, hx.GapAverage()))
    after = names(
        hx.Transit(1.0, 2.0) * hx.Diffusion(2.0) * hx.Shear(POWER_LAW, 0.0, hx.GapAverage()) * hx.Drift(1.0, 3.0)
    )
    assert set(before) < set(after)
    in_populations = names(hx.Populations((hx.Static(), hx.Diffusion(2.0)), [0.3]))
    assert "diffusion.rate" in in_populations


def test_names_of_scaling_and_detection():
    scaling = hx.SmoothScaling(0.3, 1.0, np.zeros((1, 2)))
    detection = hx.DriftingContrast(np.zeros(2), hx.PartialHeterodyne(0.2))
    assert names(hx.Diffusion(2.0), scaling, detection) == [
        "diffusion.rate",
        *("contrast", "offset", "contrast_harmonics", "offset_harmonics"),
        *("drifting_contrast.coefficients", "partial_heterodyne.reference"),
    ]
    belongs = [leaf.of_scaling for leaf in named_leaves(hx.TwoTimeModel(hx.Diffusion(2.0), scaling, detection))]
    assert belongs == [False, True, True, True, True, False, False]


@final
class Tilted(hx.AbstractScaling):
    """A user's scaling, one of whose fields has the name of a documented parameter."""

    contrast: Float[Array, ""] = hx.parameter("", linear=True)
    alpha: Float[Array, ""] = hx.parameter("", linear=True)

    def __call__(self, geometry):
        ones = jnp.ones_like(geometry.q)
        return self.contrast * ones, self.alpha * ones


def test_a_name_that_two_would_have_belongs_to_neither():
    assert names(hx.Diffusion(POWER_LAW), Tilted(0.3, 1.0)) == [
        *("D0", "diffusion.rate.exponent", "D_offset"),
        *("contrast", "scaling.alpha"),
    ]


def test_paths_stand_for_names():
    g1 = hx.Populations((hx.Diffusion(1.0), hx.Diffusion(2.0)), [0.3])
    leaves = named_leaves(hx.TwoTimeModel(g1, hx.ContrastOffset(np.full(2, 0.3), 1.0)))
    assert names_by_path(leaves) == {
        "g1.terms[0].rate.value": "diffusion_1.rate",
        "g1.terms[1].rate.value": "diffusion_2.rate",
        "g1.fractions": "populations.fractions",
        "g1.fractions[0]": "populations.fractions[0]",
        "scaling.contrast": "contrast",
        "scaling.contrast[0]": "contrast[0]",
        "scaling.contrast[1]": "contrast[1]",
        "scaling.offset": "offset",
    }
