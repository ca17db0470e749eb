"""Formats of files as rows: each writes the tables of a partition one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from streamcontract.codec import Codec
from streamcontract.container_files import ContainerFileWriter
from streamcontract.errors import ArgumentError, ColumnsError
from streamcontract.export.target import import_pyarrow, way_without
from streamcontract.schema.model import Field, PrimitiveType, RecordType, UnionType

if TYPE_CHECKING:
    from collections.abc import Collection

    from streamcontract.atomic_file import Draft
    from streamcontract.export.target import Content
    from streamcontract.schema.model import AvroType

__all__ = ["FILE_FORMATS", "Format", "TableWriter", "format_of", "uuids_of"]


class TableWriter(Protocol):
    """Writes the tables of one file."""

    @property
    def waiting(self) -> int:
        """Bytes, about, that rows will have in the file which are not written yet."""
        return 0

    def write(self, table: Any) -> None:
        """Write the rows of a ``pyarrow.Table``, now or with later ones."""

    def flush(self) -> None:
        """Write the rows that wait."""

    def close(self) -> None:
        """Write the rows that wait, and the end of the file."""


@attrs.frozen
class Format:
    """A format.

    Attributes:
        name: Its name, which is the extension of its files too.
        open: Begins a file, whose tables have an Arrow schema.
        check: Checks that it can hold what is exported, and raises what it cannot.
    """

    name: str
    open: Callable[[Draft, Content, Any], TableWriter]
    check: Callable[[Content, Any], None] = lambda _content, _schema: None


_ROW_GROUP: Final = 1024 * 1024
"""Rows of a row group, as of pyarrow. Of the benchmark's messages it costs half the CPU of 65,536
and takes a fifth less space, since each row group begins with dictionaries of its own, also in
columns that have too many values for them."""

_ROW_GROUP_SIZE: Final = 128 * 1024 * 1024
"""Bytes of Arrow of a row group, where rows are large: memory is to stay flat."""


class _Parquet(TableWriter):
    """Row groups of several batches.

    Dictionaries and statistics are as pyarrow has them: without dictionaries, columns with few
    values take more space; without statistics, readers cannot skip row groups, and a file is
    written no faster. Higher levels of zstandard than its first cost more CPU and save nothing.
    """

    def __init__(self, draft: Draft, _content: Content, schema: Any) -> None:
        from pyarrow import parquet  # noqa: PLC0415 - of an extra

        self._path = draft.path
        # By its name: writing through Python's file object takes the GIL for each page.
        self._writer = parquet.ParquetWriter(str(draft.path), schema, compression="zstd")
        self._tables: list[Any] = []
        self._rows = self._size = 0
        self._ratio = 1.0

    @property
    def waiting(self) -> int:
        """As the rows of the last row group were compressed."""
        return int(self._size * self._ratio)

    def write(self, table: Any) -> None:
        while table.num_rows:
            part = table.slice(0, _ROW_GROUP - self._rows)
            table = table.slice(len(part))
            self._tables.append(part)
            self._rows += part.num_rows
            self._size += part.nbytes
            if self._rows >= _ROW_GROUP or self._size >= _ROW_GROUP_SIZE:
                self.flush()

    def flush(self) -> None:
        if not self._tables:
            return
        tables, size = self._tables, self._size
        self._tables, self._rows, self._size = [], 0, 0
        before = self._path.stat().st_size
        self._writer.write_table(import_pyarrow("the format parquet").concat_tables(tables))
        self._ratio = (self._path.stat().st_size - before) / max(1, size)

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._writer.close()


class _Arrow(TableWriter):
    """The IPC file format, whose files are read at random ("IPC File Format", Arrow 1.5)."""

    def __init__(self, draft: Draft, _content: Content, schema: Any) -> None:
        self._writer = import_pyarrow("the format arrow").ipc.new_file(str(draft.path), schema)

    def write(self, table: Any) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()


class _Csv(TableWriter):
    """Lines with a head; null is nothing, and an empty text is a pair of quotes."""

    def __init__(self, draft: Draft, content: Content, schema: Any) -> None:
        from pyarrow import csv  # noqa: PLC0415 - of an extra

        self._uuids = uuids_of(content)
        self._schema = _as_text(schema, self._uuids)
        self._writer = csv.CSVWriter(str(draft.path), self._schema)

    def write(self, table: Any) -> None:
        from streamcontract.integrations.arrow.uuids import uuid_texts  # noqa: PLC0415 - of an extra

        pa = import_pyarrow("the format csv")
        for name in self._uuids.intersection(table.schema.names):
            texts = [uuid_texts(chunk) for chunk in table.column(name).chunks]
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, pa.chunked_array(texts, pa.string()))
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        self._writer.close()


def uuids_of(content: Content) -> frozenset[str]:
    """The columns of UUIDs, whose Arrow type is that of any 16 bytes."""
    root = content.schema.root
    fields = root.fields if isinstance(root, RecordType) else (Field(name="value", type=root),)
    return frozenset(field.name for field in fields if _is_uuid(field.type))


def _is_uuid(kind: AvroType) -> bool:
    """Whether a type is that of UUIDs, or of them and null."""
    if isinstance(kind, UnionType):
        others = [each for each in kind.branches if not _is_null(each)]
        return len(others) == 1 and _is_uuid(others[0])
    logical = getattr(kind, "logical", None)
    return logical is not None and logical.name == "uuid"


def _is_null(kind: AvroType) -> bool:
    return isinstance(kind, PrimitiveType) and kind.name == "null"


def _as_text(schema: Any, uuids: Collection[str]) -> Any:
    """The schema that pyarrow writes as CSV: enums, decimals and UUIDs are text."""
    pa = import_pyarrow("the format csv")

    def cast(field: Any) -> Any:
        is_text = pa.types.is_dictionary(field.type) or pa.types.is_decimal(field.type)
        return field.with_type(pa.string()) if is_text or field.name in uuids else field

    return pa.schema([cast(field) for field in schema])


def _check_flat(content: Content, schema: Any) -> None:
    """Check that every column has a form in CSV.

    Raises:
        ColumnsError: One is nested or binary.
    """
    types = import_pyarrow("the format csv").types
    uuids = uuids_of(content)

    def form(field: Any) -> str | None:
        if types.is_nested(field.type):
            return "nested"
        is_binary = types.is_binary(field.type) or types.is_fixed_size_binary(field.type)
        return "binary" if is_binary and field.name not in uuids else None

    flat = [each.name for each in schema if form(each) is None]
    for field in schema:
        wrong = form(field)
        if wrong is not None:
            if field.name in content.metadata:
                fix = "leave it out of --metadata, or export to parquet"
            else:
                fix = way_without(content, [each for each in flat if each not in content.metadata])
            raise ColumnsError(field.name, f"CSV has no {wrong} columns ({field.type}): {fix}")


class _Avro(TableWriter):
    """Container files in the reader schema, or in the part of it that the columns are."""

    def __init__(self, draft: Draft, content: Content, _schema: Any) -> None:
        codec: Codec[Any] = Codec(content.schema)
        schema = codec.column_decoder(content.columns).reader.plain.schema
        self._encoder = Codec[Any](schema).column_encoder()
        self._resources = contextlib.ExitStack()
        self._writer: ContainerFileWriter[Any] = self._resources.enter_context(
            ContainerFileWriter(draft.file, schema)
        )

    def write(self, table: Any) -> None:
        encoded = self._encoder.encode(table)
        encoded.raise_for_faults()
        self._writer.write_encoded(encoded.payloads)

    def close(self) -> None:
        self._resources.close()


def _check_whole(content: Content, _schema: Any) -> None:
    """Check that files in the reader schema hold what is exported."""
    if content.metadata:
        raise ArgumentError(
            "metadata",
            list(content.metadata),
            "left out for avro, whose files have the contract's fields alone",
        )


_ROWS: Final = (
    Format("parquet", _Parquet),
    Format("arrow", _Arrow),
    Format("csv", _Csv, _check_flat),
    Format("avro", _Avro, _check_whole),
)

FILE_FORMATS: Final = tuple(row.name for row in _ROWS)
"""The names of the formats."""


def format_of(name: str) -> Format:
    """The format of a name.

    Raises:
        ArgumentError: There is none.
    """
    for row in _ROWS:
        if row.name == name:
            return row
    raise ArgumentError("format", name, f"one of {', '.join(FILE_FORMATS)}")
