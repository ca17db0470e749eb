"""Errors of the Kafka clients, each with its facts as fields.

ConfigurationError
`-- PropertyError             librdkafka refuses a client property; .property names it
ClientError
|-- MessageEncodeError        a record does not fit its contract (an EncodeError too); .topic
|-- MessageDecodeError        a message is not of this contract; .topic .partition .offset .raw
|-- DeadLetterError           dead letters were not delivered; .topic .count .source .reason
|-- DeliveryError             messages were not delivered; .count .first .failures
|-- ProduceFailuresError      records of an iterable did not arrive; .delivered .failed
|-- ForkedError               the client was made before a fork, in another process; .process
|-- NotSupportedError         the embedded broker has no such operation
|-- StalledError              a bounded read made no progress; .remaining
`-- BrokerError               the broker or the client library failed; .code .name .retriable
    |-- ProduceError          a message was not taken; .topic
    |-- TransactionError      a transaction failed for good; .transactional_id
    |   |-- TransactionAbortedError  it was aborted, and may be tried again
    |   `-- ProducerFencedError      another producer has this transactional id now
    |-- GroupError            a group could not be listed, described or reset; .group
    |-- ConsumeError          fetching, joining, seeking or committing failed; .topic .partition
    `-- TopicError            a topic could not be created, described or deleted; .topic

DecodeError
`-- UnexpectedTypeError       the writer's type is none that the consumer reads; .name .names
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    DataFault,
    DecodeError,
    EncodeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    import confluent_kafka

    from streamcontract.kafka.message import Delivery

__all__ = [
    "BrokerError",
    "ConsumeError",
    "DeadLetterError",
    "DeliveryError",
    "ForkedError",
    "MessageDecodeError",
    "MessageEncodeError",
    "NotSupportedError",
    "ProduceError",
    "ProduceFailuresError",
    "ProducerFencedError",
    "PropertyError",
    "StalledError",
    "TopicError",
    "TransactionAbortedError",
    "TransactionError",
    "UnexpectedTypeError",
    "kafka_error_of",
]


class PropertyError(ConfigurationError):
    """A client property is unknown to librdkafka, or its value is not one it takes.

    Attributes:
        property: The property's name, or None where librdkafka names none.
        reason: What librdkafka says, and the property that may have been meant.
    """

    def __init__(self, property: str | None, reason: str) -> None:  # noqa: A002 - librdkafka's word
        super().__init__(property, reason)
        self.property = property
        self.reason = reason

    def __str__(self) -> str:
        place = f"client property {self.property!r}: " if self.property else ""
        return (
            f"{place}{self.reason} (properties are listed in librdkafka's CONFIGURATION.md; "
            f"schema.registry.*, auto.register.schemas, normalize.schemas, "
            f"subject.name.strategy, schema.id.framing, schema.id.location, rules.ignored and, "
            f"for consumers, streamcontract.auto.commit.interval.messages are streamcontract's)"
        )


class MessageEncodeError(ClientError, EncodeError):
    """A record or a key does not fit the contract of the topic it was to go to.

    Attributes:
        topic: The topic.
        faults: Every fault found, as in :class:`streamcontract.errors.EncodeError`.
    """

    def __init__(self, topic: str, faults: tuple[DataFault, ...]) -> None:
        EncodeError.__init__(self, faults)
        self.args = (topic, faults)
        self.topic = topic

    def __str__(self) -> str:
        return f"not sent to topic {self.topic!r}: {EncodeError.__str__(self)}"


class MessageDecodeError(ClientError):
    """A message is not of this contract; the consumer can go on past it.

    The error that tells why (a ``FrameError``, ``DecodeError`` or ``RegistryError``) is
    ``reason``, and the ``__cause__``.

    Attributes:
        topic: The topic.
        partition: The partition.
        offset: The message's offset.
        raw: The message as it came, with ``key()``, ``value()`` and ``headers()`` as bytes.
        reason: Why it is not of this contract.
        advice: What to do about it, or ``""``.
        schema_id: The id, or the GUID, of the schema that it says it was written with, or None.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        offset: int,
        raw: confluent_kafka.Message,
        reason: Exception,
        schema_id: int | UUID | None = None,
    ) -> None:
        super().__init__(topic, partition, offset, raw, reason, schema_id)
        self.schema_id = schema_id
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.raw = raw
        self.reason = reason
        self.advice = ""

    def __str__(self) -> str:
        place = f"topic {self.topic!r}, partition {self.partition}, offset {self.offset}"
        advice = f". {self.advice}" if self.advice else ""
        return f"{place}: not a message of this contract: {self.reason}{advice}"


