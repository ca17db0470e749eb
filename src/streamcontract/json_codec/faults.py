"""Faults in JSON, described in terms of JSON.

Reading leaves most checks to the codec, whose messages are about Python's types. So JSON that it
refuses is parsed once more with checks of each leaf: JSON without faults costs nothing extra.
"""

from __future__ import annotations

import json as json_text
from collections.abc import Callable
from typing import Any, Final

import attrs

from streamcontract.codec.leaves import as_double, as_float, as_int, as_long, as_text
from streamcontract.codec.refusal import REFUSALS, Refused, data_fault
from streamcontract.errors import DataFault
from streamcontract.json_codec.leaves import Encoding, leaf_of
from streamcontract.schema.logical import conversion, row_of
from streamcontract.schema.model import (
    INTEGER_LIMITS,
    EnumType,
    FixedType,
    JsonValue,
    PrimitiveType,
)

__all__ = ["JsonFault", "Unreadable", "explained_leaf", "in_json"]

_MAX_SHOWN: Final = 160


@attrs.frozen
class JsonFault(DataFault):
    """One place where JSON does not fit a schema; the value found there is JSON."""

    @property
    def found(self) -> str:
        """The JSON that was found, as text."""
        try:
            text = json_text.dumps(self.value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):  # not JSON, or nested without an end
            return super().found
        if len(text) > _MAX_SHOWN:
            text = f"{text[:_MAX_SHOWN]}... ({len(text)} characters)"
        return text


@attrs.frozen(eq=False)
class Unreadable:
    """JSON that is not a value of its type.

    Attributes:
        expected: The expected JSON, in words.
        json: The JSON that was found.
    """

    expected: str
    json: JsonValue


def in_json(fault: DataFault) -> JsonFault:
    """Convert a fault that the codec found to a fault of the JSON."""
    if isinstance(fault.value, Unreadable):
        return JsonFault(fault.path, fault.value.expected, fault.value.json, has_value=True)
    return JsonFault(fault.path, fault.expected, fault.value, has_value=fault.has_value)


def _integers(name: str) -> str:
    least, most = INTEGER_LIMITS[name]
    return f"an integer from {least} to {most}"


_PRIMITIVES: Final[dict[str, tuple[str, Callable[[object], Any]]]] = {
    "int": (_integers("int"), as_int),
    "long": (_integers("long"), as_long),
    "float": ("a number within the range of 32 bits of floating point", as_float),
    "double": ("a number that 64 bits of floating point hold exactly", as_double),
    "string": ("a string", as_text),
}
"""For each type, its description and the function that takes its values."""


def explained_leaf(
    node: PrimitiveType | FixedType | EnumType, encoding: Encoding
) -> Callable[[JsonValue], Any]:
    """The parser of a leaf that reports faults itself.

    Example:
        >>> from streamcontract import parse_schema
        >>> explained_leaf(parse_schema("boolean").root, "plain")(1)
        Unreadable(expected='true or false', json=1)
    """
    read = leaf_of(node, encoding).read
    check = _check(node, encoding)

    def explain(json: JsonValue) -> Any:
        try:
            value = json if read is None else read(json)
            check(value, json)
        except REFUSALS as refusal:
            return Unreadable(data_fault("", refusal).expected, json)
        return value

    return explain


def _check(
    node: PrimitiveType | FixedType | EnumType, encoding: Encoding
) -> Callable[[Any, JsonValue], object]:
    """The function that refuses a value that the codec would refuse, in terms of its JSON."""
    if isinstance(node, EnumType):
        symbols = frozenset(node.symbols)
        wanted = f"a symbol of {node.full_name}: {', '.join(node.symbols)}"
        return lambda value, json: _require(
            isinstance(value, str) and value in symbols, wanted, json
        )
    row, convert = row_of(node), conversion(node)
    if row is not None and convert is not None:
        wanted = row.python.json.expected if encoding == "plain" else f"a {row.name}"
        return lambda value, json: _converted(convert.to_raw, value, wanted, json)
    if isinstance(node, FixedType):
        return lambda value, json: _require(
            len(value) == node.size, f"exactly {node.size} bytes, as text", json
        )
    match node.name:
        case "null":
            return lambda value, json: _require(value is None, "null", json)
        case "boolean":
            return lambda value, json: _require(isinstance(value, bool), "true or false", json)
        case "bytes":
            return lambda _value, _json: None  # every value is accepted
        case name:
            return lambda value, json: _primitive(name, value, json)


def _require(fits: bool, expected: str, json: JsonValue) -> None:  # noqa: FBT001 - the subject
    if not fits:
        raise Refused(expected, json)


def _converted(to_raw: Callable[[Any], Any], value: Any, wanted: str, json: JsonValue) -> None:
    try:
        to_raw(value)
    except Refused as refusal:
        raise Refused(f"{wanted}, {refusal.limit}" if refusal.limit else wanted, json) from None


def _primitive(name: str, value: Any, json: JsonValue) -> None:
    expected, take = _PRIMITIVES[name]
    try:
        take(value)
    except Refused:
        is_number = isinstance(json, int | float) and not isinstance(json, bool)
        if name in {"float", "double"} and not is_number:
            expected = "a number"
        raise Refused(expected, json) from None
