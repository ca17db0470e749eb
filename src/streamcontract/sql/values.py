"""Values of DuckDB's rows, as JSON and as text."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from streamcontract.json_codec.direct import direct_text
from streamcontract.messages.keys import bytes_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["as_json", "as_text", "column_keys"]


def as_json(value: Any) -> Any:
    """A value as JSON has it: times and decimals as text, bytes as text where they are UTF-8.

    Example:
        >>> import datetime, decimal
        >>> as_json([b"AAPL", datetime.date(2024, 5, 17), decimal.Decimal("1.50"), {1: None}])
        ['AAPL', '2024-05-17', '1.50', {'1': None}]
    """
    return json.loads(direct_text(_without_bytes(value)))


def as_text(value: Any, null: str) -> str:
    """A value as text: text as it is, anything else as its JSON without quotation marks.

    Args:
        value: The value.
        null: What stands for null.

    Example:
        >>> as_text(None, "-"), as_text("AAPL", "-"), as_text(1.5, "-"), as_text([1, None], "-")
        ('-', 'AAPL', '1.5', '[1,null]')
    """
    if value is None:
        return null
    if isinstance(value, str):
        return value
    found = _without_bytes(value)
    return found if isinstance(found, str) else direct_text(found).decode().strip('"')


def _without_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes_as_json(value)
    if isinstance(value, dict):
        return {str(key): _without_bytes(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_bytes(each) for each in value]
    return value


def column_keys(columns: Iterable[str]) -> Sequence[str]:
    """Names for columns, each once: a name that was there gets a number, as in DuckDB's tables.

    Example:
        >>> column_keys(["n", "symbol", "n", "n_1"])
        ['n', 'symbol', 'n_1', 'n_1_1']
    """
    found: list[str] = []
    numbers: Counter[str] = Counter()
    for column in columns:
        key = column
        while key in found:
            numbers[column] += 1
            key = f"{column}_{numbers[column]}"
        found.append(key)
    return found
