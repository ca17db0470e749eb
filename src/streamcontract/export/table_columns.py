"""Columns of a DuckDB table: their types, and names that DuckDB compares without case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamcontract.errors import ColumnsError, ConfigurationError
from streamcontract.export.evolution import columns_of
from streamcontract.export.target import import_pyarrow, way_without
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamcontract.export.target import Content
    from streamcontract.schema.model import AvroType

__all__ = ["check_columns", "table_types"]


def check_columns(content: Content, place: str, connection: Any) -> None:
    """Check that DuckDB has a type for each column, and that no two have the same name in it.

    Raises:
        ColumnsError: It has no such type.
        ConfigurationError: Names of columns, or of fields of a ``STRUCT``, differ only in case.
    """
    pa = import_pyarrow("export")
    fields = list(columns_of(content.schema, content.columns).values())
    refused = {field.name: reason for field in fields if (reason := _refused(field, connection))}
    for name, reason in refused.items():
        fix = way_without(content, [each.name for each in fields if each.name not in refused])
        raise ColumnsError(name, f"DuckDB does not take it ({reason}): {fix}")
    metadata = [pa.field(name, pa.null()) for name in content.metadata]
    for first, second in _alike([*fields, *metadata], ""):
        raise ConfigurationError(
            f"{place} cannot have both {first!r} and {second!r}, since DuckDB compares names "
            "without case: leave a column out with --columns or --metadata, or export to parquet"
        )


def _refused(field: Any, connection: Any) -> str:
    """Why DuckDB does not read a column of Arrow, such as decimals of more than 38 digits."""
    import duckdb  # noqa: PLC0415 - of an extra

    try:
        connection.from_arrow(import_pyarrow("export").schema([field]).empty_table())
    except duckdb.Error as error:
        return str(error)
    return ""


def _alike(fields: Iterable[Any], path: str) -> Iterator[tuple[str, str]]:
    """The paths of fields of Arrow whose names are one to DuckDB."""
    seen: dict[bytes, str] = {}
    for field in fields:
        folded = field.name.encode().lower()  # DuckDB folds letters of ASCII alone
        if folded in seen:
            yield path + seen[folded], path + field.name
        seen[folded] = field.name
        yield from _alike_within(field.type, path + field.name)


def _alike_within(kind: Any, path: str) -> Iterator[tuple[str, str]]:
    parts = [kind.field(at) for at in range(kind.num_fields)]
    if import_pyarrow("export").types.is_struct(kind):
        yield from _alike(parts, f"{path}.")
        return
    for part in parts:  # of a list or a map, whose names are none of the schema
        yield from _alike_within(part.type, path)


def table_types(relation: Any, content: Content) -> Mapping[str, str]:
    """The types of the columns of a relation of DuckDB, as SQL, in which UUIDs are ``UUID``."""
    from streamcontract.integrations.duckdb_types import shown_type  # noqa: PLC0415 - of an extra

    nodes = _nodes(content)
    return {
        name: str(shown_type(nodes[name], read) if name in nodes else read)
        for name, read in zip(relation.columns, relation.types, strict=True)
    }


def _nodes(content: Content) -> Mapping[str, AvroType]:
    """The types of the schema that columns have; metadata have none."""
    root = content.schema.root
    if not isinstance(root, RecordType):
        return {"value": root}
    return {field.name: field.type for field in root.fields if field.name not in content.metadata}