class UnexpectedTypeError(DecodeError):
    """A message's type is none of those that the consumer of several types reads.

    Attributes:
        name: The full name of the writer's type; None where it has none (a union, an array, ...).
        names: The full names that are read, aliases included.
    """

    def __init__(self, name: str | None, names: tuple[str, ...]) -> None:
        fault = DataFault(name or "value", f"one of the types read here: {', '.join(names)}")
        super().__init__((fault,))
        self.args = (name, names)
        self.name = name
        self.names = names

    def __str__(self) -> str:
        return (
            f"written as {self.name or 'a type without a name'}, "
            f"which is none of the types read here: {', '.join(self.names)}"
        )


class DeadLetterError(ClientError):
    """Dead letters were not delivered; the messages they stand for are not committed.

    The next call of the consumer tries them again. Whoever gives up instead gets the messages
    again, as does the next member of the group.

    Attributes:
        topic: The dead letter topic.
        count: How many.
        source: Topic, partition and offset of the first message they stand for.
        reason: Why: an error of the brokers, or a ``ClientError``.
        advice: What to do about it, or ``""``.
    """

    def __init__(
        self,
        topic: str,
        count: int,
        source: tuple[str, int, int],
        reason: confluent_kafka.KafkaError | ClientError,
        advice: str = "",
    ) -> None:
        super().__init__(topic, count, source, reason, advice)
        self.topic = topic
        self.count = count
        self.source = source
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        letters = "1 dead letter was" if self.count == 1 else f"{self.count} dead letters were"
        topic, partition, offset = self.source
        advice = f". {self.advice}" if self.advice else ""
        reason = str(self.reason)
        if not isinstance(self.reason, ClientError):
            reason = f"{self.reason.str()} ({self.reason.name()})"
        return (
            f"{letters} not delivered to topic {self.topic!r}; the first, of topic {topic!r}, "
            f"partition {partition}, offset {offset}, because: {reason}{advice}"
        )


class DeliveryError(ClientError):
    """Messages that were produced did not arrive, and no ``on_delivery`` was told.

    Attributes:
        count: How many.
        failures: The first ones, at most 100.
    """

    def __init__(self, count: int, failures: tuple[Delivery, ...]) -> None:
        if not failures:
            raise ValueError("a DeliveryError needs at least one failure")
        super().__init__(count, failures)
        self.count = count
        self.failures = failures

    @property
    def first(self) -> Delivery:
        """The first delivery that failed."""
        return self.failures[0]

    def __str__(self) -> str:
        first = self.first
        reason = first.error and f"{first.error.str()} ({first.error.name()})"
        if first.error is not None and first.error.name() == "MSG_SIZE_TOO_LARGE":
            reason = f"{reason}. The broker takes what max.message.bytes of the topic allows"
        messages = "1 message was" if self.count == 1 else f"{self.count} messages were"
        partition = "" if first.partition is None else f", partition {first.partition}"
        return (
            f"{messages} not delivered; the first, to topic {first.topic!r}{partition}, "
            f"because: {reason}"
        )


class ProduceFailuresError(ClientError):
    """Not all records of an iterable arrived; the report of ``produce_all`` has the details.

    Attributes:
        delivered: How many arrived.
        failed: How many did not.
        first: Which was the first that did not, and why.
    """

    def __init__(self, delivered: int, failed: int, first: str) -> None:
        super().__init__(delivered, failed, first)
        self.delivered = delivered
        self.failed = failed
        self.first = first

    def __str__(self) -> str:
        first = f"; the first: {self.first}" if self.first else ""
        return f"{self.failed} of {self.delivered + self.failed} records did not arrive{first}"


class ForkedError(ClientError):
    """A client was made before a fork, and belongs to the parent process.

    Attributes:
        client: Which, in words.
        process: The id of the process that made it.
    """

    def __init__(self, client: str, process: int) -> None:
        super().__init__(client, process)
        self.client = client
        self.process = process

    def __str__(self) -> str:
        return (
            f"this {self.client} was made in process {self.process}, from which this one was "
            f"forked: librdkafka's threads stay there, and nothing would be sent or received. "
            f"Make clients after the fork, such as in the initializer of a pool's workers"
        )


class NotSupportedError(ClientError):
    """The embedded broker does not offer this; a Kafka or Redpanda cluster does."""


