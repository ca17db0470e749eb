"""Facts for people and for machines: tables that fit, and JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.lists(st.sampled_from(["topic", "messages", "id", "change"]), min_size=1, unique=True)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any table, also of characters that are two columns wide, or none."""
    columns = draw(NAMES)
    row: st.SearchStrategy[Sequence[str]] = st.tuples(*[CELLS] * len(columns))
    right = frozenset(draw(st.sets(st.sampled_from(columns))))
    return Table(columns, draw(st.lists(row, max_size=4)), right)


@given(tables(), st.integers(14, 60))
def test_any_table_fits(table: Table, width: int) -> None:
    """No line is wider, none would steer a terminal, and no box is drawn."""
    lines = list(table.lines(width))
    assert all(cell_len(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)
    plain = list(table.lines(None))
    assert len(plain) == len(table.rows) + 1
    if lines == plain:
        return
    assert max(map(cell_len, plain)) > width
    assert len(lines) >= len(table.rows) * len(table.columns)


@given(st.lists(st.tuples(st.from_regex(r"[a-z.]{1,30}", fullmatch=True), st.integers(0, 10**9))))
def test_nothing_is_lost(rows: list[tuple[str, int]]) -> None:
    """Programs that split a piped line have the cells; on a terminal they are all there too."""
    table = Table(["name", "size"], [(name, str(size)) for name, size in rows], frozenset(["size"]))
    assert [line.split() for line in table.lines(None)] == [
        ["name", "size"],
        *([name, str(size)] for name, size in rows),
    ]
    narrow = "".join(line[6:] for line in table.lines(8) if line)
    assert not rows or narrow == "".join(f"{name}{size}" for name, size in rows)


def test_columns_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its width counts where output goes to one, and only there."""
    table = Table(["topic", "leader", "replicas"], [["orders", "1", "x" * 30]])
    monkeypatch.setenv("COLUMNS", "40")
    assert os.environ["COLUMNS"] == "40"
    print_facts({}, "text", lambda: [table])
    assert capsys.readouterr().out == f"topic   leader  replicas\norders  1       {'x' * 30}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_facts({}, "text", lambda: ["one", table])
    assert capsys.readouterr().out == f"one\ntopic     orders\nleader    1\nreplicas  {'x' * 30}\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One document, of characters that steer nothing."""
    document = {"topic": "a\x9b\u202eb", "messages": None}
    print_facts(document, "json", list)
    output = capsys.readouterr().out
    assert json.loads(output) == document
    assert output.isascii()
