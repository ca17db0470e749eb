"""JSON forms of leaves, which are values without parts: one form for each encoding.

``avro`` is the specification's ("JSON Encoding", Avro 1.12): a logical type as its base type, bytes
as text of the code points 0 to 255. ``plain`` is common JSON: times as text, bytes in base64. In
both, numbers that JSON has no token for are text, as Avro for Java writes them.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable
from typing import Any, Final, Literal

import attrs

from streamcontract.schema.logical import conversion, row_of
from streamcontract.schema.model import EnumType, FixedType, JsonValue, PrimitiveType
from streamcontract.schema.refusal import Refused

__all__ = ["Encoding", "Kind", "Leaf", "avro_leaf", "leaf_of", "plain_leaf"]

Encoding = Literal["plain", "avro"]

Kind = Literal["null", "boolean", "integer", "number", "string", "array", "object"]
"""The type of a JSON value; a number with a fraction or an exponent is not an integer."""


@attrs.frozen(eq=False)
class Leaf:
    """Functions that write and read the values of one leaf.

    Attributes:
        kind: The JSON type.
        write: From a value to its JSON; None if they are the same.
        read: From JSON to the value, as strictly as ``write``; None if they are the same, or if the
        codec checks them.
    """

    kind: Kind
    write: Callable[[Any], JsonValue] | None = None
    read: Callable[[JsonValue], Any] | None = None


# ---- numbers

_NAMES: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _write_double(value: float) -> JsonValue:
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124


def _write_float(value: float) -> JsonValue:
    """The shortest number that rounds to the same 32 bits; a whole one as it is."""
    if not math.isfinite(value) or value.is_integer():
        return _write_double(value)
    packed = struct.pack("<f", value)
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if _packs_to(short, packed):
            return short
    return float(f"{value:.9g}")  # nine digits always suffice (IEEE 754)


def _packs_to(value: float, packed: bytes) -> bool:
    try:
        return struct.pack("<f", value) == packed
    except OverflowError:  # rounded up beyond the largest of 32 bits
        return False


def _read_number(json: JsonValue) -> Any:
    if isinstance(json, float):
        if not math.isfinite(json):  # from a parser, for a number beyond 64 bits or invalid JSON
            names = ", ".join(map(repr, _NAMES))
            raise Refused(f"a number of 64 bits of floating point; as text, one of {names}", json)
        return json
    if isinstance(json, str):
        try:
            return _NAMES[json]
        except KeyError:
            names = ", ".join(map(repr, _NAMES))
            raise Refused(f"a number, or one of {names}", json) from None
    return json


def _read_float(json: JsonValue) -> Any:
    number = _read_number(json)
    if type(number) is int:  # no bool
        # JSON does not distinguish 1 from 1.0: both are rounded to 32 bits like any other number.
        try:
            return float(number)
        except OverflowError:
            raise Refused("a number within the range of 32 bits of floating point", json) from None
    return number


# ---- bytes


def _write_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _read_base64(json: JsonValue) -> bytes:
    try:
        if isinstance(json, str):
            value = base64.b64decode(json, validate=True)
            if _write_base64(value) == json:  # else bits after the last byte would be lost
                return value
    except (binascii.Error, ValueError):
        pass  # refused below
    raise Refused("bytes as text in base64", json)


def _write_code_points(value: bytes) -> str:
    return value.decode("latin-1")


def _read_code_points(json: JsonValue) -> bytes:
    try:
        if isinstance(json, str):
            return json.encode("latin-1")
    except UnicodeEncodeError:
        pass  # refused below
    raise Refused("bytes as text of the code points 0 to 255", json)


_PLAIN: Final[dict[str, Leaf]] = {
    "null": Leaf("null"),
    "boolean": Leaf("boolean"),
    "int": Leaf("integer"),
    "long": Leaf("integer"),
    "float": Leaf("number", _write_float, _read_float),
    "double": Leaf("number", _write_double, _read_number),
    "bytes": Leaf("string", _write_base64, _read_base64),
    "string": Leaf("string"),
}
_ENUM: Final = Leaf("string")
_CODE_POINTS: Final = Leaf("string", _write_code_points, _read_code_points)


def leaf_of(node: PrimitiveType | FixedType | EnumType, encoding: Encoding) -> Leaf:
    """The form of a leaf in an encoding."""
    return plain_leaf(node) if encoding == "plain" else avro_leaf(node)


def plain_leaf(node: PrimitiveType | FixedType | EnumType) -> Leaf:
    """The plain form of a leaf.

    Example:
        >>> from streamcontract import parse_schema
        >>> plain_leaf(parse_schema("bytes").root).write(b"A")
        'QQ=='
    """
    if isinstance(node, EnumType):
        return _ENUM
    row = row_of(node)
    if row is not None:
        form = row.python.json
        return Leaf(form.kind, form.write, form.read)
    return _PLAIN["bytes" if isinstance(node, FixedType) else node.name]


def avro_leaf(node: PrimitiveType | FixedType | EnumType) -> Leaf:
    """The form of a leaf in Avro's JSON encoding.

    Example:
        >>> from streamcontract import parse_schema
        >>> avro_leaf(parse_schema("bytes").root).write(b"A")
        'A'
    """
    if isinstance(node, EnumType):
        return _ENUM
    size = node.size if isinstance(node, FixedType) else None
    base = (
        _CODE_POINTS if isinstance(node, FixedType) or node.name == "bytes" else _PLAIN[node.name]
    )
    row, convert = row_of(node), conversion(node)
    if row is None or convert is None:
        return base
    to_raw, from_raw = convert.to_raw, convert.from_raw
    raw_class = bytes if base is _CODE_POINTS else str if base.kind == "string" else int
    expected = f"{_NOUNS[raw_class]} for a {row.name}"

    def write(value: Any) -> JsonValue:
        raw: Any = to_raw(value)
        return raw if base.write is None else base.write(raw)

    def read(json: JsonValue) -> Any:
        raw: Any = json if base.read is None else base.read(json)
        if type(raw) is not raw_class or (isinstance(raw, bytes) and size not in {None, len(raw)}):
            raise Refused(expected, json)
        return from_raw(raw)

    return Leaf(base.kind, write, read)


_NOUNS: Final = {bytes: "bytes as text", str: "text", int: "an integer"}
