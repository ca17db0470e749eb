"""Python names for Avro names: safe, unique and deterministic.

A name that is valid in Python is never changed and takes precedence: in a record with the fields
``class`` and ``class_``, the second keeps its name and the first becomes
``class__``. The name in the schema never changes: records bind attributes to fields by position,
and the values of enum members are the symbols.
"""

from __future__ import annotations

import itertools
import keyword
import re
from typing import TYPE_CHECKING, Final

from streamcontract.errors import CodegenError
from streamcontract.schema.model import EnumType, FixedType, RecordType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from streamcontract.schema.model import NamedType

__all__ = [
    "attribute_names",
    "checked_identifier",
    "class_names",
    "free_name",
    "member_names",
    "module_name",
]

# Avro 1.12, "Names". Every Python identifier in generated code is checked by this grammar.
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Names that the __init__ of a frozen attrs class uses itself (attr/_make.py,
# _attrs_to_init_script): a parameter of that name would hide them.
_ATTRS_OWN: Final = frozenset(
    {"self", "NOTHING", "attr_dict", "_cached_setattr_get", "_config", "_inst_dict", "_setattr"}
)

# Names of every enum class or member (enum.Enum and its metaclass, "mro" of type).
_ENUM_OWN: Final = frozenset({"mro", "name", "value"})


def checked_identifier(name: str) -> str:
    """The name itself, if it is a Python identifier of ASCII letters and not a keyword.

    Raises:
        CodegenError: It is not, and must not be written as a name.
    """
    if not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name):
        raise CodegenError(f"{name!r} cannot be a name in generated code")
    return name


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, followed by as many underscores as it needs to be unique."""
    names = taken if isinstance(taken, (set, frozenset, dict)) else set(taken)
    while wanted in names:
        wanted += "_"
    return wanted


def attribute_names(fields: Sequence[str]) -> list[str]:
    """The attribute for each field of one record, in their order.

    Leading underscores shrink to one, as Python rewrites ``__name`` inside a class and keeps
    ``__name__`` to itself; keywords and names that attrs needs get a trailing underscore.

    Example:
        >>> attribute_names(["price", "class", "class_", "__init__"])
        ['price', 'class__', 'class_', '_init__']
    """
    return _assign(fields, _attribute)


def _attribute(name: str) -> str:
    safe = re.sub(r"^__+", "_", name)
    return f"{safe}_" if keyword.iskeyword(safe) or safe in _ATTRS_OWN else safe


def member_names(symbols: Sequence[str]) -> list[str]:
    """The enum member for each symbol of one enum, in their order.

    Leading underscores are removed, because ``enum`` reserves ``_name_`` and ``__name``.

    Example:
        >>> member_names(["BUY", "None", "name", "_x_", "__init__", "_1"])
        ['BUY', 'None_', 'name_', 'x_', 'init__', 'symbol_1']
    """
    return _assign(symbols, _member)


def _member(symbol: str) -> str:
    safe = symbol.lstrip("_")
    if not safe or safe[0].isdigit():
        safe = f"symbol_{safe}"
    return f"{safe}_" if keyword.iskeyword(safe) or safe in _ENUM_OWN else safe


def _assign(names: Sequence[str], safe: Callable[[str], str]) -> list[str]:
    taken = {name for name in names if safe(name) == name}
    assigned: list[str] = []
    for name in names:
        python_name = safe(name)
        if python_name != name:
            python_name = free_name(python_name, taken)
            taken.add(python_name)
        assigned.append(checked_identifier(python_name))
    return assigned


_KINDS: Final = {RecordType: "Record", EnumType: "Enum", FixedType: "Fixed"}


def class_names(types: Sequence[NamedType], reserved: frozenset[str]) -> dict[str, str]:
    """The class for each named type, by full name.

    A class has the type's name without its namespace, in CapWords: ``order_line`` becomes
    ``OrderLine``. If that is taken by an earlier type or by the module itself, the parts of the
    namespace are prepended, nearest first, and a number is appended if even that is not enough.
    A name that Python or the module needs gets its kind appended: ``ContractRecord``.

    Args:
        types: The types, the most important one first.
        reserved: Names that the module uses itself.

    Example:
        >>> names = ("a.Item", "b.Item", "order_line", "Contract")
        >>> types = [RecordType(full_name=name) for name in names]
        >>> list(class_names(types, frozenset({"Contract"})).values())
        ['Item', 'BItem', 'OrderLine', 'ContractRecord']
    """
    unusable = reserved | frozenset(keyword.kwlist)
    assigned: dict[str, str] = {}
    taken: set[str] = set()
    for node in types:
        name = next(name for name in _class_candidates(node, unusable) if name not in taken)
        taken.add(name)
        assigned[node.full_name] = checked_identifier(name)
    return assigned


def _class_candidates(node: NamedType, unusable: frozenset[str]) -> Iterator[str]:
    kind = _KINDS[type(node)]
    parts = node.full_name.split(".")
    name = ""
    for part in reversed(parts):
        name = _cap_words(part) + name
        usable = name if name[:1].isalpha() else f"{kind}{name}"
        yield f"{usable}{kind}" if usable in unusable else usable
    for number in itertools.count(2):
        yield f"{usable}{number}"


def _cap_words(name: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in name.split("_") if word)


def module_name(name: str) -> str:
    """The module for a schema file of this name, in snake_case.

    Example:
        >>> [module_name(name) for name in ("OrderLine", "order-line", "stock", "class", "2nd")]
        ['order_line', 'order_line', 'stock', 'class_', 'contract_2nd']
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    safe = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not safe or safe[0].isdigit():
        safe = f"contract_{safe}".rstrip("_")
    return checked_identifier(f"{safe}_" if keyword.iskeyword(safe) else safe)
