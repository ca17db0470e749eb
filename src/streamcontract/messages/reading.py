"""Messages of a topic, in batches, with JSON documents for values."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.consumer import ContractConsumer
from streamcontract.kafka.errors import MessageDecodeError, StalledError
from streamcontract.kafka.message import Message
from streamcontract.messages.positions import Last, offsets_of_position
from streamcontract.messages.topics import readers_of
from streamcontract.messages.values import NOT_MATCHED, Form
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.kafka.consumer.until_end import UntilEnd
    from streamcontract.messages.keys import WantedKey
    from streamcontract.messages.positions import Position
    from streamcontract.messages.topics import TopicSchemas
    from streamcontract.project import Project

__all__ = ["Batch", "Found", "Query", "Reading", "is_wanted"]

_BATCH: Final = 1_000
_WAIT: Final = 0.1
"""Seconds that one call waits for a message, and so the delay of an end without messages."""

_PATIENCE: Final = 60.0
"""Seconds without anything new after which a read up to the ends gives up."""

_COMMIT_INTERVAL: Final = 5.0

Found = Message[Any, Any] | MessageDecodeError
Batch = list[Found]


@attrs.frozen(kw_only=True)
class Query:
    """Which messages to read.

    Attributes:
        topic: The topic.
        start: Where to begin; with a group, in partitions for which it has committed nothing.
        partitions: The partitions; none for all.
        key: The key of the messages, as the command line has it, or None for all.
        form: How values are read, and which.
        follow: Whether to go on after the ends.
        limit: How many messages at most, or None.
        group: The group to commit for, or None.
    """

    topic: str
    start: Position = "earliest"
    partitions: Sequence[int] = ()
    key: str | None = None
    form: Form = attrs.field(factory=Form)
    follow: bool = False
    limit: int | None = None
    group: str | None = None


def is_wanted(message: Found, key: WantedKey | None, form: Form) -> bool:
    """Whether a message has a key, and a value for which the condition holds.

    Args:
        message: A message that was read in the form, or that cannot be read.
        key: The key, or None for any.
        form: The form, with the condition.
    """
    if isinstance(message, MessageDecodeError):
        # The condition has no result for a message that cannot be decoded: it is shown.
        return key is None or key.is_sent_as(message.raw.key())
    if message.value is NOT_MATCHED or (key is not None and message.key != key.shown):
        return False
    return form.where is None or message.schema_id is not None


class Reading:
    """One read of a topic.

    Args:
        query: Which messages.
        config: Client properties.
        project: The project, if there is one.

    Attributes:
        schemas: What they are read with.
        unreadable: How many of those that were given cannot be read.
        unwanted: How many messages of other keys or values were passed over.

    Raises:
        ConfigurationError: The query does not fit the topic's contract, or the configuration is
            wrong.
        RegistryError: The registry did not answer.
    """

    schemas: TopicSchemas

    def __init__(
        self, query: Query, config: Mapping[str, Any], project: Project | None = None
    ) -> None:
        self._query = query
        self._config = {**config, "enable.auto.commit": False}
        self.unreadable = 0
        self.unwanted = 0
        self._written: dict[int, int] = {}
        self._given: dict[int, int] = {}
        self._committed_at = time.monotonic()
        self._wants_all = query.key is None and query.form.where is None
        self._left = float("inf") if query.limit is None else query.limit
        settings = split_config(self._config)
        self._cluster = Cluster(settings.client)
        with contextlib.ExitStack() as resources:
            self._registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
            self.schemas = readers_of(query.topic, project, self._registry, settings, query.form)
            self._key = None if query.key is None else self.schemas.keys.parse(query.key)
            self._resources = resources.pop_all()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def batches(self) -> Iterator[Batch]:
        """The messages, in lists as they come; empty where none came for a while.

        With a group, what a list had is committed once the next one is asked for.

        Raises:
            ConsumeError: There is no such topic or partition, the brokers did not answer, ...
            StalledError: Nothing came for a minute, and the ends are not reached.
            Exception: As a consumer's iteration does.
        """
        query = self._query
        with self._cluster.connected():
            if query.group is not None and self._cluster.is_embedded():
                # There a group of the classic protocol waits for a member that has left.
                self._config.setdefault("group.protocol", "consumer")
            start = self._start(self._partitions())
        options: dict[str, Any] = {"registry": self._registry, "start": start}
        if query.partitions:
            options["partitions"] = list(query.partitions)
        if query.group is not None:
            options["group"] = query.group
            if not query.partitions:
                options["on_revoke"] = lambda consumer, _: self._commit(consumer)
        with _consumer(self._config, self.schemas.binding, options) as consumer:
            try:
                yield from self._until_over(consumer)
            finally:
                self._commit(consumer)

    def _partitions(self) -> Sequence[int]:
        """The partitions to read, each of which is there."""
        topic, wanted = self._query.topic, self._query.partitions
        found = self._cluster.partitions(topic)
        for each in wanted:
            if each not in found:
                raise ConfigurationError(
                    f"topic {topic!r} has no partition {each}; it has 0 to {len(found) - 1}"
                )
        return wanted or found

    def _start(self, partitions: Sequence[int]) -> Any:
        start, topic = self._query.start, self._query.topic
        if isinstance(start, Last):
            return offsets_of_position(self._cluster, topic, partitions, start)
        return start

    def _until_over(self, consumer: ContractConsumer[Any, Any, int]) -> Iterator[Batch]:
        until = None if self._query.follow else consumer.until_end(_PATIENCE)
        deadline = time.monotonic() + _PATIENCE
        while self._left > 0:
            found = _take(consumer)
            if found:
                deadline = time.monotonic() + _PATIENCE
                if until is not None:
                    until.remaining()  # which learns the ends of partitions that were assigned
                yield self._chosen(found, until)
                # Only now: who breaks off at a list has not worked on it.
                self._written.update(self._given)
                self._commit_if_due(consumer)
                if until is not None and self._is_over(until):
                    return
                continue
            yield []
            if until is None:
                continue
            remaining = until.remaining()
            if not remaining:
                self._note_ends(consumer, until)
                return
            if time.monotonic() > deadline:
                raise StalledError(self._query.topic, _PATIENCE, remaining)

    def _chosen(self, found: Batch, until: UntilEnd[Any, Any] | None) -> Batch:
        """Those of a list that are asked for, up to the ends and the limit."""
        ends = None if until is None else until.ends
        if self._wants_all and len(found) <= self._left:
            # The hot path. Offsets grow, so that the last of a partition speaks for the others.
            last = {each.partition: each.offset for each in found}
            if ends is None or all(at < ends.get(each, 0) for each, at in last.items()):
                self._given.update((each, at + 1) for each, at in last.items())
                self.unreadable += isinstance(found[-1], MessageDecodeError)  # where a list ends
                self._left -= len(found)
                return found
        chosen = list(itertools.islice(self._wanted(found, ends), int(min(self._left, len(found)))))
        self.unreadable += sum(isinstance(each, MessageDecodeError) for each in chosen)
        self._left -= len(chosen)
        return chosen

    def _wanted(self, found: Batch, ends: Mapping[int, int] | None) -> Iterator[Found]:
        for message in found:
            partition, offset = message.partition, message.offset
            end = None if ends is None else ends.get(partition, 0)
            if end is not None and offset >= end:
                # All before the end was given, also where the last before it is no message.
                if self._given.get(partition, 0) < end:
                    self._given[partition] = offset
                continue
            self._given[partition] = offset + 1
            if self._wants_all or is_wanted(message, self._key, self._query.form):
                yield message
            else:
                self.unwanted += 1

    def _is_over(self, until: UntilEnd[Any, Any]) -> bool:
        return all(self._written.get(each, 0) >= end for each, end in until.ends.items())

    def _note_ends(
        self, consumer: ContractConsumer[Any, Any, int], until: UntilEnd[Any, Any]
    ) -> None:
        """Count the ends as written: what is before them and is no message was read too.

        Such are the markers of transactions, and everything before a group that starts at the end.
        """
        if self._query.group is None:
            return
        committed = consumer.committed()
        self._written.update(
            (each, end) for each, end in until.ends.items() if end > (committed.get(each) or 0)
        )

    def _commit_if_due(self, consumer: ContractConsumer[Any, Any, int]) -> None:
        if time.monotonic() - self._committed_at >= _COMMIT_INTERVAL:
            self._commit(consumer)

    def _commit(self, consumer: ContractConsumer[Any, Any, int]) -> None:
        """Commit what was written."""
        if self._query.group is None or not self._written:
            return
        assigned = consumer.assignment()
        offsets = {each: at for each, at in self._written.items() if each in assigned}
        if offsets:
            consumer.commit(offsets=offsets)
        self._committed_at = time.monotonic()


def _consumer(
    config: Mapping[str, Any], binding: Any, options: dict[str, Any]
) -> ContractConsumer[Any, Any, int]:
    """A consumer of what a binding reads, instead of a record class."""
    return ContractConsumer(config, topic=binding.topic, schema=binding, **options)


def _take(consumer: ContractConsumer[Any, Any, int]) -> Batch:
    """What has come, waited for a little."""
    found: Batch = []
    try:
        first = consumer.poll(_WAIT)
        if first is not None:
            found.append(first)
            found += consumer.consume(_BATCH - 1, 0)
    except MessageDecodeError as error:
        found.append(error)
    return found
