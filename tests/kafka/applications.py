"""Applications over scripted clients that are broken off, go on, and keep account of what came."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import attrs
from tests.kafka.scripted_broker import Place, ScriptedBroker
from tests.kafka.scripted_calls import raw_messages

from streamcontract import Codec, ContractConsumer, SchemaRegistry, Stock
from streamcontract.kafka import DeadLetters, MessageDecodeError, Skip
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX
from streamcontract.registry.results import Identified, StoredSchema
from streamcontract.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kafka.interrupts import Interrupts

    from streamcontract.kafka import Message

__all__ = ["POISON", "TOPIC", "Account", "Application", "ScriptedRegistry", "Way", "bar", "payload"]

TOPIC: Final = "bars"
POISON: Final = b"no frame"
_ID: Final = 1
_PLACE: Final = ("partition", "offset")
_CALLS: Final = 400
"""More calls than any run needs: one that makes as many is stuck."""
LEAST_PLACES: Final = 2
"""Places from the end of a callback to the end of the line that called it."""

Reading: TypeAlias = "ContractConsumer[Stock, Any, Any]"
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
        callbacks: Whether it follows rebalances, and commits when partitions are revoked.
        topics: Whether the topic is one of several, though there is no other.
    """

    how: How
    group: bool = True
    poison: Literal["raise", "skip", "dead letters"] | None = None
    members: int = 1
    start: Any = None
    properties: dict[str, Any] = attrs.field(factory=dict)
    commits: bool = False
    callbacks: bool = False
    topics: bool = False

    def __str__(self) -> str:
        parts = [self.how, "group" if self.group else "alone"]
        parts += [self.poison] if self.poison else []
        parts += [f"{self.members} members"] if self.members > 1 else []
        parts += ["commits"] if self.commits else []
        parts += ["callbacks"] if self.callbacks else []
        parts += ["topics"] if self.topics else []
        parts += [f"start {self.start}"] if self.start is not None else []
        parts += [str(value) for value in self.properties.values()]
        return ", ".join(parts)


class ScriptedRegistry:
    """A registry that knows one schema."""

    cache_capacity = 1000

    def stored(self, schema_id: int, **_: object) -> StoredSchema:
        """The schema."""
        assert schema_id == _ID
        return StoredSchema(schema=_codec().schema)

    def identify(self, *_: object, **__: object) -> Identified:
        """Its id."""
        return Identified(id=_ID)

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


