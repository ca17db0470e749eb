"""Consumed messages and delivery reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

import attrs
import confluent_kafka

from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.guards import MAX_PARTITION, text, whole_number

__all__ = [
    "Brackets",
    "Delivery",
    "Headers",
    "K",
    "Keyed",
    "Message",
    "SchemaId",
    "T",
    "headers_of",
    "timestamp_of",
    "to_datetime",
    "to_milliseconds",
]


class Brackets:
    """A generic class whose brackets may have types that only type checkers use."""

    __slots__ = ()

    def __class_getitem__(cls, item: Any) -> Any:
        """As in ``Generic``, for the first types."""
        given = item if isinstance(item, tuple) else (item,)
        known: Any = cls
        return super().__class_getitem__(given[: len(known.__parameters__)] or item)  # type: ignore[misc] # it is Generic's


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    T = TypeVar("T")
    K = TypeVarWithDefault("K", default=Any)

    class Keyed(Generic[T, K]):
        """Generic over the type of values, and over that of keys, which may be left out."""

else:
    T, K = TypeVar("T"), TypeVar("K")

    class Keyed(Brackets, Generic[T]):
        """The same at run time."""

        __slots__ = ()


Headers = Mapping[str, "str | bytes | None"] | Sequence[tuple[str, "str | bytes | None"]]
"""Headers to send: a mapping, or pairs if a name occurs twice; text is sent as UTF-8."""

SchemaId: TypeAlias = int | UUID
"""A schema's id in its registry, or its GUID in messages that have one."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LAST_TIMESTAMP: Final = 2**63 - 1  # an INT64 in Kafka's protocol
_HEADERS: Final = "a mapping of names to values, or a list of pairs (name, value)"
_NOT_AVAILABLE: Final = 0  # confluent_kafka.TIMESTAMP_NOT_AVAILABLE


