"""Defaults of fields, as Python expressions.

A default is exactly the value that a reader fills in: the schema's own rule decides the branch of a
union, and the codec converts logical types.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from streamcontract.codec.refusal import REFUSALS, data_fault
from streamcontract.codegen.layout import Group
from streamcontract.codegen.text import bytes_literal, string_literal
from streamcontract.errors import CodegenError
from streamcontract.schema.defaults import first_fitting_branch
from streamcontract.schema.logical import conversion, row_of
from streamcontract.schema.model import (
    ArrayType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.codegen.layout import Expression
    from streamcontract.codegen.vocabulary import Vocabulary
    from streamcontract.schema.logical import PythonType
    from streamcontract.schema.model import AvroType, JsonValue

__all__ = ["DefaultGenerator", "branch_of"]


def branch_of(node: AvroType, default: JsonValue, where: str) -> AvroType:
    """The type that a default is a value of: for a union the branch, else the type itself.

    Raises:
        CodegenError: It fits no branch; a parsed schema has no such default.
    """
    if not isinstance(node, UnionType):
        return node
    branch = first_fitting_branch(node, default)
    if branch is None:
        raise CodegenError(f"{where}: the default {default!r} fits no branch of the union")
    return branch


class DefaultGenerator:
    """Generates the defaults of one module.

    Args:
        words: The vocabulary of the module.
        attributes: For each record, by full name, the attribute of each of its fields.
        members: For each enum, by full name, the member of each of its symbols.
    """

    def __init__(
        self,
        words: Vocabulary,
        attributes: Mapping[str, Mapping[str, str]],
        members: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._words = words
        self._attributes = attributes
        self._members = members

    def expression(self, node: AvroType, default: JsonValue, where: str) -> Expression:
        """The expression of a default.

        Args:
            node: The field's type.
            default: Its default, one that fits the type.
            where: The field, for messages.

        Raises:
            CodegenError: The Python type has no such value, such as a date of the year 10000.
        """
        match node:
            case UnionType():
                return self.expression(branch_of(node, default, where), default, where)
            case EnumType():
                member = self._members[node.full_name][str(default)]
                return f"{self._words.type_class(node.full_name)}.{member}"
            case ArrayType() if isinstance(default, list):
                items = [("", self.expression(node.items, item, where)) for item in default]
                return Group("[", tuple(items), "]")
            case MapType() if isinstance(default, dict):
                pairs = [
                    (f"{string_literal(key)}: ", self.expression(node.values, item, where))
                    for key, item in default.items()
                ]
                return Group("{", tuple(pairs), "}")
            case RecordType() if isinstance(default, dict):
                return self._record(node, default, where)
            case PrimitiveType() | FixedType():
                return self._leaf(node, default, where)
            case _:
                raise CodegenError(f"{where}: the default does not fit the type of the field")

    def _record(self, node: RecordType, default: dict[str, JsonValue], where: str) -> Expression:
        # A field that the default leaves out has a default of its own, and so does the attribute.
        attributes = self._attributes[node.full_name]
        arguments = [
            (f"{attributes[field.name]}=", self.expression(field.type, default[field.name], where))
            for field in node.fields
            if field.name in default
        ]
        return Group(f"{self._words.type_class(node.full_name)}(", tuple(arguments), ")")

    def _leaf(self, node: PrimitiveType | FixedType, default: JsonValue, where: str) -> Expression:
        raw = _raw(node, default)
        row, convert = row_of(node), conversion(node)
        if row is None or convert is None:
            return self._plain(raw)
        try:
            value = convert.from_raw(raw)
        except REFUSALS as refusal:
            fault = data_fault(where, refusal)
            raise CodegenError(
                f"{where}: the default {default!r} has no Python value: expected {fault.expected}"
            ) from refusal
        return self._typed(row.python, value)

    def _plain(self, raw: object) -> Expression:
        if isinstance(raw, str):
            return string_literal(raw)
        # ruff writes exponents without the plus of repr.
        return bytes_literal(raw) if isinstance(raw, bytes) else repr(raw).replace("e+", "e")

    def _typed(self, python: PythonType, value: Any) -> Expression:
        """A call that makes a value of a logical type."""
        text = python.arguments(value)
        if isinstance(text, dict):
            arguments = [f"{name}={part!r}" for name, part in text.items()]
        else:
            # A string, but for the whole numbers of decimals, which need none.
            is_number = python.cls is Decimal and text.lstrip("-").isdecimal()
            arguments = [text if is_number else string_literal(text)]
        start = f"{self._words.python(python.maker)}("
        return Group(start, tuple(("", argument) for argument in arguments), ")")


def _raw(node: PrimitiveType | FixedType, default: JsonValue) -> object:
    """The value of the base type: bytes for code points 0 to 255, the nearest float for a number.

    A ``float`` has 32 bits: the default ``0.1`` is read as 0.10000000149011612.
    """
    if isinstance(default, str) and (isinstance(node, FixedType) or node.name == "bytes"):
        return default.encode("latin-1")
    if isinstance(default, (int, float)) and isinstance(node, PrimitiveType):
        if node.name == "float":
            return struct.unpack("<f", struct.pack("<f", default))[0]
        return float(default) if node.name == "double" else default
    return default
