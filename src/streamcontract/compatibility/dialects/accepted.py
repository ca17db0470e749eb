"""Schemas that a registry refuses as invalid although the specification allows them."""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract.compatibility.dialects.walk import Incompatibility
from streamcontract.schema.defaults import first_fitting_branch
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    Field,
    MapType,
    RecordType,
    UnionType,
)
from streamcontract.schema.schema import Schema

__all__ = ["refusals"]


def refusals(schema: Schema, rules: frozenset[str]) -> Iterator[Incompatibility]:
    """Everything for which a registry with these rules refuses a schema as invalid."""
    seen: set[int] = set()
    waiting: list[tuple[AvroType, str]] = [(schema.root, "")]
    while waiting:
        node, path = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        match node:
            case UnionType():
                if not node.branches and "empty-union" in rules:
                    yield Incompatibility("INVALID", path or "/", "a union without branches")
                waiting.extend((each, f"{path}/{i}") for i, each in enumerate(node.branches))
            case ArrayType():
                waiting.append((node.items, f"{path}/items"))
            case MapType():
                waiting.append((node.values, f"{path}/values"))
            case RecordType():
                for i, field in enumerate(node.fields):
                    if "union-default" in rules and _is_of_later_branch(field):
                        detail = f"the default of {field.name} is not of the union's first branch"
                        yield Incompatibility("INVALID", f"{path}/fields/{i}", detail)
                    waiting.append((field.type, f"{path}/fields/{i}/type"))
            case _:
                pass


def _is_of_later_branch(field: Field) -> bool:
    if not isinstance(field.type, UnionType) or not field.has_default:
        return False
    first = UnionType(branches=field.type.branches[:1])
    return first_fitting_branch(first, field.default) is None  # type: ignore[arg-type] # has_default