def to_datetime(milliseconds: int) -> datetime:
    """Kafka's timestamp as an aware datetime in UTC, exactly.

    Raises:
        OverflowError: It lies outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch, Kafka's unit; rounded down.

    Raises:
        ConfigurationError: The datetime is naive, so it is not a point in time.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ConfigurationError(
            f"{shown(moment)} has no time zone, so it is not a point in time: "
            f"add one, such as tzinfo=timezone.utc"
        )
    return (moment - _EPOCH) // _MILLISECOND


def timestamp_of(timestamp: datetime | int) -> int:
    """A timestamp to send, in milliseconds since the epoch.

    Raises:
        ArgumentError: It is not a point in time (a date, a float, a naive datetime), or not after
            the epoch.
    """
    number = to_milliseconds(timestamp) if isinstance(timestamp, datetime) else timestamp
    if number.__class__ is int and number <= 0:
        raise ConfigurationError(
            f"the timestamp {shown(timestamp)} is not after 1970-01-01T00:00:00Z: Kafka has no "
            f"earlier ones, and for librdkafka 0 means now"
        )
    return whole_number(
        number,
        "timestamp",
        1,
        _LAST_TIMESTAMP,
        "an aware datetime, or whole milliseconds since the epoch below 2**63",
    )


def partition_of(partition: int) -> int:
    """A partition to send to.

    Raises:
        ArgumentError: It is no number of a partition.
    """
    # -1 is confluent_kafka's value for the partition by the key's hash (PARTITION_UA).
    expected = "a partition's number from 0, or None for the one by the key"
    return whole_number(partition, "partition", -1, MAX_PARTITION, expected)


def headers_of(headers: Headers | None) -> list[tuple[str, bytes | None]] | None:
    """Headers for confluent_kafka, checked so that each is sent unchanged.

    Raises:
        ArgumentError: They are neither a mapping nor a sequence of pairs, a name is not text, or a
            value is not text, bytes or None.
    """
    if headers is None:
        return None
    given: Any = headers
    if isinstance(given, Mapping):
        given = list(given.items())
    elif not isinstance(given, Sequence) or isinstance(given, str | bytes | bytearray):
        raise ArgumentError("headers", headers, _HEADERS)
    return [_header(number, pair) for number, pair in enumerate(given)]


def _header(number: int, pair: object) -> tuple[str, bytes | None]:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ArgumentError(f"headers[{number}]", pair, "a pair (name, value)")
    name = text(pair[0], f"the name of headers[{number}]")
    value = pair[1]
    if value is None or isinstance(value, bytes):
        return name, value
    if not isinstance(value, str):
        raise ArgumentError(f"the value of header {name!r}", value, "a str, bytes or None")
    try:
        # Encoded here, because C text would end at a NUL.
        return name, str.encode(value)
    except UnicodeEncodeError:
        raise ArgumentError(
            f"the value of header {name!r}",
            value,
            "text that UTF-8 can encode (replace the half of a surrogate pair), or bytes",
        ) from None


@attrs.frozen(weakref_slot=False)
class Message(Keyed[T, K]):
    """One consumed message, which is immutable.

    For type checkers ``Message[Stock]`` is ``Message[Stock, Any]``: its key may be anything.
    ``Message[Stock, str]`` has the type of the key; ``Message[Stock, str | None]`` may have none.

    Attributes:
        value: The record; None for a tombstone, which deletes its key.
        key: The key in the contract's type, or None, because any message may have none
            (docs/generated-code.md, "Types of keys").
        topic: The topic.
        partition: The partition.
        offset: The offset.
        schema_id: The id of the writer schema, or its GUID if the message has that
            (docs/wire-formats.md); None for a tombstone.
        timestamp_ms: Milliseconds since the epoch, or None if the broker has none.
        headers: Name and value, in the order they were sent; a name may occur twice.

    Example:
        >>> message = Message("value", "key", "stocks", 0, 42, 1, 1_700_000_000_000)
        >>> message.offset, message.timestamp
        (42, datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc))
    """

    value: T | None
    key: K
    topic: str
    partition: int
    offset: int
    schema_id: SchemaId | None = None
    timestamp_ms: int | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()

    @property
    def timestamp(self) -> datetime | None:
        """The time of creation, or of appending if the topic is configured so; aware, in UTC.

        Raises:
            OverflowError: It is outside the years 1 to 9999; see ``timestamp_ms``.
        """
        return None if self.timestamp_ms is None else to_datetime(self.timestamp_ms)

    @property
    def is_tombstone(self) -> bool:
        """Whether this message deletes its key."""
        return self.value is None


@attrs.frozen
class Delivery:
    """The delivery report of one produced message.

    Attributes:
        topic: The topic.
        partition: The partition, or None if none was chosen yet.
        offset: Its offset; None if it was not delivered.
        timestamp_ms: Milliseconds since the epoch, or None if there is none.
        key: The key that was sent.
        latency: Seconds from ``produce()`` to the broker's answer, or None if unknown.
        error: The error if it was not delivered, else None.
    """

    topic: str
    partition: int | None
    offset: int | None
    timestamp_ms: int | None = None
    key: bytes | None = None
    latency: float | None = None
    error: confluent_kafka.KafkaError | None = None

    @classmethod
    def of(cls, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message) -> Delivery:
        """The typed report of the arguments of confluent_kafka's delivery callback."""
        partition, offset = raw.partition(), raw.offset()
        kind, milliseconds = raw.timestamp()
        return cls(
            topic=raw.topic() or "",
            partition=partition if partition is not None and partition >= 0 else None,
            offset=offset if error is None else None,
            timestamp_ms=None if kind == _NOT_AVAILABLE else milliseconds,
            key=raw.key(),
            latency=raw.latency(),
            error=error,
        )

    @property
    def ok(self) -> bool:
        """Whether the message was delivered."""
        return self.error is None

    @property
    def timestamp(self) -> datetime | None:
        """The message's timestamp; aware, in UTC."""
        return None if self.timestamp_ms is None else to_datetime(self.timestamp_ms)
