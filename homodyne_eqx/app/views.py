"""The views of data and results: entered into `data`, which may not import this part of the package."""

from typing import Any

from ..data.offered import offer


def _plot_of_data(data: Any, what: str, sectors: Any) -> Any:
    from .figures.data_figures import data_figure

    return data_figure(data, what, sectors)


def _plot_of_pairs(data: Any, sectors: Any) -> Any:
    from .figures.data_lags import lag_figure

    return lag_figure(data, sectors)


def _plot(result: Any) -> Any:
    from .figures.plot import Plot

    return Plot(result)


def _report(result: Any, path: Any, **options: Any) -> Any:
    from .html_report import write_report

    return write_report(result, path, **options)


def _profile(profile: Any, **options: Any) -> Any:
    from .figures.profiles import profile_figure

    return profile_figure(profile, **options)


def _contour(contour: Any, **options: Any) -> Any:
    from .figures.profiles import contour_figure

    return contour_figure(contour, **options)


def _posterior(posterior: Any, **options: Any) -> Any:
    from .figures.posterior import posterior_figure

    return posterior_figure(posterior, **options)


def offer_views() -> None:
    """Enter figures and report."""
    offer("profile.plot", _profile)
    offer("contour.plot", _contour)
    offer("posterior.plot", _posterior)
    offer("data.plot", _plot_of_data)
    offer("pairs.plot", _plot_of_pairs)
    offer("result.plot", _plot)
    offer("result.report", _report)
