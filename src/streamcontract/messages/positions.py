"""Positions as the command line names them: ``earliest``, ``latest``, an offset, a time, ``-N``."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.consumer.start import Start, check_start, offsets_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["Last", "Position", "check_range", "offsets_of_position", "parse_position", "text_of"]

# Python converts no text of any length.
_INTEGER: Final = re.compile(r"-?\d{1,100}", re.ASCII)
_EXPECTED: Final = (
    "earliest, latest, an offset, a time such as 2024-05-17T09:30:00Z, or a date, whose first "
    "moment in UTC counts"
)


@attrs.frozen
class Last:
    """The last messages of each partition.

    Attributes:
        count: How many.
    """

    count: int


Position = Start | Last


def parse_position(text: str) -> Position:
    """The position that a text names.

    Raises:
        ConfigurationError: It names none.

    Example:
        >>> parse_position("-10"), parse_position("42")
        (Last(count=10), 42)
        >>> parse_position("2024-05-17")
        datetime.datetime(2024, 5, 17, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if _INTEGER.fullmatch(text):
        number = int(text)
        return Last(-number) if text.startswith("-") else check_start(number)
    if text[:1].isdigit():
        return _moment(text)
    try:
        return check_start(text)
    except ConfigurationError:
        raise ConfigurationError(f"{text!r} is no position: expected {_EXPECTED}") from None


def _moment(text: str) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return datetime.combine(date.fromisoformat(text), time(), timezone.utc)
        # Python 3.10 does not read Z.
        moment = datetime.fromisoformat(re.sub(r"[Zz]\Z", "+00:00", text))
    except ValueError:
        raise ConfigurationError(f"{text!r} is no position: expected {_EXPECTED}") from None
    if moment.tzinfo is None:
        raise ConfigurationError(
            f"the time {text!r} has no time zone, so it names no moment: write {text}Z for UTC"
        )
    return moment


def text_of(position: Position) -> str:
    """A position as :func:`parse_position` reads it.

    Example:
        >>> text_of(Last(10)), text_of(42), text_of("latest")
        ('-10', '42', 'latest')
    """
    if isinstance(position, Last):
        return f"-{position.count}"
    return position.isoformat() if isinstance(position, datetime) else str(position)


def check_range(start: Position, until: Position) -> None:
    """Check that a message may be from a position on and before another one, now or later.

    Positions of two kinds, such as an offset and a time, depend on the messages. So do those before
    the end, of which an export keeps what the start was in its first run.

    Raises:
        ConfigurationError: There is none, whatever the topic has; or one is no position.

    Example:
        >>> check_range(5, 10)
        >>> check_range("latest", "latest")
    """
    for each in (start, until):
        if not isinstance(each, Last):
            check_start(each)
    if until in {"earliest", 0} or _is_backward(start, until):
        raise ConfigurationError(
            f"no message is from {text_of(start)} on and before {text_of(until)}: the end of the "
            "range has to be after its start"
        )


def _is_backward(start: Position, until: Position) -> bool:
    if isinstance(start, datetime) and isinstance(until, datetime):
        return start >= until
    return isinstance(start, int) and isinstance(until, int) and start >= until


def offsets_of_position(
    cluster: Cluster, topic: str, partitions: Iterable[int], position: Position
) -> dict[int, int]:
    """The offset that a position means in each partition, within what the partition has.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
        NotSupportedError: It is a moment, and this is the embedded broker.
    """
    wanted = tuple(partitions)
    if position == "earliest":
        return cluster.first_offsets(topic, wanted)
    if not isinstance(position, Last):
        return offsets_at(cluster, topic, wanted, position)
    first, ends = cluster.bounds(topic, wanted)
    return {each: max(first[each], ends[each] - position.count) for each in wanted}
