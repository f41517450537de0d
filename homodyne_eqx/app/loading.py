"""Reading the data that the options of a command ask for."""

from pathlib import Path
from typing import Any

from ..data import TwoTimeData, load
from .options import sigma_of


def load_selected(
    path: Path,
    q: tuple[float, float] | None,
    phi: tuple[float, float] | None,
    sectors: list[int] | None,
    frames: tuple[int, int] | None,
    gap: float | None,
    sigma: str | None,
) -> TwoTimeData:
    """`hx.load`, with the remedies of its messages in the words of the command line."""
    selected: dict[str, Any] = {"q": q, "phi": phi, "sectors": sectors or None, "frames": frames}
    try:
        return load(path, **selected, gap=gap, sigma=sigma_of(sigma))
    except ValueError as error:
        if sigma is None and "sigma" in str(error) and "missing" in str(error):
            raise ValueError(
                f"{path} holds no sigma, the standard deviation of a pixel of c2, and there is no default. Pass "
                "--sigma VALUE, or --sigma estimate to take it from the scatter of the far-lag plateau of each map."
            ) from error
        raise
