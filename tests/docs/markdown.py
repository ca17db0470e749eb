"""Reads what the tests need out of a Markdown file: its fenced blocks and its links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import attrs

REPOSITORY: Final = Path(__file__).parents[2]
DOCUMENTS: Final = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("examples/**/*.md"),
    ]
)
GUIDES: Final[dict[str, str]] = {
    "spark": "pyspark",
    "faststream": "faststream",
    "quix-streams": "quixstreams",
    "bytewax": "bytewax",
    "ray": "ray",
    "iceberg": "pyiceberg",
}
"""The pages below docs/ that ``make test-guides`` runs, each with the package that it needs."""

_FENCE = re.compile(r"^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?$")
# In code, brackets before parentheses are a call.
_CODE = re.compile(r"^```.*?^```$|`[^`]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@attrs.frozen
class Block:
    """One fenced block.

    Attributes:
        language: What stands behind the opening fence, such as ``python``.
        title: The file it shows, or None.
        line: The number of its first line, counted from 1.
        text: Its lines.
    """

    language: str
    title: str | None
    line: int
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a ``console`` block, without their comments."""
        if self.language != "console":
            return []
        lines = (line for line in self.text.splitlines() if line.startswith("$ "))
        return [line.removeprefix("$ ").partition(" #")[0].strip() for line in lines]


def blocks(document: Path) -> list[Block]:
    """Every fenced block of a document."""
    found: list[Block] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for number, line in enumerate(document.read_text("utf-8").splitlines(), start=1):
        if opening is None:
            opening = _FENCE.match(line)
            lines = []
        elif line == "```":
            title = opening["title"]
            first = number - len(lines)
            found.append(Block(opening["language"], title, first, "\n".join(lines) + "\n"))
            opening = None
        else:
            lines.append(line)
    assert opening is None, f"{document}: a block is not closed"
    return found


def python_of(document: Path) -> str:
    """The document's Python as one program, each statement in its own line."""
    program = ""
    for block in blocks(document):
        if block.language == "python":
            program += "\n" * (block.line - 1 - program.count("\n")) + block.text
    return program


def relative_links(document: Path) -> list[str]:
    """The targets of the document's links that lead to files of the repository."""
    prose = _CODE.sub("", document.read_text("utf-8"))
    targets = (match["target"] for match in _LINK.finditer(prose))
    return [
        target.partition("#")[0] for target in targets if "://" not in target and target[0] != "#"
    ]
