"""Runs that are repeated, with an interrupt at another place each time."""

from __future__ import annotations

import gc
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

import pytest
from tests.kafka.interrupts import Interrupts, Place, shown
from tests.kafka.scripted_broker import ScriptedBroker, StuckError
from tests.kafka.scripted_client import script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

__all__ = ["Make", "Run", "drawn_pairs", "every_place", "first_of_each", "places_of", "try_all"]

LONGEST: Final = 60.0
"""Virtual seconds that a run may take."""

NEVER: Final = 10**9
MOST_SHOWN: Final = 25


class Run(Protocol):
    """An application that goes on after an interrupt."""

    def run(self) -> None:
        """All that it does."""

    def check(self) -> None:
        """What has to hold in the end; an AssertionError where it does not."""


Make: TypeAlias = "Callable[[ScriptedBroker, Interrupts], Run]"


def attempt(
    make: Make,
    at: tuple[int, ...] = (),
    *,
    opcodes: bool = False,
    places: list[Place] | None = None,
) -> tuple[Interrupts, str]:
    """One run, and what did not hold in it."""
    with pytest.MonkeyPatch.context() as patch:
        broker = script(patch)
        broker.clock.end = broker.clock.now + LONGEST
        interrupts = Interrupts(broker, at, opcodes=opcodes, places=places)
        application = make(broker, interrupts)
        gc.disable()  # what it finds of earlier runs may be places too
        try:
            application.run()
            application.check()
        except (Exception, StuckError) as error:  # noqa: BLE001 - whatever it is, it is reported
            return interrupts, f"{type(error).__name__}: {error}".splitlines()[0]
        finally:
            gc.enable()
    return interrupts, ""


def places_of(make: Make, *, opcodes: bool = False) -> list[Place]:
    """The places that an uninterrupted run comes by, which are the same each time."""
    attempt(make)  # what is compiled or looked up once, is by now
    places: list[Place] = []
    again: list[Place] = []
    _, fault = attempt(make, (NEVER,), opcodes=opcodes, places=places)
    attempt(make, (NEVER,), opcodes=opcodes, places=again)
    assert not fault, fault
    assert places == again
    return places


def first_of_each(places: list[Place], after: int = -1) -> list[int]:
    """The number at which each place is met first, after a number."""
    first: dict[Place, int] = {}
    for number, place in enumerate(places):
        if number > after:
            first.setdefault(place, number)
    return sorted(first.values())


def every_place(places: list[Place]) -> Iterator[tuple[int, ...]]:
    """A run for each time that a place is met."""
    return ((number,) for number in range(len(places)))


def drawn_pairs(make: Make, seed: str, count: int) -> list[tuple[int, int]]:
    """For each place, so many others after it, which may be in the recovery from the first."""
    draw = random.Random(seed)
    pairs = []
    for first in first_of_each(places_of(make)):
        places: list[Place] = []
        _, fault = attempt(make, (first, NEVER), places=places)
        if not fault:
            later = first_of_each(places, first)
            pairs += [(first, second) for second in draw.sample(later, min(count, len(later)))]
    return pairs


def try_all(
    make: Make,
    chosen: Iterable[tuple[int, ...]],
    *,
    opcodes: bool = False,
) -> None:
    """A run for each choice of places; all that fail are reported."""
    failed = defaultdict(list)
    for at in chosen:
        interrupts, fault = attempt(make, at, opcodes=opcodes)
        if fault:
            failed[fault].append(", then ".join(map(shown, interrupts.raised)))
    report = [
        f"{fault}\n  at {len(places)} places:\n    " + "\n    ".join(places[:MOST_SHOWN])
        for fault, places in failed.items()
    ]
    if report:
        # Not a failed assertion, whose traceback would show the last run's.
        pytest.fail("\n".join(report), pytrace=False)
