"""docs/lint.md lists the rules that there are."""

from __future__ import annotations

from pathlib import Path

from streamcontract.lint import RULES


def test_the_table_of_rules() -> None:
    """Each rule with its tier, severity and summary, in the order of the table, and no other."""
    text = (Path(__file__).parents[2] / "docs" / "lint.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{rule.id}` | {rule.tier} | {rule.severity} | {rule.summary} |" for rule in RULES
    ]
