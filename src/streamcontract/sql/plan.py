"""Scans of a DuckDB plan: the columns that each reads, and the ranges that its filters leave.

DuckDB pushes filters into the scans of its own tables, where ``json_serialize_plan`` shows them
with typed constants. A row that such a filter refuses has no part in the result, whatever the rest
of the query is. A filter that is not understood is left out: more is read, and DuckDB filters it.

The shapes are those of DuckDB 1.5 and 2.0 (``src/include/duckdb/storage/serialization`` of its
sources), where 2.0 begins the names of filters with ``LEGACY_``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.sql.intervals import EVERYTHING, HIGH, LOW, intersection, union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.sql.intervals import Intervals

__all__ = ["Scan", "objects", "scans_of"]

_MOST_INTERVALS: Final = 1_000
"""Above it the intervals of a filter are read as one."""

_COMPARISONS: Final[Mapping[str, Callable[[int], tuple[int, int]]]] = {
    "COMPARE_EQUAL": lambda value: (value, value + 1),
    "COMPARE_LESSTHAN": lambda value: (LOW, value),
    "COMPARE_LESSTHANOREQUALTO": lambda value: (LOW, value + 1),
    "COMPARE_GREATERTHAN": lambda value: (value + 1, HIGH),
    "COMPARE_GREATERTHANOREQUALTO": lambda value: (value, HIGH),
}
_TYPES: Final = frozenset({"INTEGER", "BIGINT", "TIMESTAMP WITH TIME ZONE"})
"""The types of metadata columns with ranges; the numbers of the last are microseconds."""


@attrs.frozen
class Scan:
    """One scan of a table.

    Attributes:
        columns: The indexes of the columns that are read; None for all.
        filters: For some columns the numbers that pass: offsets, partitions, microseconds.
    """

    columns: frozenset[int] | None = None
    filters: Mapping[int, Intervals] = attrs.field(factory=dict)

    def passing(self, column: int) -> Intervals:
        """The numbers of a column that pass its filter."""
        return self.filters.get(column, EVERYTHING)


def scans_of(plan: Any, table: str) -> list[Scan]:
    """The scans of a temporary table in a plan, each time that it is read.

    Args:
        plan: What ``json_serialize_plan`` returned, as JSON values.
        table: The name of the table.
    """
    return [_scan(node) for node in objects(plan) if _is_scan_of(node, table)]


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON document."""
    pending = [document]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            yield each
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _is_scan_of(node: Mapping[str, Any], table: str) -> bool:
    if node.get("type") != "LOGICAL_GET":
        return False
    data = node.get("function_data")
    return isinstance(data, dict) and (data.get("catalog"), data.get("table")) == ("temp", table)


def _scan(node: Mapping[str, Any]) -> Scan:
    try:
        columns = [each["index"] for each in node["column_indexes"]]
        found: dict[int, Intervals] = {}
        for entry in node["table_filters"]["filters"]:
            key = entry["key"]
            column = columns[key] if node.get("table_filters_by_projection") else key
            found[column] = intersection(found.get(column, EVERYTHING), _passing(entry["value"]))
    except (KeyError, IndexError, TypeError):  # another version of DuckDB: everything is read
        return Scan()
    return Scan(frozenset(columns), found)


def _passing(condition: Mapping[str, Any]) -> Intervals:
    """The numbers that pass a filter, or more."""
    kind = condition["filter_type"].removeprefix("LEGACY_")
    if kind == "OPTIONAL_FILTER":  # one that a scan may leave to the rest of the plan
        return _passing(condition["child_filter"])
    if kind == "CONJUNCTION_AND":
        found = EVERYTHING
        for each in condition["child_filters"]:
            found = intersection(found, _passing(each))
        return found
    if kind == "CONJUNCTION_OR":
        return _few(union(pair for each in condition["child_filters"] for pair in _passing(each)))
    if kind == "IN_FILTER":
        return _few(union(pair for each in condition["values"] for pair in _equal_to(each)))
    if kind == "CONSTANT_COMPARISON":
        interval = _COMPARISONS.get(condition["comparison_type"])
        value = _number(condition["constant"])
        return EVERYTHING if interval is None or value is None else union([interval(value)])
    return EVERYTHING


def _equal_to(constant: Mapping[str, Any]) -> Intervals:
    value = _number(constant)
    return EVERYTHING if value is None else ((value, value + 1),)


def _number(constant: Mapping[str, Any]) -> int | None:
    """The number of a constant; None for anything else."""
    value = None if constant["is_null"] else constant["value"]
    return value if constant["type"]["id"] in _TYPES and type(value) is int else None


def _few(intervals: Intervals) -> Intervals:
    if len(intervals) > _MOST_INTERVALS:
        return ((intervals[0][0], intervals[-1][1]),)
    return intervals
