"""The command line as a person calls it, and files small enough to fit in a second."""

import numpy as np
import pytest
from typer.testing import CliRunner

from homodyne_eqx.data import TwoTimeData, save_aps_u
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    """Nothing is left in the cache of whoever runs the tests, and messages are as wide as they like."""
    monkeypatch.setenv("HOMODYNE_EQX_CACHE", "off")
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def run():
    """`run("fit", path, "--quiet")`: the finished call, with exit_code, stdout and stderr."""

    def call(*arguments):
        from homodyne_eqx.app.command_line import app

        finished = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert finished.exception is None or isinstance(finished.exception, SystemExit), finished.exception
        return finished

    return call


@pytest.fixture
def steady_data():
    """The same as two-time data."""
    from homodyne_eqx.physics.geometry import Geometry

    geometry = Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
    return TwoTimeData(steady_maps().astype(np.float32), geometry, sigma=SIGMA)


@pytest.fixture
def steady_file(steady_data, tmp_path):
    """The same as a file in the APS-U layout, sigma and gap in it."""
    path = tmp_path / "steady.hdf"
    save_aps_u(path, steady_data)
    return path


@pytest.fixture
def altered(steady_file):
    """The same file with datasets replaced or (None) removed: `altered({"path/in/file": value})`."""
    import h5py

    def alter(changes):
        with h5py.File(steady_file, "r+") as file:
            for name, value in changes.items():
                if name in file:
                    del file[name]
                if value is not None:
                    file[name] = value
        return steady_file

    return alter
