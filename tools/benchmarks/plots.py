"""Plots that go into the documentation, as SVG by matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

__all__ = ["Panel", "Plot", "save"]

_COLUMNS: Final = 3
_TITLE_WIDTH: Final = 40
_COLOURS: Final = ("#0b5cad", "#d1495b", "#5a7d2a", "#8a6d3b")
_STYLE: Final[Any] = {
    # The same data give the same bytes; and text stays text, which screen readers and diffs read.
    "svg.hashsalt": "streamcontract",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # White, also where the page is dark.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@attrs.frozen
class Panel:
    """One pair of axes.

    Attributes:
        title: What is done.
        x: What the sizes count.
        lines: Sizes and seconds of each way to do it.
    """

    title: str
    x: str
    lines: Mapping[str, Sequence[tuple[int, float]]]


@attrs.frozen
class Plot:
    """Panels beside each other.

    Attributes:
        name: Name of the file, without its ending.
        title: What it shows.
        panels: The panels.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]

    def markdown(self, folder: str) -> str:
        """For a document: the picture, whose numbers are in the table beside it."""
        what = f"{self.title}: milliseconds over n, both axes logarithmic"
        return f"![{what}]({folder}/{self.name}.svg)\n"


def save(plot: Plot, folder: Path) -> None:
    """Write a plot into a folder."""
    rows = -(-len(plot.panels) // _COLUMNS)
    with mpl.rc_context(_STYLE):
        figure, grid = plt.subplots(
            rows, _COLUMNS, figsize=(10, 2.8 * rows), squeeze=False, layout="constrained"
        )
        for axes, panel in zip(grid.flat, plot.panels, strict=False):
            _draw(axes, panel)
        for axes in grid.flat[len(plot.panels) :]:
            axes.axis("off")
        folder.mkdir(exist_ok=True)
        figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None, "Title": plot.title})
        plt.close(figure)


def _draw(axes: Any, panel: Panel) -> None:
    for colour, (way, points) in zip(_COLOURS, panel.lines.items(), strict=False):
        sizes = [size for size, _ in points]
        milliseconds = [seconds * 1e3 for _, seconds in points]
        axes.plot(sizes, milliseconds, color=colour, marker="o", markersize=3, label=way)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(textwrap.fill(panel.title, _TITLE_WIDTH), fontsize=9)
    axes.set_xlabel(panel.x)
    axes.set_ylabel("ms")
    plain = FuncFormatter(lambda value, _: f"{value:,g}")
    axes.xaxis.set_major_formatter(plain)
    axes.yaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.5)
    axes.legend(fontsize=7, frameon=False)
