"""What is given without waiting is what a call that may wait would give."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.kafka.consumer.delivery import Delivery
from streamcontract.kafka.consumer.queue import Queue, Run

PARTITIONS = 3


class Raw:
    """A message of a partition; one in seven is not plain."""

    def __init__(self, partition: int, offset: int) -> None:
        self.place = (partition, offset)

    def offset(self) -> int:
        """Its offset."""
        return self.place[1]

    def read(self) -> tuple[int, int] | None:
        """Read as a plain message."""
        return None if self.offset() % 7 == 6 else self.place


def delivery(sizes: list[tuple[int, int]]) -> Delivery[Any]:
    """Runs of some sizes in the queue, the offsets of each partition one after the other."""
    reader = SimpleNamespace(
        plain=SimpleNamespace(read=lambda raw: raw.read()), read=lambda raw: raw.place
    )
    partitions: list[Any] = [
        SimpleNamespace(name=number, number=number, letters=[], reader=reader, position=-1)
        for number in range(PARTITIONS)
    ]
    queue, ends = Queue(), [0] * PARTITIONS
    for number, size in sizes:
        offsets = range(ends[number], ends[number] + size)
        ends[number] += size
        raws: Any = [Raw(number, offset) for offset in offsets]
        queue.runs.append(Run(partitions[number], raws))
    source: Any = SimpleNamespace(queue=queue, due=float("inf"))
    poison: Any = SimpleNamespace(is_full=lambda *_: False, settle=lambda *_: None)
    nobody: Any = None
    return Delivery("topic", source, poison, nobody)


def given_by(one: Delivery[Any], ends: dict[int, int], *, at_once: bool) -> list[Any]:
    """All that there is, each asked for after the last."""
    found: list[Any] = []
    while True:
        message = one.at_once(ends) if at_once else None
        if message is None:
            one.settle()
            first = one.first(ends)
            if first is None:
                return found
            message, one.in_hand, _ = first
        found.append(message)


@given(
    st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.integers(1, 9)), max_size=6),
    st.dictionaries(st.integers(0, PARTITIONS - 1), st.integers(0, 20)),
)
def test_it_is_what_else_a_call_would_give(
    sizes: list[tuple[int, int]], ends: dict[int, int]
) -> None:
    """Whatever runs there are, and wherever they are read up to."""
    expected = given_by(delivery(sizes), ends, at_once=False)
    assert given_by(delivery(sizes), ends, at_once=True) == expected
