"""Ctrl-C at every place of a run, one run for each: nothing is lost, and nothing committed early.

A run is an application over scripted clients that reads a topic to its end (``applications.py``).
It is repeated with an interrupt at each place that it came by (``interrupts.py``), and goes on
after each. What has to hold then is in ``Application.check``.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import pytest
from tests.kafka.applications import Application, Way
from tests.kafka.interrupts import Interrupts, Place, shown
from tests.kafka.scripted_broker import StuckError
from tests.kafka.scripted_client import script

from streamcontract.codec.engine import ENGINE_VARIABLE, choose_engine
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.xfail(reason="the consumer is not rebuilt yet", strict=False)

LONGEST: Final = 60.0
"""Virtual seconds that a run may take."""
NEVER: Final = 10**9
MOST_SHOWN: Final = 25
PAIRS: Final = 12
"""How many second interrupts are tried for each place of the first one."""

EAGER: Final = {"group.protocol": "classic"}
COOPERATIVE: Final = {"partition.assignment.strategy": "cooperative-sticky"}
CONSUMER: Final = {"group.protocol": "consumer"}

METHODS: Final = ("next", "poll", "consume", "until_end")
POLICIES: Final = ("raise", "skip", "dead letters")

ALONE: Final = [Way(how, group=False) for how in METHODS]
IN_A_GROUP: Final = [Way(how) for how in METHODS]
WITH_POISON: Final = [Way(how, poison=policy) for how in METHODS for policy in POLICIES]
OTHERS: Final = [
    Way("poll", group=False, poison="dead letters"),
    Way("consume", group=False, poison="skip"),
    Way("poll", start=0),
    Way("consume", start=0, group=False),
    Way("next", commits=True),
    Way("consume", commits=True),
    Way("next", properties={"streamcontract.auto.commit.interval.messages": 2}),
]
REBALANCES: Final = [
    Way(how, members=2, start=start, properties=protocol)
    for how in ("next", "poll", "consume")
    for protocol in (EAGER, COOPERATIVE, CONSUMER)
    for start in (None, 0)
    if how != "next" or start is None
]
ALL: Final = [*ALONE, *IN_A_GROUP, *WITH_POISON, *OTHERS, *REBALANCES]
QUICK: Final = [
    Way("next"),
    Way("poll", group=False),
    Way("consume", poison="dead letters"),
    Way("until_end", poison="skip"),
    Way("poll", members=2, properties=CONSUMER),
]


@pytest.fixture(params=["native", "portable"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the codec's engines."""
    name = str(request.param)
    monkeypatch.setenv(ENGINE_VARIABLE, name)
    try:
        choose_engine()
    except ConfigurationError as error:
        pytest.skip(str(error))
    return name


def run(
    way: Way, at: tuple[int, ...] = (), *, opcodes: bool = False, places: list[Place] | None = None
) -> tuple[Interrupts, str]:
    """One run, and what did not hold in it."""
    with pytest.MonkeyPatch.context() as patch:
        broker = script(patch)
        broker.clock.end = broker.clock.now + LONGEST
        application = Application(way, broker)
        interrupts = Interrupts(broker, at, opcodes=opcodes, places=places)
        try:
            application.read(interrupts)
            application.check()
        except (Exception, StuckError) as error:  # noqa: BLE001 - whatever it is, it is reported
            return interrupts, f"{type(error).__name__}: {error}"
    return interrupts, ""


def places_of(way: Way, at: tuple[int, ...] = (), *, opcodes: bool = False) -> list[Place]:
    """The places that a run comes by, which are the same each time."""
    run(way)  # what is compiled or looked up once, is by now
    places: list[Place] = []
    again: list[Place] = []
    _, fault = run(way, (*at, NEVER), opcodes=opcodes, places=places)
    run(way, (*at, NEVER), opcodes=opcodes, places=again)
    assert not fault
    assert places == again
    return places


def first_of_each(places: list[Place], after: int = -1) -> list[int]:
    """The number at which each place is met first, behind a number."""
    first: dict[Place, int] = {}
    for number, place in enumerate(places):
        if number > after:
            first.setdefault(place, number)
    return sorted(first.values())


def try_all(way: Way, chosen: Iterable[tuple[int, ...]], *, opcodes: bool = False) -> None:
    """A run for each choice of places; all that fail are reported."""
    failed = defaultdict(list)
    for at in chosen:
        interrupts, fault = run(way, at, opcodes=opcodes)
        if fault:
            failed[fault].append(", then ".join(map(shown, interrupts.raised)))
    report = [
        f"{fault}\n  at {len(places)} places:\n    " + "\n    ".join(places[:MOST_SHOWN])
        for fault, places in failed.items()
    ]
    if report:
        # Not a failed assertion, whose traceback would show the last run's.
        pytest.fail("\n".join(report), pytrace=False)


@pytest.mark.parametrize("way", QUICK, ids=str)
def test_an_interrupt_anywhere_loses_nothing(way: Way) -> None:
    """At each place in the code, when it is met for the first time."""
    try_all(way, ((number,) for number in first_of_each(places_of(way))))


@pytest.mark.searching
@pytest.mark.parametrize("way", ALL, ids=str)
def test_an_interrupt_at_any_time_loses_nothing(engine: str, way: Way) -> None:
    """Each time that a place is met, and wherever a call returns in the middle of a line."""
    places = places_of(way, opcodes=True)
    try_all(way, ((number,) for number in range(len(places))), opcodes=True)


@pytest.mark.searching
@pytest.mark.parametrize("way", ALL, ids=str)
def test_a_second_interrupt_loses_nothing(way: Way) -> None:
    """Any time after the first: while that is recovered from, or later. Pairs are drawn."""
    draw = random.Random(str(way))
    pairs = []
    for first in first_of_each(places_of(way)):
        places: list[Place] = []
        _, fault = run(way, (first, NEVER), places=places)
        if not fault:
            later = first_of_each(places, first)
            pairs += [(first, second) for second in draw.sample(later, min(PAIRS, len(later)))]
    try_all(way, pairs)
