"""Writer of container files: records, or encoded values, into blocks."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.atomic_file import draft_beside
from streamcontract.codec import Codec
from streamcontract.codec.engine import choose_engine
from streamcontract.codec.limits import DEFAULT_LIMITS
from streamcontract.codec.refusal import REFUSALS, data_fault
from streamcontract.codec.varint import long_bytes
from streamcontract.container_files.compression import compression_of
from streamcontract.container_files.header import (
    CODEC_KEY,
    SCHEMA_KEY,
    SYNC_SIZE,
    Header,
    header_bytes,
)
from streamcontract.errors import ArgumentError, DataFault, EncodeError
from streamcontract.guards import whole_number

if TYPE_CHECKING:
    from streamcontract.codec import types
    from streamcontract.schema.schema import Schema
else:
    types = Later("streamcontract.codec.types")

__all__ = ["BLOCK_SIZE", "ContainerFileWriter"]

T = TypeVar("T")

BLOCK_SIZE: Final = 64_000
"""Bytes of records after which a block ends; as Apache Avro's DEFAULT_SYNC_INTERVAL."""

_MOST_BLOCK_SIZE: Final = 2**30  # what the specification gives as the limit of sync intervals
_MOST_RECORDS: Final = DEFAULT_LIMITS.empty_items  # of no bytes, which do not fill a block


class ContainerFileWriter(Generic[T]):
    """Writes a container file.

    It is a context manager. A file that is given by its path appears, whole and on disk, when the
    context ends without an error; until then it is a draft beside the path. A file that is given
    open is written to as blocks fill up.

    Args:
        target: The path of the file, which is replaced if there is one, or a file that is open for
            writing bytes.
        schema: The schema of the records, as :class:`~streamcontract.Codec` takes it: a generated
            class or any schema.
        compression: The codec: null, deflate, snappy, zstandard, bzip2 or xz. snappy and zstandard
            need ``pip install 'streamcontract[avro]'``.
        metadata: More metadata for the header; names that begin with ``avro.`` are reserved.
        block_size: Bytes of records after which a block ends, before compression.

    Raises:
        SchemaParseError: The schema breaks the Avro specification.
        ConfigurationError: The codec needs an extra that is not installed.
        ArgumentError: Another argument cannot be used.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from streamcontract.container_files import ContainerFileReader
        >>> path = Path(tempfile.mkdtemp(), "pings.avro")
        >>> schema = {"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "long"}]}
        >>> with ContainerFileWriter(path, schema) as writer:
        ...     writer.write({"n": 64})
        >>> with ContainerFileReader(path) as reader:
        ...     reader.compression, list(reader)
        ('deflate', [{'n': 64}])
    """

    @overload
    def __init__(
        self: ContainerFileWriter[Any],
        target: str | os.PathLike[str] | IO[bytes],
        schema: types.SchemaLike,
        *,
        compression: str = ...,
        metadata: Mapping[str, bytes] | None = ...,
        block_size: int = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        schema: type[T],
        *,
        compression: str = ...,
        metadata: Mapping[str, bytes] | None = ...,
        block_size: int = ...,
    ) -> None: ...

    def __init__(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        schema: Any,
        *,
        compression: str = "deflate",
        metadata: Mapping[str, bytes] | None = None,
        block_size: int = BLOCK_SIZE,
    ) -> None:
        expected = "a number of bytes, from 1 to 1 GiB"
        self._block_size = whole_number(block_size, "block_size", 1, _MOST_BLOCK_SIZE, expected)
        self._compression = compression_of(compression)
        codec: Codec[T] = Codec(schema)
        self._encode = codec.encoder()
        self._split = choose_engine().compile_splitter(codec.schema.root)
        self._name = codec.schema.name or "value"
        self._sync = secrets.token_bytes(SYNC_SIZE)
        self._records: list[bytes] = []
        self._size = 0
        header = Header(_metadata(codec.schema, compression, metadata), self._sync)
        with contextlib.ExitStack() as resources:
            if isinstance(target, (str, os.PathLike)):
                self._path: Path | None = Path(target)
                self._draft = resources.enter_context(draft_beside(self._path))
                self._file = self._draft.file
            else:
                self._path, self._file = None, target
            self._file.write(header_bytes(header))
            self._resources = resources.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._resources:
            if error_type is None:
                self.end_block()
                if self._path is not None:
                    self._draft.commit(self._path)

    def write(self, record: T) -> None:
        """Write a record.

        Raises:
            EncodeError: It does not fit the schema; the file is as it was before.
        """
        self._add(self._encode(record))

    def write_encoded(self, payloads: Iterable[bytes]) -> None:
        """Write records that are encoded with the schema of the file.

        Raises:
            EncodeError: One of them is not the bytes of one value; those before it were written.
        """
        for payload in payloads:
            found: list[bytes] = []
            try:
                end = self._split(payload, 0, 1, found)
            except REFUSALS as refusal:
                raise EncodeError((data_fault(self._name, refusal),)) from None
            if end != len(payload):
                expected = f"one encoded value, but {len(payload) - end} bytes are left over"
                raise EncodeError((DataFault(path=self._name, expected=expected),))
            self._add(payload)

    def _add(self, payload: bytes) -> None:
        self._records.append(payload)
        self._size += len(payload)
        if self._size >= self._block_size or len(self._records) == _MOST_RECORDS:
            self.end_block()

    def end_block(self) -> None:
        """Write the records that are not written yet as a block."""
        if not self._records:
            return
        data = self._compression.compress(b"".join(self._records))
        head = long_bytes(len(self._records)) + long_bytes(len(data))
        self._file.write(head + data + self._sync)
        self._records, self._size = [], 0


def _metadata(
    schema: Schema, compression: str, given: Mapping[str, bytes] | None
) -> dict[str, bytes]:
    for name, value in (given or {}).items():
        if name.startswith("avro."):
            raise ArgumentError("metadata", name, 'names that do not begin with "avro."')
        if not isinstance(value, bytes):
            raise ArgumentError("metadata", value, f"bytes, as the value of {name!r}")
    return {
        SCHEMA_KEY: schema.inlined_json.encode(),
        CODEC_KEY: compression.encode(),
        **(given or {}),
    }
