"""Columns of a DuckDB table: their types, and names that DuckDB cannot tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamcontract.errors import ConfigurationError
from streamcontract.export.evolution import columns_of
from streamcontract.export.target import import_pyarrow
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamcontract.export.target import Content
    from streamcontract.schema.model import AvroType

__all__ = ["check_names", "table_types"]


def check_names(content: Content, place: str) -> None:
    """Check that no two columns, or two fields of a ``STRUCT``, differ only in case.

    Raises:
        ConfigurationError: Two do, of which DuckDB gives the first for either name.
    """
    pa = import_pyarrow("export")
    fields = list(columns_of(content.schema, content.columns).values())
    metadata = [pa.field(name, pa.null()) for name in content.metadata]
    for first, second in _alike([*fields, *metadata], ""):
        raise ConfigurationError(
            f"{place} cannot have both {first!r} and {second!r}, since DuckDB compares names "
            "without case: leave a column out with --columns or --metadata, or export to parquet"
        )


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
