"""Pages as a browser's parser sees them: their structure, their text, their links."""

from __future__ import annotations

from html.parser import HTMLParser

import attrs

__all__ = ["Page"]


@attrs.define
class Page:
    """A parsed page.

    Attributes:
        structure: Every tag in order, each with the names of its attributes.
        text: The text, with a space for each tag but those that only allow a line to break.
        addresses: Every address that it links to or loads.
        values: The value of each control by its name.
    """

    structure: list[tuple[str, tuple[str, ...]]] = attrs.field(factory=list)
    text: str = ""
    addresses: list[str] = attrs.field(factory=list)
    values: dict[str, str] = attrs.field(factory=dict)

    @classmethod
    def parse(cls, html: str) -> Page:
        """The page of a text of HTML."""
        reader = _Reader()
        reader.feed(html)
        reader.close()
        reader.page.text = " ".join(reader.page.text.split())
        return reader.page

    def value_of(self, control: str) -> str:
        """The value of a control."""
        return self.values[control]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.structure.append((tag, tuple(name for name, _ in attrs)))
        self.page.text += "" if tag == "wbr" else " "
        found = dict(attrs)
        self.page.addresses += (found[each] or "" for each in ("href", "src") if each in found)
        if "name" in found:
            self.page.values[found["name"] or ""] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.page.structure.append((f"/{tag}", ()))
        self.page.text += " "

    def handle_data(self, data: str) -> None:
        self.page.text += data
