"""Serializer of JSON: a function for each type, from a value to JSON for ``json.dumps``.

The values come from a codec that tags the branches of unions, so no branch has to be guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamcontract.json_codec.leaves import Encoding, leaf_of
from streamcontract.json_codec.unions import forms_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    JsonValue,
    MapType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["Write", "compile_writer"]

Write = Callable[[Any], JsonValue]


def compile_writer(root: AvroType, encoding: Encoding) -> Write:
    """The function that serializes a value of a type.

    Example:
        >>> from streamcontract import parse_schema
        >>> write = compile_writer(parse_schema(["null", "bytes"]).root, "plain")
        >>> write(("bytes", b"A"))
        'QQ=='
    """
    return _Compiler(encoding).writer(root) or _same


def _same(value: Any) -> JsonValue:
    return value  # type: ignore[no-any-return]


class _Compiler:
    """Compiles each record once, so that recursive ones end."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._records: dict[str, Write] = {}

    def writer(self, node: AvroType) -> Write | None:
        """The function for a type; None if the JSON of a value is the value itself."""
        match node:
            case RecordType():
                return self._record(node)
            case ArrayType():
                return _array(self.writer(node.items))
            case MapType():
                return _map(self.writer(node.values))
            case UnionType():
                return self._union(node)
            case _:
                return leaf_of(node, self._encoding).write

    def _record(self, node: RecordType) -> Write:
        known = self._records.get(node.full_name)
        if known is not None:
            return known
        changed: list[tuple[str, Write]] = []

        def write(value: Any) -> JsonValue:
            json = dict(value)
            for name, of_field in changed:
                json[name] = of_field(json[name])
            return json

        self._records[node.full_name] = write
        for field in node.fields:
            of_field = self.writer(field.type)
            if of_field is not None:
                changed.append((field.name, of_field))
        return write

    def _union(self, node: UnionType) -> Write:
        forms = forms_of(node, self._encoding)
        writers = {branch_name(branch): self.writer(branch) for branch in node.branches}
        named, number = forms.named, forms.named_if_not_finite

        def write(value: Any) -> JsonValue:
            name, held = value
            of_branch = writers[name]
            json = held if of_branch is None else of_branch(held)
            if name in named or (name == number and isinstance(json, str)):
                return {name: json}
            return json

        return write


def _array(of_item: Write | None) -> Write | None:
    return None if of_item is None else lambda value: [of_item(item) for item in value]


def _map(of_value: Write | None) -> Write | None:
    if of_value is None:
        return None
    return lambda value: {key: of_value(held) for key, held in value.items()}
