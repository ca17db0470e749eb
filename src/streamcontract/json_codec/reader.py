"""Parser of JSON: a function for each type, from JSON to a value that a codec encodes.

Values of unions are tagged with their branch. JSON that cannot be read becomes an ``Unreadable``,
which the codec refuses: so a fault in JSON has its path from the codec, like all other faults. An
explaining parser checks every leaf itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from streamcontract.codec.refusal import REFUSALS, data_fault
from streamcontract.json_codec.faults import Unreadable, explained_leaf
from streamcontract.json_codec.leaves import Encoding, Kind, leaf_of
from streamcontract.json_codec.unions import Forms, forms_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    JsonValue,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["Read", "compile_reader"]

Read = Callable[[JsonValue], Any]


def compile_reader(root: AvroType, encoding: Encoding, *, explains: bool = False) -> Read:
    """The function that parses a value of a type.

    Args:
        root: The type.
        encoding: ``"plain"`` or ``"avro"``.
        explains: Whether it reports faults of leaves itself, which is slower.

    Example:
        >>> from streamcontract import parse_schema
        >>> read = compile_reader(parse_schema(["null", "bytes"]).root, "plain")
        >>> read("QQ==")
        ('bytes', b'A')
        >>> read(1).expected
        'one of: null (null), bytes (a string)'
    """
    return _Compiler(encoding, explains=explains).reader(root) or _same


def _same(json: JsonValue) -> Any:
    return json


class _Compiler:
    """Compiles each record once, so that recursive ones end."""

    def __init__(self, encoding: Encoding, *, explains: bool) -> None:
        self._encoding = encoding
        self._explains = explains
        self._records: dict[str, Read] = {}

    def reader(self, node: AvroType) -> Read | None:
        """The function for a type; None if the value is the JSON itself."""
        match node:
            case RecordType():
                return self._record(node)
            case ArrayType():
                return _array(self.reader(node.items))
            case MapType():
                return _map(self.reader(node.values))
            case UnionType():
                return self._union(node)
            case _:
                return self._leaf(node)

    def _leaf(self, node: PrimitiveType | FixedType | EnumType) -> Read | None:
        if self._explains:
            return explained_leaf(node, self._encoding)
        of_leaf = leaf_of(node, self._encoding).read
        if of_leaf is None:
            return None

        def read(json: JsonValue) -> Any:
            try:
                return of_leaf(json)
            except REFUSALS as refusal:
                return Unreadable(data_fault("", refusal).expected, json)

        return read

    def _record(self, node: RecordType) -> Read:
        known = self._records.get(node.full_name)
        if known is not None:
            return known
        changed: list[tuple[str, Read]] = []
        expected = f"an object, the fields of {node.name}"

        def read(json: JsonValue) -> Any:
            if not isinstance(json, dict):
                return Unreadable(expected, json)
            value: dict[str, Any] = dict(json)
            for name, of_field in changed:
                if name in value:
                    value[name] = of_field(value[name])
            return value

        self._records[node.full_name] = read
        for field in node.fields:
            of_field = self.reader(field.type)
            if of_field is not None:
                changed.append((field.name, of_field))
        return read

    def _union(self, node: UnionType) -> Read:
        forms = forms_of(node, self._encoding)
        readers = {branch_name(branch): self.reader(branch) for branch in node.branches}
        bare: dict[Kind | None, str] = {
            kind: name for name, kind in forms.kinds.items() if name not in forms.named
        }
        if "number" in bare:
            bare["integer"] = bare["number"]  # a double may be written as an integer
        if forms.text_if_not_finite is not None:
            bare["string"] = forms.text_if_not_finite
        by_name = {*forms.named, forms.named_if_not_finite}
        expected = _expected(forms)

        def read(json: JsonValue) -> Any:
            name, held = bare.get(_kind(json)), json
            if name is None and isinstance(json, dict) and len(json) == 1:
                ((key, held),) = json.items()
                name = key if key in by_name else None
            if name is None:
                return Unreadable(expected, json)
            of_branch = readers[name]
            return name, held if of_branch is None else of_branch(held)

        return read


_KINDS: Final[dict[type, Kind]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

_NOUNS: Final[dict[Kind, str]] = {
    "null": "null",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def _kind(json: object) -> Kind | None:
    """The JSON type of a value; None for a value that is not JSON."""
    known = _KINDS.get(json.__class__)
    if known is None:  # such as a subclass from another parser
        known = next((kind for cls, kind in _KINDS.items() if isinstance(json, cls)), None)
    return known


def _expected(forms: Forms) -> str:
    shown = (
        f'{name} ({{"{name}": ...}})' if name in forms.named else f"{name} ({_NOUNS[kind]})"
        for name, kind in forms.kinds.items()
    )
    return f"one of: {', '.join(shown)}"


def _array(of_item: Read | None) -> Read:
    def read(json: JsonValue) -> Any:
        if not isinstance(json, list):
            return Unreadable("an array", json)
        return json if of_item is None else [of_item(item) for item in json]

    return read


def _map(of_value: Read | None) -> Read:
    def read(json: JsonValue) -> Any:
        if not isinstance(json, dict):
            return Unreadable("an object", json)
        return json if of_value is None else {key: of_value(held) for key, held in json.items()}

    return read
