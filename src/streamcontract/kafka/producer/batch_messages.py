"""Messages of Arrow rows: encoded values and keys, and options taken from columns by name."""

from __future__ import annotations

import functools
import heapq
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from streamcontract.columns.arrow_rows import ArrowRows
from streamcontract.errors import ArgumentError, ConfigurationError, DataFault, EncodeError
from streamcontract.kafka.batches.batch import ConsumedBatch
from streamcontract.kafka.contract.derived_key import DERIVED, no_record
from streamcontract.kafka.contract.keys import KeyCodec, column_codec, may_be_none
from streamcontract.kafka.contract.payloads import column_payloads, payload_decoder
from streamcontract.kafka.message import partition_of, timestamp_of
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamcontract.columns import _native
    from streamcontract.columns.arrow_types import ArrowType
    from streamcontract.columns.encoded import EncodeFault
    from streamcontract.kafka.producer.topic_serializer import TopicSerializer
    from streamcontract.schema.model import AvroType

__all__ = ["BatchMessages"]

_Key = str | bytes | None
_KeyOf = Callable[[int, Any], _Key]
"""From a row of a batch, and its payload if it has one, to the key; raises EncodeError."""


class BatchMessages:
    """Makes the messages of rows for one topic.

    Args:
        data: The rows.
        serializer: The topic's.
        key: The column of the keys; ``DERIVED`` takes them from the values, by the contract, and
            None sends none.
        columns: The columns of the value; None means all but metadata columns of a consumed batch.
        tombstones: ``"null"`` if rows of nulls are messages without a value; else None.
        options: Partition, timestamp and headers; text names a column.

    Raises:
        ArgumentError: The data have no such column, or it cannot be what it is named for.
        ColumnTypesError: Columns do not have the types of the contract.
    """

    def __init__(
        self,
        data: object,
        serializer: TopicSerializer,
        key: object,
        columns: Sequence[str] | None,
        tombstones: Literal["null"] | None,
        options: Mapping[str, Any],
    ) -> None:
        self._rows = ArrowRows(data)
        named = {name: given for name, given in options.items() if isinstance(given, str)}
        self._fixed = {name: given for name, given in options.items() if name not in named}
        self._columns = {name: _Column(name, self._column(name, of)) for name, of in named.items()}
        codec = serializer.binding.codec
        # A column of another part of the message need not be one of the value, and may be.
        others = {*named.values(), *((key,) if isinstance(key, str) else ())}
        apart = (others - _fields(codec.schema.root)) | self._not_of_value(data, columns)
        self._value_columns: tuple[int, ...] | None = None
        if _are_sent(tombstones, key):
            of_value = (each for each in self._rows.type.children if each.name not in apart)
            self._value_columns = tuple(each.number for each in of_value)
        prefix, self._finish = column_payloads(codec, serializer.prefix)
        self._values = codec.column_encoder().run(self._rows, prefix, apart=apart)
        self._keys = self._keys_of(serializer, key)

    def batches(
        self,
    ) -> Iterator[tuple[int, tuple[EncodeFault, ...], Iterator[tuple[int, Any]]]]:
        """For each batch its number of rows, the rows that do not fit, and the messages.

        A message is the number of its row with payload, key and options, or with the error of its
        key or of an option.
        """
        first = 0
        for batch in self._rows.batches():
            tombstones = self._tombstones(batch)
            self._values.add(batch, tombstones)
            found = self._values.encoded()
            rows: Iterable[tuple[int, bytes | None]]
            rows = zip(found.rows, map(self._finish, found.payloads), strict=True)
            if tombstones:
                without = ((first + row, None) for row in tombstones)
                rows = heapq.merge(rows, without, key=_row)
            yield batch.rows, found.faults, self._messages(batch, first, rows)
            first += batch.rows

    def _tombstones(self, batch: _native.ArrowBatch) -> list[int]:
        """The rows whose value is null in all of its columns, if those are tombstones."""
        if not self._value_columns:
            return []
        nulls = (frozenset(batch.nulls(number)) for number in self._value_columns)
        return sorted(functools.reduce(operator.and_, nulls))

    def _messages(
        self, batch: _native.ArrowBatch, first: int, rows: Iterable[tuple[int, bytes | None]]
    ) -> Iterator[tuple[int, Any]]:
        key_of = self._keys(batch)
        wrong: dict[int, EncodeError] = {}
        taken = {name: column.values(batch, wrong) for name, column in self._columns.items()}
        fixed = self._fixed
        for row, payload in rows:
            at = row - first
            try:
                key = key_of(at, payload)
                if payload is None and key is None:
                    no_record()
            except EncodeError as error:
                yield row, error
                continue
            if at in wrong:
                yield row, wrong[at]
                continue
            options = {name: values[at] for name, values in taken.items()}
            yield row, (payload, key, {**fixed, **options} if options else fixed)

    def _keys_of(
        self, serializer: TopicSerializer, key: object
    ) -> Callable[[_native.ArrowBatch], _KeyOf]:
        if key is DERIVED:
            return _derived(serializer)
        if key is None:
            return lambda _: lambda _at, _payload: serializer.checked_key(None)
        return _KeyColumn(self._rows, self._column("key", key), serializer).of

    def _not_of_value(self, data: object, columns: Sequence[str] | None) -> set[str]:
        """The columns that are not part of the value, even if it has fields of their names."""
        if columns is None:
            return set(data.metadata.values()) if isinstance(data, ConsumedBatch) else set()
        if isinstance(columns, str) or not isinstance(columns, Sequence):
            raise ArgumentError("columns", columns, "a list of names of columns")
        chosen = {self._column("columns", name).name for name in columns}
        return {each.name for each in self._rows.type.children} - chosen

    def _column(self, option: str, name: object) -> ArrowType:
        """A column by its name."""
        found = self._rows.type.child(name) if isinstance(name, str) else None
        if found is None:
            names = ", ".join(each.name for each in self._rows.type.children)
            raise ArgumentError(option, name, f"the name of a column: {names}")
        return found


