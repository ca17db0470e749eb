"""Defaults of fields, checked against the type of the field.

The rules are the table "field default values" under "Records" in the Avro 1.12 specification:
a union's default may be of any branch, and means the first that it fits; bytes and fixed are
strings whose code points 0 to 255 are the bytes.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    MapType,
    Missing,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.names import is_text, listed
from streamcontract.schema.positions import child

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

__all__ = ["DefaultChecker", "DefaultFault", "first_fitting_branch"]

_INTEGER_BITS: Final[Mapping[str, int]] = {"int": 32, "long": 64}
_BYTES: Final = "a string of the code points \\u0000 to \\u00FF"
_MAX_SHOWN: Final = 60


def first_fitting_branch(union: UnionType, value: JsonValue) -> AvroType | None:
    """The branch that a union's default means: the first it fits, or None.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> first_fitting_branch(parse_schema('["null", "long"]').root, 7).name
        'long'
    """
    return DefaultChecker().branch(union, value)


@attrs.frozen
class DefaultFault:
    """One place where a default does not fit.

    Attributes:
        pointer: JSON pointer to it.
        message: What is wrong there.
        word: The name that is wrong, if one is.
        candidates: The names that could have been meant.
    """

    pointer: str
    message: str
    word: str = ""
    candidates: Iterable[str] = ()


class DefaultChecker:
    """Checks the defaults of one schema.

    Args:
        faulty: The ``id`` of types that have faults themselves; any default fits them.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> next(DefaultChecker().faults(parse_schema("boolean").root, 7, "/default")).message
        'the default 7 is not a boolean: true or false'
    """

    def __init__(self, faulty: Container[int] = ()) -> None:
        self._faulty = faulty
        # The result for a type and a value, by identity. Without it, a union in a record in a union
        # would be tried twice as often with each level.
        self._fits: dict[tuple[int, int], bool] = {}
        self._ending: set[int] = set()

    def faults(self, node: AvroType, value: JsonValue, pointer: str) -> Iterator[DefaultFault]:
        """Find everything that keeps ``value`` from being a default of type ``node``.

        Args:
            node: The type.
            value: The default as JSON.
            pointer: JSON pointer to the default.

        Yields:
            Each fault.
        """
        if id(node) in self._faulty:
            return
        match node:
            case ArrayType() if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from self.faults(node.items, item, child(pointer, index))
            case MapType() if isinstance(value, dict):
                for key, item in value.items():
                    yield from self.faults(node.values, item, child(pointer, key))
                    if not is_text(key):
                        message = f"the key {json.dumps(key)} has half a surrogate pair"
                        yield DefaultFault(pointer, message)
            case RecordType() if isinstance(value, dict):
                yield from self._record_faults(node, value, pointer)
            case UnionType():
                if self.branch(node, value) is None:
                    yield from self._union_faults(node, value, pointer)
            case EnumType():
                yield from _symbol_faults(node, value, pointer)
            case _:
                wanted = _wanted(node, value)
                if wanted is not None:
                    yield DefaultFault(pointer, f"the default {_show(value)} is not {wanted}")

    def _record_faults(
        self, node: RecordType, value: dict[str, JsonValue], pointer: str
    ) -> Iterator[DefaultFault]:
        names = dict.fromkeys(field.name for field in node.fields)  # in order, for suggestions
        for field in node.fields:
            if field.name in value:
                yield from self.faults(field.type, value[field.name], child(pointer, field.name))
            elif not field.has_default:
                yield DefaultFault(
                    pointer,
                    f'the default lacks "{field.name}", a field of {node.full_name} without a '
                    "default of its own",
                )
        for key in value:
            if key not in names:
                message = f"{node.full_name} has no field {json.dumps(key)}"
                yield DefaultFault(child(pointer, key), message, key, names)

    def _union_faults(
        self, node: UnionType, value: JsonValue, pointer: str
    ) -> Iterator[DefaultFault]:
        alike = [branch for branch in node.branches if _json_kind(branch) == _kind_of(value)]
        if len(alike) == 1:
            yield from self.faults(alike[0], value, pointer)
        else:
            names = ", ".join(map(branch_name, node.branches))
            message = f"the default {_show(value)} fits no branch of the union [{names}]"
            yield DefaultFault(pointer, message)

    def branch(self, union: UnionType, value: JsonValue) -> AvroType | None:
        """The branch that a union's default means: the first it fits, or None."""
        for branch in union.branches:
            key = (id(branch), id(value))
            if key not in self._fits:
                self._fits[key] = next(self.faults(branch, value, ""), None) is None
            if self._fits[key]:
                return branch
        return None

    def never_ends(self, field: Field) -> bool:
        """Whether filling in the default of ``field`` would need that very default again.

        An example is ``{}`` for a field of the record's own type: each record in it needs another.
        All defaults have to be free of faults.
        """
        return self._needs_itself(field, set())

    def _needs_itself(self, field: Field, active: set[int]) -> bool:
        if id(field) in self._ending or isinstance(field.default, Missing):
            return False
        if id(field) in active:
            return True
        active.add(id(field))
        endless = any(
            self._needs_itself(used, active) for used in self._filling(field.type, field.default)
        )
        active.remove(id(field))
        if not endless:
            self._ending.add(id(field))
        return endless

    def _filling(self, node: AvroType, value: JsonValue) -> Iterator[Field]:
        """The fields whose own defaults fill the gaps of ``value``."""
        match node:
            case ArrayType() if isinstance(value, list):
                for item in value:
                    yield from self._filling(node.items, item)
            case MapType() if isinstance(value, dict):
                for item in value.values():
                    yield from self._filling(node.values, item)
            case UnionType():
                branch = self.branch(node, value)
                if branch is not None:
                    yield from self._filling(branch, value)
            case RecordType() if isinstance(value, dict):
                for field in node.fields:
                    if field.name in value:
                        yield from self._filling(field.type, value[field.name])
                    else:
                        yield field
            case _:
                return


