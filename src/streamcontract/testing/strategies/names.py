"""Names, namespaces and attributes that schemas may have, including hostile ones.

Strategies are cached, because making one costs more than drawing from it.
"""

from __future__ import annotations

import functools
import string
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from streamcontract.schema.model import COMPLEX_KINDS, PRIMITIVE_NAMES

if TYPE_CHECKING:
    from streamcontract.schema import JsonValue

__all__ = ["below", "custom_attributes", "docs", "names", "namespaces", "unused"]

_HEADS: Final = string.ascii_letters + "_"
_TAILS: Final = _HEADS + string.digits
# Names with a meaning of their own in a schema: as names of types they would be ambiguous.
_RESERVED: Final = frozenset({*PRIMITIVE_NAMES, *COMPLEX_KINDS, "union"})
# Legal in Avro, awkward in the language that code is generated for.
_AWKWARD: Final = (
    "class",
    "None",
    "self",
    "_",
    "__init__",
    "__slots__",
    "type",
    "str",
    "datetime",
    "attrs",
    "Enum",
    "CONTRACT",
    "name",
    "value",
    "match",
    "import",
    "mro",
)


@functools.cache
def below(end: int) -> st.SearchStrategy[int]:
    """Numbers from 0, as indexes are."""
    return st.integers(0, end - 1)


@functools.cache
def names() -> st.SearchStrategy[str]:
    """Simple names after "Names" of the Avro specification: ``[A-Za-z_][A-Za-z0-9_]*``."""
    longer = st.builds(
        "{}{}".format,
        st.sampled_from(_HEADS),
        st.text(st.sampled_from(_TAILS), min_size=1, max_size=6),
    ).map(_not_reserved)
    # Letters first, which take no more choices than the others: names shrink to "a".
    return st.one_of(st.sampled_from(_HEADS), longer, st.sampled_from(_AWKWARD))


def _not_reserved(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name


@functools.cache
def namespaces() -> st.SearchStrategy[str]:
    """Dotted names, never the null namespace."""
    return st.lists(names(), min_size=1, max_size=3).map(".".join)


@functools.cache
def docs() -> st.SearchStrategy[str]:
    """Documentation, including text that could end a docstring or a comment."""
    return st.one_of(
        st.text(max_size=20),
        st.sampled_from(['"""', "\\", 'Ends with a quote"', "Two\nlines", "\r", "\t'''", "{x!r}"]),
    )


@functools.cache
def custom_attributes() -> st.SearchStrategy[dict[str, JsonValue]]:
    """Attributes that the specification does not define and allows."""
    keys = names().map(lambda name: f"x-{name}")
    return st.dictionaries(keys, _json_values(), max_size=2)


def unused(name: str, used: set[str], namespace: str | None = None) -> str:
    """``name`` in its namespace, with a number appended if it is used; then it is used too.

    Example:
        >>> used = {"id"}
        >>> unused("id", used), unused("id", used)
        ('id2', 'id3')
    """
    stem = f"{namespace}.{name}" if namespace else name
    candidate, number = stem, 2
    while candidate in used:
        candidate, number = f"{stem}{number}", number + 1
    used.add(candidate)
    return candidate


def _json_values() -> st.SearchStrategy[Any]:
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    )
    return st.one_of(
        scalars,
        st.lists(scalars, max_size=2),
        st.dictionaries(st.text(max_size=4), scalars, max_size=2),
    )
