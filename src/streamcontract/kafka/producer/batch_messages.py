"""Messages of Arrow rows: encoded values and keys, and options taken from columns by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.columns.arrow_rows import ArrowRows
from streamcontract.errors import ArgumentError, EncodeError
from streamcontract.kafka.contract.derived_key import DERIVED
from streamcontract.kafka.contract.keys import KeyCodec, column_codec, may_be_none
from streamcontract.kafka.contract.payloads import column_payloads, payload_decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.columns import _native
    from streamcontract.columns.arrow_types import ArrowType
    from streamcontract.columns.encoded import EncodeFault
    from streamcontract.kafka.producer.topic_serializer import TopicSerializer

__all__ = ["BatchMessages"]

_Key = str | bytes | None


class BatchMessages:
    """Makes the messages of rows for one topic.

    Args:
        data: The rows.
        serializer: The topic's.
        key: The column of the keys; ``DERIVED`` takes them from the values, by the contract.
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
        self._options = {
            name: self._column(name, given) if isinstance(given, str) else given
            for name, given in options.items()
        }
        named = {each for each in (key, *options.values()) if isinstance(each, str)}
        codec = serializer.binding.codec
        prefix, self._finish = column_payloads(codec, serializer.prefix)
        self._values = codec.column_encoder().run(self._rows, prefix, apart=named)
        self._keys: Callable[[_native.ArrowBatch], Callable[[int, bytes], _Key]] = (
            _derived(serializer)
            if key is DERIVED
            else _KeyColumn(self._rows, self._column("key", key), serializer).of
        )

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
        taken = {
            name: _values(name, column, batch)
            for name, column in self._options.items()
            if isinstance(column, _Column)
        }
        fixed = {name: each for name, each in self._options.items() if name not in taken}
        for row, encoded in zip(found.rows, found.payloads, strict=True):
            at, payload = row - first, self._finish(encoded)
            try:
                key = key_of(at, payload)
            except EncodeError as error:
                yield row, error
                continue
            options = {**fixed, **{name: values[at] for name, values in taken.items()}}
            yield row, (payload, key, options)

    def _column(self, option: str, name: object) -> _Column:
        """A column by its name."""
        found = self._rows.type.child(name) if isinstance(name, str) else None
        if found is None:
            names = ", ".join(each.name for each in self._rows.type.children)
            raise ArgumentError(option, name, f"the name of a column: {names}")
        return _Column(found)


class _Column:
    """A column that an option names."""

    def __init__(self, arrow: ArrowType) -> None:
        self.arrow = arrow


# ---- keys


def _derived(
    serializer: TopicSerializer,
) -> Callable[[_native.ArrowBatch], Callable[[int, bytes], _Key]]:
    """Keys that the contract takes from each value."""
    binding = serializer.binding
    if binding.derive is None:
        return lambda _: lambda _at, _payload: serializer.derive(None)
    decode = payload_decoder(binding.codec, binding.codec.schema, len(serializer.prefix))
    return lambda _: lambda _at, payload: serializer.derive(decode(payload))


class _KeyColumn:
    """Keys from a column, encoded as the contract's."""

    def __init__(self, rows: ArrowRows, column: _Column, serializer: TopicSerializer) -> None:
        key, name = serializer.binding.key, column.arrow.name
        codec = column_codec(key)
        self._is_plain = isinstance(key, KeyCodec)
        self._may_be_none = may_be_none(key)
        self._number = column.arrow.number
        prefix, self._finish = column_payloads(codec, serializer.key_prefix)
        if self._is_plain:
            self._decode = codec.decoder()
        self._run = codec.column_encoder().run(rows, prefix, column=name)

    def of(self, batch: _native.ArrowBatch) -> Callable[[int, bytes], _Key]:
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


def _values(option: str, column: _Column, batch: _native.ArrowBatch) -> list[Any]:
    """The values of a column for an option of ``produce``."""
    arrow = column.arrow.plain
    values = batch.values(column.arrow.number)
    match option, arrow.family:
        case (("partition" | "timestamp"), "integer"):
            return values
        case "timestamp", "timestamp" if arrow.zone:
            unit = arrow.per_second
            return [None if each is None else each * 1000 // unit for each in values]
        case "headers", "list" | "map" if _are_headers(arrow):
            return [each and [(name.decode(), value) for name, value in each] for each in values]
    expected = {
        "partition": "a column of integers",
        "timestamp": "a column of timestamps with a time zone, or of milliseconds",
        "headers": "a map, or a list of structs, of names and bytes",
    }[option]
    raise ArgumentError(option, arrow.words, expected)


def _are_headers(arrow: ArrowType) -> bool:
    families = [each.plain.family for each in arrow.children[0].children]
    return families in (["text", "bytes"], ["text", "text"])
