"""Checks of the built site: nothing from outside, pictures with texts, no marks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

__all__ = ["faults"]

# The attributes by which a browser loads something, beside links that a reader follows.
_LOADS: Final = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("object", "data"),
    ("link", "href"),
}
_NO_LOAD: Final = {"canonical", "next", "prev", "author", "license"}
_CSS_LOAD: Final = re.compile(r"(?:url\(|@import )\s*[\"']?((?:https?:)?//[^\"')]+)")


def faults(site: Path) -> list[str]:
    """What is wrong with a built site, one line for each fault."""
    found = []
    for file in sorted(site.rglob("*.html")):
        page = _Page()
        page.feed(file.read_text("utf-8"))
        found += [f"{file.relative_to(site)}: {fault}" for fault in page.faults]
    for file in sorted(site.rglob("*.css")):
        found += [
            f"{file.relative_to(site)}: loads {url}"
            for url in _CSS_LOAD.findall(file.read_text("utf-8"))
        ]
    return found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._is_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_cell and r"\|" in data:
            self.faults.append(f"a cell shows a backslash: {data.strip()}")

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = self._is_cell and tag != "td"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_cell = self._is_cell or tag == "td"
        self.faults += self._loads(tag, values)
        if tag == "img" and not values.get("alt"):
            self.faults.append(f"the picture {values.get('src')} has no alternative text")

    @staticmethod
    def _loads(tag: str, values: dict[str, str]) -> Iterator[str]:
        if tag == "link" and values.get("rel") in _NO_LOAD:
            return
        for name, value in values.items():
            if (tag, name) in _LOADS and re.match(r"(?:https?:)?//", value):
                yield f"loads {value}"
