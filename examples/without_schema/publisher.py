"""Publish stock bars as JSON, without a schema, while the producer's code changes twice.

Each message is a JSON object in bytes; its fields are defined in this file only. After the
first ten bars a colleague renames ``volume`` to ``shares``; ten bars later the price becomes text,
because "JSON numbers lose digits". Both changes pass this program's tests. ``consumer.py`` shows
their effect on a consumer of another team.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import os
from pathlib import Path

from confluent_kafka import Producer

TOPIC = "stocks-json"
BARS = Path(__file__).resolve().parents[2] / "src" / "streamcontract" / "data" / "stocks.csv.gz"


def first_release(row: dict[str, str]) -> dict[str, object]:
    """The first release of the producer."""
    return {"symbol": row["Ticker"], "close": float(row["Close"]), "volume": int(row["Volume"])}


def second_release(row: dict[str, str]) -> dict[str, object]:
    """The second release: a clearer name, which seems harmless."""
    return {"symbol": row["Ticker"], "close": float(row["Close"]), "shares": int(row["Volume"])}


def third_release(row: dict[str, str]) -> dict[str, object]:
    """The third release: exact prices, which seem to be an improvement."""
    return {"symbol": row["Ticker"], "close": row["Close"], "shares": int(row["Volume"])}


def main() -> None:
    """Publish ten bars with each release of the producer."""
    producer = Producer(
        {"bootstrap.servers": os.environ.get("STREAMCONTRACT_BOOTSTRAP_SERVERS", "localhost:19092")}
    )
    with gzip.open(BARS, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for number, release in enumerate((first_release, second_release, third_release), start=1):
            for row in itertools.islice(rows, 10):
                producer.produce(TOPIC, key=row["Ticker"], value=json.dumps(release(row)))
            print(f"release {number} published 10 bars, such as {json.dumps(release(row))}")
    if still_queued := producer.flush(30):
        raise SystemExit(f"{still_queued} messages could not be delivered")


if __name__ == "__main__":
    main()
