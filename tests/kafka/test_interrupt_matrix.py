"""Ctrl-C at every place of a run, one run for each: nothing is lost, and nothing committed early.

A run is an application over scripted clients that reads a topic to its end (``applications.py``).
It is repeated with an interrupt at each place that it came by (``interrupts.py``), and goes on
after each. What has to hold then is in ``Application.check``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import pytest
from tests.kafka.applications import Application, Way
from tests.kafka.matrix import drawn_pairs, every_place, first_of_each, places_of, try_all
from tests.searching import examples

if TYPE_CHECKING:
    from tests.kafka.matrix import Make

PAIRS: Final = 12
"""How many second interrupts are tried for each place of the first one."""

exhaustive = pytest.mark.skipif(
    examples(100) < 1000, reason="some ten thousand runs, an hour of them: make test-long"
)

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
    for how in ("poll", "consume")
    for protocol in (EAGER, COOPERATIVE, CONSUMER)
    for start in (None, 0)
]
CALLBACKS: Final = [
    Way(how, members=2, properties=protocol, commits=commits, callbacks=True)
    for how in ("poll", "consume")
    for protocol in (EAGER, COOPERATIVE, CONSUMER)
    for commits in (False, True)
]
TOPICS: Final = [
    *(Way(how, topics=True) for how in METHODS),
    *(Way(how, topics=True, poison="dead letters") for how in METHODS),
    *(Way(how, topics=True, members=2, callbacks=True) for how in ("poll", "consume")),
]
ALL: Final = [
    *ALONE,
    *IN_A_GROUP,
    *WITH_POISON,
    *OTHERS,
    *REBALANCES,
    *CALLBACKS,
    *TOPICS,
]
QUICK: Final = [
    (Way("next"), 1),
    (Way("poll", group=False), 1),
    (Way("until_end", poison="skip"), 2),
    (Way("consume", poison="dead letters"), 3),
    (Way("poll", members=2, properties=CONSUMER), 3),
    (Way("consume", members=2, properties=EAGER, callbacks=True), 3),
]
"""Ways, and of how many places one is tried; make test tries a quarter of these."""


def reading(way: Way) -> Make:
    """A maker of applications that read in this way."""
    return functools.partial(Application, way)


@pytest.mark.parametrize(("way", "step"), QUICK, ids=str)
def test_an_interrupt_anywhere_loses_nothing(way: Way, step: int) -> None:
    """At a place in the code, when it is met for the first time."""
    make = reading(way)
    places = first_of_each(places_of(make))
    try_all(make, ((number,) for number in places[1 :: 4 * step]))


@pytest.mark.searching
@pytest.mark.parametrize(("way", "step"), QUICK, ids=str)
def test_an_interrupt_anywhere_else_loses_nothing(way: Way, step: int) -> None:
    """At the other places."""
    make = reading(way)
    places = first_of_each(places_of(make))
    others = (*places[:: 2 * step], *places[3 :: 4 * step])
    try_all(make, ((number,) for number in others))


@exhaustive
@pytest.mark.searching
@pytest.mark.parametrize("way", ALL, ids=str)
def test_an_interrupt_at_any_time_loses_nothing(engine: str, way: Way) -> None:
    """Each time that a place is met, and wherever a call returns in the middle of a line."""
    make = reading(way)
    try_all(make, every_place(places_of(make, opcodes=True)), opcodes=True)


@exhaustive
@pytest.mark.searching
@pytest.mark.parametrize("way", ALL, ids=str)
def test_a_second_interrupt_loses_nothing(way: Way) -> None:
    """Any time after the first: while that is recovered from, or later. Pairs are drawn."""
    make = reading(way)
    try_all(make, drawn_pairs(make, str(way), PAIRS))
