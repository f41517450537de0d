"""Reading the data that the options of a command ask for."""

from pathlib import Path
from typing import Any

from ..data import OneTimeData, PairData, TwoTimeData, load
from ..data.units import in_base_unit
from .options import sigma_of


def load_selected(
    path: Path,
    *,
    q: tuple[str, str] | None = None,
    phi: tuple[str, str] | None = None,
    sectors: list[int] | None = None,
    frames: tuple[int, int] | None = None,
    gap: str | None = None,
    sigma: str | None = None,
    **options: Any,
) -> TwoTimeData | OneTimeData | PairData:
    """`hx.load` with the values of the flags: numbers that may have a unit as text, `sectors` empty for all, `sigma` as
    text, `options` of the layout.

    **Raises:** as `hx.load`; `ValueError` for a sigma that is neither a number nor `estimate`.
    """
    noise = sigma_of(sigma)
    q_range, phi_range = in_base_unit("q", q, "q"), in_base_unit("phi", phi, "angle")
    return load(path, q=q_range, phi=phi_range, sectors=sectors or None, frames=frames, gap=gap, sigma=noise, **options)
