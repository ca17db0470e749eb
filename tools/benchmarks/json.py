"""Records as JSON text and back, beside dicts that are made by hand."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, Final

import orjson

from benchmarks.measure import in_turn
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table, against
from streamcontract import JsonCodec, Stock

__all__ = ["tables"]

OURS: Final = "JsonCodec, plain"

Call = Callable[[], object]


def tables(rounds: int) -> list[Table]:
    """Writing each shape, and reading the one for which it is written by hand too."""
    return [*(_writing(shape, rounds) for shape in SHAPES), _reading(rounds)]


def _writing(shape: Shape, rounds: int) -> Table:
    record, to_dict = shape.record, shape.to_dict
    plain, avro = _codecs(type(record))
    rivals: dict[str, Call] = {
        OURS: lambda: plain.dumps(record),
        "JsonCodec, Avro's": lambda: avro.dumps(record),
        "orjson, a dict by hand": lambda: orjson.dumps(to_dict(record), default=str),
        "json, a dict by hand": lambda: json.dumps(to_dict(record), default=str),
    }
    return _table(f"{shape.name}: a record to JSON text", rivals, rounds)


def _reading(rounds: int) -> Table:
    record = SHAPES[0].record
    plain, avro = _codecs(Stock)
    text, avro_text = plain.dumps(record), avro.dumps(record)
    rivals: dict[str, Call] = {
        OURS: lambda: plain.loads(text),
        "JsonCodec, Avro's": lambda: avro.loads(avro_text),
        "orjson, by hand": lambda: _stock(orjson.loads(text)),
        "json, by hand": lambda: _stock(json.loads(text)),
    }
    return _table("stock: JSON text to a record", rivals, rounds)


def _codecs(record: type[Any]) -> tuple[JsonCodec[Any], JsonCodec[Any]]:
    return JsonCodec(record), JsonCodec(record, encoding="avro")


def _stock(document: dict[str, Any]) -> Stock:
    """Without any check, as it is written by hand."""
    return Stock(**{**document, "date": dt.date.fromisoformat(document["date"])})


def _table(title: str, rivals: dict[str, Call], rounds: int) -> Table:
    timings = in_turn(rivals, rounds)
    rows = tuple((name, *against(timings[name], timings[OURS])) for name in rivals)
    return Table(title, ("", "µs", "takes"), rows)
