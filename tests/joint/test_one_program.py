"""Data sets of one shape share the compiled programs of a joint fit."""

import logging

import numpy as np
import pytest
from sets import data_set, model

import homodyne_eqx as hx


@pytest.fixture
def lowered():
    """The messages on programs that JAX has made ready to be compiled, whether the cache on disk has them or not."""
    messages = []

    class Keep(logging.Handler):
        def emit(self, record):
            if "Finished jaxpr to MLIR" in record.getMessage():
                messages.append(record.getMessage())

    logger, keep = logging.getLogger("jax._src.dispatch"), Keep(logging.DEBUG)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(keep)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield messages
    logger.removeHandler(keep)
    logger.setLevel(level)
    logger.propagate = propagate


def test_one_program_serves_all_data_sets_of_a_shape(lowered):
    sets = [data_set(np.array([0.01, 0.02 + 0.001 * k]), 0.1 * np.arange(11), 0.3, seed=k) for k in range(4)]
    result = hx.fit(model(), sets, estimate=False)
    assert result.converged
    for name in ("normal_equations", "chi_squared"):
        assert len([message for message in lowered if name in message.split(" in ")[0]]) == 1, name
    # One step of a data set by itself, and one of all together.
    assert len([message for message in lowered if "take_step" in message]) == 2
