"""Places in files, their excerpts, and what GitHub is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text

from streamcontract.reporting import Place, repository_path, shown
from streamcontract.reporting.excerpts import add_excerpt
from streamcontract.reporting.formats.github import annotation


def excerpt(text: str, line: int, column: int) -> list[str]:
    """The lines of an excerpt."""
    shown_text = Text()
    place = Place(label="a.avsc", text=text, line=line, column=column)
    add_excerpt(shown_text, place, mark="bold")
    return shown_text.plain.splitlines()


def test_the_lines_around_a_place() -> None:
    """One on either side; the mark is below the column; numbers are aligned."""
    text = "\n".join(f"line {n}" for n in range(1, 12)) + "\n"
    assert excerpt(text, 10, 6) == [
        "     9 | line 9",
        "  > 10 | line 10",
        "       |      ^",
        "    11 | line 11",
    ]
    assert excerpt("", 1, 1) == []


def test_only_newlines_end_lines() -> None:
    """As line numbers count them: other separators of Unicode are shown as spaces."""
    assert excerpt('["a\N{LINE SEPARATOR}b",\n1]', 2, 1) == [
        '    1 | ["a b",',
        "  > 2 | 1]",
        "      | ^",
    ]


def test_long_lines_are_cut_around_the_mark() -> None:
    """Registries keep schemas as one line; the mark still points at its character."""
    line = "".join(chr(ord("a") + n % 26) for n in range(1000))
    marked, mark = excerpt(line, 1, 500)
    assert len(marked) < 130
    assert marked[mark.index("^")] == line[499]


def test_paths_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the current folder if below it, else absolute."""
    monkeypatch.chdir(tmp_path)
    assert shown("schemas/a.avsc") == "schemas/a.avsc"
    assert shown(tmp_path.parent / "b.avsc") == (tmp_path.parent / "b.avsc").as_posix()


def test_paths_for_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the root of the repository, wherever the command was run."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "schemas").mkdir()
    monkeypatch.chdir(tmp_path / "schemas")
    place = Place(label="a.avsc", file=str(tmp_path / "schemas" / "a.avsc"))
    assert repository_path(place) == "schemas/a.avsc"
    assert repository_path(Place(label="orders-value version 3")) == "orders-value version 3"


def test_annotations_are_escaped() -> None:
    """What would end a property or the line is not taken literally."""
    place = Place(label="a,b:c.avsc", line=3, column=4)
    assert annotation("warning", place, "a: b", "50 %\r\nmore, or: less") == (
        "::warning file=a%2Cb%3Ac.avsc,line=3,col=4,title=a%3A b::50 %25%0D%0Amore, or: less"
    )
