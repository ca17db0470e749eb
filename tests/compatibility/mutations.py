"""Pairs of schemas of which one was made from the other by the changes that people make."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from streamcontract import parse_schema
from streamcontract.errors import SchemaParseError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import schema_documents

Document = Any
Slot = tuple[Any, Any]  # a container and the key under which a type stands in it

LEAVES: tuple[Document, ...] = (
    *("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
    {"type": "int", "logicalType": "date"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "long", "logicalType": "local-timestamp-millis"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "time-micros"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 3},
    {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 2},
)


def slots(document: Document) -> Iterator[Slot]:
    """Every place of a schema where a type stands, but for its root."""
    if isinstance(document, list):
        for i, branch in enumerate(document):
            yield document, i
            yield from slots(branch)
    elif isinstance(document, dict):
        for key in ("items", "values"):
            if key in document and document["type"] in ("array", "map"):
                yield document, key
                yield from slots(document[key])
        for field in document.get("fields", ()) if document.get("type") == "record" else ():
            yield field, "type"
            yield from slots(field["type"])


def _objects(document: Document, *kinds: str) -> list[dict[str, Any]]:
    inner = [container[key] for container, key in slots(document)]
    return [
        each for each in [document, *inner] if isinstance(each, dict) and each.get("type") in kinds
    ]


def _pick(draw: st.DrawFn, choices: list[Any]) -> Any:
    return choices[draw(st.integers(0, len(choices) - 1))] if choices else None


def _retype(draw: st.DrawFn, document: Document) -> None:
    slot = _pick(draw, [each for each in slots(document) if each[0][each[1]] in LEAVES])
    if slot is not None:
        slot[0][slot[1]] = copy.deepcopy(draw(st.sampled_from(LEAVES)))


def _widen(draw: st.DrawFn, document: Document) -> None:
    slot: Any = _pick(draw, [each for each in slots(document) if isinstance(each[0], dict)])
    if slot is not None and not isinstance(slot[0][slot[1]], list):
        more = copy.deepcopy(draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=2)))
        slot[0][slot[1]] = draw(st.permutations([slot[0][slot[1]], *more]))


def _reorder(draw: st.DrawFn, document: Document) -> None:
    unions = [c[k] for c, k in slots(document) if isinstance(c[k], list)]
    union = _pick(draw, unions)
    if union:
        union[:] = draw(st.permutations(union))


def _narrow(draw: st.DrawFn, document: Document) -> None:
    union = _pick(draw, [c[k] for c, k in slots(document) if isinstance(c[k], list)])
    if union and len(union) > 1:
        union.pop(draw(st.integers(0, len(union) - 1)))


def _drop_field(draw: st.DrawFn, document: Document) -> None:
    record = _pick(draw, [each for each in _objects(document, "record") if each["fields"]])
    if record is not None:
        record["fields"].pop(draw(st.integers(0, len(record["fields"]) - 1)))


def _add_field(draw: st.DrawFn, document: Document) -> None:
    record = _pick(draw, _objects(document, "record"))
    if record is not None:
        added: list[tuple[Document, Any]] = [("int", 1), ("string", ""), (["null", "long"], None)]
        kind, default = draw(st.sampled_from(added))
        field: Document = {"name": draw(st.sampled_from(["added", "extra"])), "type": kind}
        if draw(st.booleans()):
            field["default"] = default
        record["fields"].insert(draw(st.integers(0, len(record["fields"]))), field)


def _rename_field(draw: st.DrawFn, document: Document) -> None:
    record = _pick(draw, [each for each in _objects(document, "record") if each["fields"]])
    if record is not None:
        field = _pick(draw, record["fields"])
        if draw(st.booleans()):
            field["aliases"] = [field["name"]]
        field["name"] += "2"


def _default(draw: st.DrawFn, document: Document) -> None:
    fields = [field for each in _objects(document, "record") for field in each["fields"]]
    field = _pick(draw, fields)
    if field is not None:
        field.pop("default", None)
        default: Any = draw(st.sampled_from([None, 0, 1, "", "x", [], {}, True, ...]))
        if default is not ...:
            field["default"] = default


def _symbols(draw: st.DrawFn, document: Document) -> None:
    enum = _pick(draw, _objects(document, "enum"))
    if enum is not None:
        enum.pop("default", None)
        if len(enum["symbols"]) > 1 and draw(st.booleans()):
            enum["symbols"].pop(draw(st.integers(0, len(enum["symbols"]) - 1)))
        if draw(st.booleans()):
            enum["symbols"].append("ADDED")
        if draw(st.booleans()):
            enum["default"] = draw(st.sampled_from(enum["symbols"]))


def _rename_type(draw: st.DrawFn, document: Document) -> None:
    node = _pick(draw, _objects(document, "record", "enum", "fixed"))
    if node is not None:
        simple = node["name"].rpartition(".")[2]
        change = draw(st.sampled_from(["namespace", "name", "size"]))
        if change == "namespace":
            node["name"], node["namespace"] = simple, "moved"
        elif change == "name":
            node["name"] = f"{node['name']}2"
        elif "size" in node:
            node["size"] += 1


CHANGES: tuple[Callable[[st.DrawFn, Document], None], ...] = (
    *(_retype, _retype, _widen, _reorder, _narrow, _drop_field, _add_field, _rename_field),
    *(_default, _symbols, _rename_type),
)


def _parsed(document: Document) -> Schema | None:
    try:
        return parse_schema(json.dumps(document))
    except SchemaParseError:
        return None  # the change made what is no schema, such as two branches of one type


@st.composite
def changed_pairs(draw: st.DrawFn, *, most_changes: int = 3) -> tuple[Schema, Schema]:
    """A schema and what one to three changes made of it, either of them first."""
    document = draw(schema_documents(only_records=True, ill_fitting=False))
    schema = parse_schema(json.dumps(document))
    changed = schema
    for _ in range(draw(st.integers(1, most_changes))):
        attempt = copy.deepcopy(document)
        draw(st.sampled_from(CHANGES))(draw, attempt)
        parsed = _parsed(attempt)
        if parsed is not None:
            document, changed = attempt, parsed
    return draw(st.sampled_from([(schema, changed), (changed, schema)]))
