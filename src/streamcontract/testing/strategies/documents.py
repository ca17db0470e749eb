"""Documents of valid schemas of any form.

Schemas are written as an author would write them, from the outside in, so that each is valid by
construction: a name is used only where it is visible, and a record contains itself only where its
values can end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
from hypothesis import strategies as st

from streamcontract.schema import AvroType, JsonValue, RecordType, Schema, parse_schema
from streamcontract.testing.strategies.forms import (
    Form,
    fixed_forms,
    logical_forms,
    primitive_forms,
)
from streamcontract.testing.strategies.names import (
    below,
    custom_attributes,
    docs,
    names,
    namespaces,
    unused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["draw_type", "schema_documents", "schemas", "schemas_with_references"]

_Json = dict[str, JsonValue]
_Defaults = st.SearchStrategy[Any] | None
T = TypeVar("T")

_MAX_DEPTH: Final = 4
_MAX_TYPES: Final = 12
_MAX_NEW_TYPES: Final = 4
_ALIASES: Final = st.lists(names(), max_size=2)
_SYMBOLS: Final = st.lists(names(), min_size=1, max_size=4, unique=True)
_NAMESPACES: Final = st.none() | namespaces()
_KEYS: Final = st.text(max_size=4)
_ORDERS: Final = ("ascending", "descending", "ignore")


def schema_documents(
    *, only_records: bool = False, ill_fitting: bool = True
) -> st.SearchStrategy[Any]:
    """Valid schemas as JSON, in the types that ``json.loads`` returns.

    They have names, namespaces, aliases, docs, defaults, orders and attributes of their own,
    every primitive, complex and logical type, references to earlier types and recursive
    records, all of whose values can end. Names may be keywords or builtins of Python; docs hold
    whatever text can hold.

    Args:
        only_records: Draw only schemas whose outermost type is a record.
        ill_fitting: Whether to draw logical types too that are unknown or do not fit the type
            they annotate, which readers must ignore by the Avro specification.

    Returns:
        A strategy for schemas: ``str`` for a bare primitive, ``dict``, or ``list`` for a union.

    Example:
        >>> from hypothesis import find
        >>> find(schema_documents(), lambda schema: True)
        'string'
    """
    return _documents(only_records=only_records, ill_fitting=ill_fitting)


def schemas(*, only_records: bool = False, ill_fitting: bool = True) -> st.SearchStrategy[Schema]:
    """Valid schemas, parsed.

    Args:
        only_records: As for :func:`schema_documents`.
        ill_fitting: As for :func:`schema_documents`.

    Returns:
        A strategy for :class:`~streamcontract.schema.Schema`.

    Example:
        >>> from hypothesis import find
        >>> find(schemas(), lambda schema: True).canonical_form
        '"string"'
    """
    return schema_documents(only_records=only_records, ill_fitting=ill_fitting).map(parse_schema)


def schemas_with_references(*, ill_fitting: bool = True) -> st.SearchStrategy[Schema]:
    """Valid schemas that use named types of other schemas, as a registry takes them.

    Args:
        ill_fitting: As for :func:`schema_documents`.

    Returns:
        A strategy for records whose ``references`` are the schemas that define what they use;
        those may have references of their own.

    Example:
        >>> from hypothesis import find
        >>> schema = find(schemas_with_references(), lambda schema: True)
        >>> print(schema.json)
        {"type": "record", "name": "a2", "fields": [{"name": "a", "type": "a"}]}
        >>> [reference.json for reference in schema.references]
        ['{"type": "record", "name": "a", "fields": []}']
    """
    return _linked_schemas(ill_fitting=ill_fitting)


def draw_type(
    draw: st.DrawFn,
    taken: set[str],
    *,
    namespace: str | None = None,
    excluded: frozenset[str] = frozenset(),
    union: bool = True,
) -> tuple[AvroType, st.SearchStrategy[Any] | None]:
    """Draw a small type for an existing schema.

    Args:
        draw: Draws.
        taken: Names that its named types must not have; theirs are added.
        namespace: The namespace around it.
        excluded: Names of branches that it must not have.
        union: Whether it may be a union.

    Returns:
        The type, and what a field of it may have as its default; None if it can have none.
    """
    author = _Author(draw=draw, ill_fitting=False, types_left=_MAX_NEW_TYPES, taken=taken)
    written = author.any_type(_Scope(namespace), excluded=excluded, union=union)
    holder = unused("Holder", set(taken), namespace)
    field = {"name": "held", "type": written.document}
    schema = parse_schema({"type": "record", "name": holder, "fields": [field]})
    record = schema.definitions[holder]
    assert isinstance(record, RecordType)  # noqa: S101 - it is the one just written
    return record.fields[0].type, written.defaults


@st.composite
def _documents(draw: st.DrawFn, *, only_records: bool, ill_fitting: bool) -> Any:
    author = _Author(draw=draw, ill_fitting=ill_fitting)
    scope = _Scope()
    return author.record(scope).document if only_records else author.any_type(scope).document


@st.composite
def _linked_schemas(draw: st.DrawFn, *, ill_fitting: bool) -> Schema:
    author = _Author(draw=draw, ill_fitting=ill_fitting)
    known: list[Schema] = []
    for _ in range(draw(st.integers(1, 2))):
        author.types_left = _MAX_NEW_TYPES
        document = author.named_type(_Scope()).document
        known.append(parse_schema(document, references=known))
    author.types_left = _MAX_NEW_TYPES
    target = draw(st.sampled_from(list(known[-1].definitions)))
    return parse_schema(author.linking_record(_Scope(), target), references=known)


@attrs.frozen
class _Scope:
    """The position in the schema where a type is written.

    Attributes:
        namespace: The enclosing namespace, None for the null namespace.
        depth: How many complex types stand around.
        owner: The record around, if a value of it cannot be without a value of what is written.
        barred: The records around of which that is true. To refer to one of them, or to what
            cannot be without one, would make a record with no finite value.
    """

    namespace: str | None = None
    depth: int = 0
    owner: str | None = None
    barred: frozenset[str] = frozenset()

    def deeper(self) -> _Scope:
        return attrs.evolve(self, depth=self.depth + 1)

    def optional(self) -> _Scope:
        """Inside something that can be empty or another branch."""
        return attrs.evolve(self, depth=self.depth + 1, owner=None, barred=frozenset())


@attrs.frozen
class _Written:
    """A schema, or a reference to one.

    Attributes:
        document: Its JSON.
        branch: The name that it has as a branch of a union.
        defaults: What a field of it may have as its default; None where it can have none.
        plain: Whether it is a primitive type without a logical type.
        logical: Whether it is annotated with a logical type.
    """

    document: Any
    branch: str
    defaults: _Defaults
    plain: bool = False
    logical: bool = False


@attrs.define
class _Author:
    """Writes one schema, and knows the names it has used."""

    draw: st.DrawFn
    ill_fitting: bool
    types_left: int = _MAX_TYPES
    taken: set[str] = attrs.field(factory=set)
    written: dict[str, _Written] = attrs.field(factory=dict)
    # For each record, those that each of its values must hold.
    needs: dict[str, set[str]] = attrs.field(factory=dict)

    def _pick(self, choices: Sequence[T]) -> T:
        return choices[self.draw(below(len(choices)))]

    def any_type(
        self, scope: _Scope, *, excluded: frozenset[str] = frozenset(), union: bool = True
    ) -> _Written:
        """A type that fits here, but none whose name as a branch is excluded."""
        choices: list[Callable[[], _Written]] = [
            lambda: self._primitive(excluded),
            lambda: self._logical(excluded),
        ]
        known = [each for each in self._visible(scope) if each not in excluded]
        if known:
            choices.append(lambda: self._reference(known, scope))
        if self.types_left > 0 and scope.depth < _MAX_DEPTH:
            choices.append(lambda: self._enum(scope))
            choices.append(lambda: self._fixed(scope))
            choices.append(lambda: self.record(scope))
            if "array" not in excluded:
                choices.append(lambda: self._container("array", "items", scope))
            if "map" not in excluded:
                choices.append(lambda: self._container("map", "values", scope))
            if union:
                choices.append(lambda: self._union(scope))
        return self._pick(choices)()

    def _primitive(self, excluded: frozenset[str]) -> _Written:
        form = self.draw(primitive_forms(excluded))
        if self._pick((True, True, True, False)):
            return _Written(form.type, form.type, form.defaults, plain=True)
        document = {**form.document, **self.draw(custom_attributes())}
        return _Written(document, form.type, form.defaults, plain=True)

    def _logical(self, excluded: frozenset[str]) -> _Written:
        form: Form = self.draw(logical_forms(excluded, ill_fitting=self.ill_fitting))
        return _Written(form.document, form.type, form.defaults, logical=True)

    def _container(self, kind: str, key: str, scope: _Scope) -> _Written:
        self.types_left -= 1
        inner = self.any_type(scope.optional())
        document: _Json = {"type": kind, key: inner.document, **self.draw(custom_attributes())}
        if inner.defaults is None:
            return _Written(document, kind, st.builds(list if kind == "array" else dict))
        if kind == "array":
            return _Written(document, kind, st.lists(inner.defaults, max_size=2))
        defaults = st.dictionaries(_KEYS, inner.defaults, max_size=2)
        return _Written(document, kind, defaults)

    def _union(self, scope: _Scope) -> _Written:
        self.types_left -= 1
        size = self._pick((1, 2, 3, 4))
        way_out = self._pick(range(size))
        branches: list[_Written] = []
        for place in range(size):
            # One branch must be there for values that end; the others are free to recur.
            inner = scope.deeper() if place == way_out else scope.optional()
            used = frozenset(branch.branch for branch in branches)
            branches.append(self.any_type(inner, excluded=used, union=False))
        document = [branch.document for branch in branches]
        return _Written(document, "union", _union_defaults(branches))

    def _enum(self, scope: _Scope) -> _Written:
        full_name, document, _ = self._named("enum", scope)
        symbols = self.draw(_SYMBOLS)
        document["symbols"] = list[JsonValue](symbols)
        if self._pick((False, True)):
            document["default"] = self._pick(symbols)
        return self._defined(full_name, document, st.sampled_from(symbols))

    def _fixed(self, scope: _Scope) -> _Written:
        full_name, document, _ = self._named("fixed", scope)
        form = self.draw(fixed_forms(ill_fitting=self.ill_fitting))
        document.update(form.document)
        logical = "logicalType" in form.document
        return self._defined(full_name, document, form.defaults, logical=logical)

    def named_type(self, scope: _Scope) -> _Written:
        """A record, an enum or a fixed."""
        return self._pick((self.record, self._enum, self._fixed))(scope)

    def record(self, scope: _Scope) -> _Written:
        """A record with up to five fields."""
        return self._record(scope)[0]

    def linking_record(self, scope: _Scope, target: str) -> Any:
        """A record's JSON with a field of a type that an earlier schema defines."""
        # A type of the null namespace can be referred to from nowhere else.
        written, used = self._record(scope, null_namespace="." not in target)
        fields = written.document["fields"]
        field = {"name": unused(self.draw(names()), used), "type": target}
        fields.insert(self._pick(range(len(fields) + 1)), field)
        return written.document

    def _record(self, scope: _Scope, *, null_namespace: bool = False) -> tuple[_Written, set[str]]:
        """A record, and the names that its fields have used."""
        full_name, document, namespace = self._named("record", scope, null_namespace=null_namespace)
        self.needs[full_name] = set()
        self.written[full_name] = _Written(full_name, full_name, None)
        if scope.owner is not None:
            self.needs[scope.owner].add(full_name)
        inner = _Scope(namespace, scope.depth + 1, full_name, scope.barred | {full_name})
        used: set[str] = set()
        fields: list[JsonValue] = []
        required: dict[str, _Defaults] = {}
        optional: dict[str, st.SearchStrategy[Any]] = {}
        for _ in range(self._pick(range(6))):
            field, written = self._field(inner, used)
            fields.append(field)
            if "default" in field and written.defaults is not None:
                optional[str(field["name"])] = written.defaults
            else:
                required[str(field["name"])] = written.defaults
        document["fields"] = fields
        return self._defined(full_name, document, _record_defaults(required, optional)), used

    def _field(self, scope: _Scope, used: set[str]) -> tuple[_Json, _Written]:
        field: _Json = {"name": unused(self.draw(names()), used)}
        written = self.any_type(scope)
        field["type"] = written.document
        if self._pick((False, True)) and written.defaults is not None:
            field["default"] = self.draw(written.defaults)
        if self._pick((False, True)):
            self._extras(field)
            aliases = self.draw(_ALIASES)
            if aliases:
                field["aliases"] = [unused(alias, used) for alias in aliases]
            if self._pick((False, True)):
                field["order"] = self._pick(_ORDERS)
        return field, written

    def _named(
        self, kind: str, scope: _Scope, *, null_namespace: bool = False
    ) -> tuple[str, _Json, str | None]:
        """Full name, the attributes all named types have, and the namespace for what is inside."""
        self.types_left -= 1
        name = self.draw(names())
        namespace = scope.namespace
        if null_namespace:
            namespace = None
        elif self._pick((False, False, True)):
            namespace = self.draw(_NAMESPACES)
        full_name = unused(name, self.taken, namespace)
        name = full_name.rpartition(".")[2]
        document: _Json = {"type": kind, "name": name}
        if namespace != scope.namespace or self._pick((False, True)):
            if namespace is not None and self._pick((False, True)):
                document["name"] = full_name
            elif namespace is not None or scope.namespace is not None:
                document["namespace"] = namespace or ""
        if self._pick((False, True)):
            self._extras(document)
            aliases = self.draw(_ALIASES)
            if aliases:
                document["aliases"] = [self._alias(alias, namespace) for alias in aliases]
        return full_name, document, namespace

    def _alias(self, name: str, namespace: str | None) -> str:
        full_name = unused(name, self.taken, namespace)
        return full_name if self._pick((False, True)) else full_name.rpartition(".")[2]

    def _extras(self, document: _Json) -> None:
        document["doc"] = self.draw(docs())
        document.update(self.draw(custom_attributes()))

    def _defined(
        self,
        full_name: str,
        document: _Json,
        defaults: _Defaults,
        *,
        logical: bool = False,
    ) -> _Written:
        written = _Written(document, full_name, defaults, logical=logical)
        self.written[full_name] = written
        return written

    def _visible(self, scope: _Scope) -> list[str]:
        """The full names that can be referred to here."""
        return [
            name
            for name in self.written
            # A name without a dot is looked for in the enclosing namespace only ("Names").
            if ("." in name or scope.namespace is None)
            and scope.barred.isdisjoint(self._needed_by(name))
        ]

    def _needed_by(self, name: str) -> set[str]:
        """``name`` and all records that a value of it must hold."""
        found: set[str] = set()
        pending = [name]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(self.needs.get(current, ()))
        return found

    def _reference(self, known: list[str], scope: _Scope) -> _Written:
        full_name = self._pick(known)
        if scope.owner is not None:
            self.needs[scope.owner].add(full_name)
        namespace, _, name = full_name.rpartition(".")
        spelled = full_name
        if namespace == (scope.namespace or "") and self._pick((False, True)):
            spelled = name
        return attrs.evolve(self.written[full_name], document=spelled)


def _record_defaults(
    required: dict[str, _Defaults], optional: dict[str, st.SearchStrategy[Any]]
) -> _Defaults:
    """Defaults of a record, which may leave out the fields that have defaults of their own."""
    known = {name: defaults for name, defaults in required.items() if defaults is not None}
    if len(known) < len(required):
        return None
    return st.fixed_dictionaries(known, optional=optional)


def _union_defaults(branches: list[_Written]) -> _Defaults:
    """Defaults of the first branch, or since Avro 1.12 of any.

    Another branch's default must not be taken for an earlier logical type that it does not fit,
    so these come from plain types without one before.
    """
    choices = [branches[0].defaults]
    if not any(branch.logical for branch in branches):
        choices += [branch.defaults for branch in branches[1:] if branch.plain]
    possible = [defaults for defaults in choices if defaults is not None]
    return st.one_of(possible) if possible else None
