"""Messages of Arrow rows: encoded values and keys, and options taken from columns by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.columns.arrow_rows import ArrowRows
from streamcontract.errors import ArgumentError, EncodeError
from streamcontract.kafka.contract.derived_key import DERIVED
from streamcontract.kafka.contract.keys import KeyCodec, column_codec, may_be_none
from streamcontract.kafka.contract.payloads import column_payloads, payload_decoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.columns import _native
    from streamcontract.columns.arrow_types import ArrowType
    from streamcontract.columns.encoded import EncodeFault
    from streamcontract.kafka.producer.topic_serializer import TopicSerializer

__all__ = ["BatchMessages"]

_Key = str | bytes | None
_KeyOf = Callable[[int, bytes], _Key]
"""From a row of a batch, and its payload, to the key; raises EncodeError."""


class BatchMessages:
    """Makes the messages of rows for one topic.

    Args:
        data: The rows.
        serializer: The topic's.
        key: The column of the keys; ``DERIVED`` takes them from the values, by the contract, and
            None sends none.
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
        options: Mapping[str, Any],
    ) -> None:
        self._rows = ArrowRows(data)
        named = {name: given for name, given in options.items() if isinstance(given, str)}
        self._fixed = {name: given for name, given in options.items() if name not in named}
        self._columns = {name: _Column(name, self._column(name, of)) for name, of in named.items()}
        apart = {*named.values(), *((key,) if isinstance(key, str) else ())}
        codec = serializer.binding.codec
        prefix, self._finish = column_payloads(codec, serializer.prefix)
        self._values = codec.column_encoder().run(self._rows, prefix, apart=apart)
        self._keys = self._keys_of(serializer, key)

    def batches(
        self,
    ) -> Iterator[tuple[int, tuple[EncodeFault, ...], Iterator[tuple[int, Any]]]]:
        """For each batch its number of rows, the rows that do not fit, and the messages.

        A message is the number of its row with payload, key and options, or with its key's error.
        """
        first = 0
        for batch in self._rows.batches():
            self._values.add(batch)
            found = self._values.encoded()
            yield batch.rows, found.faults, self._messages(batch, first, found)
            first += batch.rows

    def _messages(
        self, batch: _native.ArrowBatch, first: int, found: Any
    ) -> Iterator[tuple[int, Any]]:
        key_of = self._keys(batch)
        taken = {name: column.values(batch) for name, column in self._columns.items()}
        fixed = self._fixed
        for row, encoded in zip(found.rows, found.payloads, strict=True):
            at, payload = row - first, self._finish(encoded)
            try:
                key = key_of(at, payload)
            except EncodeError as error:
                yield row, error
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

    def _column(self, option: str, name: object) -> ArrowType:
        """A column by its name."""
        found = self._rows.type.child(name) if isinstance(name, str) else None
        if found is None:
            names = ", ".join(each.name for each in self._rows.type.children)
            raise ArgumentError(option, name, f"the name of a column: {names}")
        return found


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

        def key_of(at: int, payload: bytes) -> _Key:
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
        self._number = arrow.number
        self._convert = _conversion(option, arrow.plain)

    def values(self, batch: _native.ArrowBatch) -> list[Any]:
        """The options of a batch's rows."""
        convert = self._convert
        return [None if raw is None else convert(raw) for raw in batch.values(self._number)]


def _conversion(option: str, arrow: ArrowType) -> Callable[[Any], Any]:
    match option, arrow.family:
        case (("partition" | "timestamp"), "integer"):
            return lambda number: number
        case "timestamp", "timestamp" if arrow.zone:
            unit = arrow.per_second
            return lambda number: number * 1000 // unit
        case "headers", "list" | "map" if _are_headers(arrow):
            return _headers
    expected = {
        "partition": "a column of integers",
        "timestamp": "a column of timestamps with a time zone, or of milliseconds",
        "headers": "a map, or a list of structs, of names and bytes",
    }[option]
    raise ArgumentError(option, arrow.words, expected)


def _headers(pairs: list[tuple[bytes | None, bytes | None] | None]) -> list[tuple[str, Any]]:
    found = []
    for pair in pairs:
        if pair is None or pair[0] is None:
            raise ArgumentError("headers", pair, "a name, with its value")
        found.append((pair[0].decode(), pair[1]))
    return found


def _are_headers(arrow: ArrowType) -> bool:
    families = [each.plain.family for each in arrow.children[0].children]
    return families in (["text", "bytes"], ["text", "text"])