class Account:
    """Knows what a topic holds, what of it came, and what has to hold in the end.

    Args:
        way: How the topic is read.
        broker: Where the topic is.

    Attributes:
        returned: By partition, the offsets in the order in which calls returned them.
        raised: Poison messages that an error was raised for.
        skipped: Poison messages that the callback was called with.
        forgiven: Those for which a second call of the callback is no fault.
        faults: What did not hold.
    """

    def __init__(
        self, way: Way, broker: ScriptedBroker, *, messages: int = 4, partitions: int = 2
    ) -> None:
        self.way = way
        self.broker = broker
        broker.create_topic(TOPIC, partitions)
        for partition in range(partitions):
            for number in range(messages):
                is_poison = way.poison is not None and number == 1
                broker.append(TOPIC, partition, POISON if is_poison else payload(number), b"AAPL")
        self.ends = dict.fromkeys(range(partitions), messages)
        self.bad = {(partition, 1) for partition in range(partitions)} if way.poison else set()
        self.returned: dict[int, list[int]] = defaultdict(list)
        self.raised: Counter[tuple[int, int]] = Counter()
        self.skipped: Counter[tuple[int, int]] = Counter()
        self.forgiven: Counter[tuple[int, int]] = Counter()
        self.faults: list[str] = []
        self._in_hand: dict[int, list[tuple[int, int]]] = {}
        self._handled: set[tuple[int, int]] = set()
        self._assigned: dict[int, set[int]] = defaultdict(set)
        broker.on_commit.append(self._on_commit)

    def options(self, on_skip: Callable[[MessageDecodeError], None]) -> dict[str, Any]:
        """The arguments of a consumer that reads in this way."""
        way = self.way
        policies: dict[str | None, Any] = {"skip": Skip(on_skip), "dead letters": DeadLetters()}
        return {
            "config": {
                "bootstrap.servers": "scripted",
                "auto.commit.interval.ms": 20,
                "enable.auto.commit": way.group and not way.commits,
                **way.properties,
            },
            **({"topics": {TOPIC: Stock}} if way.topics else {"topic": TOPIC, "record": Stock}),
            "group": "readers" if way.group else None,
            "registry": cast("SchemaRegistry", ScriptedRegistry()),
            "poison": policies.get(way.poison, "raise"),
            "start": way.start,
        }

    def callbacks(self) -> dict[str, Any]:
        """Arguments of a consumer whose application follows rebalances."""
        if not self.way.callbacks:
            return {}

        def numbers(partitions: tuple[Any, ...]) -> list[int]:
            return [each[1] if self.way.topics else each for each in partitions]

        def on_assign(consumer: object, partitions: tuple[Any, ...]) -> None:
            self._assigned[id(consumer)].update(numbers(partitions))

        def on_revoke(consumer: Reading, partitions: tuple[Any, ...]) -> None:
            consumer.commit()
            on_lost(consumer, partitions)

        def on_lost(consumer: object, partitions: tuple[Any, ...]) -> None:
            self._assigned[id(consumer)].difference_update(numbers(partitions))

        return {"on_assign": on_assign, "on_revoke": on_revoke, "on_lost": on_lost}

    def asks(self, consumer: object) -> None:
        """The application calls a consumer, and so is done with what it got from it last."""
        self._handled.update(self._in_hand.pop(id(consumer), ()))

    def gets(self, consumer: object, found: Any) -> bool:
        """The application has what a call returned; whether that is anything."""
        messages: list[Message[Stock]] = (
            found if isinstance(found, list) else [] if found is None else [found]
        )
        self._in_hand[id(consumer)] = [(each.partition, each.offset) for each in messages]
        for each in messages:
            self.returned[each.partition].append(each.offset)
            if self.way.callbacks and each.partition not in self._assigned[id(consumer)]:
                self.faults.append(f"{each.partition}: a message though on_assign was not called")
        return bool(messages)

    def has_in_hand(self, consumer: object) -> bool:
        """Whether the last call of a consumer returned anything."""
        return bool(self._in_hand.get(id(consumer)))

    def hears(self, error: MessageDecodeError) -> None:
        """A call raised an error for a poison message."""
        self.raised[error.partition, error.offset] += 1

    def skips(self, error: MessageDecodeError) -> None:
        """The callback was called with a poison message."""
        self.skipped[error.partition, error.offset] += 1

    def letters(self) -> Counter[tuple[int, int]]:
        """How often each poison message is in the dead letter topic."""
        found: Counter[tuple[int, int]] = Counter()
        for raw in raw_messages(self.broker, TOPIC + SUFFIX):
            # Not by the library's own functions: this is asked for while they are interrupted.
            headers: dict[str, Any] = dict(raw.headers() or ())
            number, offset = (int(headers[f"streamcontract.dlq.{name}"]) for name in _PLACE)
            found[number, offset] += 1
        return found

    def dealt_with(self) -> Counter[tuple[int, int]]:
        """How often each poison message was dealt with, as the policy has it."""
        if self.way.poison == "raise":
            return self.raised
        return self.skipped if self.way.poison == "skip" else self.letters()

    def missing(self) -> set[tuple[int, int]]:
        """What has not come yet."""
        wanted = {(number, at) for number, end in self.ends.items() for at in range(end)}
        came = {(number, at) for number, offsets in self.returned.items() for at in offsets}
        return wanted - came - set(self.dealt_with())

    def committed(self) -> dict[int, int | None]:
        """What the group has committed, by partition."""
        known = self.broker.groups["readers"].committed
        return {number: known.get((TOPIC, number)) for number in self.ends}

    def is_committed(self) -> bool:
        """Whether that is all."""
        return self.committed() == self.ends

    def to_come(self) -> set[tuple[int, int]]:
        """What calls have to return or raise yet; dead letters are delivered in their own time."""
        return self.missing() - (self.bad if self.way.poison == "dead letters" else set())

    def _on_commit(self, _: str, place: Place, offset: int) -> None:
        topic, number = place
        if topic != TOPIC:
            return
        done = self._handled | set(self.dealt_with())
        early = [each for each in range(offset) if (number, each) not in done]
        if early:
            self.faults.append(f"{number}: {offset} committed, but {early} not handled")

    def check(self, *, closed_at_once: bool) -> None:
        """All that has to hold when the topic was read to its end and the consumers are closed.

        Args:
            closed_at_once: Whether closing was interrupted once at most. After a second interrupt
                the client may have left the group with less than everything committed, and what
                is not committed comes again.
        """
        faults = self.faults
        if missing := self.missing():
            faults.append(f"missing in the end: {sorted(missing)}")
        for number, offsets in self.returned.items():
            good = [each for each in range(self.ends[number]) if (number, each) not in self.bad]
            if self.way.members == 1 and offsets != good[: len(offsets)]:
                faults.append(f"partition {number} came as {offsets}")
            elif _gaps(offsets, good):
                faults.append(f"partition {number} came with gaps, as {offsets}")
        counts = self.dealt_with() - self.forgiven
        if again := {place: count for place, count in counts.items() if count != 1}:
            faults.append(f"poison that was dealt with more than once: {again}")
        if self.way.group:
            if closed_at_once and not self.is_committed():
                faults.append(f"in the end the group had committed {self.committed()}")
            if self.broker.groups["readers"].members:
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


