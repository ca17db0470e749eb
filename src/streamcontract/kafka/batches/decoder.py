"""Decoder of batches: raw messages of one topic to columns, by type, and poison beside them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.columns import _native
from streamcontract.columns.run import Run
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.batches.key_column import KeyColumn
from streamcontract.kafka.batches.metadata import metadata_reader, require_apart
from streamcontract.kafka.batches.sources import Sources
from streamcontract.kafka.contract.topic_deserializer import POISON
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.native import native_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import confluent_kafka

    from streamcontract.codec import Codec
    from streamcontract.columns.decode import ColumnDecoder
    from streamcontract.columns.decoded import Parts
    from streamcontract.columns.reader import Reader, Writer
    from streamcontract.kafka.batches.sources import Source
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema import Schema

__all__ = ["BatchDecoder", "Decoded", "TypedRows"]

Raws = list["confluent_kafka.Message"]


@attrs.frozen(eq=False)
class _Type:
    """One type of values, with its columns.

    Attributes:
        codec: Its codec.
        values: Decodes the values.
        view: The columns as they are shown: those of the values, then metadata.
    """

    codec: Codec[Any]
    values: ColumnDecoder
    view: _native.View


@attrs.define
class _Rows:
    """Messages of one type, with their sources.

    Attributes:
        indexes: Their indexes among all messages.
        raws: The messages.
        sources: How each is read.
    """

    indexes: list[int] = attrs.field(factory=list)
    raws: Raws = attrs.field(factory=list)
    sources: list[Source] = attrs.field(factory=list)

    def without(self, indexes: Mapping[int, object]) -> _Rows:
        """The rows that are not of these indexes."""
        rows = zip(self.indexes, self.raws, self.sources, strict=True)
        kept = [row for row in rows if row[0] not in indexes]
        return _Rows(*map(list, zip(*kept, strict=True))) if kept else _Rows()

    def part(self, start: int, stop: int) -> _Rows:
        """Consecutive rows."""
        return _Rows(self.indexes[start:stop], self.raws[start:stop], self.sources[start:stop])


@attrs.frozen(eq=False)
class TypedRows:
    """The rows of one type.

    Attributes:
        codec: The codec of the type.
        view: The columns.
        batches: The rows.
        indexes: The indexes of their messages.
    """

    codec: Codec[Any]
    view: _native.View
    batches: tuple[Parts, ...]
    indexes: list[int]


@attrs.frozen(eq=False)
class Decoded:
    """Decoded messages.

    Attributes:
        rows: The rows of each type, in the order of their first messages.
        faults: The errors of messages that are not of the contract, by index, in their order.
        tombstones: The indexes of messages without a value.
        size: The number of messages that were decoded.
        error: The error that ended it before the next one, such as of the registry; else None.
    """

    rows: list[TypedRows]
    faults: dict[int, MessageDecodeError]
    tombstones: list[int]
    size: int
    error: Exception | None


class BatchDecoder:
    """Decodes messages of one topic.

    Args:
        topic: Deserializes the topic's messages, one by one.
        columns: The fields that become columns, in their order; None for all.
        metadata: The names of the metadata columns, in their order.

    Raises:
        ConfigurationError: The native code was not built, or a field and a metadata column have
            the same name.
        ColumnsError: A type has no columns.
        ArgumentError: A record has no such field.

    Attributes:
        codecs: The codec of each type.
    """

    def __init__(
        self,
        topic: TopicDeserializer[Any],
        columns: Sequence[str] | None,
        metadata: Mapping[str, str],
    ) -> None:
        self._topic = topic
        self._columns = columns
        self._metadata = metadata
        self._types: dict[int, _Type] = {}
        native = native_part()
        if native is None:
            raise ConfigurationError(
                "batches of messages need the native part of the clients, which was not built"
            )
        self._describe = native.describe
        self.codecs: tuple[Codec[Any], ...] = topic.codecs
        first, *_ = self.codecs
        portable = first.column_decoder(columns).reader.portable
        beside = {name: column for name, column in metadata.items() if name != "key"}
        self._key = KeyColumn(topic, metadata["key"]) if "key" in metadata else None
        self._beside: Reader | None = (
            metadata_reader(beside, topic.topic, portable) if beside else None
        )
        self._described = tuple(beside)
        self._sources = Sources(topic.deserializer, self._writer)
        for codec in self.codecs:  # raises their errors now
            self._type(codec)

    def view(self, codec: Codec[Any]) -> _native.View:
        """The columns of a type."""
        return self._type(codec).view

    def no_rows(self) -> TypedRows:
        """No rows, of the first type."""
        return self._typed(self._type(self.codecs[0]), _Rows(), 1)[0]

    def _writer(self, codec: Codec[Any], schema: Schema) -> Writer:
        return self._type(codec).values.writer(schema)

    def _type(self, codec: Codec[Any]) -> _Type:
        found = self._types.get(id(codec))
        if found is None:
            values = codec.column_decoder(self._columns)
            require_apart(self._metadata, values.reader.names, codec.schema.name or "the value")
            found = self._types[id(codec)] = _Type(codec, values, self._view(values))
        return found

    def _view(self, values: ColumnDecoder) -> _native.View:
        parts, picks = [values.reader.columns], [(0, number) for number in values.reader.numbers]
        at: dict[str, tuple[int, int]] = {}
        if self._key is not None:
            parts.append(self._key.columns)
            at["key"] = (len(parts) - 1, 1)
        if self._beside is not None:
            parts.append(self._beside.columns)
            of_part = len(parts) - 1
            numbers = self._beside.numbers
            at |= {
                name: (of_part, number)
                for name, number in zip(self._described, numbers, strict=True)
            }
        return _native.View(tuple(parts), (*picks, *(at[name] for name in self._metadata)))

    # ---- messages

    def decode(self, raws: Raws, threads: int = 1) -> Decoded:
        """Decode messages, all or up to the first that cannot be decoded for now.

        Args:
            raws: The messages.
            threads: How many threads decode, each its share of a type; all have ended on return.

        Raises:
            RegistryError: The registry does not answer for the first message.
        """
        by_type, errors, tombstones, size, error = self._sort(raws)
        rows: list[TypedRows] = []
        for key, each in by_type.items():
            typed, found = self._typed(self._types[key], each, threads)
            rows.append(typed)
            errors.update(found)
        faults = {index: self._fault(raws[index], errors[index]) for index in sorted(errors)}
        return Decoded(rows, faults, tombstones, size, error)

    def _sort(
        self, raws: Raws
    ) -> tuple[dict[int, _Rows], dict[int, Exception], list[int], int, Exception | None]:
        """Sort messages by type; also their errors, tombstones, and the end."""
        by_type: dict[int, _Rows] = {}
        faults: dict[int, Exception] = {}
        tombstones: list[int] = []
        for index, raw in enumerate(raws):
            try:
                data = raw.value()
                source = None if data is None else self._sources.of(data, raw.headers())
                if source is None or self._key is None:
                    self._topic.read_key_of(raw)
            except POISON as error:
                faults[index] = error
                continue
            except Exception as error:
                if index == 0:
                    raise
                return by_type, faults, tombstones, index, error
            if source is None:
                tombstones.append(index)
                continue
            rows = by_type.setdefault(id(source.codec), _Rows())
            rows.indexes.append(index)
            rows.raws.append(raw)
            rows.sources.append(source)
        return by_type, faults, tombstones, len(raws), None

    def _fault(self, raw: confluent_kafka.Message, reason: Exception) -> MessageDecodeError:
        partition: Any = raw.partition()
        offset: Any = raw.offset()
        schema_id = self._topic.schema_id_of(raw)
        error = MessageDecodeError(self._topic.topic, partition, offset, raw, reason, schema_id)
        error.__cause__ = reason
        return error

    # ---- rows

    def _typed(
        self, kind: _Type, rows: _Rows, threads: int
    ) -> tuple[TypedRows, dict[int, Exception]]:
        """The rows of one type, and the errors of those that do not fit."""
        share = max(1, -(-len(rows.raws) // threads))
        shares = [rows.part(at, at + share) for at in range(0, len(rows.raws), share)]
        if len(shares) <= 1:
            found = [self._share(kind, rows)]
        else:
            with ThreadPoolExecutor(len(shares)) as pool:
                found = list(pool.map(lambda each: self._share(kind, each), shares))
        errors = {index: error for _, each in found for index, error in each.items()}
        batches = tuple(batch for each, _ in found for batch in each)
        indexes = [index for index in rows.indexes if index not in errors]
        return TypedRows(kind.codec, kind.view, batches, indexes), errors

    def _share(self, kind: _Type, rows: _Rows) -> tuple[list[Parts], dict[int, Exception]]:
        """The batches of some rows, whose parts have the same rows."""
        parts, errors = self._parts(kind, rows)
        while True:
            if errors:
                # What one part refuses must not be in the others: rare enough to do all again.
                parts, more = self._parts(kind, rows := rows.without(errors))
                if more.keys() - errors.keys():
                    errors |= more
                    continue
            if all(len(batches) == 1 for batches in parts):
                return [tuple(batch for (batch,) in parts)], errors
            break
        # A column would pass 2 GiB, not in all parts at the same row.
        half = len(rows.raws) // 2
        batches = []
        for each in (rows.part(0, half), rows.part(half, len(rows.raws))):
            found, more = self._share(kind, each)
            batches += found
            errors |= more
        return batches, errors

    def _parts(
        self, kind: _Type, rows: _Rows
    ) -> tuple[list[list[_native.Batch]], dict[int, Exception]]:
        """The batches of values, keys and metadata, and the errors of rows."""
        errors: dict[int, Exception] = {}
        parts: list[list[_native.Batch]] = [[], []]
        if self._key is not None:
            keys, errors = self._key.decode(rows.raws)
            parts[1] = keys
        parts[0], wrong = self._values(kind.values.reader, rows)
        errors |= wrong
        if self._beside is not None:
            parts.append(self._metadata_of(self._beside, rows))
        errors = {rows.indexes[at]: error for at, error in errors.items()}
        return [part for part in parts if part], errors

    def _values(
        self, reader: Reader, rows: _Rows
    ) -> tuple[list[_native.Batch], dict[int, Exception]]:
        payloads: Any = [raw.value() for raw in rows.raws]
        if any(source.is_bare for source in rows.sources):
            pairs = zip(rows.sources, payloads, strict=True)
            payloads = [source.payload(payload) for source, payload in pairs]
        sources: Sequence[Source] = rows.sources
        if len(set(map(id, sources))) == 1:
            sources = sources[:1]
        writers: Any = [source.writer for source in sources]
        starts = [source.start for source in sources]
        run = Run(reader, tuple(payloads), writers, starts, range(len(payloads)))
        run.finish()
        return run.batches, {fault.index: fault.error for fault in run.faults}

    def _metadata_of(self, reader: Reader, rows: _Rows) -> list[_native.Batch]:
        schema_ids = [source.schema_id for source in rows.sources]
        payloads = self._describe(rows.raws, schema_ids, self._described)
        run = Run(reader, tuple(payloads), [reader.plain], [0], range(len(payloads)))
        run.finish()
        return run.batches
