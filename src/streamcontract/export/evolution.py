"""Evolution of an export: which changes of the reader schema its target takes.

Readers of Parquet unite files by the names of columns, and give null where a file lacks one. A
column of two types is refused: of such files some readers raise, and some convert one type to the
other with a loss. So columns may be added, and may become nullable or not.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from streamcontract.codec import Codec
from streamcontract.errors import ConfigurationError, SchemaParseError
from streamcontract.export.target import import_pyarrow
from streamcontract.schema import parse_schema
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from streamcontract.export.target import Content
    from streamcontract.schema import Schema

__all__ = ["columns_of", "continued", "defaults", "with_nullable"]


def continued(content: Content, found: object, place: str) -> Content:
    """The content of a target from now on, which had another until now.

    Args:
        content: The content that an export wants it to have.
        found: The document of the content that it has.
        place: What errors call it.

    Raises:
        ConfigurationError: It cannot have both.
    """
    theirs: Mapping[str, Any] = found if isinstance(found, dict) else {}
    content.check_same(theirs, place)
    content = content.joined(theirs)
    mine = content.document()
    if all(mine[key] == theirs.get(key) for key in ("schema", "columns")):
        return content
    earlier = _schema_of(theirs.get("schema"), place)
    before = columns_of(earlier, theirs.get("columns"))
    now = columns_of(content.schema, content.columns)
    left_out = {*content.left_out, *_names_of(earlier)} - before.keys()
    faults = [
        *_lost(content.schema, before, now),
        *_retyped(before, now),
        *_unfilled(content.schema, before, now),
        *_left_out(left_out, now),
    ]
    if faults:
        what = "other columns" if mine["schema"] == theirs.get("schema") else "another schema"
        raise ConfigurationError(
            f"{place} was exported with {what}: {'; '.join(faults)}. Export into another place, "
            f"or {_way_on(content.schema, before)}"
        )
    nullable = {
        name
        for name, field in now.items()
        if not field.nullable and (name not in before or before[name].nullable)
    }
    return content.with_nullable({*content.nullable, *nullable}).with_left_out(left_out)


def _way_on(schema: Schema, before: Mapping[str, Any]) -> str:
    """What else to do about columns that a target does not take."""
    if isinstance(schema.root, RecordType) and before:
        known = columns_of(schema, tuple(before))
        if all(name in known and known[name].type == before[name].type for name in before):
            return f"with --columns {shlex.quote(','.join(before))}, which it has"
    return "leave the columns as they were and add others"


def _schema_of(document: Any, place: str) -> Schema:
    try:
        return parse_schema(document)
    except SchemaParseError as error:
        raise ConfigurationError(
            f"the schema of {place} is damaged ({error}): export into another place"
        ) from error


def columns_of(schema: Schema, columns: Sequence[str] | None) -> dict[str, Any]:
    """The fields of Arrow, by name; without columns that the schema does not have."""
    root = schema.root
    if columns is not None and isinstance(root, RecordType):
        known = {field.name for field in root.fields}
        columns = [name for name in columns if name in known]
    pa = import_pyarrow("export")
    found = pa.schema(Codec[Any](schema).decode_columns([], columns=columns))
    return {field.name: field for field in found}


def _names_of(schema: Schema) -> Collection[str]:
    """The names of all columns that could be chosen, some of which may have no type in Arrow."""
    root = schema.root
    if isinstance(root, RecordType):
        return {field.name for field in root.fields}
    return columns_of(schema, None)


def _lost(schema: Schema, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    known = _names_of(schema)
    return [
        f"it has the column {name!r} ({field.type}), "
        + (
            "which is not among the columns now"
            if name in known
            else "and the schema no such field"
        )
        for name, field in before.items()
        if name not in now
    ]


def _left_out(left_out: Collection[str], now: Mapping[str, Any]) -> list[str]:
    """New columns that earlier messages may have a value for."""
    return [
        f"the column {name!r} ({field.type}) is new, and was left out of earlier rows"
        for name, field in now.items()
        if name in left_out
    ]


def _retyped(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        f"its column {name!r} is {field.type}, and that of the schema is {now[name].type}"
        for name, field in before.items()
        if name in now and now[name].type != field.type
    ]


def _unfilled(schema: Schema, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """New columns that no earlier message has a value for."""
    root = schema.root
    filled = (
        {field.name for field in root.fields if field.has_default}
        if isinstance(root, RecordType)
        else set()
    )
    return [
        f"the column {name!r} ({field.type}) is new, and the field has no default"
        for name, field in now.items()
        if name not in before and not field.nullable and name not in filled
    ]


def defaults(schema: Schema, columns: Sequence[str]) -> Any:
    """One row with the defaults of columns, as a ``pyarrow.Table``; null where there is none.

    Args:
        schema: The reader schema, which is a record.
        columns: Names of its fields.
    """
    pa = import_pyarrow("export")
    root = schema.root
    fields = {field.name: field for field in root.fields} if isinstance(root, RecordType) else {}
    codec: Codec[Any] = Codec(schema)
    found = {}
    for name in columns:
        part = codec.column_decoder([name]).reader.plain.schema
        document = json.loads(part.json)
        empty = parse_schema({**document, "fields": []})
        payloads = [b""] if fields[name].has_default else []
        column = pa.table(Codec[Any](part).decode_columns(payloads, writer=empty)).column(0)
        found[name] = column if payloads else pa.nulls(1, column.type)
    return pa.table(found)


def with_nullable(rows: Any, names: Sequence[str]) -> Any:
    """A ``pyarrow.Table`` whose columns of these names are nullable."""
    pa = import_pyarrow("export")
    fields = [field.with_nullable(field.nullable or field.name in names) for field in rows.schema]
    return pa.Table.from_arrays(rows.columns, schema=pa.schema(fields))
