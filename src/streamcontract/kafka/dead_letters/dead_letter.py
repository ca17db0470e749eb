"""Dead letters: the original message, with the reason in headers after its own.

The original's key, value, headers and timestamp are those of the dead letter. The library's
headers follow the original's, which keep their order and may have the same names, such as those
of an earlier dead letter: the last header named :data:`FIRST_HEADER` begins the library's own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import attrs

from streamcontract.errors import DataError, StreamContractError

if TYPE_CHECKING:
    import confluent_kafka

    from streamcontract.kafka.errors import MessageDecodeError

__all__ = [
    "FIRST_HEADER",
    "ORIGIN_HEADER",
    "SETTLED_HEADER",
    "SUFFIX",
    "DeadLetter",
    "NotADeadLetterError",
    "Partition",
    "Source",
    "read_dead_letter",
    "reason_headers",
    "settled_before",
    "source_of",
    "with_attempt",
]

SUFFIX: Final = ".dlq"
"""The suffix of the source topic's name in the default name of the dead letter topic."""

_PREFIX: Final = "streamcontract.dlq."
FIRST_HEADER: Final = f"{_PREFIX}version"
ORIGIN_HEADER: Final = f"{_PREFIX}origin"
"""The header of a replayed message: ``topic/partition/offset`` of the original."""

SETTLED_HEADER: Final = f"{_PREFIX}settled"
"""The only header of a mark, which is a message without key and value: the offset before which
every dead letter in its partition is replayed or discarded."""

_VERSION: Final = "1"
# Enough for every fault in an error, and small compared with a broker's limit of a message (1 MiB).
_MAX_TEXT: Final = 4000

RawHeaders = list[tuple[str, "bytes | None"]]


class NotADeadLetterError(StreamContractError):
    """A message in a dead letter topic does not have the headers of a dead letter.

    Attributes:
        topic: The topic.
        partition: The partition.
        offset: The message's offset.
        reason: What is missing or unreadable.
    """

    def __init__(self, topic: str, partition: int, offset: int, reason: str) -> None:
        super().__init__(topic, partition, offset, reason)
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        place = f"topic {self.topic!r}, partition {self.partition}, offset {self.offset}"
        return f"{place}: not a dead letter of this library: {self.reason}"


class Partition(Protocol):
    """The interface of a consumer's partition for dead letters.

    Attributes:
        letters: Offsets of dead letters that are not delivered yet.
        passed: For poison with a callback that was called, the callback's error, or None.
    """

    letters: set[int]
    passed: dict[int, Exception | None]

    @property
    def topic(self) -> str:
        """The topic."""

    @property
    def key(self) -> tuple[str, int]:
        """Topic and number."""


