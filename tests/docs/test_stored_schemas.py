"""docs/stored-schemas.md lists the clauses that there are."""

from __future__ import annotations

from tests.docs.markdown import REPOSITORY

from streamcontract.schema import CLAUSES


def test_the_table_of_clauses() -> None:
    """Each clause with all that it says, in the order of the table, and no other."""
    text = (REPOSITORY / "docs" / "stored-schemas.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{each.id}` | {each.fault} | {each.meaning} | {each.as_reader} | {each.source} |"
        for each in CLAUSES
    ]
