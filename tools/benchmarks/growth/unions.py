"""Unions of many records: the first decoder, and the choice of a branch."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import fastavro

from benchmarks.growth.curves import OURS, Curve, Work
from benchmarks.growth.schemas import union
from streamcontract import Codec, parse_schema

__all__ = ["CURVES"]


@contextmanager
def _decoder(size: int) -> Iterator[Work]:
    schema = parse_schema(union(size))
    yield lambda: Codec[Any](schema).decoder()


@contextmanager
def _decoder_of_fastavro(size: int) -> Iterator[Work]:
    """Its first decoding of a value: it has nothing that it makes before."""
    document = union(size)
    data = Codec[Any](parse_schema(document)).encode({f"f{size - 1}": 1})
    yield lambda: fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(document))


@contextmanager
def _branch(size: int) -> Iterator[Work]:
    """A dict for each branch, without a tag."""
    encode = Codec[Any](parse_schema(union(size))).encoder()
    values = [{f"f{i}": i} for i in range(size)]
    encode(values[0])
    yield lambda: [encode(value) for value in values]


@contextmanager
def _branch_of_fastavro(size: int) -> Iterator[Work]:
    schema = fastavro.parse_schema(union(size))
    values = [{f"f{i}": i} for i in range(size)]
    yield lambda: [fastavro.schemaless_writer(io.BytesIO(), schema, value) for value in values]


def _nested(size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A dict that holds dicts, at each depth in a union of two records alike at the top."""
    b: dict[str, Any] = {"type": "record", "name": "B"}
    b["fields"] = [{"name": "next", "type": ["null", "A", "B"]}, {"name": "b", "type": "long"}]
    a: dict[str, Any] = {"type": "record", "name": "A"}
    a["fields"] = [{"name": "next", "type": ["null", "A", b]}, {"name": "a", "type": "long"}]
    value: Any = None
    for depth in range(size):
        value = {"next": value, "ba"[depth % 2]: depth}
    return a, {"next": value, "a": size}


@contextmanager
def _nested_branches(size: int) -> Iterator[Work]:
    schema, value = _nested(size)
    encode = Codec[Any](parse_schema(schema)).encoder()
    yield lambda: encode(value)


_BRANCHES: Final = (10, 50, 100, 200, 400)

CURVES: Final = (
    Curve(
        "first decoder of a union",
        "branches",
        _BRANCHES,
        {OURS: _decoder, "fastavro": _decoder_of_fastavro},
    ),
    Curve(
        "a dict for each branch of a union",
        "branches",
        _BRANCHES,
        {OURS: _branch, "fastavro": _branch_of_fastavro},
        is_first=False,
    ),
    Curve(
        "dicts within dicts, in unions of two records",
        "depth",
        (10, 30, 100, 300),
        {OURS: _nested_branches},  # fastavro's time doubles with each level
        is_first=False,
    ),
)
"""Every curve."""
