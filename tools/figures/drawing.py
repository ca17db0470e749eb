"""Figures as SVG: boxes, texts and arrows on a grid of pixels.

A figure has a panel of its own and two sets of colours, so that it can be read on a light and on a
dark page.
"""

from __future__ import annotations

from typing import Final, Literal
from xml.sax.saxutils import escape

import attrs

__all__ = ["Figure"]

Tone = Literal["plain", "client", "broker", "message", "gone"]

_LIGHT: Final = {
    "panel": "#f7f8fa",
    "line": "#4a5568",
    "text": "#1a202c",
    "plain": "#ffffff",
    "client": "#dbeafe",
    "broker": "#fde9c8",
    "message": "#d9f2dd",
    "gone": "#e5e7eb",
}
_DARK: Final = {
    "panel": "#1d2430",
    "line": "#a9b4c4",
    "text": "#edf1f7",
    "plain": "#2a3342",
    "client": "#1e3a5f",
    "broker": "#5a4420",
    "message": "#1f4d2b",
    "gone": "#3a4454",
}
_LINE_PX: Final = 17
_ARROW_HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
    ' markerHeight="7" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>'
)


@attrs.define
class Figure:
    """A figure that grows by its methods.

    Attributes:
        title: What it shows, for screen readers.
        width: In pixels.
        height: In pixels.
    """

    title: str
    width: int
    height: int
    _parts: list[str] = attrs.field(factory=list, init=False)

    def box(
        self, x: int, y: int, width: int, height: int, text: str = "", tone: Tone = "plain"
    ) -> None:
        """A box with lines of text in its middle."""
        self._parts.append(
            f'<rect class="box {tone}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        )
        if text:
            count = text.count("\n") + 1
            first = y + height / 2 - (count - 1) * _LINE_PX / 2 + 5
            self.text(x + width / 2, first, text)

    def cells(
        self, x: int, y: int, texts: list[str], width: int = 40, tone: Tone = "message"
    ) -> int:
        """Boxes side by side, as the messages of a log; returns where the next one would be."""
        for text in texts:
            self.box(x, y, width, 30, text, tone)
            x += width
        return x

    def text(self, x: float, y: float, text: str, anchor: str = "middle", style: str = "") -> None:
        """Lines of text around, or from, a point on their base line."""
        for number, line in enumerate(text.split("\n")):
            self._parts.append(
                f'<text class="{style}" x="{x:g}" y="{y + number * _LINE_PX:g}"'
                f' text-anchor="{anchor}">{escape(line)}</text>'
            )

    def heading(self, x: int, y: int, text: str) -> None:
        """A bold line that begins at a point."""
        self.text(x, y, text, "start", "bold")

    def note(self, x: float, y: float, text: str, anchor: str = "middle") -> None:
        """Small lines of text."""
        self.text(x, y, text, anchor, "small")

    def arrow(
        self, start: tuple[int, int], end: tuple[int, int], text: str = "", *, dashed: bool = False
    ) -> None:
        """An arrow with a text above its middle."""
        (x1, y1), (x2, y2) = start, end
        style = "arrow dashed" if dashed else "arrow"
        self._parts.append(
            f'<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
            ' marker-end="url(#head)"/>'
        )
        if text:
            self.note((x1 + x2) / 2, (y1 + y2) / 2 - 7, text)

    def frame(self, x: int, y: int, width: int, height: int) -> None:
        """A dashed frame around other parts."""
        self._parts.append(
            f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}" rx="10"/>'
        )

    def svg(self) -> str:
        """The figure as the text of a file."""
        box = f"0 0 {self.width} {self.height}"
        size = f'width="{self.width}" height="{self.height}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size}>',
            f"<title>{escape(self.title)}</title>",
            f"<style>{_style(_LIGHT)}",
            f"@media (prefers-color-scheme: dark) {{ {_style(_DARK)} }}</style>",
            _ARROW_HEAD,
            f'<rect class="panel" {size} rx="10"/>',
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _style(colours: dict[str, str]) -> str:
    tones = " ".join(
        f".{tone} {{ fill: {colours[tone]}; }}"
        for tone in ("plain", "client", "broker", "message", "gone")
    )
    line = colours["line"]
    return (
        f"text {{ font: 14px sans-serif; fill: {colours['text']}; }}"
        " .small { font-size: 12px; } .bold { font-weight: bold; }"
        f" .panel {{ fill: {colours['panel']}; }} .box {{ stroke: {line}; }} {tones}"
        f" .arrow {{ stroke: {line}; stroke-width: 1.6; }} .dashed {{ stroke-dasharray: 5 4; }}"
        f" .frame {{ fill: none; stroke: {line}; stroke-dasharray: 3 4; }}"
        f" .head {{ fill: {line}; }}"
    )
