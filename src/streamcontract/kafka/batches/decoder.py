"""Decoder of batches: raw messages of one topic to columns, by type, and poison beside them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.codec.engine import Unusable, find_extension
from streamcontract.columns import _native
from streamcontract.columns.run import Run
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.batches.key_column import (
    KeyCheck,
    KeyColumn,
    is_unchanged,
    keys_are_text,
    keys_of,
)
from streamcontract.kafka.batches.metadata import require_apart
from streamcontract.kafka.batches.metadata_columns import MetadataColumns
from streamcontract.kafka.batches.rows import RowFinder
from streamcontract.kafka.batches.sources import Source
from streamcontract.kafka.contract.topic_deserializer import POISON
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.telemetry import NO_TELEMETRY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.codec import Codec
    from streamcontract.columns.decode import ColumnDecoder
    from streamcontract.columns.decoded import Parts
    from streamcontract.columns.reader import Reader, Writer
    from streamcontract.kafka.batches.metadata import Tombstones
    from streamcontract.kafka.batches.rows import FoundRows, Raws, Rows
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema import Schema

__all__ = ["BatchDecoder", "Decoded", "TypedRows"]


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


@attrs.frozen(eq=False)
class TypedRows:
    """The rows of one type.

    Attributes:
        codec: The codec of the type.
        view: The columns.
        batches: The rows.
        tried: Their messages, with those that have errors.
        errors: The errors of those, by index.
        seconds: The time of decoding.
    """

    codec: Codec[Any]
    view: _native.View
    batches: tuple[Parts, ...]
    tried: Rows
    errors: Mapping[int, Exception]
    seconds: float

    def indexes(self) -> Sequence[int]:
        """The indexes of their messages, which few callers need."""
        return self.tried.without(self.errors).indexes


@attrs.frozen(eq=False)
class Decoded:
    """Decoded messages.

    Attributes:
        rows: The rows of each type, in the order of their first messages.
        faults: The errors of messages that are not of the contract, by index, in their order.
        tombstones: The indexes of messages without a value.
        size: The number of messages that were decoded.
        error: The error that ended it before the next one, such as one of the registry; else None.
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
        tombstones: Whether tombstones are left out, or rows of nulls.

    Raises:
        ConfigurationError: The native code was not built, or a field and a metadata column have
            the same name.
        ColumnsError: A type has no columns.
        ArgumentError: A record has no such field.

    Attributes:
        codecs: The codec of each type.
        metadata: The names of the metadata columns, by what they have.
    """

    def __init__(
        self,
        topic: TopicDeserializer[Any],
        columns: Sequence[str] | None,
        metadata: Mapping[str, str],
        tombstones: Tombstones = "drop",
    ) -> None:
        self._topic = topic
        self._columns = columns
        self.metadata: Mapping[str, str] = MappingProxyType(dict(metadata))
        self._tombstones = tombstones
        self._types: dict[Codec[Any], _Type] = {}
        self.codecs: tuple[Codec[Any], ...] = topic.codecs
        native = find_extension("kafka")
        if isinstance(native, Unusable):
            raise ConfigurationError(f"batches of messages need native code, which {native.reason}")
        filled = dict(metadata)
        self._key: KeyColumn | KeyCheck | None = None
        # A key that is not shown is checked nevertheless, as of records.
        if not is_unchanged(topic.key):
            self._key = keys_of(topic, filled.pop("key", None))
        elif keys_are_text(topic.key):
            filled.setdefault("key", "key")
        self._filled = MetadataColumns(filled, topic, native.Parts) if filled else None
        for codec in self.codecs:  # raises their errors now
            self._type(codec)
        tombstone = self._source_of_tombstones() if tombstones == "null" else None
        self._rows = RowFinder(topic, self._writer, tombstone, native.FrameFinder)

    def _source_of_tombstones(self) -> Source:
        if len(self.codecs) > 1:
            raise ConfigurationError(
                f"topic {self._topic.topic!r}: a tombstone has no type, and several are read: "
                f"leave tombstones= out, and they are counted"
            )
        return Source(None, self.codecs[0], self._type(self.codecs[0]).values.reader.plain, 0)

    def view(self, codec: Codec[Any]) -> _native.View:
        """The columns of a type."""
        return self._type(codec).view

    def no_rows(self) -> TypedRows:
        """No rows, of the first type."""
        return self._typed(self._type(self.codecs[0]), self._find([]).rows(), 1)

    def _writer(self, codec: Codec[Any], schema: Schema) -> Writer:
        return self._type(codec).values.writer(schema)

    def _type(self, codec: Codec[Any]) -> _Type:
        found = self._types.get(codec)
        if found is None:
            values = codec.column_decoder(self._columns, tombstones=self._tombstones)
            require_apart(self.metadata, values.reader.names, codec.schema.name or "the value")
            found = self._types[codec] = _Type(codec, values, self._view(values.reader))
        return found

    def _view(self, values: Reader) -> _native.View:
        """The columns of values, then metadata in their order, from the parts that have them."""
        parts = [values.columns]
        at: dict[str, tuple[int, int]] = {}
        if isinstance(self._key, KeyColumn):
            at["key"] = len(parts), self._key.reader.numbers[0]
            parts.append(self._key.reader.columns)
        if self._filled is not None:
            numbers = self._filled.numbers.items()
            at.update((name, (len(parts), number)) for name, number in numbers)
            parts.append(self._filled.columns)
        picks = [(0, number) for number in values.numbers]
        return _native.View(tuple(parts), (*picks, *(at[name] for name in self.metadata)))

    # ---- messages

    def decode(self, raws: Raws, threads: int = 1) -> Decoded:
        """Decode messages, all or up to the first that cannot be decoded for now.

        Args:
            raws: The messages.
            threads: How many threads decode, each its share of a type; all have ended on return.
        """
        found = self._find(raws)
        errors = found.errors
        typed: list[TypedRows] = []
        for codec, rows in self._by_type(found.rows()).items():
            each = self._typed(self._type(codec), rows, threads)
            typed.append(each)
            errors |= each.errors
        for index in sorted(errors):
            if not isinstance(errors[index], POISON):  # of the key's schema, which is rare
                return attrs.evolve(self.decode(raws[:index], threads), error=errors[index])
        faults = {index: self._fault(found, index, errors[index]) for index in sorted(errors)}
        return Decoded(typed, faults, found.tombstones, found.size, found.stopped)

    def report(self, typed: TypedRows) -> None:
        """Report rows to telemetry; the time of each schema is its share of the rows.

        Not a part of decoding, since messages after an error are decoded again.
        """
        receiving = self._topic.deserializer.receiving
        if receiving is NO_TELEMETRY:
            return
        rows = typed.tried.without(typed.errors)
        for schema_id, count in Counter(source.schema_id for source in rows.sources).items():
            if schema_id is None:  # tombstones
                continue
            receiving.decoded(schema_id, count, typed.seconds * count / len(rows))

    def _find(self, raws: Raws) -> FoundRows:
        return self._rows.find(raws, self._filled and self._filled.no_parts(len(raws)))

    def _by_type(self, rows: Rows) -> dict[Codec[Any], Rows]:
        """The rows of each type, in the order of their first ones."""
        if len(self.codecs) == 1:
            return {self.codecs[0]: rows}
        codecs: dict[Codec[Any], list[int]] = {}
        for index, source in zip(rows.indexes, rows.sources, strict=True):
            codecs.setdefault(source.codec, []).append(index)
        return {codec: rows.of(indexes) for codec, indexes in codecs.items()}

    def _fault(self, found: FoundRows, index: int, reason: Exception) -> MessageDecodeError:
        raw, source = found.raws[index], found.sources[index]
        partition: Any = raw.partition()
        offset: Any = raw.offset()
        schema_id = self._topic.schema_id_of(raw) if source is None else source.schema_id
        error = MessageDecodeError(self._topic.topic, partition, offset, raw, reason, schema_id)
        error.__cause__ = reason
        return error

    # ---- rows

    def _typed(self, kind: _Type, rows: Rows, threads: int) -> TypedRows:
        """The rows of one type, and the errors of those that do not fit."""
        begun = time.perf_counter()
        if threads == 1:
            batches, errors = self._share(kind, rows)
        else:
            batches, errors = self._shares(kind, rows, threads)
        seconds = time.perf_counter() - begun
        return TypedRows(kind.codec, kind.view, tuple(batches), rows, errors, seconds)

    def _shares(
        self, kind: _Type, rows: Rows, threads: int
    ) -> tuple[list[Parts], dict[int, Exception]]:
        """Decode rows in threads, each its share."""
        shares = rows.split(max(1, -(-len(rows) // threads)))
        with ThreadPoolExecutor(len(shares)) as pool:
            found = list(pool.map(lambda each: self._share(kind, each), shares))
        errors = {index: error for _, each in found for index, error in each.items()}
        return [batch for each, _ in found for batch in each], errors

    def _share(self, kind: _Type, rows: Rows) -> tuple[list[Parts], dict[int, Exception]]:
        """The batches of some rows, and the errors of those that do not fit, by index."""
        errors: dict[int, Exception] = {}
        while True:
            values, wrong = self._values(kind.values.reader, rows)
            errors |= wrong  # of a message with two errors, records raise that of the value
            rows = rows.without(wrong)
            beside, wrong = self._beside(rows)
            if not wrong:
                break
            errors |= wrong
            if not all(isinstance(error, POISON) for error in wrong.values()):
                return [], errors  # those before it are decoded again
            # Their values are among those that are decoded: rare enough to do all again.
            rows = rows.without(wrong)
        parts = [values, *beside]
        if all(len(batches) == 1 for batches in parts):
            return [tuple(batch for (batch,) in parts)], errors
        # A column would pass 2 GiB, not in all parts at the same row.
        batches = []
        for each in rows.split(-(-len(rows) // 2)):
            found, more = self._share(kind, each)
            batches += found
            errors |= more
        return batches, errors

    def _values(
        self, reader: Reader, rows: Rows
    ) -> tuple[list[_native.Batch], dict[int, Exception]]:
        """The batches of values, without those of the errors, by index."""
        sources = rows.sources
        if sources and sources.count(sources[0]) == len(sources):
            sources = sources[:1]
        writers = [source.writer for source in sources]
        starts = [source.start for source in sources]
        run = Run(reader, tuple(rows.values), writers, starts, range(len(rows)))
        run.finish()
        return run.batches, {rows.indexes[fault.index]: fault.error for fault in run.faults}

    def _beside(self, rows: Rows) -> tuple[list[list[_native.Batch]], dict[int, Exception]]:
        """The batches of keys and metadata, and the errors of rows, by index."""
        parts, errors = [], rows.key_errors
        if self._key is not None:
            keys, wrong = self._key.decode(rows.raws)
            errors |= {rows.indexes[at]: error for at, error in wrong.items()}
            if keys is not None:
                parts.append(keys)
        if self._filled is not None:
            metadata, wrong = self._filled.fill(rows)
            errors |= wrong
            parts.append(metadata)
        return parts, errors
