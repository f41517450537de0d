"""All figures of a result, into a folder."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from ...data.result_file import WITHOUT_MAPS, ResultFile
from .panels import common_scales, edges, sector_panels
from .style import figure_style

MOST_BLOCKS = 300
FORMATS = ("png", "pdf", "svg")


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
    file: ResultFile, folder: Path, sectors: Sequence[int] | None = None, form: str = "png", dpi: int = 200
) -> list[Path]:
    """Write every figure of a result.

    - `sectors_1`, `sectors_2`, …: data, model, residual and cuts at constant age, four sectors a page;
    - `overview`: all sectors, where there are more than fit a page;
    - `history`: χ² and the parameters over the steps of the fit;
    - of pairs and one-time data `g2_1`, `g2_2`, …: g2 over the lag with fit and residuals, in the place of maps, and
      `rates`: the relaxation rate of each sector over q², where the model has them.

    **Arguments:** `folder`: made where it does not exist; `sectors`: all unless given; `form`: "png", "pdf" or "svg";
    `dpi`: of what is drawn as pixels.

    **Returns:** the files. **Raises:** `ValueError` for a format or sectors that there are not, or no maps.
    """
    require_matplotlib()
    from .history import history
    from .lag_pages import SECTORS_A_PAGE as LAGS_A_PAGE, lag_page
    from .overview import overview
    from .rate_figure import law_in, rate_figure
    from .sector_pages import SECTORS_A_PAGE, sector_page

    if form not in FORMATS:
        raise ValueError(f"The format of the figures is {form!r}; expected one of {', '.join(FORMATS)}.")
    if not file.arrays.n_sector:
        raise ValueError(f"{file.path} holds no maps to draw. {WITHOUT_MAPS}")
    chosen = list(range(file.arrays.n_sector)) if sectors is None else list(sectors)
    absent = [k for k in chosen if not 0 <= k < file.arrays.n_sector]
    if absent or not chosen:
        raise ValueError(f"There is no sector {absent}; expected numbers from 0 to {file.arrays.n_sector - 1}.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []

    def save(figure, name: str) -> None:
        path = folder / f"{name}.{form}"
        figure.savefig(path, dpi=dpi)
        written.append(path)

    fitted = file.fitted_pairs()
    if fitted is not None:
        law = law_in(file.arrays)
        with figure_style():
            for page, first in enumerate(range(0, len(chosen), LAGS_A_PAGE), start=1):
                save(lag_page(file, chosen[first : first + LAGS_A_PAGE], fitted), f"g2_{page}")
            if law is not None:
                save(rate_figure(law), "rates")
            if len(file.arrays.chi2) > 1:
                save(history(file), "history")
        return written
    panels = {k: sector_panels(file, k, MOST_BLOCKS) for k in chosen}
    scales = common_scales(list(panels.values()), file.arrays.n_t, MOST_BLOCKS)
    between = edges(file, MOST_BLOCKS)
    with figure_style():
        for page, first in enumerate(range(0, len(chosen), SECTORS_A_PAGE), start=1):
            save(sector_page(file, chosen[first : first + SECTORS_A_PAGE], panels, scales, between), f"sectors_{page}")
        if len(chosen) > SECTORS_A_PAGE:
            save(overview(file, panels, scales, between), "overview")
        if len(file.arrays.chi2) > 1:
            save(history(file), "history")
    return written
