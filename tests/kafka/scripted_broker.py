"""A Kafka cluster in memory, as far as the clients of this library see one, on a clock of its own.

Nothing runs beside the caller: time passes where a client waits, and whatever was due by then
happens there. So a run is the same each time, and waiting for 30 seconds takes none.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "Member", "Place", "Record", "ScriptedBroker", "StuckError"]

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""

ROUND_TRIP: Final = 0.001
"""Seconds that a broker takes to answer."""


class StuckError(BaseException):
    """A call waits for what can never come; nothing but a test catches this."""


class Clock:
    """Time that passes where somebody waits.

    Attributes:
        now: Seconds.
        end: When a run takes so long that it is stuck.
    """

    def __init__(self) -> None:
        self.now = 1_000.0
        self.end = float("inf")
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        """Seconds; stands in for ``time.monotonic``."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass; stands in for ``time.sleep``."""
        self.pass_until(self.now + seconds)

    def call_at(self, time: float, action: Callable[[], None]) -> None:
        """Do something when its time has come."""
        heapq.heappush(self._due, (time, next(self._numbers), action))

    def pass_until(self, time: float) -> None:
        """Let time pass, with all that is due on the way."""
        while self._due and self._due[0][0] <= time:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = max(self.now, time)
        if self.now > self.end:
            raise StuckError(f"stuck at {self.now:.1f} s")

    def pass_to_next(self, limit: float) -> None:
        """Let time pass to what is due next, or to the limit if that is sooner.

        Raises:
            StuckError: Nothing is due, and there is no limit; or time is over.
        """
        soonest = min(self._due[0][0] if self._due else limit, limit)
        if soonest == float("inf"):
            raise StuckError("waits without end, and nothing is due")
        self.pass_until(soonest)


@attrs.frozen
class Record:
    """What a partition holds at one offset."""

    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


@attrs.define
class Partition:
    """A log: its records, and the offset of the first that retention has left."""

    records: list[Record] = attrs.field(factory=list)
    start: int = 0

    @property
    def end(self) -> int:
        """The offset of the next record."""
        return len(self.records)


class Member(Protocol):
    """A consumer, as its group sees it."""

    is_incremental: bool
    max_poll: float
    polled_at: float
    topics: set[str]

    @property
    def owned(self) -> set[Place]:
        """The partitions that it has."""


@attrs.define(eq=False)
class Group:
    """A consumer group: who is in it, who is to have what, and what was committed.

    Members of the classic protocol give everything back before they get anything; incremental
    ones only what they are to lose (KIP-429, KIP-848).
    """

    broker: ScriptedBroker
    members: list[Member] = attrs.field(factory=list)
    committed: dict[Place, int] = attrs.field(factory=dict)
    generation: int = 0
    ready_at: float = 0.0
    given_back: int = 0
    joined: dict[int, int] = attrs.field(factory=dict)

    def join(self, member: Member) -> None:
        """Have a new member share in."""
        self.members.append(member)
        self._begin_generation()

    def leave(self, member: Member) -> None:
        """Let a member go, or learn that it is gone."""
        if member in self.members:
            self.members.remove(member)
            self.joined.pop(id(member), None)
            self._begin_generation()

    def _begin_generation(self) -> None:
        self.generation += 1
        self.ready_at = self.broker.clock.now + ROUND_TRIP
        self.broker.clock.call_at(self.ready_at, lambda: None)

    def expire(self) -> None:
        """Throw out members that have not polled for ``max.poll.interval.ms``."""
        now = self.broker.clock.now
        for member in [each for each in self.members if now - each.polled_at > each.max_poll]:
            self.leave(member)

    def share_of(self, member: Member) -> set[Place]:
        """What a member is to have, by the range assignor."""
        share: set[Place] = set()
        for topic in member.topics & self.broker.topics.keys():
            rivals = [each for each in self.members if topic in each.topics]
            number, total = rivals.index(member), len(self.broker.topics[topic])
            each, more = divmod(total, len(rivals))
            begin = number * each + min(number, more)
            share |= {(topic, begin + index) for index in range(each + (number < more))}
        return share

    def to_revoke(self, member: Member) -> set[Place] | None:
        """What a member has to give back now; None for nothing."""
        if self.broker.clock.now < self.ready_at or member not in self.members:
            return None
        if member.is_incremental:
            return (member.owned - self.share_of(member)) or None
        if self.joined.get(id(member)) == self.generation or not member.owned:
            return None
        return set(member.owned)

    def to_assign(self, member: Member) -> set[Place] | None:
        """What a member gets now, be it an empty set; None while it has to wait."""
        if self.broker.clock.now < self.ready_at or member not in self.members:
            return None
        if self.joined.get(id(member)) == self.generation:
            return None
        share = self.share_of(member)
        taken = {place for each in self.members if each is not member for place in each.owned}
        if member.is_incremental:
            new = share - member.owned
            if new & taken:
                return None
            self.joined[id(member)] = self.generation
            return new if new or not member.owned else None
        if self.given_back != self.generation and taken | member.owned:
            return None  # until every member has given back what it had
        self.given_back = self.joined[id(member)] = self.generation
        return share


class ScriptedBroker:
    """Topics, groups, and what a test does to the clients.

    Attributes:
        clock: The time of everything here.
        topics: The partitions of each topic.
        groups: By name.
        on_commit: Called with group, place and offset for each commit.
        on_call: Called with a client's method and ``"before"`` or ``"after"`` around each call of
            one; what it raises after a call destroys what the call gave, as confluent_kafka does
            when a signal's handler raises there.
        missing: Topics that cannot be created.
        refused: Errors by topic: what is produced there is not taken.
        refused_keys: Keys of messages that are not taken, by any topic.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.topics: dict[str, list[Partition]] = {}
        self.groups: dict[str, Group] = defaultdict(lambda: Group(self))
        self.on_commit: list[Callable[[str, Place, int], None]] = []
        self.on_call: Callable[[str, str], None] | None = None
        self.missing: set[str] = set()
        self.refused: dict[str, int] = {}
        self.refused_keys: set[bytes | None] = set()

    def create_topic(self, name: str, partitions: int = 1) -> bool:
        """Create a topic; False if it is there."""
        if name in self.topics:
            return False
        self.topics[name] = [Partition() for _ in range(partitions)]
        return True

    def append(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        key: bytes | None = None,
        headers: list[tuple[str, bytes | None]] | None = None,
        timestamp: int = 0,
    ) -> int:
        """Write a record, and give its offset."""
        log = self.topics[topic][partition]
        log.records.append(Record(value, key, headers or [], timestamp or 1))
        return log.end - 1

    def commit(self, group: str, place: Place, offset: int) -> None:
        """Set what a group has committed."""
        for watch in self.on_commit:
            watch(group, place, offset)
        self.groups[group].committed[place] = offset
