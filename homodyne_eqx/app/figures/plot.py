"""`result.plot`: the figures of a result in Python."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ...fit import FitResult
from .drawing import draw_figures, require_matplotlib
from .lag_curves import has_pairs
from .lag_pages import lag_page, pages
from .panels import chosen_sectors, panels_of
from .style import WIDTH, Look, checked_look, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@final
class Plot:
    """Figures of a result, each a `matplotlib.figure.Figure`: change it as you like, then `figure.savefig(path)`.

    Every method takes `colours`, the name of a colour map of Matplotlib for the maps of g2; `width`, inches; and
    `style`, the name or file of a style sheet of Matplotlib. `save` writes all figures to a folder.
    """

    def __init__(self, result: FitResult):
        self._result = result

    def __repr__(self) -> str:
        names = [name for name in vars(Plot) if not name.startswith("_")]
        return f"Figures of the result: {', '.join(f'.{name}()' for name in names)}"

    def maps(
        self, sectors: Sequence[int] | None = None, *, colours: str = "viridis", width: float = WIDTH,
        style: str | None = None,
    ) -> "Figure":  # fmt: skip
        """Data, model and residual, as maps. Of four sectors or fewer a row each, with cuts; of more, an overview.

        **Raises:** `ValueError` for sectors that there are not, and where packed data were fitted.
        """
        from .overview import overview
        from .sector_pages import SECTORS_A_PAGE, sector_page

        def draw(look: Look) -> "Figure":
            panels = panels_of(self._result, sectors)
            return (sector_page if len(panels.of_sectors) <= SECTORS_A_PAGE else overview)(panels, look)

        return _drawn(draw, colours, width, style)

    def cuts(self, sectors: Sequence[int] | None = None, *, width: float = WIDTH, style: str | None = None) -> "Figure":
        """g2 over the lag at four ages, a panel for each sector: points are data, lines the model.

        **Raises:** as `maps`.
        """
        from .cuts import cuts

        return _drawn(lambda look: cuts(panels_of(self._result, sectors), look), width=width, style=style)

    def g2(self, sectors: Sequence[int] | None = None, *, width: float = WIDTH, style: str | None = None) -> "Figure":
        """g2(τ), averaged over all ages, against q, or against the azimuth where there is one q. Of pairs and one-time
        data a panel with residuals for each sector, the first twelve unless given.

        **Raises:** as `maps`.
        """
        from .g2_curves import g2_curves

        if has_pairs(self._result):
            chosen = pages(self._result)[0] if sectors is None else chosen_sectors(self._result, sectors)
            return _drawn(lambda look: lag_page(self._result, chosen, look), width=width, style=style)
        return _drawn(lambda look: g2_curves(panels_of(self._result, sectors), look), width=width, style=style)

    def frames(self, *, colours: str = "viridis", width: float = WIDTH, style: str | None = None) -> "Figure":
        """(residual/σ)² of each frame, of all sectors together and one by one. **Raises:** as `maps`."""
        from .residual_frames import residual_frames

        return _drawn(lambda look: residual_frames(self._result, look), colours, width, style)

    def rates(self, *, width: float = WIDTH, style: str | None = None) -> "Figure":
        """Each rate over time with its uncertainty; of pairs and one-time data with a rate for each sector the rates
        over q². **Raises:** `ValueError` for a model without rates."""
        from .rate_figure import law_of_result, rate_figure
        from .rates import rates

        law = law_of_result(self._result) if has_pairs(self._result) else None
        if law is not None:
            return _drawn(lambda look: rate_figure(law, look), width=width, style=style)
        return _drawn(lambda look: rates(self._result, look), width=width, style=style)

    def correlations(self, scaling: bool | None = None, *, width: float = WIDTH, style: str | None = None) -> "Figure":
        """Correlation coefficients of the free parameters. `scaling`: contrast and offset too; unless given, where that
        makes fourteen parameters at most. **Raises:** `ValueError` where nothing is free."""
        from .correlations import correlations

        return _drawn(lambda look: correlations(self._result, look, scaling), width=width, style=style)

    def history(self, *, width: float = WIDTH, style: str | None = None) -> "Figure":
        """χ² and the parameters over the steps of the fit. **Raises:** `ValueError` for a fit without steps."""
        from .history import history

        return _drawn(lambda look: history(self._result, look), width=width, style=style)

    def save(
        self, folder: str | Path, sectors: Sequence[int] | None = None, *, form: str = "png", dpi: int = 200,
        colours: str = "viridis", width: float = WIDTH, style: str | None = None,
    ) -> list[Path]:  # fmt: skip
        """All figures, or those of some sectors alone, into a folder, over any of the same name.

        **Arguments:** `form`: "png", "pdf" or "svg"; `dpi`: dots per inch. **Returns:** the files.
        """
        return draw_figures(self._result, Path(folder), sectors, form, dpi, Look(colours, width, style))


def _drawn(
    draw: Callable[[Look], Any], colours: str = "viridis", width: float = WIDTH, style: str | None = None
) -> "Figure":
    require_matplotlib()
    look = checked_look(Look(colours, width, style))
    with figure_style(look):
        return draw(look)
