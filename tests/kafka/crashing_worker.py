"""A process that consumes, transforms and produces in transactions, and dies where it is told.

Run with the brokers, the registry's URL, source topic, target topic and point. At ``consumed``,
``delivered`` and ``committed`` it dies with SIGKILL, at that point of the third transaction; at a
number so many milliseconds after the second one is committed, wherever that is. ``never`` ends at
the end of the source.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading

import attrs

from streamcontract import StockConsumer, StockProducer

BATCH = 4


def die() -> None:
    """End like a machine whose power is gone."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(bootstrap: str, registry: str, source: str, target: str, point: str) -> None:
    """Double the volume of each bar."""
    config = {"bootstrap.servers": bootstrap, "schema.registry.url": registry}
    reading = {
        **config,
        "enable.auto.commit": False,
        "session.timeout.ms": 1010,
        "heartbeat.interval.ms": 100,
    }
    writing = {**config, "transactional.id": f"worker-{source}", "linger.ms": 0}
    with (
        StockProducer(writing, topic=target) as producer,
        StockConsumer(reading, topic=source, group=source) as consumer,
    ):
        done = 0
        messages = consumer.until_end()
        while batch := [*itertools.islice(messages, BATCH)]:
            dies = done == 2 and not point.isdigit()
            with producer.transaction(consumer):
                if dies and point == "consumed":
                    die()
                for message in batch:
                    assert message.value is not None
                    producer.produce(attrs.evolve(message.value, volume=2 * message.value.volume))
                if dies and point == "delivered":
                    producer.flush()
                    die()
            if dies and point == "committed":
                die()
            done += 1
            if done == 2 and point.isdigit():
                threading.Timer(int(point) / 1000, die).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
