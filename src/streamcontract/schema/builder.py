"""Builder of the schema model from JSON values, with a list of every fault.

The rules are those of "Schema Declaration" in the Avro 1.12 specification. A fault does not end the
walk: it is noted, the faulty part counts as any type, and the rest is checked. A forgiven fault is
noted too, and the schema has the meaning of the clause.
"""

from __future__ import annotations

import json
import marshal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, cast

from streamcontract.errors import SchemaFault
from streamcontract.schema.attributes import AttributeParser, Json, unknown_attributes
from streamcontract.schema.definitions import Definition, definitions_in
from streamcontract.schema.document import MAX_DEPTH, OUT_OF_STACK
from streamcontract.schema.field_defaults import FieldDefaults
from streamcontract.schema.imports import Imports
from streamcontract.schema.leniency import (
    FORWARD_REFERENCE,
    LOGICAL_LIMIT,
    STRICT,
    WRAPPED_NAME,
    Clause,
    Forgiven,
    Leniency,
)
from streamcontract.schema.logical import declared_logical_type, used_attributes
from streamcontract.schema.model import (
    MISSING,
    PRIMITIVE_NAMES,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    LogicalType,
    MapType,
    PrimitiveName,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.named_types import NamedTypes
from streamcontract.schema.names import Guesser, join
from streamcontract.schema.unknown import used_before_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["Builder"]

_MAX_STEPS: Final = MAX_DEPTH - 3
"""Steps of a pointer to a type, with room for the brackets of a record and its fields."""

_PRIMITIVES: Final = frozenset(PRIMITIVE_NAMES)

# The attributes that Avro defines, by the kind of their owner; all others are kept unchanged.
_TYPE: Final = frozenset({"type"})
_ARRAY: Final = frozenset({"type", "items"})
_MAP: Final = frozenset({"type", "values"})
_NAMED: Final = frozenset({"type", "name", "namespace", "doc", "aliases"})
_RECORD: Final = _NAMED | {"fields"}
_ENUM: Final = _NAMED | {"symbols", "default"}
_FIXED: Final = _NAMED | {"size"}
_FIELD: Final = frozenset({"name", "type", "doc", "order", "aliases", "default"})


class Builder:
    """Builds the model of one schema.

    Args:
        imports: Finds named types that the schema does not define.
        source: The file it was read from, or None.
        leniency: What is forgiven.

    Attributes:
        faults: What is wrong with this schema, in no special order, without lines and columns.
        forgiven: What would be wrong, had it not been forgiven; likewise.
        named: The named types that it defines and uses.
    """

    def __init__(self, imports: Imports, source: str | None, leniency: Leniency = STRICT) -> None:
        self._source = source
        self._leniency = leniency
        self.faults: list[SchemaFault] = []
        self.forgiven: list[Forgiven] = []
        self._read = AttributeParser(self._fault)
        # The type in place of a wrong or unknown one. It and other types with faults of their own
        # take any default, to avoid a second message about the same mistake.
        self._broken = PrimitiveType(name="null")
        self._faulty = {id(self._broken)}
        guesser = Guesser()
        self.named = NamedTypes(imports, leniency, self._fault, self._broken, guesser)
        self._defaults = FieldDefaults(leniency, self._fault, self._faulty, guesser, self._is_sound)
        # For names that are defined later: the definitions, the types built from them, and the
        # difference in depth between the model and the text.
        self._json: JsonValue = None
        self._built: dict[str, AvroType] = {}
        self._deeper = 0
        self._kinds: Mapping[str, Callable[[Json, str, str], AvroType]] = {
            **dict.fromkeys(PRIMITIVE_NAMES, self._primitive),
            "array": self._array,
            "map": self._map,
            "record": self._record,
            "error": self._record,
            "enum": self._enum,
            "fixed": self._fixed,
        }

    def build(self, value: JsonValue) -> AvroType:
        """Build the model of a whole schema, which must not be used if there are faults."""
        self._json = value
        try:
            root = self._type(value, "", "")
            self._defaults.check()
            self.named.check()
        except RecursionError:
            self._fault("", OUT_OF_STACK)
            return self._broken
        return root

    def _is_sound(self) -> bool:
        """Whether there are no faults so far, and every name is known."""
        return not self.faults and not self.named.unknown

    def _fault(self, pointer: str, message: str, clause: Clause | None = None) -> bool:
        """Note a fault, as forgiven if ``clause`` applies; return whether it is forgiven."""
        fault = SchemaFault(pointer, message)
        if clause is not None and clause in self._leniency:
            self.forgiven.append(Forgiven(clause, fault))
            return True
        self.faults.append(fault)
        return False

    def _type(self, value: JsonValue, pointer: str, namespace: str) -> AvroType:
        if self._deeper > 0 and pointer.count("/") + self._deeper > _MAX_STEPS:
            self._fault(pointer, f"names lead to types inside types, more than {MAX_DEPTH} levels")
            return self._broken
        if isinstance(value, str):
            return self._named_type(value, pointer, namespace)
        if isinstance(value, list):
            return self._union(value, pointer, namespace)
        if isinstance(value, dict):
            kind = value.get("type")
            build = self._kinds.get(kind) if isinstance(kind, str) else None
            if build is None:
                return self._no_such_kind(value, pointer, namespace)
            return self._built.get(pointer) or build(value, pointer, namespace)
        self._fault(pointer, "a schema is a type's name, an object with a type, or a union")
        return self._broken

    def _no_such_kind(self, value: Json, pointer: str, namespace: str) -> AvroType:
        if "type" not in value:
            self._fault(pointer, 'the object has no "type"; give one, such as "type": "record"')
            return self._broken
        kind, pointer = value["type"], f"{pointer}/type"
        if isinstance(kind, dict | list):
            # "{"type": "typeName", ...}" is the one form of an object in "Schema Declaration".
            self._fault(pointer, "an object's type is a name; put this schema in its place")
        elif not isinstance(kind, str):
            self._fault(pointer, "a type is named by a string")
        else:
            node = self._named_type(kind, pointer, namespace)
            message = f"a named type is used by its name alone: {json.dumps(kind)}, no object"
            if node is not self._broken and self._fault(pointer, message, WRAPPED_NAME):
                return node
        return self._broken

    def _named_type(self, name: str, pointer: str, namespace: str) -> AvroType:
        """A primitive type, or the named type that ``name`` refers to."""
        if name in _PRIMITIVES:
            return PrimitiveType(name=name, pointer=pointer)
        # "References to previously defined names": a simple name means the enclosing namespace.
        # If that has no such type, it means the null namespace's, which has no other form inside a
        # namespace; Avro's Java library writes such schemas into registries.
        full_names = tuple(dict.fromkeys((join(namespace, name), name)))
        for full_name in full_names:
            node = self.named.known(full_name, pointer)
            if node is not None:
                return node
        for full_name in full_names:
            node = self._defined_later(full_name, pointer)
            if node is not None:
                return node
        # A file's own definitions have precedence over those of other files.
        if self._own_names.isdisjoint(full_names):
            for full_name in full_names:
                node = self.named.of_files(full_name, pointer)
                if node is not None:
                    return node
        self.named.unknown.append((pointer, name, namespace))
        return self._broken

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """The full names of all definitions in the JSON."""
        return frozenset(each.full_name for each in definitions_in(self._json))

    @cached_property
    def _later(self) -> dict[str, Definition]:
        """The definitions for names that are used earlier; each is removed at its use."""
        if FORWARD_REFERENCE not in self._leniency:
            return {}
        # The first definition of a name, built before the walk reaches it.
        return {each.full_name: each for each in reversed([*definitions_in(self._json)])}

    def _defined_later(self, full_name: str, pointer: str) -> AvroType | None:
        """Build the type of a name that is defined later; None if there is none."""
        definition = self._later.pop(full_name, None)
        if definition is None:
            return None
        where = definition.pointer
        self._fault(pointer, used_before_definition(full_name, where), FORWARD_REFERENCE)
        around = self._deeper
        self._deeper += pointer.count("/") - where.count("/")
        build = self._kinds[str(definition.json["type"])]
        node = self._built[where] = build(definition.json, where, definition.namespace)
        self._deeper = around
        return node

    def _primitive(self, value: Json, pointer: str, _: str) -> AvroType:
        name = cast("PrimitiveName", value["type"])
        logical = self._logical(value, pointer, name)
        attributes = unknown_attributes(value, _TYPE | used_attributes(logical))
        return PrimitiveType(name=name, logical=logical, attributes=attributes, pointer=pointer)

    def _array(self, value: Json, pointer: str, namespace: str) -> AvroType:
        items = self._inner("items", "an array", value, pointer, namespace)
        return ArrayType(items=items, attributes=unknown_attributes(value, _ARRAY), pointer=pointer)

    def _map(self, value: Json, pointer: str, namespace: str) -> AvroType:
        values = self._inner("values", "a map", value, pointer, namespace)
        return MapType(values=values, attributes=unknown_attributes(value, _MAP), pointer=pointer)

    def _inner(self, key: str, owner: str, value: Json, pointer: str, namespace: str) -> AvroType:
        if key in value:
            return self._type(value[key], f"{pointer}/{key}", namespace)
        self._read.need(key, owner, "a schema", value, pointer)
        return self._broken

    def _union(self, value: list[JsonValue], pointer: str, namespace: str) -> AvroType:
        branches = []
        seen: set[tuple[bool, str]] = set()
        for index, item in enumerate(value):
            here = f"{pointer}/{index}"
            branch = self._type(item, here, namespace)
            branches.append(branch)
            if isinstance(branch, UnionType):
                self._fault(here, "a union directly in a union; list its branches in the outer one")
                self._faulty.add(id(branch))
            elif branch is not self._broken:
                # A record may be called "map" in a union with a map: "Names" permits it.
                key = (isinstance(branch, RecordType | EnumType | FixedType), branch_name(branch))
                if key in seen:
                    self._fault(here, f"the union has {key[1]} already; keep one")
                seen.add(key)
        return UnionType(branches=tuple(branches), pointer=pointer)

    def _record(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name = self._read.full_name(value, pointer, namespace, "a record")
        node = RecordType(
            full_name=full_name,
            aliases=self._read.type_aliases(value, pointer, full_name),
            doc=self._read.doc(value, pointer),
            attributes=unknown_attributes(value, _RECORD),
            pointer=pointer,
            source=self._source,
            is_error=value["type"] == "error",
        )
        defined = self.named.define(node)
        fields = value.get("fields")
        if isinstance(fields, list):
            node._fill(self._fields(node, fields))  # noqa: SLF001 - the model's way to close a circle
        else:
            self._read.need("fields", "a record", "an array, [] for none", value, pointer)
            self._faulty.add(id(node))
        return defined

    def _fields(self, record: RecordType, fields: list[JsonValue]) -> tuple[Field, ...]:
        namespace = record.full_name.rpartition(".")[0]
        built: dict[str, Field] = {}
        for index, value in enumerate(fields):
            pointer = f"{record.pointer}/fields/{index}"
            field = _shared(value, pointer) or self._field(value, pointer, namespace)
            if field is None:
                self._faulty.add(id(record))
            elif built.setdefault(field.name, field) is not field:
                message = f'{record.full_name} has a field "{field.name}" already'
                self._fault(f"{pointer}/name", message)
        return tuple(built.values())

    def _field(self, value: JsonValue, pointer: str, namespace: str) -> Field | None:
        if not isinstance(value, dict):
            self._fault(pointer, 'a field is an object: {"name": ..., "type": ...}')
            return None
        name = self._read.field_name(value, pointer)
        kind = self._inner("type", "a field", value, pointer, namespace)
        field = Field(
            name=name or "",
            type=kind,
            default=self._defaults.read(kind, value.get("default", MISSING), f"{pointer}/default"),
            aliases=self._read.aliases(value, pointer),
            doc=self._read.doc(value, pointer),
            order=self._read.order(value, pointer),
            attributes=unknown_attributes(value, _FIELD),
            pointer=pointer,
        )
        if field.has_default:
            self._defaults.add(field, f"{pointer}/default")
        return None if name is None else field

    def _enum(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name = self._read.full_name(value, pointer, namespace, "an enum")
        before = len(self.faults)
        symbols = self._read.symbols(value, pointer)
        node = EnumType(
            full_name=full_name,
            aliases=self._read.type_aliases(value, pointer, full_name),
            doc=self._read.doc(value, pointer),
            attributes=unknown_attributes(value, _ENUM),
            pointer=pointer,
            source=self._source,
            symbols=symbols,
            default=self._read.enum_default(value, pointer, symbols),
        )
        if len(self.faults) > before:
            self._faulty.add(id(node))
        return self.named.define(node)

    def _fixed(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name = self._read.full_name(value, pointer, namespace, "a fixed")
        size = self._read.size(value, pointer)
        logical = self._logical(value, pointer, "fixed", size)
        node = FixedType(
            full_name=full_name,
            aliases=self._read.type_aliases(value, pointer, full_name),
            doc=self._read.doc(value, pointer),
            attributes=unknown_attributes(value, _FIXED | used_attributes(logical)),
            pointer=pointer,
            source=self._source,
            size=size or 0,
            logical=logical,
        )
        if size is None:
            self._faulty.add(id(node))
        return self.named.define(node)

    def _logical(
        self, value: Json, pointer: str, base: str, size: int | None = None
    ) -> LogicalType | None:
        """The logical type that a definition declares, if it applies."""
        declared = declared_logical_type(value, base, size)
        if isinstance(declared, LogicalType):
            return declared
        if declared is not None and declared.is_beyond_limits:
            self._fault(f"{pointer}/{declared.attribute}", declared.reason, LOGICAL_LIMIT)
        return None


def _shared(value: JsonValue, pointer: str) -> Field | None:
    """A field without named types and faults, which is shared for the same JSON."""
    if isinstance(value, dict) and _is_plain(value.get("type")):
        # Equal values may have several texts; then a field is built twice, which is only slower.
        return _plain_field(marshal.dumps(value, 2), pointer)
    return None


def _is_plain(value: JsonValue) -> bool:
    """Whether a type is primitive, or made of primitive types only."""
    if isinstance(value, str):
        return value in _PRIMITIVES
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if not isinstance(value, dict):
        return False
    match value.get("type"):
        case "array":
            return _is_plain(value.get("items"))
        case "map":
            return _is_plain(value.get("values"))
        case str(name):
            return name in _PRIMITIVES
        case _:
            return False


@lru_cache(maxsize=8_192)  # the fields of the versions of a few wide records
def _plain_field(dumped: bytes, pointer: str) -> Field | None:
    """Build a field on its own; None if it has a fault, which its schema's builder reports.

    The versions of a schema have most of their fields in common: these are built once, and resolved
    once, because nodes are compared by identity. The pointer is part of the key, so that no schema
    has the same node twice.
    """
    builder = Builder(Imports(()), None)
    field = builder._field(marshal.loads(dumped), pointer, "")  # noqa: S302, SLF001 - dumped above; its own
    builder._defaults.check()  # noqa: SLF001 - likewise
    return None if builder.faults else field
