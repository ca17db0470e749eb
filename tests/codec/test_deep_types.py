"""Arrays and maps inside each other, as deep as the parser lets them be."""

from __future__ import annotations

from typing import Any

import pytest

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError, EncodeError


def _nested(levels: int, leaf: Any) -> tuple[Any, Any, str]:
    """A type of that many levels, a value of it that holds 7, and the path to the 7."""
    kind: Any = leaf
    value: Any = 7
    path = ""
    for level in range(levels):
        if level % 3 == 2:
            kind, value, path = {"type": "map", "values": kind}, {"k": value}, f"['k']{path}"
        elif level % 3 == 1:
            kind, value, path = {"type": "array", "items": ["null", kind]}, [value], f"[0]{path}"
        else:
            kind, value, path = {"type": "array", "items": kind}, [value], f"[0]{path}"
    return kind, value, path


@pytest.mark.parametrize("levels", [1, 2, 3, 9, 10, 11, 25, 60, 90])
def test_deep_types_go_round_and_say_where_they_fail(levels: int) -> None:
    """Values, bytes, faults and skipping work at any depth."""
    kind, value, path = _nested(levels, "int")
    codec: Codec[Any] = Codec(kind)
    data = codec.encode(value)
    assert codec.decode(data) == value
    _, wrong, _ = _nested(levels, "int")
    inner = wrong
    for _ in range(levels - 1):
        inner = next(iter(inner.values())) if isinstance(inner, dict) else inner[0]
    inner[0] = "seven"
    with pytest.raises(EncodeError) as refused:
        codec.encode(wrong)
    if levels == 1:  # deeper, a union in between only says that no branch fits
        assert refused.value.path == f"value{path}"
    with pytest.raises(DecodeError) as broken:
        codec.decode(data[:-levels] + b"\x80" * levels)
    assert broken.value.path.startswith("value")
    record = {"type": "record", "name": "R", "fields": [{"name": "deep", "type": kind}]}
    writer = parse_schema(record)
    written: bytes = Codec[Any](writer).encode({"deep": value})
    reader: Codec[Any] = Codec({"type": "record", "name": "R", "fields": []})
    assert reader.decode(written, writer=writer) == {}
