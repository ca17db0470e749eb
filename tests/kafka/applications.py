"""Applications over scripted clients that are interrupted, go on, and keep account of what came."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import attrs
from tests.kafka.scripted_broker import Place, ScriptedBroker
from tests.kafka.scripted_client import raw_messages

from streamcontract import Codec, SchemaRegistry, Stock, StockConsumer
from streamcontract.kafka import DeadLetters, MessageDecodeError, Skip
from streamcontract.kafka.dead_letters import SUFFIX, read_dead_letter
from streamcontract.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kafka.interrupts import Interrupts

    from streamcontract.kafka import Message
    from streamcontract.schema import Schema

__all__ = ["POISON", "TOPIC", "Application", "ScriptedRegistry", "Way", "bar", "payload"]

TOPIC: Final = "bars"
POISON: Final = b"no frame"
_ID: Final = 1
_CALLS: Final = 400
"""More calls than any run needs: one that makes as many is stuck."""
LEAST_PLACES: Final = 2
"""Places from the end of a callback to the end of the line that called it."""

How = Literal["next", "poll", "consume", "until_end"]


@attrs.frozen
class Way:
    """A way to read a topic.

    Attributes:
        how: The public method that gives messages.
        group: Whether as member of a group.
        poison: What to do with poison, of which each partition has one message; None for none.
        members: How many members; each joins when the one before has got a message.
        start: Where to begin.
        properties: More client properties.
        commits: Whether the application commits each message by hand.
    """

    how: How
    group: bool = True
    poison: Literal["raise", "skip", "dead letters"] | None = None
    members: int = 1
    start: Any = None
    properties: dict[str, Any] = attrs.field(factory=dict)
    commits: bool = False

    def __str__(self) -> str:
        parts = [self.how, "group" if self.group else "alone"]
        parts += [self.poison] if self.poison else []
        parts += [f"{self.members} members"] if self.members > 1 else []
        parts += ["commits"] if self.commits else []
        parts += [f"start {self.start}"] if self.start is not None else []
        parts += [str(value) for value in self.properties.values()]
        return ", ".join(parts)


class ScriptedRegistry:
    """A registry that knows one schema."""

    def schema_by_id(self, schema_id: int) -> Schema:
        """The schema."""
        assert schema_id == _ID
        return _codec().schema

    def id_of(self, *_: object, **__: object) -> int:
        """Its id."""
        return _ID

    def close(self) -> None:
        """Nothing is open."""


@functools.cache
def _codec() -> Codec[Stock]:
    return Codec(Stock)


def bar(number: int, symbol: str = "AAPL") -> Stock:
    """A bar with this volume."""
    return Stock(
        symbol=symbol,
        date=dt.date(2026, 5, 4),
        open=1.0,
        high=1.0,
        low=1.0,
        close=1.0,
        volume=number,
    )


@functools.cache
def payload(number: int, symbol: str = "AAPL") -> bytes:
    """That bar, framed."""
    return header(_ID) + _codec().encode(bar(number, symbol))


class Application:
    """Reads a topic to its end, whatever interrupts it, and knows what has to hold.

    Args:
        way: How it reads.
        broker: Where the topic is.
        interrupts: What interrupts it.
        messages: How many each partition has.
        partitions: How many partitions there are.

    Attributes:
        returned: By partition, the offsets in the order in which calls returned them.
        raised: Poison messages that an error was raised for.
        skipped: Poison messages that the callback was called with.
    """

    def __init__(
        self,
        way: Way,
        broker: ScriptedBroker,
        interrupts: Interrupts,
        *,
        messages: int = 4,
        partitions: int = 2,
    ) -> None:
        self.way = way
        self.broker = broker
        self.interrupts = interrupts
        broker.create_topic(TOPIC, partitions)
        self.poison: set[Place] = set()
        for partition in range(partitions):
            for number in range(messages):
                if way.poison and number == 1:
                    self.poison.add((TOPIC, partition))
                    broker.append(TOPIC, partition, POISON, b"AAPL")
                else:
                    broker.append(TOPIC, partition, payload(number), b"AAPL")
        self.ends = dict.fromkeys(range(partitions), messages)
        self.bad = {(partition, 1) for partition in range(partitions)} if way.poison else set()
        self.returned: dict[int, list[int]] = defaultdict(list)
        self.in_hand: list[tuple[int, int]] = []
        self.handled: set[tuple[int, int]] = set()
        self.raised: Counter[tuple[int, int]] = Counter()
        self.skipped: Counter[tuple[int, int]] = Counter()
        self.calls = 0
        self.faults: list[str] = []
        self.ended_early = False
        self.forgiven: Counter[tuple[int, int]] = Counter()
        self._skipped_at = (-LEAST_PLACES, (0, 0))
        broker.on_commit.append(self._on_commit)
        self._registry = cast("SchemaRegistry", ScriptedRegistry())
        self.consumers: list[StockConsumer] = [self._join()]

    def _join(self) -> StockConsumer:
        way = self.way
        policy: Any = "raise"
        if way.poison == "skip":
            policy = Skip(self._on_skip)
        elif way.poison == "dead letters":
            policy = DeadLetters()
        properties = {
            "bootstrap.servers": "scripted",
            "auto.commit.interval.ms": 20,
            "enable.auto.commit": way.group and not way.commits,
            **way.properties,
        }
        return StockConsumer(
            properties,
            topic=TOPIC,
            group="readers" if way.group else None,
            registry=self._registry,
            poison=policy,
            start=way.start,
        )

    # What came

    def _on_skip(self, error: MessageDecodeError) -> None:
        self.skipped[error.partition, error.offset] += 1
        self._skipped_at = self.interrupts.count, (error.partition, error.offset)

    def letters(self) -> Counter[tuple[int, int]]:
        """How often each poison message is in the dead letter topic."""
        found: Counter[tuple[int, int]] = Counter()
        for raw in raw_messages(self.broker, TOPIC + SUFFIX):
            source = read_dead_letter(raw).source
            found[source.partition, source.offset] += 1
        return found

    def dealt_with(self) -> Counter[tuple[int, int]]:
        """How often each poison message was dealt with, as the policy has it."""
        if self.way.poison == "raise":
            return self.raised
        return self.skipped if self.way.poison == "skip" else self.letters()

    def missing(self) -> set[tuple[int, int]]:
        """What has not come yet."""
        wanted = {
            (partition, offset) for partition, end in self.ends.items() for offset in range(end)
        }
        came = {
            (partition, offset)
            for partition, offsets in self.returned.items()
            for offset in offsets
        }
        return wanted - came - set(self.dealt_with())

    def _on_commit(self, _: str, place: Place, offset: int) -> None:
        done = self.handled | set(self.dealt_with())
        if place[0] == TOPIC:
            early = [each for each in range(offset) if (place[1], each) not in done]
            if early:
                self.faults.append(f"{place[1]}: {offset} committed, but {early} not handled")

    # What the application does

    def run(self) -> None:
        """Read all, and close."""
        while self.missing() and self.calls < _CALLS:
            for consumer in list(self.consumers):
                self._take(consumer)
            if len(self.consumers) < self.way.members and any(self.returned.values()):
                self.consumers.append(self._until_done(self._join))
        for consumer in self.consumers:
            self._until_done(consumer.close)

    def _take(self, consumer: StockConsumer) -> None:
        if self.way.how == "until_end":
            self._take_until_end(consumer)
            return
        calls: dict[str, Callable[[], Any]] = {
            "next": lambda: next(consumer),
            "poll": lambda: consumer.poll(0.05),
            "consume": lambda: consumer.consume(3, 0.05),
        }
        self._once(calls[self.way.how])
        if self.way.commits and self.in_hand:
            self.handled.update(self.in_hand)
            self._until_done(consumer.commit)

    def _take_until_end(self, consumer: StockConsumer) -> None:
        messages = self._until_done(lambda: consumer.until_end(5))
        while self._once(lambda: next(messages, None)) and self.calls < _CALLS:
            pass
        if not self.ended_early and (missing := self.missing()):
            self.ended_early = True
            self.faults.append(f"until_end ended without {sorted(missing)}")

    def _once(self, call: Callable[[], Any]) -> bool:
        """Make a call that gives messages; whether there is more to be asked for."""
        self.calls += 1
        self.handled.update(self.in_hand)
        try:
            found = self.interrupts.call(call)
        except KeyboardInterrupt:
            self.in_hand = []
            # Between the end of the application's callback and what the library notes of that,
            # nothing can be known of it.
            at, place = self._skipped_at
            if self.interrupts.count - at <= LEAST_PLACES:
                self.forgiven[place] += 1
            return True
        except MessageDecodeError as error:
            self.in_hand = []
            self.raised[error.partition, error.offset] += 1
            return True
        messages: list[Message[Stock]] = (
            found if isinstance(found, list) else [] if found is None else [found]
        )
        self.in_hand = [(each.partition, each.offset) for each in messages]
        for partition, offset in self.in_hand:
            self.returned[partition].append(offset)
        return bool(messages)

    def _until_done(self, call: Callable[[], Any]) -> Any:
        """Make a call again and again until it is not interrupted."""
        while True:
            self.handled.update(self.in_hand)
            try:
                return self.interrupts.call(call)
            except KeyboardInterrupt:
                pass

    # What has to hold

    def check(self) -> None:
        """All of it."""
        faults = self.faults
        if missing := self.missing():
            faults.append(f"missing after {self.calls} calls: {sorted(missing)}")
        for partition, offsets in self.returned.items():
            end = self.ends[partition]
            good = [each for each in range(end) if (partition, each) not in self.bad]
            if self.way.members == 1 and offsets != good[: len(offsets)]:
                faults.append(f"partition {partition} came as {offsets}")
            elif _gaps(offsets, good):
                faults.append(f"partition {partition} came with gaps, as {offsets}")
        counts = self.dealt_with() - self.forgiven
        again = {place: count for place, count in counts.items() if count != 1}
        if again:
            faults.append(f"poison that was dealt with more than once: {again}")
        if self.way.group:
            known = self.broker.groups["readers"]
            at = {number: known.committed.get((TOPIC, number)) for number in self.ends}
            if at != self.ends:
                faults.append(f"in the end the group had committed {at}")
            if known.members:
                faults.append("a client was left open")
        assert not faults, "; ".join(faults)


def _gaps(offsets: list[int], good: list[int]) -> bool:
    """Whether an offset comes before all that are before it."""
    came: set[int] = set()
    for offset in offsets:
        came.add(offset)
        if any(each not in came for each in good if each < offset):
            return True
    return False
