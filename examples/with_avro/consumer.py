"""Consume the typed records of ``publisher.py`` and find each stock's highest price.

What arrives are ``Stock`` records: an editor completes ``bar.high``, a type checker knows that it
is a float. A consumer whose schema is older or newer than the producer's reads the same messages.
"""

from __future__ import annotations

from streamcontract import Stock, StockConsumer

# Only for librdkafka's mock cluster, where a second run waits this long, by default 45 s, until it
# gets partitions. With any other broker leave it out: a second run does not wait.
CONFIG = {"session.timeout.ms": 6000}


def main() -> None:
    """Read all there is, remember each symbol's highest bar, and print them."""
    highest: dict[str, Stock] = {}
    seen = 0
    with StockConsumer(CONFIG, group="highest-price") as consumer:
        for message in consumer.until_end():
            bar = message.value
            if bar is None:  # a tombstone: the key is gone, there is no record
                continue
            seen += 1
            if bar.symbol not in highest or bar.high > highest[bar.symbol].high:
                highest[bar.symbol] = bar
    if not seen:
        print("nothing is new: group 'highest-price' has read everything already")
        return
    print(f"read {seen} bars")
    for symbol, bar in sorted(highest.items()):
        print(f"{symbol:5} {bar.high:8.2f} on {bar.date}")


if __name__ == "__main__":
    main()
