"""Copies and pickles of codecs, as for other processes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from streamcontract import Codec, JsonCodec, Limits, Stock
from streamcontract.errors import DecodeError
from streamcontract.kafka import DERIVED

RECORD = Stock(symbol="A", date=date(2026, 5, 1), open=1, high=2, low=1, close=2, volume=3)


def pickled(value: Any) -> Any:
    """The value as another process gets it."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - its own


copies = pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])


@copies
def test_codec(copied: Callable[[Any], Any]) -> None:
    """A copy has the class, the options and so the results, also after the first use."""
    codec = Codec(Stock, limits=Limits(depth=7))
    data = codec.encode(RECORD)
    again = copied(codec)
    assert (again.record, again.schema, again.encode(RECORD)) == (Stock, codec.schema, data)
    assert again.decode(data) == RECORD
    tagged = copied(Codec(["null", "int"], tag_unions=True))
    assert tagged.decode(tagged.encode(1)) == ("int", 1)
    nested = {"type": "record", "name": "N", "fields": [{"name": "n", "type": ["null", "N"]}]}
    shallow = copied(Codec(nested, limits=Limits(depth=2)))
    with pytest.raises(DecodeError, match="deep"):
        shallow.decode(b"\x02\x02\x02\x02\x00")


@copies
def test_json_codec(copied: Callable[[Any], Any]) -> None:
    """The same for JSON, with its encoding."""
    codec = JsonCodec(Stock, encoding="avro")
    again = copied(codec)
    assert again.loads(again.dumps(RECORD)) == RECORD
    assert again.dumps(RECORD) == codec.dumps(RECORD)


@copies
def test_derived(copied: Callable[[Any], Any]) -> None:
    """The mark of a derived key, which clients compare by identity, stays the same object."""
    assert copied(DERIVED) is DERIVED