def _row(message: tuple[int, object]) -> int:
    return message[0]


def _fields(root: AvroType) -> set[str]:
    """The names of the columns of a value."""
    return {each.name for each in root.fields} if isinstance(root, RecordType) else {"value"}


def _are_sent(tombstones: object, key: object) -> bool:
    """Whether rows of nulls are tombstones, whose keys are in a column.

    Raises:
        ArgumentError: The option is invalid, or there is no column of keys.
    """
    if tombstones is None:
        return False
    if tombstones != "null":
        raise ArgumentError("tombstones", tombstones, "'null', or None")
    if not isinstance(key, str):
        expected = "the name of a column, since a tombstone needs a key"
        raise ArgumentError("key", None if key is DERIVED else key, expected)
    return True


# ---- keys


def _derived(serializer: TopicSerializer) -> Callable[[_native.ArrowBatch], _KeyOf]:
    """Keys that the contract takes from each value."""
    binding = serializer.binding
    if binding.derive is None:
        return lambda _: lambda _at, _payload: serializer.derive(None)
    decode = payload_decoder(binding.codec, binding.codec.schema, len(serializer.prefix))
    return lambda _: lambda _at, payload: serializer.derive(decode(payload))


class _KeyColumn:
    """Keys from a column, encoded as the contract's."""

    def __init__(self, rows: ArrowRows, column: ArrowType, serializer: TopicSerializer) -> None:
        key = serializer.binding.key
        codec = column_codec(key)
        self._is_plain = isinstance(key, KeyCodec)
        self._may_be_none = may_be_none(key)
        self._number = column.number
        prefix, self._finish = column_payloads(codec, serializer.key_prefix)
        if self._is_plain:
            self._decode = codec.decoder()
        self._run = codec.column_encoder().run(rows, prefix, column=column.name)

    def of(self, batch: _native.ArrowBatch) -> _KeyOf:
        """The keys of a batch, by row."""
        first = self._run.rows_before
        self._run.add(batch)
        found = self._run.encoded()
        nulls = frozenset(batch.nulls(self._number) if self._may_be_none else ())
        faults = {fault.row - first: self._named(fault.error) for fault in found.faults}
        keys = dict(zip((row - first for row in found.rows), found.payloads, strict=True))

        def key_of(at: int, payload: object) -> _Key:
            del payload
            if at in nulls:
                return None
            if at in faults:
                raise faults[at]
            return self._plain(keys[at]) if self._is_plain else self._finish(keys[at])

        return key_of

    def _named(self, error: EncodeError) -> EncodeError:
        """The error of a key; one that is a field has no other path."""
        if not self._is_plain:
            return error
        return EncodeError(tuple(attrs.evolve(fault, path="key") for fault in error.faults))

    def _plain(self, encoded: bytes) -> str | bytes:
        """The bytes of a key that is one field: text, digits, or bytes unchanged."""
        value = self._decode(encoded)
        return value if isinstance(value, bytes) else str(value)


