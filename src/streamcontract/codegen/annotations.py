"""Python types for Avro types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.codegen.layout import Alternatives, Subscript, flat_annotation
from streamcontract.codegen.text import string_literal
from streamcontract.schema.logical import row_of
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
    from collections.abc import Iterator

    from streamcontract.codegen.layout import Annotation
    from streamcontract.codegen.vocabulary import Vocabulary
    from streamcontract.schema.model import AvroType

__all__ = ["annotation_of", "remark_on"]

_PRIMITIVES: Final = {
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "bytes": "bytes",
    "string": "str",
}


def annotation_of(node: AvroType, words: Vocabulary, defined: frozenset[str]) -> Annotation:
    """The annotation of an attribute of this type.

    Args:
        node: The type.
        words: The vocabulary of the module, which imports the names that the annotation needs.
        defined: Full names of the types whose classes are defined before; with any other type, the
        annotation is a string, which Python does not evaluate when it makes the class.
    """
    annotation = _annotation(node, words)
    if all(name in defined for name in _classes_in(node)):
        return annotation
    return string_literal(flat_annotation(annotation))


def _annotation(node: AvroType, words: Vocabulary) -> Annotation:
    match node:
        case PrimitiveType() | FixedType():
            return _leaf(node, words)
        case RecordType() | EnumType():
            return words.type_class(node.full_name)
        case ArrayType():
            return Subscript(words.builtin("list"), (_annotation(node.items, words),))
        case MapType():
            key = words.builtin("str")
            return Subscript(words.builtin("dict"), (key, _annotation(node.values, words)))
        case UnionType():
            return _union(node, words)


def _leaf(node: PrimitiveType | FixedType, words: Vocabulary) -> str:
    row = row_of(node)
    if row is not None and row.convert is not None:
        return words.python(row.python.annotation)
    if isinstance(node, FixedType):
        return words.builtin("bytes")
    return "None" if node.name == "null" else words.builtin(_PRIMITIVES[node.name])


def _union(node: UnionType, words: Vocabulary) -> Annotation:
    """The alternatives in the schema's order, each once, ``None`` last as is usual in Python."""
    if not node.branches:
        # The type without values; Python 3.10 does not have its newer name, ``Never``.
        return words.support("NoReturn")
    # A dict: several branches can have one Python type, such as int and long.
    members = dict.fromkeys(_annotation(branch, words) for branch in node.branches)
    ordered = tuple(sorted(members, key=lambda member: member == "None"))
    return ordered[0] if len(ordered) == 1 else Alternatives(ordered)


def _classes_in(node: AvroType) -> Iterator[str]:
    match node:
        case RecordType() | EnumType():
            yield node.full_name
        case ArrayType():
            yield from _classes_in(node.items)
        case MapType():
            yield from _classes_in(node.values)
        case UnionType():
            for branch in node.branches:
                yield from _classes_in(branch)
        case _:
            return


def remark_on(node: AvroType) -> str:
    """The properties of values that the Python type does not express, as a sentence, or nothing.

    Example:
        >>> from streamcontract.schema.model import FixedType
        >>> remark_on(FixedType(full_name="Hash", size=16))
        'Exactly 16 bytes.'
    """
    if isinstance(node, UnionType):
        if not node.branches:
            return "A union without branches: there is no value for it."
        remarks = dict.fromkeys(filter(None, map(remark_on, node.branches)))
        return next(iter(remarks)) if len(remarks) == 1 else ""
    if not isinstance(node, (PrimitiveType, FixedType)):
        return ""
    row = row_of(node)
    if row is not None and node.logical is not None:
        return row.remark.format(precision=node.logical.precision, scale=node.logical.scale)
    return f"Exactly {node.size} bytes." if isinstance(node, FixedType) else ""
