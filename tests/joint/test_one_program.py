"""Data sets of one shape share the compiled programs of a joint fit."""

import numpy as np
from sets import data_set, model

import homodyne_eqx as hx
from tests.compilations import counted_compilations


def test_one_program_serves_all_data_sets_of_a_shape():
    sets = [data_set(np.array([0.01, 0.02 + 0.001 * k]), 0.1 * np.arange(11), 0.3, seed=k) for k in range(4)]
    with counted_compilations() as lowered:
        result = hx.fit(model(), sets, estimate=False)
    assert result.converged
    for name in ("normal_equations", "chi_squared"):
        assert len([message for message in lowered if name in message.split(" in ")[0]]) == 1, name
    # One step of a data set by itself, and one of all together.
    assert len([message for message in lowered if "take_step" in message]) == 2
