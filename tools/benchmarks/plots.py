"""Plots that go into the documentation, as SVG by matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import attrs
import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

__all__ = ["Dots", "Panel", "Picture", "Plot", "save"]

_COLUMNS: Final = 3
_TITLE_WIDTH: Final = 40
_COLOURS: Final = ("#0b5cad", "#d1495b", "#5a7d2a", "#8a6d3b")
_OURS: Final = ("streamcontract", "JsonCodec", "the same")
"""How the names of our own rows begin."""
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


class Picture(Protocol):
    """A plot that goes into a document, after the table with its title."""

    @property
    def name(self) -> str:
        """Name of the file, without its ending."""

    @property
    def title(self) -> str:
        """What it shows, which is the title of its table."""

    def markdown(self, folder: str) -> str:
        """The picture for a document."""

    def draw(self) -> Any:
        """A figure of matplotlib."""


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

    def draw(self) -> Any:
        """A figure of matplotlib."""
        rows = -(-len(self.panels) // _COLUMNS)
        figure, grid = plt.subplots(
            rows, _COLUMNS, figsize=(10, 2.8 * rows), squeeze=False, layout="constrained"
        )
        for axes, panel in zip(grid.flat, self.panels, strict=False):
            _draw(axes, panel)
        for axes in grid.flat[len(self.panels) :]:
            axes.axis("off")
        return figure


@attrs.frozen
class Dots:
    """The numbers of a table as dots, a row for each of its rows, a pair of axes for each column.

    Attributes:
        name: Name of the file, without its ending.
        title: What it shows.
        labels: The names of the rows.
        columns: Their numbers, by the names of the columns.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    columns: Mapping[str, Sequence[float]]

    def markdown(self, folder: str) -> str:
        """For a document: the picture, whose numbers are in the table beside it."""
        what = f"{self.title}: {' and '.join(self.columns)} as dots on logarithmic axes"
        return f"![{what}]({folder}/{self.name}.svg)\n"

    def draw(self) -> Any:
        """A figure of matplotlib."""
        figure, grid = plt.subplots(
            *(1, len(self.columns)),
            figsize=(10, 0.7 + 0.3 * len(self.labels)),
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for axes, (column, numbers) in zip(grid.flat, self.columns.items(), strict=True):
            _draw_dots(axes, column, self.labels, numbers)
        return figure


def save(plot: Picture, folder: Path) -> None:
    """Write a plot into a folder."""
    with mpl.rc_context(_STYLE):
        figure = plot.draw()
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


def _draw_dots(axes: Any, column: str, labels: Sequence[str], numbers: Sequence[float]) -> None:
    ours, others, *_ = _COLOURS
    for row, (label, number) in enumerate(zip(labels, numbers, strict=True)):
        colour = ours if label.startswith(_OURS) else others
        axes.plot([number], [row], color=colour, marker="o", markersize=6)
        axes.annotate(
            *(f"{number:,.12g}", (number, row)),
            textcoords="offset points",
            xytext=(7, 0),
            va="center",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.margins(x=0.25, y=0.12)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_title(column, fontsize=9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.5)
    if not axes.yaxis_inverted():  # the axes of a row share theirs
        axes.invert_yaxis()
