"""Reader of container files: their records as the codec's values, or as Arrow columns."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

import attrs

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.codec import Codec
from streamcontract.codec.engine import choose_engine
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits
from streamcontract.codec.refusal import REFUSALS, data_fault
from streamcontract.container_files.compression import COMPRESSIONS, Damaged, compression_of
from streamcontract.container_files.header import CODEC_KEY, SCHEMA_KEY, SYNC_SIZE, Source
from streamcontract.errors import ArgumentError, DecodeError, SchemaParseError, shown
from streamcontract.guards import whole_number
from streamcontract.schema.leniency import STORED
from streamcontract.schema.parse import parse_schema
from streamcontract.schema.sizes import min_size

if TYPE_CHECKING:
    from streamcontract.codec import types
    from streamcontract.container_files.compression import Compression
    from streamcontract.container_files.header import Header
    from streamcontract.schema.schema import Schema
else:
    types = Later("streamcontract.codec.types")

__all__ = ["BLOCK_LIMIT", "Block", "ContainerFileReader"]

T = TypeVar("T")

BLOCK_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a block, as it is in the file and decompressed; other libraries write 16 to 64 KiB."""

_MOST_LIMIT: Final = 2**31 - 1
_CHUNK: Final = 16 * 1024
"""Records of a block whose bytes are in memory one by one."""


@attrs.frozen(kw_only=True)
class Block:
    """A block, decompressed.

    Attributes:
        index: Its number, from 0.
        offset: Bytes of the file before it.
        count: How many records it has.
        data: Their encoded values, one after the other.
    """

    index: int
    offset: int
    count: int
    data: bytes = attrs.field(repr=False)