def _json_kind(node: AvroType) -> str:
    """The column "json type" of the specification's table, for one type."""
    match node:
        case PrimitiveType(name="null" | "boolean"):
            return node.name
        case PrimitiveType(name="int" | "long" | "float" | "double"):
            return "number"
        case ArrayType():
            return "array"
        case MapType() | RecordType():
            return "object"
        case _:
            return "string"


def _kind_of(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"


def _wanted(node: AvroType, value: JsonValue) -> str | None:
    """What a default of this type has to be, or None if ``value`` is that."""
    match node:
        case PrimitiveType():
            return _wanted_primitive(node.name, value)
        case FixedType():
            fits = isinstance(value, str) and len(value) == node.size and _is_bytes(value)
            return None if fits else f"of {node.full_name}: {node.size} bytes, as {_BYTES}"
        case ArrayType():
            return "an array"
        case MapType():
            return "a map: a JSON object"
        case _:
            return f"a record {branch_name(node)}: a JSON object"


def _symbol_faults(node: EnumType, value: JsonValue, pointer: str) -> Iterator[DefaultFault]:
    if value not in node.symbols:
        known = f"a symbol of {node.full_name}: {listed(node.symbols)}"
        word = value if isinstance(value, str) else ""
        message = f"the default {_show(value)} is not {known}"
        yield DefaultFault(pointer, message, word, node.symbols)


def _wanted_primitive(name: str, value: JsonValue) -> str | None:
    match name:
        case "null":
            return None if value is None else "null"
        case "boolean":
            return None if isinstance(value, bool) else "a boolean: true or false"
        case "int" | "long":
            return _wanted_integer(name, value)
        case "float" | "double":
            return _wanted_number(name, value)
        case "bytes":
            return None if isinstance(value, str) and _is_bytes(value) else f"bytes: {_BYTES}"
        case _:
            return None if isinstance(value, str) and is_text(value) else "a string of Unicode"


def _wanted_integer(name: str, value: JsonValue) -> str | None:
    bits = _INTEGER_BITS[name] - 1
    # type() and not isinstance(): true is no JSON integer, though bool is an int in Python.
    if type(value) is int and -(1 << bits) <= value < 1 << bits:
        return None
    article = "an" if name == "int" else "a"
    return f"{article} {name}: a JSON integer from -2**{bits} to 2**{bits} - 1"


def _wanted_number(name: str, value: JsonValue) -> str | None:
    if type(value) is int or isinstance(value, float):
        try:
            # A number that is infinite is not JSON, which was reported when the text was read.
            struct.pack("<f" if name == "float" else "<d", float(value))
        except OverflowError:
            pass  # an infinity to every reader, so no number in range
        else:
            return None
    return f"a {name}: a JSON number in its range"


def _is_bytes(value: str) -> bool:
    return all(character <= "\u00ff" for character in value)


def _show(value: JsonValue) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
