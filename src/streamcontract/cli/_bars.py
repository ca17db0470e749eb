"""Bars of the demo: real daily stock data, from a CSV file to typed records."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamcontract.contracts.stock import Stock
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BARS_FILE", "read_bars"]

BARS_FILE: Final = Path(__file__).parents[1] / "data" / "stocks.csv.gz"
"""12,154 real daily bars; README.md beside the file has their source."""

_COLUMNS: Final = ("Ticker", "Date", "Open", "High", "Low", "Close", "Volume", "Adj Close")


def read_bars(path: Path) -> list[Stock]:
    """Read a CSV file of bars, compressed with gzip if its name ends in ``.gz``.

    Args:
        path: A file with the columns Ticker, Date (ISO 8601), Open, High, Low, Close, Volume and
            Adj Close, which may be empty.

    Raises:
        ConfigurationError: The file cannot be read, or a line is not a bar.
    """
    line = 0
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigurationError(f"{path} has no column {', '.join(missing)}")
            bars = []
            for row in rows:
                line = rows.line_num
                bars.append(_bar(row))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"cannot read the stock bars in {path}: {error}") from error
    except (ValueError, TypeError) as error:
        # TypeError: a line with too few columns, whose rest is None.
        raise ConfigurationError(f"{path}:{line} is not a stock bar: {error}") from error
    if not bars:
        raise ConfigurationError(f"{path} holds no stock bars")
    return bars


def _bar(row: Mapping[str, str]) -> Stock:
    return Stock(
        symbol=row["Ticker"],
        date=date.fromisoformat(row["Date"]),
        open=float(row["Open"]),
        high=float(row["High"]),
        low=float(row["Low"]),
        close=float(row["Close"]),
        volume=int(row["Volume"]),
        adjusted_close=float(row["Adj Close"]) if row["Adj Close"] else None,
    )
