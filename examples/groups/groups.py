"""Point-to-point and publish/subscribe side by side: one topic, two groups, three consumers.

``billing`` is one group shared by two consumers: each bar reaches one of them (point-to-point).
``audit`` is a group of its own: it gets every bar as well (publish/subscribe).
"""

from __future__ import annotations

import threading
import time
import uuid
from datetime import date

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.kafka import ensure_topic

TOPIC = "stocks-groups"
PARTITIONS = 4
SYMBOLS = [f"SYM{number:02}" for number in range(20)]
BARS_EACH = 5
TOTAL = len(SYMBOLS) * BARS_EACH
PATIENCE_S = 60.0


class Reader(threading.Thread):
    """A consumer in a thread; in an application each consumer would be a process."""

    def __init__(self, name: str, group: str, done: threading.Event) -> None:
        super().__init__(name=name)
        self.group, self.done = group, done
        self.partitions: tuple[int, ...] = ()
        self.seen: list[Stock] = []

    def run(self) -> None:
        """Read until it is done, and record the assigned partitions."""
        # Only for librdkafka's mock cluster, where a rebalance takes this long, by default 45 s.
        config = {"session.timeout.ms": 6000}
        with StockConsumer(config, topic=TOPIC, group=self.group, start="latest") as consumer:
            while not self.done.is_set():
                message = consumer.poll(0.1)
                self.partitions = consumer.assignment()
                if message is not None and message.value is not None:
                    self.seen.append(message.value)


def publish() -> None:
    """Publish five bars of each symbol."""
    with StockProducer(topic=TOPIC) as producer:
        for day in range(1, BARS_EACH + 1):
            for symbol in SYMBOLS:
                bar = Stock(
                    symbol=symbol,
                    date=date(2026, 5, day),
                    open=10.0,
                    high=11.0,
                    low=9.0,
                    close=10.5,
                    volume=1000,
                )
                producer.produce(bar)


def main() -> None:
    """Start three consumers, publish, and count the bars of each."""
    ensure_topic(TOPIC, partitions=PARTITIONS)
    run = uuid.uuid4().hex[:8]  # groups of this run only, so that it can be run again
    done = threading.Event()
    billing_a = Reader("billing A", f"billing-{run}", done)
    billing_b = Reader("billing B", f"billing-{run}", done)
    audit = Reader("audit", f"audit-{run}", done)
    readers = (billing_a, billing_b, audit)
    for reader in readers:
        reader.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        # In each group all partitions are assigned, and both billing consumers have some.
        while not (
            billing_a.partitions
            and billing_b.partitions
            and len(billing_a.partitions) + len(billing_b.partitions) == PARTITIONS
            and len(audit.partitions) == PARTITIONS
        ):
            wait(deadline, "the groups did not form")
        publish()
        while len(billing_a.seen) + len(billing_b.seen) < TOTAL or len(audit.seen) < TOTAL:
            wait(deadline, "not every bar has arrived")
    finally:
        done.set()
        for reader in readers:
            reader.join()

    print(f"published {TOTAL} bars of {len(SYMBOLS)} symbols")
    for reader in readers:
        numbers = ", ".join(map(str, reader.partitions))
        print(f"{reader.name:9} partitions {numbers:10} {len(reader.seen):3} bars")
    both = {bar.symbol for bar in billing_a.seen} & {bar.symbol for bar in billing_b.seen}
    print(f"symbols that both billing consumers saw: {len(both)}")


def wait(deadline: float, problem: str) -> None:
    """Wait for the consumers a moment, or exit after the deadline."""
    if time.monotonic() > deadline:
        raise SystemExit(f"{problem} within {PATIENCE_S:.0f} seconds")
    time.sleep(0.05)


if __name__ == "__main__":
    main()
