"""Replay of a topic from an offset, and from a time: consumers choose where they start.

Five bars, one week, are published, each with the close of its trading day as the message's
timestamp. Then the same topic is read again from an offset and from a timestamp. Reading removes
nothing: the broker keeps the messages, and a consumer may start at any offset, again and again.

The embedded broker cannot look up offsets by time. There the example reports that, and finds the
offset by reading the timestamps itself.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from streamcontract import Stock, StockConsumer, StockProducer, StreamContractError
from streamcontract.kafka import Delivery, ensure_topic

TOPIC = "stocks-replay"
MONDAY = date(2026, 5, 4)
CLOSE = time(20, 0, tzinfo=timezone.utc)  # 16:00 in New York
DAYS = 5


def publish() -> int:
    """Publish a bar for each day of the week; return the offset of the first one."""
    delivered: list[Delivery] = []
    with StockProducer(topic=TOPIC) as producer:
        for number in range(DAYS):
            day = MONDAY + timedelta(days=number)
            bar = Stock(
                symbol="ACME",
                date=day,
                open=100.0 + number,
                high=101.0 + number,
                low=99.0 + number,
                close=100.5 + number,
                volume=1000,
            )
            producer.produce(
                bar, timestamp=datetime.combine(day, CLOSE), on_delivery=delivered.append
            )
    offsets = [report.offset for report in delivered if report.offset is not None]
    return min(offsets)


def show(title: str, consumer: StockConsumer, count: int) -> None:
    """Print the next few bars of a consumer."""
    messages = [next(consumer) for _ in range(count)]
    print(title)
    for message in messages:
        if message.value is not None:
            print(f"  offset {message.offset}  {message.value.date:%a %d %b}")


def offset_of(moment: datetime, first: int) -> int:
    """Find the first offset at or after a time by reading from ``first`` on."""
    with StockConsumer(topic=TOPIC, start=first) as consumer:
        return next(
            message.offset
            for message in consumer
            if message.timestamp is not None and message.timestamp >= moment
        )


def main() -> None:
    """Publish, then read from an offset, and from a time."""
    ensure_topic(TOPIC, partitions=1)  # one partition: one row of offsets
    first = publish()
    print(f"published {DAYS} bars, the first one at offset {first}")

    with StockConsumer(topic=TOPIC, start=first + 3) as consumer:
        show(f"from offset {first + 3}:", consumer, 2)

    wednesday = datetime.combine(MONDAY + timedelta(days=2), time(0), tzinfo=timezone.utc)
    try:
        with StockConsumer(topic=TOPIC, start=wednesday) as consumer:
            show(f"from {wednesday:%a %d %b %H:%M}:", consumer, 3)
    except StreamContractError as error:
        print(f"no look-up by time here: {error}")
        offset = offset_of(wednesday, first)
        with StockConsumer(topic=TOPIC, start=offset) as consumer:
            show(f"{wednesday:%a %d %b %H:%M} is offset {offset}; from there:", consumer, 3)


if __name__ == "__main__":
    main()
