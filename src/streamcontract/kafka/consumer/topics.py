"""The topics that a consumer reads, and how the application names their partitions."""

from __future__ import annotations

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


class _ErrorReader:
    """Reads what librdkafka reports in place of a message, of no topic's partition: an error."""

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
    """The topics that a consumer reads, and what reads the messages of each.

    The application names a partition by its number where there is one topic, and by topic and
    number where there are several.

    Args:
        subscriptions: Names of topics, and patterns of names, which begin with ``^``. The first
            that matches a topic counts.
        readers: By subscription, what makes the reader of a topic.
        are_several: Whether there are several topics, or may be.

    Attributes:
        subscriptions: The subscriptions.
        names: Those that are names.
        are_several: Whether there are several topics, or may be.
        label: All of them, for errors and logs.
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
        """The subscription that a topic is read by; None if there is none."""
        for each in self.subscriptions:
            if re.match(each, topic) if each.startswith("^") else each == topic:
                return each
        return None

    def reader(self, topic: str) -> TopicDeserializer[Any]:
        """What reads the messages of a topic.

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

    def read_through(self, around: Callable[[MessageReader], MessageReader]) -> None:
        """Read the messages of all topics through something, also of those that are met later."""
        self._around = around
        for made in self._made.values():
            made.plain = around(made.plain)

    def nowhere(self) -> Partition:
        """The partition of what librdkafka reports of none."""
        return Partition(self.label, -1, _ErrorReader(self.label))

    def partition(self, key: Key) -> Partition:
        """A partition that nothing is known of yet."""
        return Partition(*key, self.reader(key[0]), name=self.name_of(key))

    def name_of(self, key: Key) -> Any:
        """What the application calls a partition."""
        return key if self.are_several else key[1]

    def key_of(self, name: object) -> Key:
        """A partition as the application named it.

        Raises:
            ConfigurationError: It is no name of one.
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
        """Partitions as the application named them.

        Raises:
            ConfigurationError: They are no names of any.
        """
        if isinstance(names, Iterable) and not isinstance(names, str | bytes):
            return tuple(map(self.key_of, names))
        example = '[("trades", 0)]' if self.are_several else "[0, 1]"
        raise ConfigurationError(
            f"partitions are given as a list such as {example}, not {shown(names)}"
        )