class ContainerFileReader(Generic[T]):
    """Reads a container file once, from its beginning to its end.

    It is a context manager, and iterates over the records. A damaged file raises
    :class:`~streamcontract.errors.ContainerFileError`, with the block and its offset, where the
    damage is; the records before it were read.

    Args:
        source: The path of the file, or a file that is open for reading bytes. The reader closes
            what it opened.
        schema: The reader schema, as :class:`~streamcontract.Codec` takes it: a generated class or
            any schema; the file's own if left out.
        block_limit: Bytes that a block may have, in the file and decompressed.
        limits: Limits of the codec.

    Attributes:
        writer: The schema in the file.
        metadata: The other metadata of the header, by name.
        compression: The name of the file's codec.

    Raises:
        ContainerFileError: The file is none, or its header is damaged.
        ConfigurationError: Its codec needs an extra that is not installed.
        OSError: It cannot be opened.

    Example:
        >>> import io
        >>> from streamcontract.container_files import ContainerFileWriter
        >>> file = io.BytesIO()
        >>> with ContainerFileWriter(file, "string") as writer:
        ...     writer.write("a")
        >>> _ = file.seek(0)
        >>> with ContainerFileReader(file) as reader:
        ...     list(reader)
        ['a']
    """

    @overload
    def __init__(
        self: ContainerFileReader[Any],
        source: str | os.PathLike[str] | IO[bytes],
        schema: types.SchemaLike | None = ...,
        *,
        block_limit: int = ...,
        limits: Limits = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        source: str | os.PathLike[str] | IO[bytes],
        schema: type[T],
        *,
        block_limit: int = ...,
        limits: Limits = ...,
    ) -> None: ...

    def __init__(
        self,
        source: str | os.PathLike[str] | IO[bytes],
        schema: Any = None,
        *,
        block_limit: int = BLOCK_LIMIT,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        expected = "a number of bytes, from 1 to 2 GiB"
        self._most = whole_number(block_limit, "block_limit", 1, _MOST_LIMIT, expected)
        self._limits = limits
        with contextlib.ExitStack() as resources:
            file, name = _opened(source, resources)
            self._source = Source(file, name, self._most)
            header = self._source.take_header()
            self._sync = header.sync
            self.writer = _schema_of(self._source, header)
            self._compression = _compression_of(self._source, header)
            self._codec: Codec[T] = Codec(self.writer if schema is None else schema, limits=limits)
            self._resources = resources.pop_all()
        self.compression = self._compression.name
        self.metadata = {
            name: value
            for name, value in header.metadata.items()
            if name not in {SCHEMA_KEY, CODEC_KEY}
        }
        self._split = choose_engine().compile_splitter(self.writer.root, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if the reader opened it."""
        self._resources.close()

    def __iter__(self) -> Iterator[T]:
        """The records that are left.

        Raises:
            ContainerFileError: The file is damaged, or a record cannot be decoded.
        """
        decode = self._codec.decoder(self.writer)
        for block in self.blocks():
            number = 0
            for payloads in self._chunks(block):
                for payload in payloads:
                    try:
                        value = decode(payload)
                    except DecodeError as error:
                        raise self._source.error(str(error), number) from error
                    yield value
                    number += 1

    def batches(
        self,
        *,
        columns: Sequence[str] | None = None,
        batch_size: int = 65_536,
        threads: int = 1,
    ) -> Iterator[types.DecodedColumns]:
        """The records that are left, as Arrow columns; see ``Codec.decode_columns``.

        A record that cannot be decoded is one of the batch's faults, with its index in the batch.

        Args:
            columns: The fields that become columns, in their order; all if left out.
            batch_size: Records of a batch, of which the last one has less; or it ends before, where
                its records have more than ``block_limit`` bytes.
            threads: How many threads decode.

        Raises:
            ContainerFileError: The file is damaged.
            ConfigurationError: The extension module for columns was not built.
            ColumnsError: A type of the schema has no columns.
            ArgumentError: An argument cannot be used.
        """
        expected = "a number of records, from 1"
        most = whole_number(batch_size, "batch_size", 1, _MOST_LIMIT, expected)
        waiting: list[bytes] = []
        size = 0
        for payload in self.payloads():
            waiting.append(payload)
            size += len(payload)
            if len(waiting) == most or size > self._most:
                yield self._decoded(waiting, columns, threads)
                waiting, size = [], 0
        if waiting:
            yield self._decoded(waiting, columns, threads)

    def _decoded(
        self, payloads: list[bytes], columns: Sequence[str] | None, threads: int
    ) -> types.DecodedColumns:
        return self._codec.decode_columns(
            payloads, writer=self.writer, columns=columns, threads=threads
        )

    def payloads(self) -> Iterator[bytes]:
        """The encoded values of the records that are left.

        Raises:
            ContainerFileError: The file is damaged.
        """
        for block in self.blocks():
            for chunk in self._chunks(block):
                yield from chunk

    def blocks(self) -> Iterator[Block]:
        """The blocks that are left.

        Raises:
            ContainerFileError: The file is damaged.
        """
        source = self._source
        while True:
            source.start = source.offset
            source.block = 0 if source.block is None else source.block + 1
            if source.is_at_end():
                return
            yield self._block(source.block)

    def _block(self, index: int) -> Block:
        source = self._source
        count = source.take_long("the count of records")
        size = source.take_long("the size of the block")
        compressed = source.take(size, "the block")
        if source.take(SYNC_SIZE, "the sync marker") != self._sync:
            raise source.error("the sync marker after the block is not that of the header")
        try:
            data = self._compression.decompress(compressed, self._most)
        except Damaged as damage:
            raise source.error(str(damage)) from None
        self._check_count(count, len(data))
        return Block(index=index, offset=source.start, count=count, data=data)

    def _check_count(self, count: int, size: int) -> None:
        """Check the number of records against the bytes, before anything is made of it."""
        least = min_size(self.writer.root)
        most = size // least if least else self._limits.empty_items
        if not 0 <= count <= most:
            what = f"that {size:,} bytes hold" if least else "of no bytes in one block"
            raise self._source.error(f"{count:,} records, expected at most {most:,} {what}")

    def _chunks(self, block: Block) -> Iterator[list[bytes]]:
        """The encoded values of a block, some at a time."""
        done = pos = 0
        while done < block.count:
            found: list[bytes] = []
            try:
                pos = self._split(block.data, pos, min(_CHUNK, block.count - done), found)
            except REFUSALS as refusal:
                fault = data_fault(self.writer.name or "value", refusal)
                raise self._source.error(str(fault), done + len(found)) from None
            done += len(found)
            yield found
        if pos != len(block.data):
            left = len(block.data) - pos
            raise self._source.error(f"{left:,} bytes are left after its {block.count:,} records")


def _opened(
    source: str | os.PathLike[str] | IO[bytes], resources: contextlib.ExitStack
) -> tuple[IO[bytes], str]:
    """A file to read, and its name."""
    if isinstance(source, (str, os.PathLike)):
        return resources.enter_context(Path(source).open("rb")), os.fspath(source)
    if not callable(getattr(source, "read", None)):
        raise ArgumentError("source", source, "a path, or a file that is open for reading bytes")
    return source, str(getattr(source, "name", "the file"))


def _schema_of(source: Source, header: Header) -> Schema:
    text = header.metadata.get(SCHEMA_KEY)
    if text is None:
        raise source.error(f"the metadata have no {SCHEMA_KEY}")
    try:
        return parse_schema(text.decode(), leniency=STORED)
    except UnicodeDecodeError:
        raise source.error(f"{SCHEMA_KEY} is not UTF-8") from None
    except SchemaParseError as error:
        raise source.error(f"{SCHEMA_KEY} cannot be used: {error}") from error


def _compression_of(source: Source, header: Header) -> Compression:
    name = header.metadata.get(CODEC_KEY, b"null").decode(errors="replace")
    try:
        return compression_of(name)
    except ArgumentError:
        known = ", ".join(COMPRESSIONS)
        raise source.error(f"{CODEC_KEY} is {shown(name)}, expected one of {known}") from None
