"""Attributes that definitions share, read and checked against the specification.

The rules are those of "Complex Types", "Names" and "Aliases" in the Avro 1.12 specification.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from streamcontract.schema.leniency import (
    ALIAS_TAKEN,
    ALIASES,
    BAD_DEFAULT,
    DOC,
    NAME,
    NAMESPACE,
    ORDER,
    PRIMITIVE_NAME,
    Clause,
)
from streamcontract.schema.model import PRIMITIVE_NAMES, JsonValue
from streamcontract.schema.names import absolute, is_full_name, is_name, is_text, join, listed

__all__ = ["AttributeParser", "Json", "unknown_attributes"]

Json = Mapping[str, JsonValue]

_NONE: Final[Json] = MappingProxyType({})
_ORDERS: Final = ("ascending", "descending", "ignore")


def unknown_attributes(value: Json, known: frozenset[str]) -> Json:
    """The attributes of ``value`` that are not in ``known``, read-only."""
    unknown = {key: item for key, item in value.items() if key not in known}
    return MappingProxyType(unknown) if unknown else _NONE


class AttributeParser:
    """Parses attributes one by one; reports a missing or wrong one and returns a substitute.

    Args:
        report: Takes the JSON pointer and the message of each fault, and the clause by which it
            may be forgiven; returns whether it is.
    """

    def __init__(self, report: Callable[[str, str, Clause | None], bool]) -> None:
        self._report = report

    def need(self, key: str, owner: str, wanted: str, value: Json, pointer: str) -> None:
        """Report that ``owner`` lacks the attribute ``key`` or has a wrong one."""
        where = f"{pointer}/{key}" if key in value else pointer
        self._report(where, f'{owner} needs "{key}": {wanted}', None)

    def full_name(self, value: Json, pointer: str, namespace: str, owner: str) -> str:
        """The full name of a definition; it ends with a dot if the definition has no name."""
        name = value.get("name")
        if not isinstance(name, str):
            self.need("name", owner, "a string", value, pointer)
            name = ""
        elif not is_full_name(name):
            self._bad_name(owner, name, f"{pointer}/name", dotted=True)
        if "." in name:  # "... and any namespace also specified is ignored"
            full_name = absolute(name)
        else:
            full_name = join(self._namespace(value, pointer, namespace), name)
        # The specification: "their names may not be defined in any namespace". Read by every
        # implementation as: no full name is a primitive's; ns.int is one, and no rival of int.
        if full_name in PRIMITIVE_NAMES:
            message = f'"{full_name}" is a primitive type; choose another name'
            self._report(f"{pointer}/name", message, PRIMITIVE_NAME)
        return full_name

    def _bad_name(self, owner: str, name: str, pointer: str, *, dotted: bool = False) -> bool:
        """Report a name outside the grammar; return whether it is forgiven."""
        dots = "; dots go between such names" if dotted else ""
        message = (
            f"{json.dumps(name)} cannot name {owner}: names have the characters A-Z, a-z, 0-9 and "
            f"_ and do not start with a digit{dots}"
        )
        return self._report(pointer, message, NAME if is_text(name) else None)

    def _namespace(self, value: Json, pointer: str, enclosing: str) -> str:
        namespace = value.get("namespace")
        if namespace is None:  # null is taken as no namespace given, as Avro's Java library does
            return enclosing
        if not isinstance(namespace, str):
            message = 'a namespace is a string, "" for none'
            self._report(f"{pointer}/namespace", message, NAMESPACE)
            return enclosing
        if namespace and not is_full_name(namespace):
            self._bad_name("a namespace", namespace, f"{pointer}/namespace", dotted=True)
        return namespace

    def field_name(self, value: Json, pointer: str) -> str | None:
        """The name of a field, or None if it has no usable one."""
        name = value.get("name")
        if not isinstance(name, str):
            self.need("name", "a field", "a string", value, pointer)
            return None
        if not is_name(name):
            self._bad_name("a field", name, f"{pointer}/name")
        return name

    def type_aliases(self, value: Json, pointer: str, full_name: str) -> tuple[str, ...]:
        """The aliases of a named type as full names, relative ones in its own namespace."""
        if "aliases" not in value:
            return ()
        namespace = full_name.rpartition(".")[0]
        return tuple(join(namespace, alias) for alias in self.aliases(value, pointer))

    def aliases(self, value: Json, pointer: str) -> tuple[str, ...]:
        """The aliases as written: "any string is accepted", to mend invalid names."""
        if "aliases" not in value:
            return ()
        aliases = value["aliases"]
        if not isinstance(aliases, list):
            self._report(f"{pointer}/aliases", "aliases are an array of strings", ALIASES)
            return ()
        found: dict[str, None] = {}
        for index, alias in enumerate(aliases):
            if not isinstance(alias, str):
                self._report(f"{pointer}/aliases/{index}", "an alias is a string", ALIASES)
            elif alias in found:
                message = f"the alias {json.dumps(alias)} is given twice; keep one"
                self._report(f"{pointer}/aliases/{index}", message, ALIAS_TAKEN)
            else:
                found[alias] = None
        return tuple(found)

    def doc(self, value: Json, pointer: str) -> str | None:
        """The documentation, or None."""
        doc = value.get("doc")
        if doc is None or isinstance(doc, str):
            return doc
        self._report(f"{pointer}/doc", "a doc is a string", DOC)
        return None

    def order(self, value: Json, pointer: str) -> str:
        """The sort order of a field."""
        order = value.get("order", "ascending")
        if isinstance(order, str) and order in _ORDERS:
            return order
        self._report(f"{pointer}/order", f"the order is one of {', '.join(_ORDERS)}", ORDER)
        return "ascending"

    def symbols(self, value: Json, pointer: str) -> tuple[str, ...]:
        """The symbols of an enum, without the faulty ones."""
        symbols = value.get("symbols")
        if not isinstance(symbols, list):
            self.need("symbols", "an enum", "an array of names", value, pointer)
            return ()
        good: dict[str, None] = {}
        for index, symbol in enumerate(symbols):
            here = f"{pointer}/symbols/{index}"
            if not isinstance(symbol, str):
                self._report(here, "a symbol is a string", None)
            elif symbol in good:
                self._report(here, f'the symbol "{symbol}" is given twice; keep one', None)
            elif is_name(symbol) or self._bad_name("a symbol", symbol, here):
                good[symbol] = None
        return tuple(good)

    def enum_default(self, value: Json, pointer: str, symbols: tuple[str, ...]) -> str | None:
        """The symbol that readers of an enum fall back to, or None."""
        if "default" not in value:
            return None
        default = value["default"]
        if isinstance(default, str) and default in symbols:
            return default
        known = f"the default of an enum is one of its symbols: {listed(symbols)}"
        self._report(f"{pointer}/default", known, BAD_DEFAULT)
        return None

    def size(self, value: Json, pointer: str) -> int | None:
        """The size of a fixed in bytes, or None if it is no size."""
        size = value.get("size")
        if type(size) is int and size >= 0:  # type(): true is an int to Python, not to JSON
            return size
        self.need("size", "a fixed", "its number of bytes, an integer from 0", value, pointer)
        return None
