"""Reading the data that the options of a command ask for."""

from pathlib import Path
from typing import Any

from ..data import TwoTimeData, load
from .options import sigma_of

_IN_OPTIONS = {
    "frame_time=<seconds>": "--frame-time SECONDS",
    "first_frame=<detector frame from 0>": "--first-frame N",
    "first_frame=...": "--first-frame N",
    "select(sectors=...)": "--sector N",
}


def load_selected(
    path: Path,
    *,
    q: tuple[float, float] | None = None,
    phi: tuple[float, float] | None = None,
    sectors: list[int] | None = None,
    frames: tuple[int, int] | None = None,
    gap: float | None = None,
    sigma: str | None = None,
    frame_time: float | None = None,
    first_frame: int | None = None,
) -> TwoTimeData:
    """`hx.load`, with the remedies of its messages as options of the command line."""
    given = {"frame_time": frame_time, "first_frame": first_frame}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    noise = sigma_of(sigma)
    try:
        return load(path, q=q, phi=phi, sectors=sectors or None, frames=frames, gap=gap, sigma=noise, **options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        names = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        raise ValueError(
            f"{path}: its layout does not take all of {names}. Leave out what the file states itself."
        ) from error
    except ValueError as error:
        message = str(error)
        if noise is None and "sigma" in message and "missing" in message:
            message = (
                f"{path} holds no sigma, the standard deviation of a pixel of c2, and there is no default. Pass "
                "--sigma VALUE, or --sigma estimate to take it from the scatter of the far-lag plateau of each map."
            )
        for call, option in _IN_OPTIONS.items():
            message = message.replace(call, option)
        raise ValueError(message) from error
