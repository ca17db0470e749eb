"""JSON values become the schema model, or a list of every fault on the way.

The rules are those of "Schema Declaration" in the Avro 1.12 specification. A fault never ends the
walk: what is broken is noted, stands for any type, and the rest is checked as if it were fine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, cast

from streamcontract.errors import SchemaFault
from streamcontract.schema.defaults import default_faults, never_ends
from streamcontract.schema.imports import Imported, Imports, Unusable
from streamcontract.schema.logical import fitting_logical_type
from streamcontract.schema.model import (
    MISSING,
    PRIMITIVE_NAMES,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    MapType,
    NamedType,
    PrimitiveName,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.names import is_full_name, is_name, join
from streamcontract.schema.schema import Schema
from streamcontract.schema.unknown import unknown_type_message

__all__ = ["Builder"]

Json = Mapping[str, JsonValue]

_NO_ATTRIBUTES: Final[Json] = MappingProxyType({})
_PRIMITIVES: Final = frozenset(PRIMITIVE_NAMES)
_ORDERS: Final = ("ascending", "descending", "ignore")

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
        imports: Where to find named types that the schema does not define.
        source: The file it was read from, or None.

    Attributes:
        faults: What is wrong with this schema, in no special order, without lines and columns.
        foreign_faults: What is wrong with the files of types that it uses.
        definitions: The named types defined so far, by full name.
        references: The schemas of types used but not defined here, in the order of first use.
    """

    def __init__(self, imports: Imports, source: str | None) -> None:
        self._imports = imports
        self._source = source
        self.faults: list[SchemaFault] = []
        self.foreign_faults: list[SchemaFault] = []
        self.definitions: dict[str, NamedType] = {}
        self.references: list[Schema] = []
        # Stands for a type that is wrong or unknown.
        self._broken = PrimitiveType(name="null")
        self._skip = {id(self._broken)}
        self._unknown: list[tuple[str, str, str]] = []
        self._defaults: list[tuple[Field, str]] = []
        self._kinds: dict[str, Callable[[Json, str, str], AvroType]] = {
            "array": self._array,
            "map": self._map,
            "record": self._record,
            "error": self._record,
            "enum": self._enum,
            "fixed": self._fixed,
        }

    def build(self, value: JsonValue) -> AvroType:
        """Build the model of a whole schema; it is of no use if there are faults afterwards."""
        try:
            root = self._type(value, "", "")
            self._check_defaults()
        except RecursionError:
            # The depth of the JSON is limited, but the caller may have used up the stack.
            self._fault("", "nested too deeply for what is left of Python's recursion limit")
            return self._broken
        for pointer, name, namespace in self._unknown:
            message = unknown_type_message(name, namespace, self.definitions, self._imports)
            self._fault(pointer, message)
        self._check_foreign_definitions()
        return root

    def _fault(self, pointer: str, message: str) -> None:
        self.faults.append(SchemaFault(pointer, message))

    # Types

    def _type(self, value: JsonValue, pointer: str, namespace: str) -> AvroType:
        if isinstance(value, str):
            return self._named_type(value, pointer, namespace)
        if isinstance(value, list):
            return self._union(value, pointer, namespace)
        if isinstance(value, dict):
            kind = value.get("type")
            if isinstance(kind, str):
                build = self._kinds.get(kind)
                if build is not None:
                    return build(value, pointer, namespace)
                if kind in _PRIMITIVES:
                    return self._primitive(value, pointer)
            return self._no_such_kind(value, pointer, namespace)
        self._fault(
            pointer, "a schema is a type's name in quotes, an object with a type, or a union's list"
        )
        return self._broken

    def _no_such_kind(self, value: Json, pointer: str, namespace: str) -> AvroType:
        kind = value.get("type")
        if "type" not in value:
            self._fault(pointer, 'the object has no "type"; name one, such as "type": "record"')
        elif isinstance(kind, str):
            if self._named_type(kind, f"{pointer}/type", namespace) is not self._broken:
                self._fault(
                    f"{pointer}/type",
                    "an object declares a type; to use a named one, write its name alone: "
                    f"{json.dumps(kind)}",
                )
        elif isinstance(kind, dict | list):
            self._fault(
                f"{pointer}/type",
                "the type of an object is a name; write this schema in place of the object",
            )
        else:
            self._fault(f"{pointer}/type", "a type is named by a string")
        return self._broken

    def _named_type(self, name: str, pointer: str, namespace: str) -> AvroType:
        """A primitive type, or the named type that ``name`` refers to."""
        if name in _PRIMITIVES:
            return PrimitiveType(name=cast("PrimitiveName", name), pointer=pointer)
        # "References to previously defined names" in "Names": a simple name means the enclosing
        # namespace. If that has no such type, the null namespace's is meant: it cannot be referred
        # to in any other way from inside a namespace, and Avro's Java library, whose schemas fill
        # the registries, writes and reads it so.
        for full_name in dict.fromkeys((join(namespace, name), name)):
            node = self._lookup(full_name, pointer)
            if node is not None:
                return node
        self._unknown.append((pointer, name, namespace))
        return self._broken

    def _lookup(self, full_name: str, pointer: str) -> AvroType | None:
        node = self.definitions.get(full_name)
        if node is not None:
            return node
        match self._imports.find(full_name):
            case Imported(schema, node):
                if not any(schema is known for known in self.references):
                    self.references.append(schema)
                return node
            case Unusable(message, faults):
                self.foreign_faults.extend(faults)
                if message is not None:
                    self._fault(pointer, message)
                return self._broken
            case _:
                return None

    def _primitive(self, value: Json, pointer: str) -> AvroType:
        name = cast("PrimitiveName", value["type"])
        logical, used = fitting_logical_type(value, name)
        return PrimitiveType(
            name=name,
            logical=logical,
            attributes=_attributes(value, _TYPE | used),
            pointer=pointer,
        )

    def _array(self, value: Json, pointer: str, namespace: str) -> AvroType:
        items = self._inner("items", "an array", value, pointer, namespace)
        return ArrayType(items=items, attributes=_attributes(value, _ARRAY), pointer=pointer)

    def _map(self, value: Json, pointer: str, namespace: str) -> AvroType:
        values = self._inner("values", "a map", value, pointer, namespace)
        return MapType(values=values, attributes=_attributes(value, _MAP), pointer=pointer)

    def _inner(self, key: str, what: str, value: Json, pointer: str, namespace: str) -> AvroType:
        if key not in value:
            self._fault(pointer, f'{what} needs "{key}": the schema of what it holds')
            return self._broken
        return self._type(value[key], f"{pointer}/{key}", namespace)

    def _union(self, value: list[JsonValue], pointer: str, namespace: str) -> AvroType:
        branches = []
        seen: set[object] = set()
        for index, item in enumerate(value):
            here = f"{pointer}/{index}"
            branch = self._type(item, here, namespace)
            branches.append(branch)
            if branch is self._broken:
                continue
            if isinstance(branch, UnionType):
                self._fault(here, "a union in a union; list its branches in the outer one")
                self._skip.add(id(branch))
                continue
            # Named types of the same kind may stand side by side, and one may be called "map".
            key = (isinstance(branch, PrimitiveType | ArrayType | MapType), branch_name(branch))
            if key in seen:
                self._fault(here, f"the union has {key[1]} twice; keep one")
            seen.add(key)
        if not branches:
            self._fault(pointer, "a union without branches has no values; list its types")
        return UnionType(branches=tuple(branches), pointer=pointer)

    # Named types

    def _record(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name, inner = self._full_name(value, pointer, namespace, "a record")
        node = RecordType(
            full_name=full_name,
            aliases=self._type_aliases(value, pointer, full_name),
            doc=self._doc(value, pointer),
            attributes=_attributes(value, _RECORD),
            pointer=pointer,
            source=self._source,
            is_error=value["type"] == "error",
        )
        self._define(node)
        fields = value.get("fields")
        if not isinstance(fields, list):
            self._need(
                "fields", "a record", "an array of its fields, [] if it has none", value, pointer
            )
            self._skip.add(id(node))
            return node
        node._fill(self._fields(node, fields, f"{pointer}/fields", inner))  # noqa: SLF001 - as _fill says
        return node

    def _fields(
        self, record: RecordType, fields: list[JsonValue], pointer: str, namespace: str
    ) -> tuple[Field, ...]:
        built = []
        owners: dict[str, str] = {}
        for index, value in enumerate(fields):
            here = f"{pointer}/{index}"
            field = self._field(value, here, namespace)
            if field is None:
                self._skip.add(id(record))
                continue
            built.append(field)
            if field.name in owners:
                self._fault(
                    f"{here}/name", f'{record.full_name} has a field "{field.name}" already'
                )
            owners.setdefault(field.name, here)
        return tuple(built)

    def _field(self, value: JsonValue, pointer: str, namespace: str) -> Field | None:
        if not isinstance(value, dict):
            self._fault(pointer, 'a field is an object: {"name": ..., "type": ...}')
            return None
        name = value.get("name")
        if not isinstance(name, str):
            self._need("name", "a field", "a string", value, pointer)
        elif not is_name(name):
            self._fault(f"{pointer}/name", _bad_name("a field", name))
        if "type" in value:
            node = self._type(value["type"], f"{pointer}/type", namespace)
        else:
            self._fault(pointer, 'a field needs "type": its schema')
            node = self._broken
        order = value.get("order", "ascending")
        if order not in _ORDERS:
            self._fault(f"{pointer}/order", f"the order is one of {', '.join(_ORDERS)}")
        aliases = self._aliases(value, pointer)
        doc = self._doc(value, pointer)
        if not isinstance(name, str):
            return None
        field = Field(
            name=name,
            type=node,
            default=value.get("default", MISSING),
            aliases=aliases,
            doc=doc,
            order=cast("str", order),
            attributes=_attributes(value, _FIELD),
            pointer=pointer,
        )
        if "default" in value:
            self._defaults.append((field, f"{pointer}/default"))
        return field

    def _enum(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name, _ = self._full_name(value, pointer, namespace, "an enum")
        before = len(self.faults)
        symbols = self._symbols(value, pointer)
        default = value.get("default")
        if "default" in value and (not isinstance(default, str) or default not in symbols):
            self._fault(
                f"{pointer}/default", f"the default is one of the symbols: {', '.join(symbols)}"
            )
        node = EnumType(
            full_name=full_name,
            aliases=self._type_aliases(value, pointer, full_name),
            doc=self._doc(value, pointer),
            attributes=_attributes(value, _ENUM),
            pointer=pointer,
            source=self._source,
            symbols=symbols,
            default=default if isinstance(default, str) else None,
        )
        if len(self.faults) > before:
            self._skip.add(id(node))
        self._define(node)
        return node

    def _symbols(self, value: Json, pointer: str) -> tuple[str, ...]:
        symbols = value.get("symbols")
        if not isinstance(symbols, list):
            self._need("symbols", "an enum", "an array of names", value, pointer)
            return ()
        good: dict[str, None] = {}
        for index, symbol in enumerate(symbols):
            here = f"{pointer}/symbols/{index}"
            if not isinstance(symbol, str):
                self._fault(here, "a symbol is a string")
            elif not is_name(symbol):
                self._fault(here, _bad_name("a symbol", symbol))
            elif symbol in good:
                self._fault(here, f'the symbol "{symbol}" is given twice; keep one')
            else:
                good[symbol] = None
        return tuple(good)

    def _fixed(self, value: Json, pointer: str, namespace: str) -> AvroType:
        full_name, _ = self._full_name(value, pointer, namespace, "a fixed")
        size = value.get("size")
        fits = type(size) is int and size >= 0  # true is no JSON integer
        if not fits:
            self._need("size", "a fixed", "its number of bytes, an integer from 0", value, pointer)
        number = cast("int", size) if fits else 0
        logical, used = fitting_logical_type(value, "fixed", number)
        node = FixedType(
            full_name=full_name,
            aliases=self._type_aliases(value, pointer, full_name),
            doc=self._doc(value, pointer),
            attributes=_attributes(value, _FIXED | used),
            pointer=pointer,
            source=self._source,
            size=number,
            logical=logical,
        )
        if not fits:
            self._skip.add(id(node))
        self._define(node)
        return node

    # Names and other attributes

    def _full_name(self, value: Json, pointer: str, namespace: str, what: str) -> tuple[str, str]:
        """The full name of a definition, and the namespace inside it."""
        name = value.get("name")
        if not isinstance(name, str):
            self._need("name", what, "a string", value, pointer)
            name = ""
        elif not is_full_name(name):
            self._fault(f"{pointer}/name", _bad_name(what, name))
        if "." not in name:  # else "any namespace also specified is ignored"
            namespace = self._namespace(value, pointer, namespace)
        full_name = join(namespace, name)
        if full_name in _PRIMITIVES:
            self._fault(f"{pointer}/name", f'"{name}" is a primitive type; choose another name')
        return full_name, full_name.rpartition(".")[0]

    def _namespace(self, value: Json, pointer: str, enclosing: str) -> str:
        namespace = value.get("namespace")
        if namespace is None:  # null is taken as no namespace given, as Avro's Java library does
            return enclosing
        if not isinstance(namespace, str):
            self._fault(f"{pointer}/namespace", 'a namespace is a string, "" for none')
            return enclosing
        if namespace and not is_full_name(namespace):
            self._fault(f"{pointer}/namespace", _bad_name("a namespace", namespace, dotted=True))
        return namespace

    def _define(self, node: NamedType) -> None:
        name = node.name
        if not name:
            return
        known = self.definitions.setdefault(node.full_name, node)
        if known is not node:
            self._fault(
                f"{node.pointer}/name",
                f"{node.full_name} is defined already, at {known.pointer or '/'}; refer to it by "
                "its name, or choose another name",
            )

    def _check_foreign_definitions(self) -> None:
        """No full name may have several definitions, wherever they come from."""
        for name, node in self.definitions.items():
            for reference in self.references:
                if any(name in schema.definitions for schema in reference.closure()):
                    where = reference.source or reference.name or "a reference"
                    self._fault(
                        f"{node.pointer}/name",
                        f"{name} is defined in {where} too, which this schema uses; keep one",
                    )

    def _type_aliases(self, value: Json, pointer: str, full_name: str) -> tuple[str, ...]:
        namespace = full_name.rpartition(".")[0]
        return tuple(join(namespace, alias) for alias in self._aliases(value, pointer))

    def _aliases(self, value: Json, pointer: str) -> tuple[str, ...]:
        """Any string may be an alias ("Aliases"), so that illegal names of old can be mended."""
        if "aliases" not in value:
            return ()
        aliases = value["aliases"]
        if not isinstance(aliases, list):
            self._fault(f"{pointer}/aliases", "aliases are an array of strings")
            return ()
        for index, alias in enumerate(aliases):
            if not isinstance(alias, str):
                self._fault(f"{pointer}/aliases/{index}", "an alias is a string")
            elif alias in aliases[:index]:
                self._fault(f"{pointer}/aliases/{index}", f'the alias "{alias}" is given twice')
        return tuple(alias for alias in aliases if isinstance(alias, str))

    def _doc(self, value: Json, pointer: str) -> str | None:
        doc = value.get("doc")
        if doc is None or isinstance(doc, str):
            return doc
        self._fault(f"{pointer}/doc", "a doc is a string")
        return None

    def _need(self, key: str, what: str, wanted: str, value: Json, pointer: str) -> None:
        where = f"{pointer}/{key}" if key in value else pointer
        self._fault(where, f'{what} needs "{key}": {wanted}')

    def _check_defaults(self) -> None:
        """Once all records have their fields: a default may be of a record further down."""
        sound = True
        for field, pointer in self._defaults:
            default = cast("JsonValue", field.default)
            for where, message in default_faults(field.type, default, pointer, self._skip):
                self._fault(where, message)
                sound = False
        if not sound or self.faults or self._unknown:
            return  # never_ends() asks for sound defaults
        for field, pointer in self._defaults:
            if never_ends(field):
                self._fault(pointer, "the default never ends: to fill it in needs the same default")


def _attributes(value: Json, known: frozenset[str]) -> Json:
    unknown = {key: item for key, item in value.items() if key not in known}
    return MappingProxyType(unknown) if unknown else _NO_ATTRIBUTES


def _bad_name(what: str, name: str, *, dotted: bool = False) -> str:
    dots = (
        ", and dots between such names"
        if dotted or what in {"a record", "an enum", "a fixed"}
        else ""
    )
    return (
        f"{json.dumps(name)} cannot name {what}: names have the characters A-Z, a-z, 0-9 and _ "
        f"and start with no digit{dots}"
    )
