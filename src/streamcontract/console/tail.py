"""Live tail: new messages of a topic, all of them counted and a sample of them shown."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.console.looking_up import check_partition
from streamcontract.console.pages.messages import row_of
from streamcontract.console.reading import TopicReader
from streamcontract.kafka.connection.following import Following

if TYPE_CHECKING:
    from typing_extensions import Self

    from streamcontract.console.looking_up import LookUp
    from streamcontract.console.pages.messages import MessageRow
    from streamcontract.console.reading import Seen
    from streamcontract.console.sources import Sources

__all__ = ["SHOWN", "Tail", "Update"]

SHOWN: Final = 20
"""Messages that one update shows at most."""

_INTERVAL: Final = 0.5
"""Seconds of an update."""

_TAKEN: Final = 2_000
"""Messages that one update reads at most: of the others only the number is known."""

_BEHIND: Final = 20_000
"""Messages that may wait before the tail goes on at the end."""


@attrs.frozen(kw_only=True)
class Update:
    """What came since the last update.

    Attributes:
        rows: A sample of the messages, newest first.
        since: The time of the start, UTC.
        count: How many messages came since then.
        rate: How many came in a second.
        verdicts: How many of those that were read had which verdict, by its label.
        unread: How many were counted and not read, since the start.
    """

    rows: tuple[MessageRow, ...]
    since: datetime
    count: int
    rate: float
    verdicts: dict[str, int]
    unread: int


class Tail:
    """One tail of one browser; its memory does not depend on how much comes.

    The browser asks for updates one by one, so a slow browser gets fewer of them, and nothing
    waits for it in memory.

    Args:
        asked: Which messages.
        sources: The brokers, the registry and the project.

    Raises:
        ConfigurationError: The key or the condition does not fit the contract, or the topic has no
            such partition.
        ClientError: The brokers did not answer, or there is no such topic.
        RegistryError: The registry did not answer.
    """

    def __init__(self, asked: LookUp, sources: Sources) -> None:
        self._reader = TopicReader(asked.topic, sources, asked.wanted)
        known = sources.cluster.partitions(asked.topic)
        check_partition(asked, known)
        partitions = known if asked.partition is None else [asked.partition]
        self._following = Following(sources.cluster, asked.topic, partitions)
        self._since = datetime.now(timezone.utc)
        self._lock = threading.Lock()
        self._is_closed = False
        self._count = self._unread = 0
        self._verdicts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self) -> Update | None:
        """Wait for the next update; None after :meth:`close`.

        Raises:
            ClientError: The brokers did not answer.
            RegistryError: The registry did not answer.
        """
        with self._lock:
            if self._is_closed:
                return None
            begun = time.monotonic()
            raws = self._following.take(_TAKEN, _INTERVAL)
            skipped = self._following.skip(_BEHIND)
            seen = [each for each in map(self._reader.read, raws) if each is not None]
            came = len(raws) + skipped
            self._count += came
            self._unread += skipped
            self._verdicts.update(each.verdict.label for each in seen)
            return Update(
                rows=tuple(row_of(each) for each in _newest_first(_sample(seen))),
                since=self._since,
                count=self._count,
                rate=came / max(0.001, time.monotonic() - begun),
                verdicts=dict(self._verdicts),
                unread=self._unread,
            )

    def close(self) -> None:
        """Leave the brokers, after the update that is under way."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._following.close()


def _newest_first(seen: list[Seen]) -> list[Seen]:
    """Messages by time; of those of one time the last one that came first."""
    return sorted(seen, key=lambda each: each.timestamp_ms or 0)[::-1]


def _sample(seen: list[Seen]) -> list[Seen]:
    """At most :data:`SHOWN` of the messages: those that do not fit, then some of each part."""
    if len(seen) <= SHOWN:
        return seen
    odd = [each for each in seen if each.verdict.is_misfit][:SHOWN]
    rest = SHOWN - len(odd)
    step = max(1, len(seen) // max(1, rest))
    chosen = {id(each) for each in (*odd, *(seen[::step][:rest]))}
    return [each for each in seen if id(each) in chosen]
