"""JSON text: written by orjson if it is installed, read by the standard library.

orjson cannot refuse an object with a key twice, whose first value would be lost.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from streamcontract.schema.model import JsonValue

try:
    import orjson
except ImportError:  # the standard library writes as well, at a third of the speed
    orjson = None  # type: ignore[assignment]

__all__ = ["parse_text", "to_text"]


def to_text(document: JsonValue) -> str:
    """The text of JSON, on one line.

    Example:
        >>> to_text({"a": [1, None]})
        '{"a":[1,null]}'
    """
    if orjson is not None:
        try:
            return orjson.dumps(document).decode()
        except orjson.JSONEncodeError:
            pass  # nested deeper than 254, which the standard library can write
    return _to_text(document)


def parse_text(text: str) -> JsonValue:
    """The JSON of a text.

    Raises:
        ValueError: It is not JSON (RFC 8259), or an object in it has a key twice.

    Example:
        >>> parse_text('{"a": 1, "a": 2}')
        Traceback (most recent call last):
            ...
        ValueError: an object has the key 'a' twice
    """
    return _parse_text(text)  # type: ignore[no-any-return]


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"an object has the key {counts.most_common(1)[0][0]!r} twice")
    return found


def _constant(token: str) -> JsonValue:
    raise ValueError(f"{token} is no JSON; as text, {json.dumps(token)}, it is read as a number")


_to_text: Final = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode
_parse_text: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
