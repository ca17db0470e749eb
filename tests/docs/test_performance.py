"""docs/performance.md: its tables are those that the benchmarks write, and have their plots."""

from __future__ import annotations

import re

from tests.docs.markdown import REPOSITORY

from benchmarks.tables import parsed

PAGE = REPOSITORY / "docs" / "performance.md"


def test_tables_are_read_as_they_were_written() -> None:
    """From them the plots are drawn without another run."""
    parts = re.findall(
        r"<!-- (.+): written by .*-->(.*)<!-- end of \1 -->", PAGE.read_text("utf-8"), re.DOTALL
    )
    tables = [(table, text) for _, text in parts for table in parsed(text)]
    assert tables
    for table, text in tables:
        assert table.markdown() in text


def test_no_plot_is_left_over() -> None:
    """Each file in docs/plots is on the page."""
    text = PAGE.read_text("utf-8")
    plots = (REPOSITORY / "docs" / "plots").glob("*.svg")
    assert [plot.name for plot in plots if f"(plots/{plot.name})" not in text] == []
