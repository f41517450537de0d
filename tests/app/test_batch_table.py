"""A row of the table of a batch, from the folder of one file."""

import json

import pytest

from homodyne_eqx.app.batches.record import Record
from homodyne_eqx.app.batches.table import columns_of, row_of


def document(adequate, converged):
    parameter = {"value": 3.0, "uncertainty": 0.1, "unit": "Å²/s", "free": True, "of_scaling": False}
    return {
        "verdict": {"adequate": adequate, "text": "what the verdict says"},
        "converged": converged,
        "message": "how it ended",
        "chi2": 120.0,
        "reduced_chi2": 1.2,
        "parameters": {"D0": parameter, "alpha": {**parameter, "uncertainty": None, "free": False, "unit": ""}},
        "derived": {"mean J": {**parameter, "value": 6.0, "uncertainty": 0.3}},
    }


@pytest.mark.parametrize(
    ("adequate", "converged", "status", "message"),
    [
        (True, True, "adequate", "what the verdict says"),
        (False, True, "inadequate", "what the verdict says"),
        (False, False, "not converged", "how it ended"),
        (True, False, "not converged", "how it ended"),
    ],
)
def test_the_status_is_that_of_verdict_and_ending(tmp_path, adequate, converged, status, message):
    Record("/data/a.hdf", "00", "11").write(tmp_path)
    (tmp_path / "result.json").write_text(json.dumps(document(adequate, converged)), encoding="utf-8")
    row = row_of(tmp_path)
    assert (str(row.status), row.message, row.adequate) == (status, message, adequate)
    columns = columns_of([row])
    numbers = {name: columns[name] for name in ("chi2", "reduced_chi2", "D0", "D0_uncertainty", "alpha_uncertainty")}
    assert numbers == {
        "chi2": [120.0], "reduced_chi2": [1.2], "D0": [3.0], "D0_uncertainty": [0.1], "alpha_uncertainty": [None],
    }  # fmt: skip
    assert (columns["mean J"], columns["mean J_uncertainty"]) == ([6.0], [0.3])


def test_a_failure_has_a_row_and_what_no_batch_wrote_has_none(tmp_path):
    assert row_of(tmp_path) is None
    Record("/data/a.hdf", None, "11", failure="no\nsuch file").write(tmp_path)
    row = row_of(tmp_path)
    assert (str(row.status), row.message, row.adequate) == ("failed", "no such file", None)
