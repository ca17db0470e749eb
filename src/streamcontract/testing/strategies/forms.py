"""Forms of leaf types as JSON, each with the possible defaults of a field.

Defaults follow the table "field default values" of the Avro specification. Those of logical
types are values of the logical type, so that they can become typed defaults.
"""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
from hypothesis import strategies as st

from streamcontract.schema import FixedType, JsonValue, LogicalType, PrimitiveType
from streamcontract.schema.logical import (
    LOGICAL_TYPES,
    Base,
    LogicalRow,
    conversion,
    declared_logical_type,
    most_digits,
)
from streamcontract.schema.model import INTEGER_LIMITS, PRIMITIVE_NAMES
from streamcontract.testing.strategies.leaves import leaf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.schema.model import PrimitiveName

__all__ = ["Form", "fixed_forms", "logical_forms", "primitive_defaults", "primitive_forms"]

_Json = dict[str, JsonValue]
_Defaults = st.SearchStrategy[Any]

_MOST_DIGITS: Final = 40
_MOST_BYTES: Final = 20

# "Language implementations must ignore unknown logical types when reading, and should use the
# underlying Avro type": the same goes for those that do not fit ("Logical Types").
_ILL_FITTING: Final[tuple[_Json, ...]] = (
    {"type": "int", "logicalType": "uuid"},
    {"type": "int", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "date"},
    {"type": "long", "logicalType": "no-such-type"},
    {"type": "double", "logicalType": "decimal", "precision": 4},
    {"type": "string", "logicalType": "time-millis"},
    {"type": "string", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "bytes", "logicalType": "duration"},
    {"type": "bytes", "logicalType": "decimal"},
    {"type": "bytes", "logicalType": "decimal", "precision": 0},
    {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3},
    {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": -1},
    {"type": "bytes", "logicalType": "decimal", "precision": "4"},
)
_ILL_FITTING_FIXED: Final[tuple[_Json, ...]] = (
    {"size": 8, "logicalType": "uuid"},
    {"size": 11, "logicalType": "duration"},
    {"size": 16, "logicalType": "big-decimal"},
    {"size": 2, "logicalType": "decimal", "precision": 5},
    {"size": 2, "logicalType": "decimal"},
)


@attrs.frozen
class Form:
    """A schema with the possible defaults of a field.

    Attributes:
        document: The schema; for a fixed without its name.
        defaults: A strategy for its defaults, as JSON.
    """

    document: _Json
    defaults: _Defaults

    @property
    def type(self) -> str:
        """The name of the Avro type."""
        return str(self.document["type"])


@functools.cache
def primitive_forms(excluded: frozenset[str] = frozenset()) -> st.SearchStrategy[Form]:
    """The primitive types, except those excluded by name."""
    return st.sampled_from(
        [
            Form({"type": name}, _PRIMITIVE_DEFAULTS[name])
            for name in ("string", "int", *PRIMITIVE_NAMES)
            if name not in excluded
        ]
    )


def primitive_defaults(name: str) -> st.SearchStrategy[Any]:
    """The possible defaults of a field of a primitive type."""
    return _PRIMITIVE_DEFAULTS[name]


@functools.cache
def logical_forms(
    excluded: frozenset[str] = frozenset(), *, ill_fitting: bool = True
) -> st.SearchStrategy[Form]:
    """The primitive types with logical types, but for those of the types excluded by name.

    Args:
        excluded: Names of primitive types to leave out.
        ill_fitting: Whether to draw logical types too that are unknown or do not fit.
    """
    choices: list[st.SearchStrategy[Form]] = [
        _forms(row, base)
        for row in LOGICAL_TYPES.values()
        for base in row.bases
        if base.type != "fixed" and base.type not in excluded
    ]
    unfit = [each for each in _ILL_FITTING if each["type"] not in excluded]
    if ill_fitting and unfit:
        choices.append(
            st.sampled_from([Form(each, _PRIMITIVE_DEFAULTS[str(each["type"])]) for each in unfit])
        )
    return st.one_of(choices)


@functools.cache
def fixed_forms(*, ill_fitting: bool = True) -> st.SearchStrategy[Form]:
    """Fixed types, plain and logical, without their names."""
    choices = [st.integers(1, 20).map(lambda size: _fixed({"size": size}))]
    choices += [
        _forms(row, base)
        for row in LOGICAL_TYPES.values()
        for base in row.bases
        if base.type == "fixed"
    ]
    if ill_fitting:
        choices.append(st.sampled_from([_fixed(each) for each in _ILL_FITTING_FIXED]))
    return st.one_of(choices)


def _fixed(attributes: _Json) -> Form:
    size = attributes["size"]
    assert isinstance(size, int)  # noqa: S101 - by a table of this module
    defaults = st.binary(min_size=size, max_size=size).map(_as_json)
    return Form({"type": "fixed", **attributes}, defaults)


def _as_json(raw: Any) -> Any:
    """Bytes in a default: "Unicode code points 0-255 are mapped to unsigned 8-bit bytes"."""
    return raw.decode("iso-8859-1") if isinstance(raw, bytes) else raw


@st.composite
def _forms(draw: st.DrawFn, row: LogicalRow, base: Base) -> Form:
    """Types of a logical type, whose defaults are its values as the base type holds them."""
    document: _Json = {"type": base.type}
    size = None
    if base.type == "fixed":
        size = base.size or draw(st.integers(1, _MOST_BYTES))
        document["size"] = size
    document |= {"logicalType": row.name, **draw(_parameters(row, size))}
    node = _node(document, size)
    converted = conversion(node)
    values = leaf(node)
    defaults = values if converted is None else values.map(converted.to_raw)
    return Form(document, defaults.map(_as_json))


@st.composite
def _parameters(draw: st.DrawFn, row: LogicalRow, size: int | None) -> _Json:
    if "precision" not in row.parameters:
        return dict(row.parameters)
    precision = draw(st.integers(1, _MOST_DIGITS if size is None else most_digits(size)))
    scale = draw(st.none() | st.integers(0, precision))
    return {"precision": precision} if scale is None else {"precision": precision, "scale": scale}


def _node(document: _Json, size: int | None) -> PrimitiveType | FixedType:
    base = str(document["type"])
    logical = declared_logical_type(document, base, size)
    assert isinstance(logical, LogicalType)  # noqa: S101 - it is made to fit
    if size is not None:
        return FixedType(full_name="F", size=size, logical=logical)
    return PrimitiveType(name=cast("PrimitiveName", base), logical=logical)


_PRIMITIVE_DEFAULTS: Final[Mapping[str, _Defaults]] = MappingProxyType(
    {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(*INTEGER_LIMITS["int"]),
        "long": st.integers(*INTEGER_LIMITS["long"]),
        "float": st.one_of(
            st.integers(-(2**24), 2**24),
            st.floats(width=32, allow_nan=False, allow_infinity=False),
        ),
        "double": st.one_of(
            st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)
        ),
        "bytes": st.binary(max_size=8).map(_as_json),
        "string": st.text(max_size=8),
    }
)
