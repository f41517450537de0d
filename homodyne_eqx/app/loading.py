"""Reading the data that the options of a command ask for."""

from pathlib import Path
from typing import Any

from ..data import TwoTimeData, load
from .options import sigma_of


def load_selected(
    path: Path,
    *,
    q: tuple[float, float] | None = None,
    phi: tuple[float, float] | None = None,
    sectors: list[int] | None = None,
    frames: tuple[int, int] | None = None,
    gap: float | None = None,
    sigma: str | None = None,
    **options: Any,
) -> TwoTimeData:
    """`hx.load` with the values of the flags: `sectors` empty for all, `sigma` as text, `options` of the layout.

    **Raises:** as `hx.load`; `ValueError` for a sigma that is neither a number nor `estimate`.
    """
    noise = sigma_of(sigma)
    return load(path, q=q, phi=phi, sectors=sectors or None, frames=frames, gap=gap, sigma=noise, **options)
