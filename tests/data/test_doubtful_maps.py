"""Maps whose rows are in reverse order, and masks of the wrong polarity."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.data import TwoTimeData, errors
from tests.data.layouts import decaying_maps


def data_of(c2, **options):
    return TwoTimeData(c2, hx.Geometry(q=np.full(3, 0.01), t=0.1 * np.arange(24)), **{"sigma": 0.01, **options})


@pytest.mark.parametrize("shape", [(24,), (24, 24), (3, 24, 24)])
def test_a_mask_of_the_wrong_polarity_is_noted(shape):
    counts = np.zeros(shape, bool)
    counts[..., :20] = True
    counts = counts & np.swapaxes(counts, -1, -2) if len(shape) > 1 else counts
    (note,) = data_of(
        decaying_maps(), mask=counts if len(shape) == 1 else counts | (np.random.default_rng(0).random(shape) < 0.6)
    ).notes
    assert "True means excluded" in note
    assert "pass ~mask" in note
    assert not data_of(decaying_maps(), mask=~counts).notes


@pytest.mark.parametrize("rate", [0.1, 2.0, 30.0])
def test_no_speckle_field_looks_reversed(rate):
    """Fields of 500 speckles that decay at a rate, hardly or in a frame: noise that pixels share, and no ridge."""
    t = 0.05 * np.arange(80)
    generator = np.random.default_rng(7)
    kept, field = np.exp(-rate * 0.05 / 2), np.empty((80, 500), complex)
    fresh = lambda: (generator.standard_normal(500) + 1j * generator.standard_normal(500)) / np.sqrt(2)  # noqa: E731
    for _ in range(4):
        field[0] = fresh()
        for k in range(1, 80):
            field[k] = kept * field[k - 1] + np.sqrt(1 - kept**2) * fresh()
        intensity = np.abs(field) ** 2
        c2 = (intensity @ intensity.T / 500)[None] / np.outer(intensity.mean(1), intensity.mean(1))
        assert not TwoTimeData(c2, hx.Geometry(q=0.01, t=t), sigma=0.05).notes
        try:
            said = "; ".join(TwoTimeData(c2[:, ::-1], hx.Geometry(q=0.01, t=t), sigma=0.05).notes)
        except errors.AsymmetricMap as error:
            said = str(error)
        assert said
        assert rate < 1 or "pass c2[:, ::-1]" in said


@pytest.mark.parametrize("rate", [1.0, 4.0, 30.0])
def test_steady_maps_with_rows_in_reverse_order_are_noted(rate):
    """They are symmetric all the same, since the decay is that at any age."""
    t = 0.05 * np.arange(80)
    noise = 0.003 * np.random.default_rng(1).standard_normal((80, 80))
    c2 = 1 + 0.2 * np.exp(-rate * np.abs(np.subtract.outer(t, t))) + np.triu(noise) + np.triu(noise, 1).T
    for turned, reversed_rows in ((c2[::-1], True), (c2[:, ::-1], True), (c2[::-1, ::-1], False)):
        notes = TwoTimeData(turned[None], hx.Geometry(q=0.01, t=t), sigma=0.003).notes
        assert len(notes) == reversed_rows, notes
        assert all("sectors 0 are high along the other diagonal" in note for note in notes)
