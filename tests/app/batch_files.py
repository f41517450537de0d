"""Files and results for the tests of batches."""

import shutil
from pathlib import Path

import numpy as np

from homodyne_eqx.data import TwoTimeData, save_aps_u
from homodyne_eqx.fit import FitResult
from homodyne_eqx.physics.geometry import Geometry

D, CONTRAST, SIGMA = 3.0e4, 0.3, 0.005
DT, N = 0.1, 30
Q = np.array([0.004, 0.006, 0.008])
MAIN = ("--model", "static", "--rates", "constant", "--no-figures")


def write_file(path: Path, seed: int) -> Path:
    """A two-time file of a sample that diffuses, three sectors of 30 frames, other noise for every seed."""
    t = DT * np.arange(N)
    maps = 1 + CONTRAST * np.exp(-(Q[:, None, None] ** 2) * D * np.abs(np.subtract.outer(t, t)))
    noise = np.triu(SIGMA * np.random.default_rng(seed).standard_normal(maps.shape), 1)
    data = TwoTimeData((maps + noise + noise.swapaxes(1, 2)).astype(np.float32), Geometry(q=Q, t=t, dt=DT), sigma=SIGMA)
    save_aps_u(path, data)
    return path


def broken_copy(path: Path, of: Path) -> Path:
    """The first half of a file."""
    content = of.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def table(output: Path) -> list[dict[str, str]]:
    """The rows of summary.csv."""
    import csv

    with (output / "summary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def copy_of(output: Path, target: Path) -> Path:
    """The folder of a batch, elsewhere."""
    shutil.copytree(output, target)
    return target


class Stored:
    """A function that fits nothing: it counts its calls in a folder, and returns the result that was saved to one.

    `deadly`: names of files at which the process is killed, the number of times that is given.
    """

    def __init__(self, result: Path, calls: Path, deadly: dict[str, int] | None = None):
        self.result, self.calls, self.deadly = result, calls, deadly or {}
        calls.mkdir(exist_ok=True)

    def __call__(self, file: Path) -> FitResult:
        import os
        import signal

        number = self.count(file.name)
        (self.calls / f"{file.name}.{number}").touch()
        if number < self.deadly.get(file.name, 0):
            os.kill(os.getpid(), signal.SIGKILL)
        return FitResult.load(self.result)

    def count(self, name: str = "") -> int:
        """The number of calls for a file, or for all together."""
        return sum(path.name.startswith(name) for path in self.calls.iterdir())
