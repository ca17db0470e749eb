"""Poison policies: what a consumer does with messages that are not of its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.guards import text
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX
from streamcontract.kafka.dead_letters.handler import PoisonHandler
from streamcontract.kafka.dead_letters.producer import DeadLetterSender
from streamcontract.kafka.errors import MessageDecodeError

if TYPE_CHECKING:
    from streamcontract.kafka.connection.cluster import Cluster
    from streamcontract.kafka.dead_letters.dead_letter import Partition
    from streamcontract.kafka.telemetry import TopicReceiving

__all__ = [
    "DeadLetters",
    "Poison",
    "Skip",
    "dead_letter_topic",
    "poison_by_topic",
    "poison_handler",
]


@attrs.frozen
class Skip:
    """Skip messages that are not of the contract, and call a callback for each.

    Args:
        callback: Called with the error in the message's turn. The message counts as processed when
            the callback returns; the consumer's call raises the callback's error, like the error
            itself without a policy.

    Example:
        >>> from streamcontract.kafka import Skip
        >>> skipped = []
        >>> policy = Skip(skipped.append)
    """

    callback: Callable[[MessageDecodeError], object] = attrs.field(
        validator=attrs.validators.is_callable()
    )


@attrs.frozen(kw_only=True)
class DeadLetters:
    """Put messages that are not of the contract into a topic of their own, unchanged.

    Args:
        topic: The dead letter topic; if left out, the source topic's name with ``.dlq`` appended.
        create: Create that topic at the first dead letter if it does not exist, with as many
            partitions as the source topic and unlimited retention. If False, a missing topic is a
            :class:`~streamcontract.kafka.errors.DeadLetterError`.
        config: Client properties for the producer of dead letters, over those shared with the
            consumer.

    Example:
        >>> from streamcontract import StockConsumer
        >>> from streamcontract.kafka import DeadLetters
        >>> consumer = StockConsumer(group="report", poison=DeadLetters())
        >>> consumer.close()
    """

    topic: str | None = None
    create: bool = True
    # It may contain a password.
    config: Mapping[str, Any] = attrs.field(factory=dict, repr=False)


Poison = Literal["raise"] | Skip | DeadLetters
"""What to do with a message that is not of the contract."""


class _Skip(PoisonHandler):
    def __init__(self, callback: Callable[[MessageDecodeError], object]) -> None:
        self._callback = callback

    def take(self, partition: Partition, error: MessageDecodeError) -> Exception | None:
        if error.offset not in partition.passed:
            raised: Exception | None = None
            try:
                self._callback(error)
            except Exception as reason:  # noqa: BLE001 - raised when the message's turn comes
                raised = reason
            partition.passed[error.offset] = raised
        return partition.passed[error.offset]

    def settle(self, partition: Partition, errors: Sequence[MessageDecodeError]) -> None:
        for offset in [each for each in partition.passed if each <= errors[-1].offset]:
            partition.passed.pop(offset, None)


class _ByTopic(PoisonHandler):
    """A handler for each of several topics, created at its first use."""

    def __init__(self, make: Callable[[str], PoisonHandler]) -> None:
        self._make = make
        self._made: dict[str, PoisonHandler] = {}

    def _of(self, partition: Partition) -> PoisonHandler:
        if partition.topic not in self._made:
            self._made[partition.topic] = self._make(partition.topic)
        return self._made[partition.topic]

    def take(self, partition: Partition, error: MessageDecodeError) -> Exception | None:
        return self._of(partition).take(partition, error)

    def settle(self, partition: Partition, errors: Sequence[MessageDecodeError]) -> None:
        self._of(partition).settle(partition, errors)

    def is_full(self, partition: Partition, more: int) -> bool:
        return self._of(partition).is_full(partition, more)

    def serve(self) -> None:
        for each in self._made.values():
            each.serve()

    def wait(self, timeout: float) -> bool:
        waited = [each.wait(timeout / len(self._made)) for each in self._made.values()]
        return any(waited)

    def release(self, partitions: Sequence[Partition], timeout: float) -> None:
        for topic, handler in self._made.items():
            own = [each for each in partitions if each.topic == topic]
            handler.release(own, timeout)

    def confirm(self) -> None:
        for each in self._made.values():
            each.confirm()

    def close(self) -> None:
        for each in self._made.values():
            each.close()


def dead_letter_topic(policy: DeadLetters, topic: str) -> str:
    """The dead letter topic of a topic."""
    return policy.topic or f"{topic}{SUFFIX}"


def poison_by_topic(poison: object, make: Callable[[str], PoisonHandler]) -> PoisonHandler:
    """The handler of a policy for one consumer of several topics.

    Args:
        poison: The given policy.
        make: Creates the handler of one topic.

    Raises:
        ConfigurationError: It is not a policy.
    """
    return _ByTopic(make) if isinstance(poison, DeadLetters) else make("")


def poison_handler(
    poison: object,
    topic: str,
    cluster: Cluster,
    *,
    group: str | None,
    registry: Mapping[str, object],
    receiving: TopicReceiving,
) -> PoisonHandler:
    """The handler of a policy for one consumer.

    Args:
        poison: The given policy.
        topic: The topic of the consumer.
        cluster: The brokers, with the consumer's properties.
        group: The consumer's group, for dead letters.
        registry: The ``schema.registry.*`` settings: the embedded stack creates topics there.
        receiving: Records the reasons of delivered dead letters.

    Raises:
        ConfigurationError: It is not a policy, or the dead letter topic is the source itself.
    """
    if isinstance(poison, str) and poison == "raise":
        return PoisonHandler()
    if isinstance(poison, Skip):
        return _Skip(poison.callback)
    if isinstance(poison, DeadLetters):
        if not isinstance(poison.config, Mapping):
            raise ArgumentError("DeadLetters(config=)", poison.config, "a dict", secret=True)
        if poison.topic is not None:
            text(poison.topic, "DeadLetters(topic=)")
        if poison.topic == "":
            raise ConfigurationError(
                f"DeadLetters(topic=...) is empty: name a topic, or leave it out for "
                f"{topic}{SUFFIX}"
            )
        target = dead_letter_topic(poison, topic)
        if target == topic:
            raise ConfigurationError(
                f"dead letters of topic {topic!r} cannot be sent to the topic itself, where they "
                f"would be read again and again: name another with DeadLetters(topic=...)"
            )
        return DeadLetterSender(
            target,
            source=topic,
            cluster=cluster,
            group=group,
            registry=registry,
            create=poison.create,
            config=poison.config,
            receiving=receiving,
        )
    raise ConfigurationError(
        f'poison= is "raise", Skip(callback) or DeadLetters(), not {shown(poison)}'
    )
