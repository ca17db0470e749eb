"""Literals of a condition as values of a leaf type, and which comparisons the type has."""

from __future__ import annotations

import math
import struct
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from streamcontract.json_codec.leaves import plain_leaf
from streamcontract.schema.logical import row_of
from streamcontract.schema.model import EnumType, FixedType, PrimitiveType
from streamcontract.schema.refusal import Refused

if TYPE_CHECKING:
    from streamcontract.messages.where.tree import Literal
    from streamcontract.schema.model import AvroType

__all__ = ["Misfit", "family_of", "is_ordered", "literal_value", "type_in_words"]

_NUMBERS: Final = frozenset({"int", "long", "float", "double"})
_ORDERED: Final = frozenset({"number", "text", "date", "time", "timestamp", "local-timestamp"})


class Misfit(Exception):  # noqa: N818 - the parser makes the error of it, with its place
    """A literal that is not a value of its type; the text is what was expected."""


def family_of(node: AvroType) -> str | None:
    """The name that comparable types share; None for types that are compared with null alone.

    Example:
        >>> family_of(PrimitiveType(name="long")), family_of(PrimitiveType(name="double"))
        ('number', 'number')
    """
    if isinstance(node, EnumType):
        return f"enum {node.full_name}"
    if not isinstance(node, PrimitiveType | FixedType):
        return None
    row = row_of(node)
    if row is not None:
        if row.kind in {"decimal", "big-decimal"}:
            return "number"
        # Without a datetime for their unit they are integers, which no datetime is comparable to.
        unit = row.unit.name if row.unit is not None and row.convert is None else ""
        return None if row.kind == "duration" else f"{row.kind} {unit}".strip()
    if isinstance(node, FixedType) or node.name == "bytes":
        return "bytes"
    if node.name in _NUMBERS:
        return "number"
    return {"boolean": "boolean", "string": "text"}.get(node.name)


def is_ordered(node: AvroType) -> bool:
    """Whether one value of a type may be less than another."""
    family = family_of(node)
    return family is not None and family.split()[0] in _ORDERED


def type_in_words(node: AvroType) -> str:
    """A type as its schema names it.

    Example:
        >>> type_in_words(PrimitiveType(name="long"))
        'long'
    """
    if isinstance(node, EnumType):
        return f"enum {node.full_name}"
    if isinstance(node, PrimitiveType):
        return node.name if node.logical is None else f"{node.name} ({node.logical.name})"
    if isinstance(node, FixedType):
        named = f"fixed {node.full_name}"
        return named if node.logical is None else f"{named} ({node.logical.name})"
    return type(node).__name__.removesuffix("Type").lower()


def literal_value(node: AvroType, literal: Literal) -> Any:
    """What a literal means as a value of a type.

    Raises:
        Misfit: It is none.
    """
    family = family_of(node)
    if family == "boolean":
        return _expect(literal, "boolean", "true or false") == "true"
    if family == "number":
        return _number(node, literal)
    if isinstance(node, EnumType):
        symbols = ", ".join(node.symbols)
        symbol = _expect(literal, "text", f"a symbol in quotes: {symbols}")
        if symbol not in node.symbols:
            raise Misfit(f"a symbol of {node.full_name}: {symbols}")
        return symbol
    if family is None or not isinstance(node, PrimitiveType | FixedType):
        raise Misfit("null, which is all that such a value is compared with")
    leaf, row = plain_leaf(node), row_of(node)
    expected = "bytes as text in base64" if family == "bytes" else "text in quotes"
    expected = expected if row is None else row.python.json.expected
    text = _expect(literal, "text", expected)
    try:
        return text if leaf.read is None else leaf.read(text)
    except Refused as refusal:
        raise Misfit(expected if row is not None else refusal.expected) from None


def _number(node: AvroType, literal: Literal) -> Any:
    """A number as the type has it: a float's is rounded as the field's values are."""
    try:
        exact = Decimal(_expect(literal, "number", "a number"))
    except InvalidOperation:
        raise Misfit("a number with an exponent that a decimal may have") from None
    name = node.name if isinstance(node, PrimitiveType) and node.logical is None else ""
    if name not in {"float", "double"}:
        return exact  # which Python compares exactly with whole numbers too
    number = float(exact)
    try:
        number = struct.unpack("<f", struct.pack("<f", number))[0] if name == "float" else number
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise Misfit(f"a number within the range of {name}")
    return number


def _expect(literal: Literal, kind: str, expected: str) -> str:
    if literal.kind != kind:
        raise Misfit(expected)
    return literal.text
