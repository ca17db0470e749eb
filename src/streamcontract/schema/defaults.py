"""Whether a field's default is a value of the field's type.

The rules are the table "field default values" under "Records" in the Avro 1.12 specification:
a union's default may be of any branch, and stands for the first that it fits; bytes and fixed are
strings whose code points 0 to 255 are the bytes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Container, Iterator, Mapping
from typing import Final

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
from streamcontract.schema.names import nearest
from streamcontract.schema.positions import child

__all__ = ["default_faults", "first_fitting_branch", "never_ends"]

_INTEGER_BITS: Final[Mapping[str, int]] = {"int": 32, "long": 64}
_MAX_SHOWN: Final = 60


def first_fitting_branch(
    union: UnionType, value: JsonValue, skip: Container[int] = ()
) -> AvroType | None:
    """The branch that a default of a union stands for: the first it fits, or None.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> first_fitting_branch(parse_schema('["null", "long"]').root, 7).name
        'long'
    """
    for branch in union.branches:
        if next(default_faults(branch, value, "", skip), None) is None:
            return branch
    return None


def default_faults(
    node: AvroType, value: JsonValue, pointer: str, skip: Container[int] = ()
) -> Iterator[tuple[str, str]]:
    """Find everything that keeps ``value`` from being a default of type ``node``.

    Args:
        node: The type.
        value: The default as JSON.
        pointer: JSON pointer to the default.
        skip: The ``id`` of types with faults of their own: any default fits those, since a
            second message about the same mistake helps nobody.

    Yields:
        The pointer to each fault, and what is wrong there.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> list(default_faults(parse_schema("int").root, "7", "/default"))
        [('/default', 'the default "7" is not an int: a JSON integer from -2**31 to 2**31 - 1')]
    """
    if id(node) in skip:
        return
    match node:
        case ArrayType() if isinstance(value, list):
            for index, item in enumerate(value):
                yield from default_faults(node.items, item, child(pointer, index), skip)
        case MapType() if isinstance(value, dict):
            for key, item in value.items():
                yield from default_faults(node.values, item, child(pointer, key), skip)
                if not _is_text(key):
                    yield pointer, f"the key {json.dumps(key)} holds half a surrogate pair"
        case RecordType() if isinstance(value, dict):
            yield from _record_faults(node, value, pointer, skip)
        case UnionType():
            if first_fitting_branch(node, value, skip) is None:
                names = ", ".join(map(branch_name, node.branches))
                yield pointer, f"the default {_show(value)} fits no branch of the union [{names}]"
        case _:
            wanted = _wanted(node, value)
            if wanted is not None:
                yield pointer, f"the default {_show(value)} is not {wanted}"


def _record_faults(
    node: RecordType, value: dict[str, JsonValue], pointer: str, skip: Container[int]
) -> Iterator[tuple[str, str]]:
    for field in node.fields:
        if field.name in value:
            yield from default_faults(
                field.type, value[field.name], child(pointer, field.name), skip
            )
        elif not field.has_default:
            yield (
                pointer,
                (
                    f'the default lacks the field "{field.name}" of {node.full_name}, '
                    "which has no default of its own"
                ),
            )
    names = [field.name for field in node.fields]
    for key in value.keys() - set(names):
        near = nearest(key, names)
        hint = f'; did you mean "{near}"?' if near else ""
        yield child(pointer, key), f"{node.full_name} has no field {json.dumps(key)}{hint}"


def _wanted(node: AvroType, value: JsonValue) -> str | None:  # noqa: PLR0911 - a table of types
    """What a default of this type has to be, or None if ``value`` is that."""
    match node:
        case PrimitiveType(name="null"):
            return None if value is None else "null"
        case PrimitiveType(name="boolean"):
            return None if isinstance(value, bool) else "a boolean: true or false"
        case PrimitiveType(name="int" | "long"):
            return _wanted_integer(node.name, value)
        case PrimitiveType(name="float" | "double"):
            return _wanted_number(node.name, value)
        case PrimitiveType(name="string"):
            return None if isinstance(value, str) and _is_text(value) else "a string"
        case PrimitiveType():
            return None if _is_bytes(value) else f"bytes: {_BYTES}"
        case FixedType():
            fits = isinstance(value, str) and _is_bytes(value) and len(value) == node.size
            return None if fits else f"of {node.full_name}: {node.size} bytes, as {_BYTES}"
        case EnumType():
            if value in node.symbols:
                return None
            near = nearest(value, node.symbols) if isinstance(value, str) else None
            hint = f'; did you mean "{near}"?' if near else ""
            return f"a symbol of {node.full_name}: {', '.join(node.symbols)}{hint}"
        case ArrayType():
            return "an array"
        case MapType():
            return "a map: a JSON object"
        case _:
            return f"a record {branch_name(node)}: a JSON object"


_BYTES: Final = "a string of code points \\u0000 to \\u00FF"


def _wanted_integer(name: str, value: JsonValue) -> str | None:
    bits = _INTEGER_BITS[name] - 1
    # type() and not isinstance(): true is no JSON integer, though bool is an int in Python.
    if type(value) is int and -(1 << bits) <= value < 1 << bits:
        return None
    article = "an" if name == "int" else "a"
    return f"{article} {name}: a JSON integer from -2**{bits} to 2**{bits} - 1"


def _wanted_number(name: str, value: JsonValue) -> str | None:
    wanted = f"a {name}: a JSON number in its range"
    if type(value) is not int and not isinstance(value, float):
        return wanted
    try:
        number = float(value)
        if name == "float":
            struct.pack("<f", number)
    except OverflowError:
        return wanted
    return None if math.isfinite(number) else wanted


def _is_bytes(value: JsonValue) -> bool:
    return isinstance(value, str) and all(character <= "\u00ff" for character in value)


def _is_text(value: str) -> bool:
    """Whether UTF-8 can hold it: JSON can spell half a surrogate pair, Avro's string cannot."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _show(value: JsonValue) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def never_ends(field: Field) -> bool:
    """Whether filling in the default of ``field`` would need that very default again.

    Such as ``{}`` for a field of the record's own type: each record in it needs another. The
    default, and those of all other fields, have to be free of other faults.
    """
    return _fills(field, set(), set())


def _fills(field: Field, active: set[int], done: set[int]) -> bool:
    if id(field) in active:
        return True
    if id(field) in done or isinstance(field.default, Missing):
        return False
    active.add(id(field))
    endless = any(_fills(used, active, done) for used in _used(field.type, field.default))
    active.remove(id(field))
    done.add(id(field))
    return endless


def _used(node: AvroType, value: JsonValue) -> Iterator[Field]:
    """The fields whose own defaults fill the gaps of ``value``."""
    match node:
        case ArrayType() if isinstance(value, list):
            for item in value:
                yield from _used(node.items, item)
        case MapType() if isinstance(value, dict):
            for item in value.values():
                yield from _used(node.values, item)
        case UnionType():
            branch = first_fitting_branch(node, value)
            if branch is not None:
                yield from _used(branch, value)
        case RecordType() if isinstance(value, dict):
            for field in node.fields:
                if field.name in value:
                    yield from _used(field.type, value[field.name])
                else:
                    yield field
        case _:
            return
