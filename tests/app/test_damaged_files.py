"""Damaged files end `inspect` with exit code 0 or 2, a sentence and no traceback."""

import shutil

import numpy as np
import pytest

from tests.data.damage import sound_files, with_another_object, with_damaged_bytes

pytestmark = pytest.mark.x64


@pytest.mark.parametrize("seed", range(12))
def test_inspect_says_what_is_wrong(run, steady_file, tmp_path, seed):
    rng = np.random.default_rng(seed)
    for name, path, options in sound_files(tmp_path, steady_file):
        broken = tmp_path / f"broken{path.suffix}"
        if seed % 2 and path.suffix in (".hdf", ".nxs", ".h5"):
            shutil.copy(path, broken)
            with_another_object(broken, rng)
        else:
            broken.write_bytes(with_damaged_bytes(path.read_bytes(), rng))
        flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
        done = run("inspect", broken, *flags)
        assert done.exit_code in (0, 2), (name, done.output)
        assert "Traceback" not in done.output
        assert "HOMODYNE_EQX_TRACEBACK" not in done.stderr, done.stderr
        assert (done.exit_code == 0) == (not done.stderr.strip()), done.output
