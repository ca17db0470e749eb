"""Delivery of batches to the application: fetched messages, decoded together.

What is in hand after a call, and so what may be committed, is as for lists of messages. Messages of
several topics or types that are decoded together are several batches: each call returns one, and
the positions stay before the first message of those that are left.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from streamcontract.errors import ArgumentError
from streamcontract.guards import whole_number
from streamcontract.kafka.batches.batch import consumed
from streamcontract.kafka.batches.decoder import BatchDecoder
from streamcontract.kafka.batches.metadata import checked_metadata
from streamcontract.kafka.connection.waits import SLICE, deadline_of
from streamcontract.kafka.consumer.batch_selection import Group, Place, Selection, Slice
from streamcontract.kafka.consumer.queue import NOTHING, InHand, Move
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import confluent_kafka

    from streamcontract.kafka.batches.batch import ConsumedBatch
    from streamcontract.kafka.batches.decoder import Decoded
    from streamcontract.kafka.batches.metadata import Tombstones
    from streamcontract.kafka.consumer.delivery import Delivery, Found, MessageSource
    from streamcontract.kafka.consumer.partition import Partition
    from streamcontract.kafka.consumer.queue import Run
    from streamcontract.kafka.consumer.topics import Topics
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.handler import PoisonHandler

__all__ = ["BatchDelivery", "BatchOptions"]

_MOST_THREADS: Final = 1024
_MOST_MESSAGES: Final = 2**31 - 1
_MOST_DECODERS: Final = 100


@attrs.frozen
class BatchOptions:
    """The options of a call for a batch.

    Attributes:
        limit: The most messages.
        columns: The fields that become columns; None for all.
        metadata: The metadata columns, and their names.
        tombstones: Whether tombstones are left out, or rows of nulls.
        threads: How many threads decode.
    """

    limit: int
    columns: tuple[str, ...] | None
    metadata: tuple[tuple[str, str], ...]
    tombstones: Tombstones
    threads: int

    @classmethod
    def checked(
        cls, limit: int, columns: Any, metadata: Any, tombstones: Tombstones, threads: int
    ) -> BatchOptions:
        """The options, checked.

        Raises:
            ArgumentError: One is invalid.
        """
        limit = whole_number(limit, "num_messages", 1, _MOST_MESSAGES, "a number from 1")
        threads = whole_number(threads, "threads", 1, _MOST_THREADS, f"1 to {_MOST_THREADS}")
        names = tuple(checked_metadata(metadata).items())
        if isinstance(columns, str):
            raise ArgumentError("columns", columns, "names of fields, each once")
        return cls(limit, None if columns is None else tuple(columns), names, tombstones, threads)


_Report: TypeAlias = "Callable[[], None]"
_Rest = tuple[tuple["ConsumedBatch", tuple[Move, ...], _Report], ...]
"""Batches that are decoded, the messages in hand when each is returned, and its telemetry."""


class BatchDelivery:
    """Returns batches of messages to the application.

    Args:
        delivery: The delivery of messages, which has those in hand.
        source: The source of messages.
        poison: The handler of messages that are not of the contract.
        topics: The topics.
        is_observed: Whether there is telemetry, for which batches refer to their messages.
    """

    def __init__(
        self,
        delivery: Delivery[Any],
        source: MessageSource,
        poison: PoisonHandler,
        topics: Topics,
        *,
        is_observed: bool,
    ) -> None:
        self._delivery = delivery
        self._source = source
        self._queue = source.queue
        self._poison = poison
        self._topics = topics
        self._is_observed = is_observed
        self._decoders: dict[object, BatchDecoder] = {}
        self._rest: tuple[InHand, BatchOptions, _Rest] | None = None

    def take(self, options: BatchOptions, timeout: float) -> Found[ConsumedBatch]:
        """Wait up to ``timeout`` seconds for a full batch; without end if negative."""
        found = self.begin(options)
        if found is not None:
            return found
        deadline, left, count = deadline_of(timeout), float("inf"), -1
        while True:
            selection = self.select(options, {})
            is_enough = len(selection) >= options.limit or selection.error is not None
            if is_enough or (left <= 0 and len(selection) == count):
                return self.decode(selection, options)
            count = len(selection)
            left = deadline - time.monotonic()
            self._delivery.wait(max(0.0, min(SLICE, left)), selection.read, options.limit - count)

    def begin(self, options: BatchOptions) -> Found[ConsumedBatch] | None:
        """Begin a call: the next of the batches that are decoded already; None if there is none.

        Raises:
            ArgumentError: The record has no such field.
            ConfigurationError: The native code was not built, or two columns have one name.
        """
        self._decoder(self._topics.any_reader(), options)
        in_hand, rest = self._delivery.in_hand, self._rest
        self._delivery.begin()
        # They are out of date if another call returned messages, or took these back.
        if rest is None or rest[0] is not in_hand or rest[1] != options:
            return None
        if not all(
            self._source.is_live(run.partition) for _, moves, _ in rest[2] for run, *_ in moves
        ):
            return None
        return self._give(rest[2], options)

    def select(self, options: BatchOptions, ends: Mapping[Any, int]) -> Selection:
        """The fetched messages for a batch.

        Args:
            options: The options of the call.
            ends: The end offset of each partition by its name, from which on messages are left.
        """
        slices: list[Slice] = []
        left, is_held = options.limit, False
        for run in tuple(self._queue.runs):
            if left <= 0:
                break
            if run.partition.number < 0:
                return Selection(tuple(slices), run, is_held)
            if run.letters and self._poison.is_full(run.partition, 0):
                is_held = True
                continue
            stop = min(run.size, run.next + left)
            end = ends.get(run.partition.name)
            while end is not None and stop > run.next and run.offset_after(stop) > end:
                stop -= 1
            if stop > run.next:
                slices.append(Slice(run, run.next, stop))
                left -= stop - run.next
        return Selection(tuple(slices), None, is_held)

    # ---- decoding

    def decode(self, selection: Selection, options: BatchOptions) -> Found[ConsumedBatch]:
        """The first batch of selected messages, up to an error that is raised in its turn."""
        if not selection.slices:
            return self._error_of(selection, options)
        groups = self._groups(selection)
        decoded = [
            self._decoder(group.reader, options).decode(group.raws, options.threads)
            for group in groups
        ]
        poison: dict[Run, list[MessageDecodeError]] = {}
        for place, error in _errors(groups, decoded):
            run = selection.slices[place.number].run
            raised: Exception | None = error
            in_hand: InHand = NOTHING
            if isinstance(error, MessageDecodeError):
                raised = self._poison.take(run.partition, error)
                in_hand = ((run, place.index + 1, (error,)),)
                poison.setdefault(run, []).append(error)
            if raised is not None:
                before = selection.before(place)
                # The next call raises it, after the messages before it are processed.
                return (
                    self.decode(before, options)
                    if before
                    else (self._nothing(options), in_hand, raised)
                )
            if self._is_full(run.partition, poison):
                held = selection.held_after(place)
                if len(held) < len(selection):
                    return self.decode(held, options)
        return self._give(self._batches(selection, groups, decoded, poison, options), options)

    def _error_of(self, selection: Selection, options: BatchOptions) -> Found[ConsumedBatch]:
        """The error of librdkafka in place of messages, if there is one."""
        run = selection.error
        if run is None:
            return self._nothing(options), NOTHING, None
        _, poison, error = self._delivery.read_strictly(run, run.next)
        return self._nothing(options), ((run, run.next + 1, poison),), error

    def _is_full(
        self, partition: Partition, poison: Mapping[Run, Sequence[MessageDecodeError]]
    ) -> bool:
        more = sum(len(errors) for run, errors in poison.items() if run.partition is partition)
        return self._poison.is_full(partition, more)

    def _groups(self, selection: Selection) -> list[Group]:
        groups: dict[int, Group] = {}
        for number, each in enumerate(selection.slices):
            reader: Any = each.run.partition.reader
            reader.plain.read_many(each.run.raws, 0, 0, [])  # which telemetry takes note of
            group = groups.setdefault(id(reader), Group(reader))
            group.begins.append((len(group.raws), number, each.start))
            group.raws += each.raws
        return list(groups.values())

    def _decoder(self, reader: TopicDeserializer[Any], options: BatchOptions) -> BatchDecoder:
        key = reader, options.columns, options.metadata, options.tombstones
        found = self._decoders.get(key)
        if found is None:
            made = BatchDecoder(reader, options.columns, dict(options.metadata), options.tombstones)
            found = self._decoders[key] = made
            while len(self._decoders) > _MOST_DECODERS:
                del self._decoders[next(iter(self._decoders))]
        return found

    def _nothing(self, options: BatchOptions) -> ConsumedBatch:
        reader = self._topics.any_reader()
        decoder = self._decoder(reader, options)
        [(batch, *_)] = consumed(reader.topic, decoder, decoder.decode([]))
        return batch

    # ---- batches

    def _batches(
        self,
        selection: Selection,
        groups: Sequence[Group],
        decoded: Sequence[Decoded],
        poison: Mapping[Run, Sequence[MessageDecodeError]],
        options: BatchOptions,
    ) -> _Rest:
        """The batches, in the order of their first messages, each with the moves after it."""
        made: list[tuple[Group, Callable[[], Sequence[int]], ConsumedBatch, _Report]] = []
        for group, each in zip(groups, decoded, strict=True):
            decoder = self._decoder(group.reader, options)
            for batch, rows, indexes in consumed(group.reader.topic, decoder, each):
                if self._is_observed:
                    batch.observed = [_observed(group.raws[index]) for index in indexes()]
                made.append((group, indexes, batch, partial(decoder.report, rows)))
        if len(made) == 1:  # nearly always
            [(_, _, batch, report)] = made
            return ((batch, _moves(selection, (), poison), report),)
        found = [(group.firsts(indexes()), batch, report) for group, indexes, batch, report in made]
        found.sort(key=lambda each: each[0][:1])
        rest: list[tuple[ConsumedBatch, tuple[Move, ...], _Report]] = []
        for number, (_, batch, report) in enumerate(found):
            left = [place for places, *_ in found[number + 1 :] for place in places]
            rest.append((batch, _moves(selection, left, poison), report))
        return tuple(rest)

    def _give(self, rest: _Rest, options: BatchOptions) -> Found[ConsumedBatch]:
        """The first of the batches; the next call finds the others."""
        (batch, moves, report), *others = rest
        report()
        if others:
            self._rest = moves, options, tuple(others)
        else:
            self._rest = None
        return batch, moves, None


def _errors(groups: Sequence[Group], decoded: Sequence[Decoded]) -> list[tuple[Place, Exception]]:
    """The errors of messages in their order; after one that is not poison, nothing is decoded."""
    found: list[tuple[Place, Exception]] = []
    for group, each in zip(groups, decoded, strict=True):
        found += [(group.place(index), error) for index, error in each.faults.items()]
        if each.error is not None:
            found.append((group.place(each.size), each.error))
    return sorted(found, key=lambda pair: pair[0])


def _moves(
    selection: Selection,
    left: Sequence[Place],
    poison: Mapping[Run, Sequence[MessageDecodeError]],
) -> tuple[Move, ...]:
    """The moves of each partition up to the first of its messages in ``left``."""
    moves: list[Move] = []
    at_ends: set[Partition] = set()
    for number, each in enumerate(selection.slices):
        stop = min((place.index for place in left if place.number == number), default=each.stop)
        if each.run.partition in at_ends:
            continue
        if stop < each.stop:
            at_ends.add(each.run.partition)
        if stop > each.start:
            end = each.run.offset_after(stop)
            errors = tuple(error for error in poison.get(each.run, ()) if error.offset < end)
            moves.append((each.run, stop, errors))
    return tuple(moves)


def _observed(raw: confluent_kafka.Message) -> Message[Any]:
    """What telemetry takes note of in a message."""
    topic: Any = raw.topic()
    partition: Any = raw.partition()
    offset: Any = raw.offset()
    headers: Any = raw.headers()
    return Message(None, None, topic, partition, offset, headers=headers or ())
