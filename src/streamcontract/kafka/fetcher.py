"""Raw messages of one topic, fetched in batches, and how far they were handed out.

librdkafka counts a message as consumed when it leaves its queue. Here it counts when the
application asks for the next one, so that nothing is committed that was not worked on.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import TopicPartition

from streamcontract.kafka.access import watched_metadata
from streamcontract.kafka.cluster import BROKER_TIMEOUT, consume_error
from streamcontract.kafka.error_codes import LocalErrorCode
from streamcontract.kafka.errors import kafka_error_of
from streamcontract.kafka.interrupts import interruptible
from streamcontract.kafka.start import offsets_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.kafka.access import AccessWatch
    from streamcontract.kafka.cluster import Cluster
    from streamcontract.kafka.errors import ConsumeError
    from streamcontract.kafka.start import Start

__all__ = ["Fetcher"]

Client = Any
"""A ``confluent_kafka.Consumer`` of any type parameters, or one of its subclasses."""

_log = logging.getLogger("streamcontract.kafka")

_error_of: Final = confluent_kafka.Message.error

# What one call takes from librdkafka's queue at most, and so what a crash can repeat.
_BATCH: Final = 500
_RETRY_PAUSE: Final = 0.01
_END_OF_PARTITION: Final = LocalErrorCode.PARTITION_EOF
_NO_PARTITION: Final = LocalErrorCode.UNKNOWN_PARTITION
_WRONG_STATE: Final = LocalErrorCode.STATE


class Fetcher:
    """Fetches from one topic, as member of a group or on its own.

    Args:
        client: The consumer, configured with ``enable.partition.eof`` and without
            ``enable.auto.offset.store``.
        cluster: Knows the offsets that a start means.
        topic: The topic.
        group: Whether the group gives out the partitions and keeps committed offsets.
        partitions: Without a group: which ones to read; None for all.
        start: Where to begin in a partition for which nothing is committed.
        auto_commit: Whether librdkafka commits, now and then, what was handed out.
        commit_count: Commit also whenever so many messages were worked on, counted by offsets.
        incremental: Whether the group gives and takes partitions one by one (KIP-429, KIP-848).
        confirm: Called before offsets are stored or committed: raises if something in front of
            them is not safe yet, and nothing is stored then.
        access: What the client's ``error_cb`` heard.

    Attributes:
        buffer: Messages and errors that were fetched and not handed out yet.
        handed_out: For each partition the offset behind the last message that was handed out.
        ends: For each partition the offset at which its end was met last.
        assigned: The partitions this consumer reads.
        is_assigned: Whether partitions were assigned, be it none.
        taken_away: Partitions that the group took away after messages of theirs were handed out
            and before a transaction committed that.
        revoked: Partitions that the group took away since somebody last cleared this.
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the consumer it fetches for, given by name
        self,
        client: Client,
        cluster: Cluster,
        topic: str,
        *,
        group: bool,
        partitions: Sequence[int] | None,
        start: Start,
        auto_commit: bool,
        commit_count: int | None,
        incremental: bool,
        confirm: Callable[[], None],
        access: AccessWatch,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._topic = topic
        self._group = group
        self._partitions = partitions
        self._start = start
        self._auto_commit = auto_commit
        self._commit_count = commit_count
        # From which offset messages of a partition count for the next such commit.
        self._counted_from: dict[int, int] = {}
        self._incremental = incremental
        self._confirm = confirm
        self._access = access
        # DeserializingConsumer offers no consume(), and its poll() takes five times as long for
        # a message as consume() does (confluent-kafka 2.16), so both are its base class's.
        self._poll = confluent_kafka.Consumer.poll.__get__(client)
        self._consume = confluent_kafka.Consumer.consume.__get__(client)
        self._has_begun = False
        self._stored: dict[int, int] = {}
        # Where partitions began for which nothing was committed, and how far transactions got.
        self._begun: dict[int, int] = {}
        self._settled: dict[int, int] = {}
        self._must_go_back = False
        # Partitions that were assigned, and of which the brokers did not say where to begin.
        self._unplaced: set[int] = set()
        # Where to go on if the call into librdkafka that is made now does not return.
        self._before_call: dict[int, int] = {}
        self._sought: dict[int, int] = {}
        self._held: list[confluent_kafka.Message] = []
        self.buffer: deque[confluent_kafka.Message] = deque()
        self.handed_out: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.assigned: set[int] = set()
        self.is_assigned = False
        self.taken_away: set[int] = set()
        self.revoked: set[int] = set()

    def step(self, timeout: float) -> None:
        """Put what has arrived into the buffer, waiting up to ``timeout`` seconds for something.

        All that was handed out before counts as worked on from here.

        Raises:
            ConsumeError: The topic is not there, or the brokers did not say where to begin, or
                what the group has committed after a ``rewind``: the next call asks again.
            DeadLetterError: What was handed out before is not safe.
        """
        # Here, and so before any rebalance: the group takes partitions away only within a call
        # into librdkafka, of which those below are the only ones beside close().
        self._confirm()
        self._store()
        most = self._commit_by_count()
        if not self._has_begun:
            self._begin()
        if self._must_go_back:
            self._go_back()
        if self._unplaced:
            self._place()
        if self._before_call:
            self._catch_up()
        first = self._call(self._poll, timeout)
        if first is None:
            return
        # In the buffer before more is fetched: the group may take partitions away within consume(),
        # which forgets its own messages of these, but not one that was polled before.
        self._absorb(first)
        # One message is waited for, the rest is taken only if it is there already: consume()
        # with a time-out would wait for a full batch.
        rest = self._call(self._consume, most - 1, 0)
        if any(map(_error_of, rest)):
            for raw in rest:
                self._absorb(raw)
        else:
            self.buffer.extend(rest)
        if self._commit_count is not None:
            for raw in self.buffer:
                if raw.error() is None:
                    self._counted_from.setdefault(_number(raw.partition()), _number(raw.offset()))

    def _call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call into librdkafka, and remember where that began until it returns.

        confluent_kafka drops what it fetched if a signal's handler or a callback raises meanwhile.
        """
        assigned = [TopicPartition(self._topic, partition) for partition in self.assigned]
        for place in self._client.position(assigned) if assigned else ():
            unmoved = self._sought.get(place.partition, confluent_kafka.OFFSET_INVALID)
            self._before_call[place.partition] = place.offset if place.offset >= 0 else unmoved
        found = interruptible(call, *arguments)
        self._before_call.clear()
        return found

    def _catch_up(self) -> None:
        """Go back to where the last call into librdkafka began, which did not return."""
        known = {
            key: at for key, at in self._before_call.items() if at != confluent_kafka.OFFSET_INVALID
        }
        for partition, offset in self._where_known(known, set(self._before_call)).items():
            self._seek(partition, offset)

    def count(self, last: dict[int, int]) -> None:
        """Messages were handed out, for each partition up to the offset given here.

        A partition that the group took away meanwhile is another's to count.
        """
        for partition, offset in last.items():
            if partition in self.assigned:
                self.handed_out[partition] = offset + 1

    def give_back(self, raws: list[confluent_kafka.Message]) -> None:
        """Put messages that were not handed out in front of the buffer again, in their order."""
        self.buffer.extendleft(raw for raw in reversed(raws) if raw.partition() in self.assigned)

    def hold(self, partition: int) -> None:
        """Keep back all messages of a partition, and fetch no more of it, until ``release``."""
        self._client.pause([TopicPartition(self._topic, partition)])
        kept: list[confluent_kafka.Message] = []
        for raw in self.buffer:
            is_held = raw.partition() == partition and raw.error() is None
            (self._held if is_held else kept).append(raw)
        self.buffer.clear()
        self.buffer.extend(kept)

    def release(self) -> bool:
        """Put what was held in front of the buffer, and fetch again from its partitions.

        Returns:
            Whether anything was held.
        """
        if not self._held:
            return False
        held, self._held = self._held, []
        paused = {_number(raw.partition()) for raw in held}
        self._client.resume([TopicPartition(self._topic, partition) for partition in paused])
        self.buffer.extendleft(reversed(held))
        return True

    def seek(self, partition: int, start: Start) -> None:
        """Go on from another place in a partition.

        Raises:
            ConsumeError: The partition is not assigned, or the brokers did not answer.
        """
        if partition not in self.assigned:
            raise self._no_partition(partition, "not assigned to this consumer")
        offset = offsets_at(self._cluster, self._topic, [partition], start)[partition]
        self._forget({partition})
        self._seek(partition, offset)
        self._unplaced.discard(partition)
        if offset >= 0:
            self.handed_out[partition] = offset

    def settle(self) -> None:
        """All that was handed out is committed, by a transaction."""
        self._settled = dict(self.handed_out)

    def rewind(self, *, ask: bool = False) -> None:
        """Go on from what is committed; where nothing is, from where the partition began.

        It is done before anything more is fetched.

        Args:
            ask: Ask the group, also where this consumer knows what it committed last.
        """
        kept = {} if ask else {**self._settled}
        self._forget(self.assigned)
        self._settled.update(kept)
        self.taken_away.clear()
        self._must_go_back = self._has_begun

    def _go_back(self) -> None:
        for partition, offset in self._where_known(self._settled, set(self.assigned)).items():
            self._seek(partition, offset)
        self.handed_out.update(self._settled)
        self._must_go_back = False

    def _where_known(self, known: dict[int, int], partitions: set[int]) -> dict[int, int]:
        """Offsets that are known; else what is committed, else where the partition began."""
        places = {key: self._begun.get(key, confluent_kafka.OFFSET_BEGINNING) for key in partitions}
        unknown = partitions - known.keys()
        if unknown and self._group:
            # An offset that an open transaction holds back is waited for (KIP-447).
            places.update(self._committed(self._client, unknown))
        places.update({key: at for key, at in known.items() if key in partitions})
        return places

    def _seek(self, partition: int, offset: int) -> None:
        deadline = time.monotonic() + BROKER_TIMEOUT
        while True:
            try:
                self._client.seek(TopicPartition(self._topic, partition, offset))
            except confluent_kafka.KafkaException as error:  # noqa: PERF203 - it is the loop's end
                reason = kafka_error_of(error)
                # A partition that was just assigned is not open for seeking yet.
                if reason.code() != _WRONG_STATE or time.monotonic() > deadline:
                    raise consume_error(self._topic, reason, partition) from error
                time.sleep(_RETRY_PAUSE)
            else:
                break
        self._sought[partition] = offset
        self._before_call.pop(partition, None)

    def commit(self, offsets: dict[int, int], *, asynchronous: bool) -> None:
        """Commit the offset at which each partition is to be read on.

        Raises:
            ConsumeError: The group's coordinator refused, or did not answer.
            DeadLetterError: What was handed out before is not safe.
        """
        if not offsets:
            return
        self._confirm()
        if self._auto_commit:
            # Otherwise the next commit that librdkafka makes by itself would take this one back.
            self._store()
        try:
            places = self._client.commit(offsets=self._places(offsets), asynchronous=asynchronous)
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topic, kafka_error_of(error)) from error
        for place in places or ():
            if place.error is not None:
                raise consume_error(self._topic, place.error, place.partition)
        self._settled.update(offsets)

    def close(self) -> None:
        """Commit what was handed out, if that is done by itself, and leave the group.

        Raises:
            DeadLetterError: What was handed out last is not safe, so it was not committed.
        """
        try:
            self._confirm()
            self._store()
        except BaseException:
            # Leaving the group stores once more, which must not count what is not safe.
            self.handed_out.clear()
            self._stored.clear()
            raise
        finally:
            self._client.close()

    def _begin(self) -> None:
        if self._group:
            self._client.subscribe(
                [self._topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
        else:
            known = self._known_partitions()
            wanted = known if self._partitions is None else self._partitions
            for partition in wanted:
                if partition not in known:
                    # librdkafka waits for such a partition, since it may be added to the topic.
                    raise self._no_partition(partition, f"the topic has {len(known)}")
            offsets = offsets_at(self._cluster, self._topic, wanted, self._start)
            self._client.assign(self._places(offsets))
            self._begun.update(offsets)
            self.assigned = set(wanted)
            self.is_assigned = True
        self._has_begun = True

    def _no_partition(self, partition: int, text: str) -> ConsumeError:
        return consume_error(
            self._topic, confluent_kafka.KafkaError(_NO_PARTITION, text), partition
        )

    def _known_partitions(self) -> list[int]:
        try:
            metadata = watched_metadata(
                self._client,
                lambda seconds: self._client.list_topics(self._topic, seconds),
                self._access,
                BROKER_TIMEOUT,
            )
            found = metadata.topics[self._topic]
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topic, kafka_error_of(error)) from error
        if found.error is not None:
            raise consume_error(self._topic, found.error)
        return sorted(found.partitions)

    def _absorb(self, raw: confluent_kafka.Message) -> None:
        error = raw.error()
        if error is not None and error.code() == _END_OF_PARTITION:
            self.ends[_number(raw.partition())] = _number(raw.offset())
        else:
            self.buffer.append(raw)

    def _store(self) -> None:
        """Tell librdkafka how far it may commit.

        It does so now and then, and when partitions are taken away or the client is closed.
        """
        if not self._auto_commit or self._stored == self.handed_out:
            return
        try:
            self._client.store_offsets(offsets=self._places(self.handed_out))
        except confluent_kafka.KafkaException as error:
            # The group took a partition away, of which the next poll will tell.
            _log.debug(
                "topic %r: offsets not stored: %s", self._topic, error, extra={"topic": self._topic}
            )
        self._stored = dict(self.handed_out)

    def _commit_by_count(self) -> int:
        """Commit if enough was worked on.

        Returns:
            How many messages to fetch at most, so that the next commit is in time: fetching is
            where it is looked at, and costs the messages in between nothing.
        """
        if self._commit_count is None:
            return _BATCH
        counted = sum(
            at - self._counted_from.get(partition, at) for partition, at in self.handed_out.items()
        )
        if counted >= self._commit_count:
            # Not waited for, as with commits by time: if one fails, a later one makes up for it.
            self.commit(dict(self.handed_out), asynchronous=True)
            self._counted_from.update(self.handed_out)
            counted = 0
        return min(_BATCH, self._commit_count - counted)

    def _on_assign(self, client: Client, places: list[TopicPartition]) -> None:
        partitions = {place.partition for place in places}
        self.assigned |= partitions
        self.is_assigned = True
        # The call that this happens in may fetch from them too.
        self._before_call.update(dict.fromkeys(partitions, confluent_kafka.OFFSET_INVALID))
        # "earliest" is left to auto.offset.reset; any other start is looked up here and now.
        if self._start != "earliest" and partitions:
            try:
                offsets = self._first_offsets(client, partitions)
            except BaseException:
                # confluent_kafka has the partitions read from where it likes then.
                self._unplaced |= partitions
                raise
            assign = client.incremental_assign if self._incremental else client.assign
            assign(self._places(offsets))
            self._begin_at(offsets)

    def _place(self) -> None:
        """Go to where partitions begin of which that was not known when they were assigned."""
        offsets = self._first_offsets(self._client, self._unplaced)
        for partition, offset in offsets.items():
            self._seek(partition, offset)
        self._begin_at(offsets)
        self._unplaced.clear()

    def _begin_at(self, offsets: dict[int, int]) -> None:
        # To be committed even if nothing comes before the next rebalance: otherwise "latest"
        # would then mean a later place, and skip what came in between.
        known = {key: at for key, at in offsets.items() if at >= 0}
        self.handed_out.update(known)
        self._settled.update(known)
        self._begun.update(known)

    def _first_offsets(self, client: Client, partitions: set[int]) -> dict[int, int]:
        offsets = self._committed(client, partitions)
        new = partitions - offsets.keys()
        return {**offsets, **offsets_at(self._cluster, self._topic, sorted(new), self._start)}

    def _committed(self, client: Client, partitions: set[int]) -> dict[int, int]:
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        try:
            committed = client.committed(places, BROKER_TIMEOUT)
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topic, kafka_error_of(error)) from error
        for place in committed:
            # Not the same as nothing committed: such as an offset that a transaction holds back.
            if place.error is not None:
                raise consume_error(self._topic, place.error, place.partition)
        return {place.partition: place.offset for place in committed if place.offset >= 0}

    def _on_revoke(self, client: Client, places: list[TopicPartition]) -> None:
        """The group takes partitions away: their next owner is to go on from where we stand."""
        del client
        self._store()
        self._leave({place.partition for place in places})

    def _on_lost(self, client: Client, places: list[TopicPartition]) -> None:
        """The group gave partitions to others already: nothing can be committed any more."""
        del client
        self._leave({place.partition for place in places})

    def _leave(self, partitions: set[int]) -> None:
        self.revoked |= partitions
        handed_out, settled = self.handed_out, self._settled
        self.taken_away |= {key for key in partitions if handed_out.get(key) != settled.get(key)}
        self._forget(partitions)
        self._unplaced -= partitions
        for partition in partitions:
            self._before_call.pop(partition, None)
            self._sought.pop(partition, None)
        self.assigned -= partitions

    def _forget(self, partitions: set[int]) -> None:
        """Drop all that is known of partitions; their messages will be fetched again."""
        self.release()  # what was paused for messages that are dropped here would stay so
        for partition in partitions:
            self.handed_out.pop(partition, None)
            self._stored.pop(partition, None)
            self._settled.pop(partition, None)
            self._counted_from.pop(partition, None)
            self.ends.pop(partition, None)
        kept = [raw for raw in self.buffer if raw.partition() not in partitions]
        self.buffer.clear()
        self.buffer.extend(kept)

    def _places(self, offsets: dict[int, int]) -> list[TopicPartition]:
        return [
            TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()
        ]


def _number(value: Any) -> int:
    return int(value)
