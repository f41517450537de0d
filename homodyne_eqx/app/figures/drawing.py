"""The figures of a result: which there are, and all of them into a folder."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ...data import TwoTimeData
from ...fit import FitResult
from .lag_curves import has_pairs, rates_change
from .lag_pages import lag_page, pages
from .panels import Panels, chosen_sectors, panels_of
from .style import Look, checked_look, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawing = tuple[str, Callable[[], "Figure"]]
"""The name of a figure, and the function that draws it."""

FORMATS = ("png", "pdf", "svg")
_CUTS = 8
_QUICK = {"compress_level": 3}
"""The compression of PNG files: a third of the usual time for a few per cent more bytes."""


def require_matplotlib() -> ModuleType:
    """The module matplotlib. **Raises:** `ImportError` with the remedy where it is not installed."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib. Install it with: pip install 'homodyne-eqx[figures]', or leave them out with "
            "--no-figures."
        ) from error
    return mpl


def draw_figures(
    result: FitResult,
    folder: Path,
    sectors: Sequence[int] | None = None,
    form: str = "png",
    dpi: int = 200,
    look: Look = Look(),
    panels: Panels | None = None,
) -> list[Path]:
    """Write the figures of a result.

    - `maps`: data, model and residual of all sectors; of four or fewer a row each, with cuts at constant age;
    - `cuts`: those of eight sectors, evenly spread, where there are more than four;
    - `g2`: g2(τ), averaged over the ages, against q or the azimuth;
    - `frames`: (residual/σ)² of each frame;
    - `rates`: the rates over time with their uncertainties; `correlations` of the parameters; `history`: χ² and the
      parameters over the steps of the fit;
    - of pairs and one-time data `g2_1`, `g2_2`, …: g2 over the lag of twelve sectors each, with fit and residuals, in
      the place of maps; `rates` are then the relaxation rates of the sectors over q², where the model has them.

    Those that the result has nothing for are left out. Of chosen sectors there is `sector_3`, … alone.

    **Arguments:** `folder`: made where it does not exist; `sectors`: numbers of sectors; `form`: "png", "pdf" or "svg";
    `dpi`: of what is drawn as pixels; `panels`: of all sectors, where they are known already.

    **Returns:** the files. **Raises:** `ValueError` for a format or sectors that there are not, or sectors without
    maps.
    """
    require_matplotlib()
    if form not in FORMATS:
        raise ValueError(f"The format of the figures is {form!r}; expected one of {', '.join(FORMATS)}.")
    checked_look(look)
    if sectors is not None:
        figures = [*_of_sectors(result, sectors, look)]
    else:
        if panels is None and isinstance(result.data, TwoTimeData):
            panels = panels_of(result)
        figures = _all_figures(result, panels, look)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in figures:
        path = folder / f"{name}.{form}"
        with figure_style(look):
            draw().savefig(path, dpi=dpi, **({"pil_kwargs": _QUICK} if form == "png" else {}))
        written.append(path)
    return written


def _of_sectors(result: FitResult, sectors: Sequence[int], look: Look) -> Iterator[Drawing]:
    if has_pairs(result):
        for k in chosen_sectors(result, sectors):
            yield f"sector_{k}", partial(lag_page, result, [k], look)
        return
    from .sector_pages import sector_page

    panels = panels_of(result, sectors)
    for place, one in enumerate(panels.of_sectors):
        yield f"sector_{one.sector.index}", partial(sector_page, panels.only(place), look)


def _of_pairs(result: FitResult, look: Look) -> Iterator[Drawing]:
    from .rate_figure import law_of_result, rate_figure
    from .rates import rates

    for page, sectors in enumerate(pages(result), start=1):
        yield f"g2_{page}", partial(lag_page, result, sectors, look)
    law = law_of_result(result)
    if law is not None:
        yield "rates", partial(rate_figure, law, look)
    elif rates_change(result):
        yield "rates", partial(rates, result, look)


def _all_figures(result: FitResult, panels: Panels | None, look: Look) -> Iterator[Drawing]:
    """The figures for which the result has data."""
    from .correlations import correlated, correlations
    from .cuts import cuts
    from .g2_curves import g2_curves
    from .history import history
    from .overview import overview
    from .rates import rates
    from .residual_frames import residual_frames
    from .sector_pages import SECTORS_A_PAGE, sector_page

    if panels is not None:
        if len(panels.of_sectors) <= SECTORS_A_PAGE:
            yield "maps", partial(sector_page, panels, look)
        else:
            yield "maps", partial(overview, panels, look)
            yield "cuts", partial(cuts, panels.some(_CUTS), look)
        yield "g2", partial(g2_curves, panels, look)
        yield "frames", partial(residual_frames, result, look)
    if has_pairs(result):
        yield from _of_pairs(result, look)
    elif result.curves():
        yield "rates", partial(rates, result, look)
    if len(correlated(result, None)) > 1:
        yield "correlations", partial(correlations, result, look)
    if len(result.history) > 1:
        yield "history", partial(history, result, look)