@attrs.frozen
class Source:
    """The identification of a dead letter's original message.

    The timestamp is part of it, to distinguish a topic that was deleted and created again, with
    offsets from 0.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Its partition."""
        return self.topic, self.partition

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A dead letter.

    Attributes:
        topic: The dead letter topic.
        partition: The dead letter's own partition.
        offset: The dead letter's own offset.
        source: The original message.
        key: The original's key.
        value: The original's value.
        headers: The original's headers.
        error: The class of the error, such as ``DecodeError``.
        text: The message of the error, cut at 4,000 characters.
        path: The path in the record, such as ``Order.lines[3].price``, or None.
        schema_id: The schema id, or the GUID, of the message; None if it has none.
        time: The time of the dead letter; aware, in UTC.
        attempt: The number of failed attempts: 1, and one more for each replay.
        group: The consumer group that could not read it, or None.
    """

    topic: str
    partition: int
    offset: int
    source: Source
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    error: str
    text: str
    path: str | None
    schema_id: int | UUID | None
    time: datetime
    attempt: int
    group: str | None

    @property
    def identity(self) -> tuple[Source, int]:
        """A value that is equal for copies of one dead letter, such as after a crash."""
        return self.source, self.attempt


def source_of(error: MessageDecodeError) -> Source:
    """The message of an error."""
    kind, milliseconds = error.raw.timestamp()
    return Source(error.topic, error.partition, error.offset, milliseconds if kind else None)


def reason_headers(
    error: MessageDecodeError, source: Source, *, group: str | None, attempt: int = 1
) -> RawHeaders:
    """The headers with the reason of a dead letter, and its original message.

    Args:
        error: The error.
        source: The original message.
        group: The consumer's group.
        attempt: The number of failed attempts so far.
    """
    reason = error.reason
    headers: dict[str, object] = {
        "version": _VERSION,
        "error": type(reason).__name__,
        "text": str(reason)[:_MAX_TEXT],
        "path": reason.path if isinstance(reason, DataError) else None,
        "schema.id": error.schema_id,
        "topic": source.topic,
        "partition": source.partition,
        "offset": source.offset,
        "timestamp": source.timestamp_ms,
        "time": datetime.fromtimestamp(time.time(), timezone.utc).isoformat(),
        "attempt": attempt,
        "group": group,
    }
    return [
        # A path or text may contain characters without UTF-8, such as a lone surrogate.
        (f"{_PREFIX}{name}", str(value).encode(errors="backslashreplace"))
        for name, value in headers.items()
        if value is not None
    ]


def read_dead_letter(raw: confluent_kafka.Message) -> DeadLetter:
    """Parse a message of a dead letter topic, with the original's headers separated.

    Raises:
        NotADeadLetterError: It is not a dead letter of this library.
    """
    headers: list[Any] = list(raw.headers() or ())
    names = [name for name, _ in headers]
    place = str(raw.topic()), int(raw.partition() or 0), int(raw.offset() or 0)
    if FIRST_HEADER not in names:
        raise NotADeadLetterError(*place, f"it has no header {FIRST_HEADER}")
    first = len(names) - 1 - names[::-1].index(FIRST_HEADER)
    try:
        own = {
            name.removeprefix(_PREFIX): value.decode()
            for name, value in headers[first:]
            if name.startswith(_PREFIX)
        }
        if own["version"] != _VERSION:
            raise NotADeadLetterError(
                *place, f"its headers are of version {own['version']}, and not {_VERSION}"
            )
        timestamp = own.get("timestamp")
        return DeadLetter(
            topic=place[0],
            partition=place[1],
            offset=place[2],
            source=Source(
                own["topic"],
                _whole(own["partition"], 0, 2**31 - 1),
                _whole(own["offset"], 0, 2**63 - 1),
                None if timestamp is None else _whole(timestamp, -(2**63), 2**63 - 1),
            ),
            key=raw.key(),
            value=raw.value(),
            headers=tuple(headers[:first]),
            error=own["error"],
            text=own["text"],
            path=own.get("path"),
            schema_id=None if "schema.id" not in own else _schema_id(own["schema.id"]),
            time=_moment(own["time"]),
            attempt=_whole(own["attempt"], 1, 2**63 - 1),
            group=own.get("group"),
        )
    except (KeyError, ValueError, AttributeError) as error:
        raise NotADeadLetterError(*place, f"a header is wrong or missing: {error!r}") from error


def settled_before(raw: confluent_kafka.Message) -> int | None:
    """The offset of a mark; None for any other message."""
    headers: Any = raw.headers() or ()
    if len(headers) != 1 or headers[0][0] != SETTLED_HEADER:
        return None
    if raw.key() is not None or raw.value() is not None:
        return None
    with contextlib.suppress(ValueError):  # another application's header of this name
        return _whole((headers[0][1] or b"").decode(), 0, 2**63 - 1)
    return None


def _schema_id(text: str) -> int | UUID:
    return UUID(text) if "-" in text[1:] else int(text)


def _moment(text: str) -> datetime:
    """A time with its time zone.

    Raises:
        ValueError: It is not.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found


def _whole(text: str, least: int, most: int) -> int:
    """A number in the range of Kafka's protocol.

    Raises:
        ValueError: It is not.
    """
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"{number} is not from {least} to {most}")
    return number


def with_attempt(raw: confluent_kafka.Message, attempt: int) -> RawHeaders:
    """The headers of an unchanged dead letter with one more attempt."""
    headers: list[Any] = list(raw.headers() or ())
    last = max(at for at, (name, _) in enumerate(headers) if name == f"{_PREFIX}attempt")
    headers[last] = headers[last][0], str(attempt).encode()
    return headers