# ---- options


class _Column:
    """A column with an option of ``produce`` for each row.

    Args:
        option: The option.
        arrow: The column's type.

    Raises:
        ArgumentError: It has no such values.
    """

    def __init__(self, option: str, arrow: ArrowType) -> None:
        self._option = option
        self._number = arrow.number
        self._convert = _conversion(option, arrow.plain)

    def values(self, batch: _native.ArrowBatch, wrong: dict[int, EncodeError]) -> list[Any]:
        """The options of a batch's rows; errors of those that cannot be sent are added by row."""
        found: list[Any] = []
        for at, raw in enumerate(batch.values(self._number)):
            try:
                found.append(None if raw is None else self._convert(raw))
            except ConfigurationError as error:  # noqa: PERF203 - each may be one
                wrong[at] = EncodeError((self._fault(error),))
                found.append(None)
        return found

    def _fault(self, error: ConfigurationError) -> DataFault:
        if isinstance(error, ArgumentError):
            return DataFault(error.argument, error.expected, error.value, has_value=True)
        return DataFault(self._option, str(error))


def _conversion(option: str, arrow: ArrowType) -> Callable[[Any], Any]:
    """From a value of a column to the option; raises ConfigurationError."""
    match option, arrow.family:
        case "partition", "integer":
            return partition_of
        case "timestamp", "integer":
            return timestamp_of
        case "timestamp", "timestamp" if arrow.zone:
            unit = arrow.per_second
            return lambda number: timestamp_of(number * 1000 // unit)
        case "headers", "list" | "map" if _are_headers(arrow):
            return _headers
    expected = {
        "partition": "a column of integers",
        "timestamp": "a column of timestamps with a time zone, or of milliseconds",
        "headers": "a map, or a list of structs, of names and bytes",
    }[option]
    raise ArgumentError(option, arrow.words, expected)


def _headers(pairs: list[tuple[bytes | None, bytes | None] | None]) -> list[tuple[str, Any]]:
    # headers_of() follows for each message: here is only what it refuses of UTF-8 and bytes.
    found = []
    for pair in pairs:
        if pair is None or pair[0] is None:
            raise ArgumentError("headers", pair, "a name, with its value")
        if b"\0" in pair[0]:
            raise ArgumentError("headers", pair, "a name without NUL, with its value")
        try:
            found.append((pair[0].decode(), pair[1]))
        except UnicodeDecodeError:
            raise ArgumentError("headers", pair, "a name in UTF-8, with its value") from None
    return found


def _are_headers(arrow: ArrowType) -> bool:
    families = [each.plain.family for each in arrow.children[0].children]
    return families in (["text", "bytes"], ["text", "text"])
