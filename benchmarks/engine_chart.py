"""The chart of the page on benchmarks, drawn from the table of this page.

    python benchmarks/engine_chart.py

`bench_engine.py` draws it after it has written the page.
"""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PICTURE = Path("images") / "benchmarks_engine.png"
PACKAGES = ("homodyne_eqx", "homodyne", "xpcsjax")
QUANTITIES = {"chi2": "χ²", "gradient": "gradient", "normal": "normal equations", "fit again": "fit, second call"}


def seconds_of(page: str) -> dict[tuple[str, str], dict[str, tuple[float, bool]]]:
    """Package and quantity → size → the time, s, and whether the fit failed. A dash is left out."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) != 6 or cells[1] not in QUANTITIES:
            continue
        for package, cell in zip(PACKAGES, cells[2:5], strict=True):
            if time := re.match(r"(\*\*failed\*\* after )?([\d.e+-]+) s", cell):
                found.setdefault((package, cells[1]), {})[cells[0]] = float(time[2]), time[1] is not None
    return found


def draw(page: Path = PAGE) -> Path:
    """Write the chart beside the page. **Returns:** its file."""
    from matplotlib.figure import Figure

    found = seconds_of(page.read_text(encoding="utf-8"))
    sizes = sorted({size for times in found.values() for size in times})
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    panels = figure.subplots(1, len(QUANTITIES), sharey=True)
    for axes, (quantity, title) in zip(panels, QUANTITIES.items(), strict=True):
        for package, mark in zip(PACKAGES, "osD", strict=True):
            times = found.get((package, quantity), {})
            good = [(sizes.index(size), time) for size, (time, failed) in times.items() if not failed]
            (line,) = axes.plot([at for at, _ in good], [time for _, time in good], f"{mark}-", ms=4, label=package)
            for size, (time, failed) in times.items():
                if failed:
                    axes.plot(sizes.index(size), time, "x", color=line.get_color())
                    axes.annotate("failed", (sizes.index(size), time), (6, 6), textcoords="offset points", fontsize=8)
        axes.set_yscale("log")
        axes.set_xticks(range(len(sizes)), sizes)
        axes.set_xlim(-0.4, len(sizes) - 0.6)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("size")
        axes.grid(visible=True, axis="y", linewidth=0.4)
    panels[0].set_ylabel("time  (s)")
    panels[0].legend(fontsize=8, frameon=False)
    picture = page.parent / PICTURE
    picture.parent.mkdir(exist_ok=True)
    figure.savefig(picture, dpi=150)
    return picture


if __name__ == "__main__":
    print(f"Written to {draw()}.")