class StalledError(ClientError):
    """A read up to the end of a topic got nothing new for too long.

    Attributes:
        topic: The topic.
        remaining: For each partition not read to its end: where reading stands (None if nothing
            came yet) and where it was to end.
    """

    def __init__(
        self, topic: str, seconds: float, remaining: Mapping[Any, tuple[int | None, int]]
    ) -> None:
        super().__init__(topic, seconds, remaining)
        self.topic = topic
        self.seconds = seconds
        self.remaining = remaining

    def __str__(self) -> str:
        if not self.remaining:
            left = "no partitions were assigned yet"
        else:
            left = "; ".join(
                f"partition {partition} stands at {'its start' if at is None else at} of {end}"
                for partition, (at, end) in sorted(self.remaining.items())
            )
        return (
            f"topic {self.topic!r}: nothing came for {self.seconds:g} s, {left}. "
            f"Are the brokers up?"
        )


class BrokerError(ClientError):
    """The broker, or the client library, refused or failed.

    Attributes:
        topic: The topic; ``""`` where it is about no single one.
        error: The error as confluent_kafka gives it.
        partition: The partition, or None where it is about the whole topic.
        advice: What to do about it, or ``""``.
    """

    def __init__(
        self,
        topic: str,
        error: confluent_kafka.KafkaError,
        partition: int | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(topic, error, partition, advice)
        self.topic = topic
        self.error = error
        self.partition = partition
        self.advice = advice

    @property
    def code(self) -> int:
        """The error code: Kafka's protocol codes are positive, librdkafka's own are negative."""
        return self.error.code()

    @property
    def name(self) -> str:
        """The code's name, such as ``"UNKNOWN_TOPIC_OR_PART"``."""
        return self.error.name()

    @property
    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.error.retriable()

    @property
    def fatal(self) -> bool:
        """Whether this client cannot go on and has to be made anew."""
        return self.error.fatal()

    def __str__(self) -> str:
        topic = f"topic {self.topic!r}" if self.topic else ""
        partition = "" if self.partition is None else f", partition {self.partition}"
        place = f"{topic}{partition}: " if topic else ""
        advice = f". {self.advice}" if self.advice else ""
        return f"{place}{self.error.str()} ({self.name}){advice}"


class ProduceError(BrokerError):
    """A message was refused before it was queued: nothing was sent."""


class ConsumeError(BrokerError):
    """Fetching, joining the group, seeking, or committing failed."""


class TopicError(BrokerError):
    """A topic could not be created, described or deleted."""


class GroupError(BrokerError):
    """A consumer group could not be listed, described or moved to other offsets.

    Attributes:
        group: The group; ``""`` where it is about no single one.
    """

    def __init__(self, group: str, error: confluent_kafka.KafkaError, advice: str = "") -> None:
        super().__init__("", error, None, advice)
        self.args = (group, error, advice)
        self.group = group

    def __str__(self) -> str:
        return f"group {self.group!r}: {super().__str__()}" if self.group else super().__str__()


class TransactionError(BrokerError):
    """A transaction failed, and this producer cannot go on: close it, and make a new one.

    If ``retriable`` is True, the time ran out instead: before the transaction began it can simply
    be tried again; while it was committed, nobody knows whether it was. A new producer with the
    same ``transactional.id`` settles that before it begins.

    Attributes:
        transactional_id: ``transactional.id`` of the producer.
    """

    def __init__(
        self,
        topic: str,
        transactional_id: str,
        error: confluent_kafka.KafkaError,
        advice: str = "",
    ) -> None:
        super().__init__(topic, error, None, advice)
        self.args = (topic, transactional_id, error, advice)
        self.transactional_id = transactional_id

    def __str__(self) -> str:
        advice = f". {self.advice}" if self.advice else ""
        return (
            f"transaction of transactional.id {self.transactional_id!r}: {self.error.str()} "
            f"({self.name}){advice}"
        )


class TransactionAbortedError(TransactionError):
    """A transaction was aborted, by no fault of the producer: it can go on with the next.

    Nothing of it is committed. A consumer that took part goes back, so that its messages come
    again.
    """


class ProducerFencedError(TransactionError):
    """Another producer was started with this ``transactional.id``: this one is a zombie.

    Nothing more that it produces can be committed. It has to be closed.
    """


def kafka_error_of(error: confluent_kafka.KafkaException) -> confluent_kafka.KafkaError:
    """The KafkaError that confluent_kafka puts inside its exception."""
    inner: confluent_kafka.KafkaError = error.args[0]
    return inner
