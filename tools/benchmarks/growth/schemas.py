"""Schemas of any size."""

from __future__ import annotations

from typing import Any

from streamcontract import Schema, parse_schema

__all__ = ["record", "union"]


def record(fields: list[dict[str, Any]]) -> Schema:
    """A record of these fields."""
    return parse_schema({"type": "record", "name": "Wide", "fields": fields})


def union(size: int) -> list[dict[str, Any]]:
    """A union of so many records."""
    return [
        {"type": "record", "name": f"R{i}", "fields": [{"name": f"f{i}", "type": "long"}]}
        for i in range(size)
    ]
