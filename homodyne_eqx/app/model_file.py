"""Models of one's own in a file of Python: FILE.py:FUNCTION."""

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.close_names import did_you_mean
from ..physics.model import TwoTimeModel
from .extensions import InstalledModel

_EXPECTED = "expected FILE.py:FUNCTION, a function from data to the TwoTimeModel to start from"


def is_in_file(model: str) -> bool:
    """Whether the name of a model is that of a function in a file."""
    return ".py:" in model or model.endswith(".py")


def check_file(model: str) -> tuple[Path, str]:
    """The file and the name of the function. Nothing is run.

    **Raises:** `ValueError` where there is no such file, or no function is named.
    """
    path, _, function = model.rpartition(":") if ".py:" in model else (model, "", "")
    if not function.isidentifier():
        raise ValueError(f"--model is {model}; {_EXPECTED}.")
    if not Path(path).is_file():
        raise ValueError(f"--model {model}: there is no file {path}; {_EXPECTED}.")
    return Path(path), function


def started(model: str, data: TwoTimeData | OneTimeData | PairData) -> InstalledModel:
    """Run the file and call the function with the data: the model to fit, at its start.

    **Raises:** `ValueError` with the line where the file or the function fails; `TypeError` for what is no function,
    and where it returns no `TwoTimeModel`.
    """
    path, name = check_file(model)
    function = _function(path, name)
    try:
        made = function(data)
    except Exception as error:
        raise ValueError(f"--model {model} failed with {_told(error, path)}") from error
    if not isinstance(made, TwoTimeModel):
        raise TypeError(
            f"--model {model} returned a {type(made).__name__}; expected a TwoTimeModel, the start of a fit."
        )
    return InstalledModel(model, str(path), made)


def _function(path: Path, name: str) -> Any:
    module = _module(path)
    if not hasattr(module, name):
        functions = [each for each, value in vars(module).items() if inspect.isfunction(value)]
        meant = did_you_mean(name, functions)
        raise ValueError(f"{path} has no {name}.{meant} Its functions: {', '.join(functions) or 'none'}.")
    function = getattr(module, name)
    if not callable(function):
        raise TypeError(f"{name} of {path} is a {type(function).__name__}; {_EXPECTED}.")
    return function


def _module(path: Path) -> ModuleType:
    """The file as a module, which stays loaded under a name of its own."""
    name = f"homodyne_eqx_model_of_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path} cannot be run: {_told(error, path)}") from error
    return module


def _told(error: Exception, path: Path) -> str:
    """The error, and the last line of the file that it came through."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError in line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    where = f" in line {lines[-1]}" if lines else ""
    return f"{type(error).__name__}{where}: {error}"