class Application:
    """Reads a topic to its end, whatever interrupts it.

    Args:
        way: How it reads.
        broker: Where the topic is.
        interrupts: What interrupts it.
    """

    def __init__(self, way: Way, broker: ScriptedBroker, interrupts: Interrupts) -> None:
        self._way = way
        self._interrupts = interrupts
        self._account = Account(way, broker)
        self._calls = 0
        self._skipped_at = (-LEAST_PLACES, (0, 0))
        self._consumers = [self._join()]

    def _join(self) -> Reading:
        options = {**self._account.options(self._on_skip), **self._account.callbacks()}
        return ContractConsumer(**options)

    def _on_skip(self, error: MessageDecodeError) -> None:
        self._account.skips(error)
        self._skipped_at = self._interrupts.count, (error.partition, error.offset)

    def run(self) -> None:
        """Read all, and close."""
        while self._is_going_on() and self._calls < _CALLS:
            for consumer in list(self._consumers):
                self._read(consumer)
            if len(self._consumers) < self._way.members and any(self._account.returned.values()):
                self._consumers.append(self._until_done(None, self._join))
        for consumer in self._consumers:
            self._until_done(consumer, consumer.close)

    def _is_going_on(self) -> bool:
        # What a member could not store any more comes again to the next owner, and is read here
        # before the members are closed.
        is_shared = self._way.members > 1
        return bool(self._account.missing()) or (is_shared and not self._account.is_committed())

    def check(self) -> None:
        """What has to hold."""
        self._account.check(closed_at_once=len(self._interrupts.raised) < 2)

    def _read(self, consumer: Reading) -> None:
        if self._way.how == "until_end":
            messages = self._until_done(consumer, lambda: consumer.until_end(5))
            while self._once(consumer, lambda: next(messages, None)) and self._calls < _CALLS:
                pass
            if not self._account.faults and (left := self._account.to_come()):
                self._account.faults.append(f"until_end ended without {sorted(left)}")
            return
        calls: dict[str, Callable[[], Any]] = {
            "next": lambda: next(consumer),
            "poll": lambda: consumer.poll(0.05),
            "consume": lambda: consumer.consume(3, 0.05),
        }
        # Nothing more comes of what has to come in its own time, which next() would wait for.
        how = self._way.how if self._account.to_come() else "poll"
        self._once(consumer, calls[how])
        if self._way.commits and self._account.has_in_hand(consumer):
            self._until_done(consumer, consumer.commit)

    def _once(self, consumer: Reading, call: Callable[[], Any]) -> bool:
        """Make a call that gives messages; whether there is more to be asked for."""
        self._calls += 1
        self._account.asks(consumer)
        try:
            found = self._interrupts.call(call)
        except KeyboardInterrupt:
            # Between the end of the application's callback and what the library notes of that,
            # nothing can be known of it.
            at, place = self._skipped_at
            if self._interrupts.count - at <= LEAST_PLACES:
                self._account.forgiven[place] += 1
            return True
        except MessageDecodeError as error:
            self._account.hears(error)
            return True
        return self._account.gets(consumer, found)

    def _until_done(self, consumer: Reading | None, call: Callable[[], Any]) -> Any:
        """Make a call again and again until it is not interrupted."""
        while True:
            if consumer is not None:
                self._account.asks(consumer)
            try:
                return self._interrupts.call(call)
            except KeyboardInterrupt:
                pass
