"""Fits that look at a part of the data first: what they look at, and that the result is that of all."""

import numpy as np
import pytest
from steady import HELD, START, model, simulated

import homodyne_eqx as hx

N_T, SIZE = 60, 3
SMALL = hx.TileSubset(pairs_at_least=0)


@pytest.fixture
def data():
    return simulated(N_T)


@pytest.fixture
def packed(data):
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
    sample = SMALL.part_of(packed)
    pairs, everything = pairs_of(sample), pairs_of(packed)
    assert sample.n_pairs == 4 * len(pairs) < 0.25 * packed.n_pairs
    assert all(everything[pair] == value for pair, value in pairs.items())
    same_tile = {(i, j) for i in range(N_T) for j in range(i) if i // SIZE == j // SIZE}
    assert same_tile <= set(pairs)
    lags = np.histogram([i - j for i, j in pairs if i // SIZE != j // SIZE], bins=3, range=(SIZE, N_T))[0]
    assert np.all(lags > 0)


def test_data_are_sampled_only_where_that_saves_something(data, packed):
    assert hx.TileSubset().part_of(packed) is None
    assert hx.TileSubset(pairs_at_least=packed.n_pairs).part_of(packed) is not None
    assert hx.TileSubset(pairs_at_least=packed.n_pairs + 1).part_of(packed) is None
    assert SMALL.part_of(hx.pack(data, size=N_T // 2)) is None
    assert hx.TileSubset(pairs_at_least=0, part_at_most=0.1).part_of(packed) is None


@pytest.mark.parametrize(
    "settings", [{"pairs_at_least": -1}, {"part_at_most": 0.0}, {"tolerance": -0.1}, {"first_step_size": 0.0}]
)
def test_settings_that_mean_nothing_are_refused(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=name):
        hx.TileSubset(**settings)


@pytest.mark.x64
@pytest.mark.parametrize("options", [{}, {"eliminate_scaling": True}, {"loss": hx.SoftL1()}])
@pytest.mark.slow
def test_the_result_is_that_of_all_data_whatever_was_looked_at_first(packed, options):
    seen = []
    sampled = hx.fit(model(**START), packed, fixed=HELD, callback=seen.append, stages=(hx.Scan(), SMALL), **options)
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
@pytest.mark.parametrize("stages", [(SMALL,), (hx.BlockAverage(2), SMALL)])
@pytest.mark.slow
def test_ctrl_c_in_a_first_stage_ends_the_fit(data, packed, stages):
    numbers = []

    def stop(step):
        numbers.append(step.number)
        if step.number == 3:
            raise KeyboardInterrupt

    given = packed if stages == (SMALL,) else data
    result = hx.fit(model(**START), given, fixed=HELD, stages=stages, callback=stop)
    assert (result.ended, result.converged) == ("interrupted", False)
    assert numbers == [0, 1, 2, 3, 0]
    at_start = hx.fit(model(**START), packed, fixed=HELD, max_steps=0, sample=False)
    assert result.chi2 < at_start.chi2
