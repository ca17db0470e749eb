"""Publish stock bars as typed records.

The producer registers the schema on first use and takes the key that the contract names (the
symbol) from the record, so the bars of one stock stay in order. A bar that does not fit the
contract raises an error that names the field, and is never sent.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import attrs

from streamcontract import Stock, StockProducer, StreamContractError

BARS = Path(__file__).resolve().parents[2] / "src" / "streamcontract" / "data" / "stocks.csv.gz"


def read_bars(path: Path) -> Iterator[Stock]:
    """Read the bars of a CSV file, each one a typed record."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Stock(
                symbol=row["Ticker"],
                date=date.fromisoformat(row["Date"]),
                open=float(row["Open"]),
                high=float(row["High"]),
                low=float(row["Low"]),
                close=float(row["Close"]),
                volume=int(row["Volume"]),
                adjusted_close=float(row["Adj Close"]),
            )


def main() -> None:
    """Publish the bars of 2013; then try one that does not fit."""
    with StockProducer() as producer:
        published = 0
        for bar in read_bars(BARS):
            if bar.date.year == 2013:
                producer.produce(bar)
                published += 1

        # A type checker rejects this line, and the producer rejects the record.
        wrong = attrs.evolve(bar, volume="many")  # type: ignore[arg-type]
        try:
            producer.produce(wrong)
        except StreamContractError as error:
            print(f"not published: {error}")
    # Leaving the block has delivered every message, or raised.
    print(f"published {published} bars")


if __name__ == "__main__":
    main()
