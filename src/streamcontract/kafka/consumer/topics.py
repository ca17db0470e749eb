"""Topics of a consumer, and the application's names for their partitions."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from streamcontract.errors import ConfigurationError, shown
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.consumer.partition import Partition
from streamcontract.kafka.consumer.start import check_partition
from streamcontract.kafka.contract.message_deserializer import PortableMessageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import confluent_kafka

    from streamcontract.kafka.consumer.partition import Key
    from streamcontract.kafka.contract.message_deserializer import MessageReader
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.message import Message

__all__ = ["Topics"]


class _ErrorRaiser:
    """The deserializer of librdkafka's errors without a partition, which raises them."""

    def __init__(self, label: str) -> None:
        self._label = label
        self.plain: MessageReader = PortableMessageReader(label, {}, bytes)  # of no message

    def read(self, raw: confluent_kafka.Message) -> Message[Any]:
        """Raise it.

        Raises:
            ConsumeError: Always.
        """
        error: Any = raw.error()
        raise consume_error(raw.topic() or self._label, error, raw.partition())


class Topics:
    """The topics of a consumer, with the deserializer of each.

    The application identifies a partition by its number if there is one topic, and by topic and
    number if there are several.

    Args:
        subscriptions: Names of topics, and patterns of names, which begin with ``^``. The first
            that matches a topic counts.
        readers: The functions that make the deserializer of a topic, by subscription.
        are_several: Whether there are several topics, or may be.

    Attributes:
        subscriptions: The subscriptions.
        names: The subscriptions that are names.
        are_several: Whether there are several topics, or may be.
        label: All topics, for errors and logs.
    """

    def __init__(
        self,
        subscriptions: tuple[str, ...],
        readers: Mapping[str, Callable[[str], TopicDeserializer[Any]]],
        *,
        are_several: bool,
    ) -> None:
        self._readers = readers
        self._made: dict[str, TopicDeserializer[Any]] = {}
        self._around: Callable[[MessageReader], MessageReader] | None = None
        self.subscriptions = subscriptions
        self.names = tuple(each for each in subscriptions if not each.startswith("^"))
        self.are_several = are_several
        self.label = ", ".join(subscriptions)

    def match(self, topic: str) -> str | None:
        """The subscription of a topic; None if there is none."""
        for each in self.subscriptions:
            if re.match(each, topic) if each.startswith("^") else each == topic:
                return each
        return None

    def reader(self, topic: str) -> TopicDeserializer[Any]:
        """The deserializer of a topic.

        Raises:
            ConfigurationError: No subscription matches.
        """
        if topic not in self._made:
            subscription = self.match(topic)
            if subscription is None:
                raise ConfigurationError(
                    f"topic {shown(topic)} is none of those read: {self.label}"
                )
            self._made[topic] = made = self._readers[subscription](topic)
            if self._around is not None:
                made.plain = self._around(made.plain)
        return self._made[topic]

    def any_reader(self) -> TopicDeserializer[Any]:
        """A deserializer of the first subscription, whose topic may be a pattern."""
        first = self.subscriptions[0]
        return self.reader(first) if first in self.names else self._of_pattern

    @functools.cached_property
    def _of_pattern(self) -> TopicDeserializer[Any]:
        first = self.subscriptions[0]
        return self._readers[first](first)

    def read_through(self, around: Callable[[MessageReader], MessageReader]) -> None:
        """Wrap the deserializers of all topics, including those of later topics."""
        self._around = around
        for made in self._made.values():
            made.plain = around(made.plain)

    def nowhere(self) -> Partition:
        """The partition for errors of librdkafka without a partition."""
        return Partition(self.label, -1, _ErrorRaiser(self.label))

    def partition(self, key: Key) -> Partition:
        """A new partition."""
        return Partition(*key, self.reader(key[0]), name=self.name_of(key))

    def name_of(self, key: Key) -> Any:
        """The application's name for a partition."""
        return key if self.are_several else key[1]

    def names_of(self, keys: Iterable[Key]) -> tuple[Any, ...]:
        """The application's names for partitions, in order."""
        return tuple(map(self.name_of, sorted(keys)))

    def key_of(self, name: object) -> Key:
        """The partition of an application's name.

        Raises:
            ConfigurationError: It is not the name of a partition.
        """
        if not self.are_several:
            return self.label, check_partition(name)
        if not isinstance(name, tuple) or len(name) != 2 or not isinstance(name[0], str):
            raise ConfigurationError(
                f"a partition of one of several topics is (topic, number), not {shown(name)}"
            )
        topic, number = name
        if self.match(topic) is None:
            raise ConfigurationError(f"topic {shown(topic)} is none of those read: {self.label}")
        return topic, check_partition(number)

    def keys_of(self, names: object) -> tuple[Key, ...]:
        """The partitions of an application's names.

        Raises:
            ConfigurationError: They are not names of partitions.
        """
        if isinstance(names, Iterable) and not isinstance(names, str | bytes):
            return tuple(map(self.key_of, names))
        example = '[("trades", 0)]' if self.are_several else "[0, 1]"
        raise ConfigurationError(
            f"partitions are given as a list such as {example}, not {shown(names)}"
        )
