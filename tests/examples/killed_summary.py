"""A run of ``examples/statistics`` that is killed at a given point.

Run with the point, in the folder of the example. ``restored`` is after the state was read;
``overtaken`` is there too, and goes on when a line comes from its standard input;
``begun``, ``queued``, ``delivered`` and ``committed`` are within and after the second transaction;
a number is that many milliseconds after the first one is committed. ``never`` ends at the end of
the topic.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import summarise
from results.statistics import StatisticsProducer

if TYPE_CHECKING:
    from collections.abc import Iterator


def die() -> None:
    """End like a machine whose power is gone."""
    os.kill(os.getpid(), signal.SIGKILL)


class Producer(StatisticsProducer):
    """The example's producer, whose second transaction is killed."""

    point: str
    transactions = 0

    @contextlib.contextmanager
    def transaction(self, *arguments: Any) -> Iterator[None]:  # type: ignore[override]
        """A transaction, with the points within it."""
        self.transactions += 1
        dies_at = self.point if self.transactions == 2 else ""
        with super().transaction(*arguments):
            if dies_at == "begun":
                die()
            yield
            if dies_at == "delivered":
                self.flush()
            if dies_at in {"queued", "delivered"}:
                die()
        if dies_at == "committed":
            die()
        if self.transactions == 1 and self.point.isdigit():
            threading.Timer(int(self.point) / 1000, die).start()


def main(point: str) -> None:
    """Run the example, a few bars to a transaction."""
    restore = summarise.restore

    def restore_and_die() -> Any:
        state = restore()
        if point == "restored":
            die()
        if point == "overtaken":
            sys.stdout.write("restored\n")
            sys.stdout.flush()
            sys.stdin.readline()
        return state

    Producer.point = point
    vars(summarise).update(BATCH=4, StatisticsProducer=Producer, restore=restore_and_die)
    summarise.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
