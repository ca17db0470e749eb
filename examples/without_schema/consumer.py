"""Consume the JSON of ``publisher.py``: first a wrong result, then a crash.

The consumer was written for the first release of the producer. From the second release on it adds
up zeros instead of volumes, without an error. With the third it crashes, far from the change that
caused it, on a message that can no longer be changed. With a schema (``examples/with_avro``) the
registry refuses both changes before a single message is sent.
"""

from __future__ import annotations

import json
import os

from confluent_kafka import Consumer

TOPIC = "stocks-json"
PATIENCE_S = 10.0  # after this time without a message all messages have been read


def main() -> None:
    """Add up the traded volume, until all messages are read or the program crashes."""
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get(
                "STREAMCONTRACT_BOOTSTRAP_SERVERS", "localhost:19092"
            ),
            "group.id": "traded-volume",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([TOPIC])
    volume, turnover, seen = 0, 0.0, 0
    try:
        while (message := consumer.poll(PATIENCE_S)) is not None:
            value = message.value()
            if message.error() or value is None:
                raise SystemExit(f"no bar: {message.error()}")
            try:
                bar = json.loads(value)
                volume += bar.get("volume", 0)  # "volume" is optional, isn't it?
                turnover += bar["close"] * bar.get("volume", 0)
            except TypeError as error:
                print(f"crashed at offset {message.offset()}: {error}")
                break
            seen += 1
            if seen % 10 == 0:
                print(f"after {seen} bars: {volume:,} shares, {turnover:,.0f} dollars")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
