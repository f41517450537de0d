"""An environment with the published packages, made once: they need Python 3.12."""

import os
import shutil
import subprocess
from pathlib import Path

PEERS = ("homodyne==2.23.3", "xpcsjax==0.1.8", "jax==0.10.2", "jaxlib==0.10.2")


def peer_python(folder: str | Path = "build/peers") -> Path:
    """The interpreter of a virtual environment that holds both published packages.

    **Raises:** `SystemExit` where there is no Python 3.12 to make it from.
    """
    python = Path(folder) / "bin" / "python"
    stamp = Path(folder) / "installed"
    if not stamp.exists():
        subprocess.run([_python312(), "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=True)
        stamp.write_text("\n".join(PEERS) + "\n")
    return python.absolute()


def _python312() -> str:
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which("python3.12"), *map(str, sorted(installed.glob("3.12*/bin/python")))]
    for python in filter(None, found):
        if subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 12))"]).returncode == 0:
            return python
    raise SystemExit("The published packages need Python 3.12, and there is none on PATH or among pyenv's versions.")
