"""Values of any schema: plain values, or records of generated classes."""

from __future__ import annotations

import functools
import math
import pathlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from streamcontract.codec.bindings import contract_of
from streamcontract.errors import ConfigurationError
from streamcontract.schema import (
    ArrayType,
    AvroType,
    MapType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
    parse_schema,
)
from streamcontract.testing.strategies.leaves import leaf
from streamcontract.testing.strategies.overrides import Overrides, checked_overrides
from streamcontract.testing.strategies.shape import heights, recurring

if TYPE_CHECKING:
    from streamcontract.codec import Contract
    from streamcontract.codec.contract import RecordClass

__all__ = ["field_values", "from_schema", "keys", "records"]

T = TypeVar("T")
Key = TypeVar("Key")

_NO_TYPES: Final[Mapping[str, type]] = MappingProxyType({})
_NO_OVERRIDES: Final = Overrides()

# The depth of recursive records after which every choice ends the recursion.
_RECURSION_DEPTH: Final = 3
_MAX_ITEMS: Final = 5
_MAX_RECURRING_ITEMS: Final = 2
# The number of cached strategies, which is enough for a project's own schemas.
_KEPT: Final = 256


def from_schema(
    schema: Schema | str | dict[str, Any] | list[Any] | pathlib.Path,
    overrides: Mapping[str, st.SearchStrategy[Any]] | None = None,
    /,
    *,
    tag_unions: bool = False,
) -> st.SearchStrategy[Any]:
    """Plain values of a schema, which ``Codec(schema)`` encodes and decodes.

    Records are drawn as ``dict``, enums as ``str``, logical types as the Python types that the
    codec has for them. Every value is equal after encoding and decoding. Values are built, never
    drawn and rejected, and shrink to the smallest readable one: empty strings and arrays, zeros,
    ``None`` if a union allows it.

    Args:
        schema: A schema, or a source for ``parse_schema``.
        overrides: Strategies for single fields, by their paths: names joined by dots,
            which pass through arrays, maps and unions, so that ``"lines.price"`` is the price of
            every line. Nothing checks that these values fit the field.
        tag_unions: Draw the values of unions as ``(branch name, value)``, which chooses the
            branch, and to which ``Codec(schema, tag_unions=True)`` decodes. Bare values take the
            first branch that fits, so a branch after one that takes all its values
            (``["long", "int"]``) is never written. An override of a union is drawn unchanged.

    Returns:
        A strategy for values.

    Raises:
        InvalidArgument: No value of this schema is finite, such as those of a record that
            contains itself in a field of its own type; or a path names no field.
        SchemaParseError: ``schema`` is not a valid schema.

    Example:
        >>> from hypothesis import find, strategies as st
        >>> point = {
        ...     "type": "record",
        ...     "name": "Point",
        ...     "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": ["int", "null"]}],
        ... }
        >>> find(from_schema(point), lambda value: True)
        {'x': 0, 'y': None}
        >>> find(from_schema(point, {"x": st.integers(7, 9)}), lambda value: True)
        {'x': 7, 'y': None}
    """
    parsed = schema if isinstance(schema, Schema) else parse_schema(schema)
    if not overrides:
        return _values(parsed, tag_unions=tag_unions)
    checked = checked_overrides(parsed.root, overrides, _schema_names)
    return _Builder(parsed.root, tag_unions=tag_unions).strategy(checked)


