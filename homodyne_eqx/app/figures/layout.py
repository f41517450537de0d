"""The places of panels in a figure, in inches of a figure of the usual width.

A layout that is known beforehand saves the search for one, which takes as long as drawing.
"""

from typing import TYPE_CHECKING, NamedTuple, final

from .style import WIDTH, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@final
class Margins(NamedTuple):
    """Inches around the panels of a figure, and between them."""

    left: float = 0.62
    right: float = 0.12
    top: float = 0.28
    bottom: float = 0.42
    beside: float = 0.55
    between: float = 0.55


def sized(height: float, look: Look, width: float = WIDTH) -> "Figure":
    """An empty figure of so many inches, if the look did not say otherwise."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width * look.scale, height * look.scale))


def grid(look: Look, tall: float, count: int, across: int, margins: Margins) -> "tuple[Figure, list[Axes]]":
    """A figure of so many panels, `across` in a row, each `tall` inches, that together fill the width."""
    rows = -(-count // across)
    wide = (WIDTH - margins.left - margins.right - (across - 1) * margins.beside) / across
    height = margins.top + margins.bottom + rows * tall + (rows - 1) * margins.between
    figure = sized(height, look)
    panels = []
    for place in range(count):
        row, column = divmod(place, across)
        left = margins.left + column * (wide + margins.beside)
        bottom = height - margins.top - (row + 1) * tall - row * margins.between
        panels.append(figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, tall / height)))
    return figure, panels
