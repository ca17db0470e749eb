"""Codec of one schema or record class: values to Avro's binary encoding and back."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, TypeVar, overload

from streamcontract._lazy import Later
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from streamcontract.codec import types
    from streamcontract.columns.options import ColumnOptions
else:
    types = Later("streamcontract.codec.types")

__all__ = ["Codec"]

T = TypeVar("T")

# As many as a registry client keeps schemas by default; the oldest go first.
_MOST_DECODERS: Final = 1000
_MOST_COLUMN_DECODERS: Final = 100


class Codec(Generic[T]):
    """Encodes and decodes the values of one schema, strictly and without loss.

    The first use compiles the schema; later ones run the compiled functions. Threads may share a
    codec.

    Args:
        schema: A record class that ``streamcontract generate`` made, or a schema: a
            :class:`Schema`, a :class:`Contract`, or any source that ``parse_schema`` takes.
        tag_unions: Decode the value of a union as ``(branch's full name, value)``.
        limits: Limits on data that a few bytes can make large.

    Raises:
        SchemaParseError: The schema breaks the Avro specification.
        ConfigurationError: A class was not generated from a schema, or not from this one; or
            ``STREAMCONTRACT_ENGINE`` names an engine that does not exist.

    Example:
        >>> codec = Codec({"type": "record", "name": "Ping", "fields": [
        ...     {"name": "n", "type": "long"}]})
        >>> codec.encode({"n": 64}).hex()
        '8001'
        >>> codec.decode(bytes.fromhex("8001"))
        {'n': 64}
    """

    schema: types.Schema
    unnamed: ClassVar[str] = "value"  # the name in errors for a value whose type has no name

    @overload
    def __init__(
        self: Codec[Any], schema: types.SchemaLike, *, tag_unions: bool = ..., limits: Limits = ...
    ) -> None: ...
    @overload
    def __init__(
        self, schema: type[T], *, tag_unions: bool = ..., limits: Limits = ...
    ) -> None: ...

    def __init__(
        self,
        schema: types.SchemaLike | type[T],
        *,
        tag_unions: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        # What compiles takes longer to load than all else here.
        from streamcontract.codec.compiler import Compiler  # noqa: PLC0415

        self._options = {"tag_unions": tag_unions, "limits": limits}
        self._compiler: Compiler[T] = Compiler(schema, tag_unions, limits, self.unnamed)
        self.schema = self._compiler.schema
        self._lock = threading.RLock()
        self._make_encoder: Callable[[bytes], Callable[[T], bytes]] | None = None
        self._encode: Callable[[T], bytes] | None = None
        # Keyed by the schema object and the offset: schemas are immutable, and the entry keeps
        # the object alive, so its id cannot come to mean another.
        self._decoders: dict[tuple[int, int], tuple[types.Schema, Callable[[bytes], T]]] = {}
        self._column_decoders: dict[ColumnOptions, types.ColumnDecoder] = {}
        self._column_encoder: types.ColumnEncoder | None = None

    @property
    def record(self) -> type[T] | None:
        """The generated class of the values; None for plain ones."""
        return self._compiler.record

    def __repr__(self) -> str:
        return f"<Codec of {self.schema!r}>"

    def __reduce__(self) -> Any:
        """Copies and pickles have the arguments, and compile for themselves."""
        return functools.partial(type(self), **self._options), (self.record or self.schema,)

    def encode(self, value: T) -> bytes:
        """Encode a value in Avro's binary encoding.

        Raises:
            EncodeError: The value does not fit the schema; the error names every fault.
        """
        encode = self._encode
        if encode is None:
            encode = self._encode = self.encoder()
        return encode(value)

    def decode(self, data: bytes, *, writer: types.Schema | None = None) -> T:
        """Decode one value from exactly these bytes.

        Args:
            data: The encoded value, without a frame.
            writer: The schema it was written with, if that is another than the codec's own.

        Raises:
            DecodeError: The bytes do not match the writer schema.
            ResolutionError: They do, but these data need a part of the writer schema that cannot
                be resolved to the reader's.
        """
        return self.decoder(writer)(data if data.__class__ is bytes else _as_bytes(data))

    def encoder(self, prefix: bytes = b"") -> Callable[[T], bytes]:
        r"""The function that encodes a value after a prefix, for the hot path.

        Example:
            >>> encode = Codec("string").encoder(prefix=b"\0\0\0\0\x07")
            >>> encode("a")
            b'\x00\x00\x00\x00\x07\x02a'
        """
        make = self._make_encoder
        if make is None:
            with self._lock:
                make = self._make_encoder
                if make is None:
                    make = self._make_encoder = self._compiler.encoder()
        return make(prefix)

    def decoder(self, writer: types.Schema | None = None, start: int = 0) -> Callable[[bytes], T]:
        """The function that decodes the bytes after an offset, for the hot path.

        Args:
            writer: The schema they were written with; None means the codec's own.
            start: The number of bytes to skip first, such as the five of a frame.
        """
        writer = self.schema if writer is None else writer
        key = (id(writer), start)
        known = self._decoders.get(key)
        if known is None:
            with self._lock:
                known = self._decoders.get(key)
                if known is None:
                    known = self._decoders[key] = (writer, self._compiler.decoder(writer, start))
                    while len(self._decoders) > _MOST_DECODERS:
                        del self._decoders[next(iter(self._decoders))]
        return known[1]

    def decode_columns(
        self,
        payloads: Iterable[bytes | None],
        *,
        writer: types.Schema | Sequence[types.Schema] | None = None,
        columns: Sequence[str] | None = None,
        tombstones: Literal["drop", "null"] = "drop",
        unions: Literal["struct", "dense"] = "struct",
        start: int = 0,
        threads: int = 1,
    ) -> types.DecodedColumns:
        """Decode many payloads into Arrow columns, without making Python objects of their values.

        pyarrow, polars, DuckDB and pandas read the result without a copy. A payload that cannot
        be decoded is one of its ``faults``, and no row.

        Args:
            payloads: The encoded values; None is a tombstone, which is counted.
            writer: The schema they were written with, if that is another than the codec's own; or
                one for each.
            columns: The fields of the record that become columns, in their order, or paths to
                fields inside them, such as ``"lines.price"``; all if left out. What is not needed
                is skipped.
            tombstones: ``"drop"`` leaves tombstones out; ``"null"`` makes each a row whose columns
                are all null, and all columns nullable.
            unions: ``"struct"`` makes a union of several types a struct with a nullable field for
                each, ``"dense"`` a dense union of Arrow, which few readers of Arrow take.
            start: How many bytes of each to pass over first, such as the five of a frame.
            threads: How many threads decode, each its share of the payloads into a batch of its
                own; all have ended on return.

        Raises:
            ConfigurationError: The extension module for columns was not built.
            ColumnsError: A type of the schema has no columns: it is recursive, or a decimal of
                more than 76 digits.
            ArgumentError: The record has no such field, or another argument is of no use.

        Example:
            >>> codec = Codec({"type": "record", "name": "Ping", "fields": [
            ...     {"name": "n", "type": "long"}]})
            >>> decoded = codec.decode_columns([codec.encode({"n": 64}), b""])
            >>> len(decoded), decoded.faults[0].path
            (1, 'Ping.n')
        """
        decoder = self.column_decoder(columns, tombstones=tombstones, unions=unions)
        return decoder.decode(payloads, writer, start=start, threads=threads)

    def column_decoder(
        self,
        columns: Sequence[str] | None = None,
        *,
        tombstones: Literal["drop", "null"] = "drop",
        unions: Literal["struct", "dense"] = "struct",
    ) -> types.ColumnDecoder:
        """What :meth:`decode_columns` decodes with, for those who know more of their payloads.

        Args:
            columns: As there.
            tombstones: As there.
            unions: As there.

        Raises:
            Exception: As there.
        """
        # What an installation may lack, and few programs need.
        from streamcontract.columns.options import ColumnOptions  # noqa: PLC0415

        options = ColumnOptions(columns, tombstones, unions)
        known = self._column_decoders.get(options)
        if known is None:
            with self._lock:
                made = self._compiler.column_decoder(options)
                known = self._column_decoders.setdefault(options, made)
                while len(self._column_decoders) > _MOST_COLUMN_DECODERS:
                    del self._column_decoders[next(iter(self._column_decoders))]
        return known

    def encode_columns(self, data: object, *, prefix: bytes = b"") -> types.EncodedColumns:
        """Encode rows of Arrow columns, without making Python objects of their values.

        Each column is a field of the record, by its name; a field without a column has its default.
        Values are checked as :meth:`encode` checks them: a row that does not fit is one of the
        ``faults``, and has no payload.

        Args:
            data: Rows with the Arrow PyCapsule interface: a table, batch or array of pyarrow, a
                DataFrame of polars or pandas, a relation of DuckDB, decoded columns.
            prefix: Bytes before each payload, such as the five of a frame.

        Raises:
            ConfigurationError: The extension module for columns was not built.
            ColumnTypesError: Columns are missing, unknown, or of types that the schema does not
                take; the error names each.
            ColumnsError: The data are not as Arrow describes them.
            ArgumentError: They do not have the interface.

        Example:
            >>> codec = Codec({"type": "record", "name": "Ping", "fields": [
            ...     {"name": "n", "type": "long"}]})
            >>> columns = codec.decode_columns([codec.encode({"n": 64})])
            >>> [codec.decode(each) for each in codec.encode_columns(columns).payloads]
            [{'n': 64}]
        """
        return self.column_encoder().encode(data, prefix)

    def column_encoder(self) -> types.ColumnEncoder:
        """What :meth:`encode_columns` uses, made once; for what reads the rows batch by batch.

        Raises:
            ConfigurationError: The extension module for columns was not built.
        """
        known = self._column_encoder
        if known is None:
            with self._lock:
                known = self._column_encoder = (
                    self._column_encoder or self._compiler.column_encoder()
                )
        return known


def _as_bytes(data: object) -> bytes:
    from streamcontract.codec.compiler import as_bytes  # noqa: PLC0415 - loaded with the codec

    return as_bytes(data)
