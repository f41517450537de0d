"""What the results of a fit show of themselves: entered into `fit`, which may not know of it."""

from typing import Any

from ..fit.result.offered import offer


def _plot(result: Any) -> Any:
    from .figures.plot import Plot

    return Plot(result)


def _report(result: Any, path: Any, **options: Any) -> Any:
    from .html_report import write_report

    return write_report(result, path, **options)


def offer_views() -> None:
    """Enter figures and report."""
    offer("plot", _plot)
    offer("report", _report)
