"""Committed offsets of a group in a topic, as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamcontract.reporting.tables import Table, number

if TYPE_CHECKING:
    from streamcontract.kafka.admin.describe import GroupState

__all__ = ["offsets_described", "offsets_table"]


def offsets_table(group: GroupState) -> Table:
    """A row for each partition of the topic."""
    columns = ("partition", "committed", "next", "lag")
    rows = [
        (
            str(each.number),
            number(group.committed.get(each.number)),
            number(each.end),
            number(group.lag(each)),
        )
        for each in group.topic.partitions
    ]
    return Table(columns, rows, frozenset(columns))


def offsets_described(group: GroupState) -> list[dict[str, Any]]:
    """An object for each partition of the topic."""
    return [
        {
            "partition": each.number,
            "committed": group.committed.get(each.number),
            "next": each.end,
            "lag": group.lag(each),
        }
        for each in group.topic.partitions
    ]
