"""The data of the pictures of a report: plain lists and numbers, for the script of the page."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...fit import FitResult
from ...fit.result.sectors import SectorFit
from ..figures.block_average import block_size
from ..figures.correlations import correlated
from ..figures.g2_curves import grouped
from ..figures.history import distances
from ..figures.lag_curves import SectorLags, has_pairs, lag_curves, rates_change
from ..figures.panels import Panels, SectorPanels, frame_times
from ..figures.rates import rate_limits
from ..figures.residual_frames import conspicuous, mean_of_known
from ..figures.style import azimuth
from ..figures.units_of_axes import without_sector
from .packing import LEVELS

CHARTS = ("rates", "correlations", "history", "maps", "sectors", "g2", "frames")
"""The names of all charts."""

_DIGITS = 5
_MOST_FRAMES = 400
_MOST_POINTS = 200


def charts_of(result: FitResult, panels: Panels | None) -> dict[str, Any]:
    """Everything but the maps: `rates`, `correlations`, `history`, and with `panels` of all sectors `maps`, `g2` and
    `frames`; `g2` of pairs and one-time data, too. What the result has nothing for is left out."""
    charts = {
        "rates": _rates(result) if rates_change(result) else [],
        "correlations": _correlations(result),
        "history": _history(result),
    }
    if panels is not None:
        charts["maps"] = _scales(panels)
        charts["sectors"] = [_sector(one) for one in panels.of_sectors]
        charts["g2"] = [_g2(*group) for group in grouped(panels.of_sectors)]
        charts["frames"] = _frames(result)
    elif has_pairs(result):
        charts["g2"] = [_g2(*group) for group in grouped(lag_curves(result))]
    return {name: chart for name, chart in charts.items() if chart}


def sector_label(sector: SectorFit) -> str:
    """«3: q 0.0054 Å⁻¹, φ 45°»"""
    phi = "" if sector.phi is None else f", φ {azimuth(sector.phi)}"
    return f"{sector.index}: q {sector.q:.4g} Å⁻¹{phi}"


def _rates(result: FitResult) -> list[dict[str, Any]]:
    named: dict[str, list] = {}
    for name, curve in result.curves().items():
        named.setdefault(without_sector(name), []).append((name, curve))
    charts = []
    for name, members in named.items():
        low, high = rate_limits([curve for _, curve in members])
        curves = []
        for each, curve in members:
            few = np.unique(np.linspace(0, len(curve.t) - 1, min(_MOST_POINTS, len(curve.t))).round().astype(int))
            values = {key: rounded(getattr(curve, key)[few]) for key in ("t", "value", "low", "high")}
            curves.append({"name": each, **values})
        charts.append({"name": name, "unit": members[0][1].unit, "limits": [low, high], "curves": curves})
    return charts


def _correlations(result: FitResult) -> dict[str, Any] | None:
    shown = correlated(result, None)
    if len(shown) < 2:
        return None
    values = np.asarray(result.correlations)[np.ix_(shown, shown)]
    left_out = len(result.free_names) - len(shown)
    return {
        "names": [result.free_names[k] for k in shown],
        "values": [rounded(row) for row in values],
        "left_out": left_out,
    }


def _history(result: FitResult) -> dict[str, Any] | None:
    if len(result.history) < 2:
        return None
    parameters = [{"name": name, "values": rounded(away)} for name, away in distances(result).items()]
    return {
        "step": [step.number for step in result.history],
        "reduced": rounded(step.chi2 / step.degrees_of_freedom for step in result.history),
        "parameters": parameters,
    }


def _scales(panels: Panels) -> dict[str, Any]:
    scales = panels.scales
    return {
        "edges": rounded(panels.edges, 8),
        "g2": [scales.low, scales.high],
        "residual": scales.residual,
        "block": scales.block,
        "levels": LEVELS,
    }


def _sector(one: SectorPanels) -> dict[str, Any]:
    cuts = [
        {
            "age": f"{cut.age:.3g} s",
            "lag": rounded(_thinned(cut.lag)),
            "model": rounded(_thinned(cut.model)),
            "bin_lag": rounded(cut.bin_lag),
            "data": rounded(cut.data),
        }
        for cut in one.cuts
    ]
    return {"label": sector_label(one.sector), "cuts": cuts}


def _thinned(values: np.ndarray) -> np.ndarray:
    """Points of a curve over the logarithm of the lag."""
    places = np.unique(np.geomspace(1, len(values), _MOST_POINTS).round().astype(int)) - 1
    return values[places]


def _g2(title: str, by_q: bool, members: Sequence[SectorPanels | SectorLags]) -> dict[str, Any]:
    curves = []
    for one in members:
        offset, contrast = one.sector.offset, one.sector.contrast
        phi = "" if one.sector.phi is None else azimuth(one.sector.phi)
        curves.append(
            {
                "name": f"{one.sector.q:.3g} Å⁻¹" if by_q else phi or "data",
                "lag": rounded(one.lags.lag),
                "data": rounded((one.lags.data - offset) / contrast),
                "model": rounded((one.lags.model - offset) / contrast),
            }
        )
    return {"title": title, "curves": curves}


def _frames(result: FitResult) -> dict[str, Any]:
    """χ² of the frames; of many frames the largest value of each few neighbours, so that none is lost."""
    t, of_frames = frame_times(result), result.reduced_chi2_of_frames
    together = mean_of_known(of_frames)
    size = block_size(len(t), _MOST_FRAMES)
    firsts = np.arange(0, len(t), size)
    return {
        "t": rounded(t[firsts]),
        "together": rounded(_largest(together[None], firsts)[0]),
        "values": [rounded(row) for row in _largest(of_frames, firsts)],
        "highest": 2 * float(np.nanmedian(of_frames)),
        "of": size,
        "conspicuous": [{"frame": k, "t": float(t[k]), "value": float(together[k])} for k in conspicuous(together)],
    }


def _largest(values: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    return np.fmax.reduceat(values, firsts, axis=1)


def rounded(values: Iterable[float | np.floating], digits: int = _DIGITS) -> list[float | None]:
    """The values rounded to so many digits; `None` for infinity and NaN."""
    return [float(f"{x:.{digits}g}") if math.isfinite(x) else None for x in values]