def records(
    record_class: type[T],
    overrides: Mapping[str, st.SearchStrategy[Any]] | None = None,
    /,
    **fields: st.SearchStrategy[Any],
) -> st.SearchStrategy[T]:
    """Records of a generated class.

    Args:
        record_class: A class that a contract binds to a record of its schema.
        overrides: Strategies for single fields, by their paths: names joined by dots,
            which pass through lists, dicts and unions, so that ``"lines.price"`` is the price of
            every line. Names are those of the class's constructor. Nothing checks
            that these values fit the field.
        fields: The same for fields of the outermost record, by name.

    Returns:
        A strategy for instances. ``st.from_type(record_class)`` gives the same.

    Raises:
        InvalidArgument: The class is not bound to a record, or has no finite value; or an override
            names no field.

    Example:
        >>> from hypothesis import find, strategies as st
        >>> from streamcontract import Stock
        >>> bars = records(Stock, symbol=st.sampled_from(["AAPL", "MSFT"]))
        >>> find(bars, lambda bar: True).symbol
        'AAPL'
    """
    both = {**(overrides or {}), **fields}
    if not both:
        return _records(record_class)  # type: ignore[arg-type]  # classes are hashable
    node, contract = _bound_record(record_class)
    for name in fields:
        if overrides and name in overrides:
            raise InvalidArgument(f"{name} is overridden twice: by path and by keyword")
    names = functools.partial(_python_names, contract.types)
    checked = checked_overrides(node, both, names)
    return _Builder(node, types=contract.types).strategy(checked)


@overload
def keys(record_class: RecordClass[Any, Key]) -> st.SearchStrategy[Key]: ...
@overload
def keys(record_class: type) -> st.SearchStrategy[Any]: ...


def keys(record_class: Any) -> st.SearchStrategy[Any]:
    """Keys for messages with records of a generated class, by its contract.

    Keys of a key schema are of its generated classes; keys from a field are of the field's type. A
    contract without a key may have any bytes, or none.

    Args:
        record_class: A class that a contract binds to the record of its schema.

    Raises:
        InvalidArgument: The class is not bound to a record, or there is no finite key.

    Example:
        >>> from hypothesis import find
        >>> from streamcontract import Stock
        >>> find(keys(Stock), lambda key: key > "")
        '0'
    """
    node, contract = _bound_record(record_class)
    if contract.key_schema is not None:
        return _Builder(contract.key_schema.root, types=contract.keys.types).strategy()
    for field in node.fields:
        if field.name == contract.key:
            return _Builder(field.type, types=contract.types).strategy()
    return st.none() | st.binary()


@functools.lru_cache(maxsize=_KEPT)
def _values(schema: Schema, *, tag_unions: bool) -> st.SearchStrategy[Any]:
    return _Builder(schema.root, tag_unions=tag_unions).strategy()


@functools.lru_cache(maxsize=_KEPT)
def _records(record_class: type) -> st.SearchStrategy[Any]:
    node, contract = _bound_record(record_class)
    return _Builder(node, types=contract.types).strategy()


@functools.lru_cache(maxsize=_KEPT)
def field_values(record_class: type, index: int) -> st.SearchStrategy[Any]:
    """Values of one field of a generated class, by its index, for Hypothesis's plugin."""
    node, contract = _bound_record(record_class)
    return _Builder(node.fields[index].type, types=contract.types).strategy()


def _bound_record(record_class: type) -> tuple[RecordType, Contract]:
    try:
        contract, full_name = contract_of(record_class)
    except ConfigurationError as error:
        raise InvalidArgument(
            f"{record_class!r} is not bound to a contract's record: {error}"
        ) from None
    node = _bound_type(contract, full_name, record_class)
    if not isinstance(node, RecordType):
        raise InvalidArgument(f"{record_class!r} is bound to an enum, not to a record")
    return node, contract


def _bound_type(contract: Contract, full_name: str, record_class: type) -> AvroType:
    for schema in (contract.schema, contract.key_schema):
        if schema is not None and full_name in schema.named_types:
            return schema.named_types[full_name]
    raise InvalidArgument(f"{record_class!r} is bound to {full_name}, which its contract lacks")


def _argument_names(record_class: type) -> list[str]:
    return [attribute.alias for attribute in attrs.fields(record_class)]


def _schema_names(node: RecordType) -> list[str]:
    return [field.name for field in node.fields]


def _python_names(types: Mapping[str, type], node: RecordType) -> list[str]:
    bound = types.get(node.full_name)
    return _schema_names(node) if bound is None else _argument_names(bound)


