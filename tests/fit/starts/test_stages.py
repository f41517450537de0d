"""Fits that look at less data first: what they look at, and that the result is that of all."""

import numpy as np
import pytest
from steady import HELD, START, model, simulated

import homodyne_eqx as hx
from homodyne_eqx.fit.starts import tile_subset as sampling

N_T, SIZE = 60, 3


@pytest.fixture
def data():
    return simulated(N_T)


@pytest.fixture
def packed(data, monkeypatch):
    """Small data, taken for large."""
    monkeypatch.setattr(sampling, "_PAIRS_AT_LEAST", 0)
    return hx.pack(data, size=SIZE)


def pairs_of(packed):
    """Frames and value of every pair that counts in the first sector."""
    found = {}
    for values, (first, new) in zip(np.asarray(packed.values)[0], np.asarray(packed.starts), strict=True):
        for i, j in np.argwhere(~np.isnan(values[0])):
            assert first[0] + i >= new[0]
            found[first[0] + i, first[1] + j] = values[0, i, j]
    return found


def test_a_sample_is_a_small_part_as_measured_with_all_neighbours_and_lags_of_every_length(data, packed):
    sample = sampling.tile_subset(packed)
    pairs, everything = pairs_of(sample), pairs_of(packed)
    assert sample.n_pairs == 4 * len(pairs) < 0.25 * packed.n_pairs
    assert all(everything[pair] == value for pair, value in pairs.items())
    same_tile = {(i, j) for i in range(N_T) for j in range(i) if i // SIZE == j // SIZE}
    assert same_tile <= set(pairs)
    lags = np.histogram([i - j for i, j in pairs if i // SIZE != j // SIZE], bins=3, range=(SIZE, N_T))[0]
    assert np.all(lags > 0)


def test_data_are_sampled_only_where_that_saves_something(data, monkeypatch):
    assert sampling.tile_subset(hx.pack(data, size=SIZE)) is None
    monkeypatch.setattr(sampling, "_PAIRS_AT_LEAST", 0)
    assert sampling.tile_subset(hx.pack(data, size=N_T // 2)) is None


@pytest.mark.x64
@pytest.mark.parametrize("options", [{}, {"eliminate_scaling": True}, {"loss": hx.SoftL1()}])
def test_the_result_is_that_of_all_data_whatever_was_looked_at_first(packed, options):
    seen = []
    sampled = hx.fit(model(**START), packed, fixed=HELD, callback=seen.append, **options)
    plain = hx.fit(model(**START), packed, fixed=HELD, sample=False, **options)
    assert sampled.converged, sampled.message
    np.testing.assert_allclose(sampled.chi2, plain.chi2, rtol=1e-9)
    for name, p in plain.parameters.items():
        assert sampled.parameters[name].start == p.start
        if p.free:
            assert abs(sampled.parameters[name].value - p.value) < 0.01 * p.uncertainty, name
    assert any("were fitted first" in note for note in sampled.notes)
    assert not plain.notes
    assert "first_stages" not in plain.seconds
    assert 0 < sampled.seconds["first_stages"] < sampled.seconds["total"]
    again = [k for k, step in enumerate(seen) if step.number == 0]
    assert len(again) == 2
    assert tuple(seen[again[1] :]) == sampled.history
    part, whole = seen[0], seen[-1]
    assert part.degrees_of_freedom < 0.25 * whole.degrees_of_freedom
    assert whole.degrees_of_freedom == sampled.degrees_of_freedom
    reduced = [last.chi2 / last.degrees_of_freedom for last in (seen[again[1] - 1], whole)]
    assert reduced[0] == pytest.approx(reduced[1], rel=0.2)
    assert len(sampled.history) < len(plain.history)


@pytest.mark.x64
@pytest.mark.parametrize("coarse", [1, 2])
def test_ctrl_c_in_a_first_stage_ends_the_fit(data, packed, coarse):
    numbers = []

    def stop(step):
        numbers.append(step.number)
        if step.number == 3:
            raise KeyboardInterrupt

    given = data if coarse > 1 else packed
    result = hx.fit(model(**START), given, fixed=HELD, coarse=coarse, callback=stop)
    assert (result.ended, result.converged) == ("interrupted", False)
    assert numbers == [0, 1, 2, 3, 0]
    at_start = hx.fit(model(**START), packed, fixed=HELD, max_steps=0, sample=False)
    assert result.chi2 < at_start.chi2