class _Builder:
    """Builds the strategies of one root node, one for each node and depth.

    Recursion ends because each recursive record reduces the level by one, and at level 0 arrays and
    maps of recursive types are empty and unions take a branch that ends.
    """

    def __init__(
        self,
        root: AvroType,
        *,
        types: Mapping[str, type] = _NO_TYPES,
        tag_unions: bool = False,
    ) -> None:
        self._root = root
        self._types = types
        self._tag_unions = tag_unions
        self._heights = heights(root)
        self._recurring, self._looping = recurring(root)
        self._made: dict[tuple[AvroType, int], st.SearchStrategy[Any]] = {}

    def strategy(self, overrides: Overrides = _NO_OVERRIDES) -> st.SearchStrategy[Any]:
        if math.isinf(self._heights[self._root]):
            raise InvalidArgument(f"there is no finite value of {branch_name(self._root)}")
        return self._of(self._root, _RECURSION_DEPTH, overrides)

    def _of(
        self, node: AvroType, depth: int, overrides: Overrides = _NO_OVERRIDES
    ) -> st.SearchStrategy[Any]:
        if overrides.strategy is not None:
            return overrides.strategy
        if math.isinf(self._heights[node]):
            return st.nothing()
        if overrides:
            return self._make(node, depth, overrides)
        key = (node, depth)
        if key not in self._made:
            self._made[key] = self._make(node, depth, overrides)
        return self._made[key]

    def _make(self, node: AvroType, depth: int, overrides: Overrides) -> st.SearchStrategy[Any]:
        match node:
            case RecordType():
                return self._record(node, depth, overrides)
            case UnionType():
                return self._union(node, depth, overrides)
            case ArrayType():
                items, most = self._repeated(node.items, depth, overrides)
                return st.lists(items, max_size=most)
            case MapType():
                values, most = self._repeated(node.values, depth, overrides)
                return st.dictionaries(st.text(), values, max_size=most)
            case _:
                bound = self._types.get(branch_name(node))
                return leaf(node, enum_class=bound)

    def _record(self, node: RecordType, depth: int, overrides: Overrides) -> st.SearchStrategy[Any]:
        if node in self._looping:
            depth = max(depth - 1, 0)
        names = _python_names(self._types, node)
        fields = {
            name: self._of(field.type, depth, overrides.inner.get(name, _NO_OVERRIDES))
            for name, field in zip(names, node.fields, strict=True)
        }
        bound = self._types.get(node.full_name)
        return st.fixed_dictionaries(fields) if bound is None else st.builds(bound, **fields)

    def _repeated(
        self, node: AvroType, depth: int, overrides: Overrides
    ) -> tuple[st.SearchStrategy[Any], int]:
        """The items of an array or a map, and their maximum number."""
        if math.isinf(self._heights[node]):
            return st.nothing(), 0
        if node not in self._recurring:
            return self._of(node, depth, overrides), _MAX_ITEMS
        if depth == 0:
            return st.nothing(), 0
        return self._of(node, depth, overrides), _MAX_RECURRING_ITEMS

    def _union(self, node: UnionType, depth: int, overrides: Overrides) -> st.SearchStrategy[Any]:
        branches = []
        for branch in node.branches:
            if depth == 0 and branch not in self._ways_out(node):
                continue
            values = self._of(branch, depth, overrides)
            if self._tag_unions:
                values = st.tuples(st.just(branch_name(branch)), values)
            branches.append((branch, values))
        # Values shrink to the first: nothing is smaller than null.
        branches.sort(key=lambda pair: _is_null(pair[0]), reverse=True)
        return st.one_of([values for _, values in branches])

    def _ways_out(self, node: UnionType) -> list[AvroType]:
        """The branches that end a recursive value."""
        ending = [branch for branch in node.branches if branch not in self._recurring]
        lowest = self._heights[node]
        return ending or [each for each in node.branches if self._heights[each] == lowest]


def _is_null(node: AvroType) -> bool:
    return isinstance(node, PrimitiveType) and node.name == "null"
