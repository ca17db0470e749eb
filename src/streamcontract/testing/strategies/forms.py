"""Schemas of types that hold no others, as JSON, each with the defaults a field of it may have.

Defaults follow the table "field default values" of the Avro specification. Those of logical
types are values that the logical type can stand for, so that they can become typed defaults.
"""

from __future__ import annotations

import functools
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs
from hypothesis import strategies as st

from streamcontract.schema import JsonValue
from streamcontract.schema.model import PRIMITIVE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Form", "fixed_forms", "logical_forms", "primitive_defaults", "primitive_forms"]

_Json = dict[str, JsonValue]
_Defaults = st.SearchStrategy[Any]

_INT: Final = (-(2**31), 2**31 - 1)
_LONG: Final = (-(2**63), 2**63 - 1)
_DAY_MILLIS: Final = 24 * 60 * 60 * 1000
# From 0001-01-01 to 9999-12-31, what Python's datetime can stand for, seen from 1970-01-01.
_DAYS: Final = (-719_162, 2_932_896)
_MILLIS: Final = (_DAYS[0] * _DAY_MILLIS, (_DAYS[1] + 1) * _DAY_MILLIS - 1)
_MICROS: Final = (_MILLIS[0] * 1000, (_MILLIS[1] + 1) * 1000 - 1)

_INTEGER_LOGICALS: Final[tuple[tuple[str, str, tuple[int, int]], ...]] = (
    ("int", "date", _DAYS),
    ("int", "time-millis", (0, _DAY_MILLIS - 1)),
    ("long", "time-micros", (0, _DAY_MILLIS * 1000 - 1)),
    ("long", "timestamp-millis", _MILLIS),
    ("long", "timestamp-micros", _MICROS),
    ("long", "timestamp-nanos", _LONG),
    ("long", "local-timestamp-millis", _MILLIS),
    ("long", "local-timestamp-micros", _MICROS),
    ("long", "local-timestamp-nanos", _LONG),
)

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
    """A schema with what a field of it may have as its default.

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
    """The primitive types but those excluded by name."""
    return st.sampled_from(
        [
            Form({"type": name}, _PRIMITIVE_DEFAULTS[name])
            for name in ("string", "int", *PRIMITIVE_NAMES)
            if name not in excluded
        ]
    )


def primitive_defaults(name: str) -> st.SearchStrategy[Any]:
    """What a field of a primitive type may have as its default."""
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
    fitting = [
        Form({"type": base, "logicalType": name}, st.integers(*bounds))
        for base, name, bounds in _INTEGER_LOGICALS
    ]
    fitting.append(
        Form({"type": "string", "logicalType": "uuid"}, st.integers(0, 2**128 - 1).map(_uuid_text))
    )
    fitting.append(Form({"type": "bytes", "logicalType": "big-decimal"}, _big_decimal_defaults()))
    forms = [form for form in fitting if form.type not in excluded]
    choices: list[st.SearchStrategy[Form]] = [st.sampled_from(forms)] if forms else []
    if "bytes" not in excluded:
        choices.append(_decimal_forms())
    unfit = [each for each in _ILL_FITTING if each["type"] not in excluded]
    if ill_fitting and unfit:
        choices.append(
            st.sampled_from([Form(each, _PRIMITIVE_DEFAULTS[str(each["type"])]) for each in unfit])
        )
    return st.one_of(choices)


@functools.cache
def fixed_forms(*, ill_fitting: bool = True) -> st.SearchStrategy[Form]:
    """Fixed types, plain and logical, without their names."""
    choices = [
        st.integers(1, 20).map(lambda size: _fixed({"size": size})),
        st.just(_fixed({"size": 16, "logicalType": "uuid"})),
        st.just(_fixed({"size": 12, "logicalType": "duration"})),
        _fixed_decimal_forms(),
    ]
    if ill_fitting:
        choices.append(st.sampled_from([_fixed(each) for each in _ILL_FITTING_FIXED]))
    return st.one_of(choices)


def _fixed(attributes: _Json) -> Form:
    size = attributes["size"]
    assert isinstance(size, int)  # noqa: S101 - a table of this module says so
    defaults = st.binary(min_size=size, max_size=size).map(_as_json)
    return Form({"type": "fixed", **attributes}, defaults)


def _uuid_text(number: int) -> str:
    return str(uuid.UUID(int=number))


def _as_json(value: bytes) -> str:
    """Bytes in a default: "Unicode code points 0-255 are mapped to unsigned 8-bit bytes"."""
    return value.decode("iso-8859-1")


@st.composite
def _decimal_forms(draw: st.DrawFn) -> Form:
    precision = draw(st.integers(1, 40))
    largest = 10**precision - 1
    defaults = st.integers(-largest, largest).map(_shortest_twos_complement).map(_as_json)
    return Form({"type": "bytes", **draw(_decimal_attributes(precision))}, defaults)


@st.composite
def _fixed_decimal_forms(draw: st.DrawFn) -> Form:
    size = draw(st.integers(1, 20))
    # "floor(log10(2^(8n - 1) - 1))" ("Decimal"): as many nines as the fixed can hold.
    precision = draw(st.integers(1, len(str(2 ** (8 * size - 1) - 1)) - 1))
    largest = 10**precision - 1
    defaults = st.integers(-largest, largest).map(
        lambda unscaled: _as_json(unscaled.to_bytes(size, "big", signed=True))
    )
    document = {"type": "fixed", "size": size, **draw(_decimal_attributes(precision))}
    return Form(document, defaults)


@st.composite
def _decimal_attributes(draw: st.DrawFn, precision: int) -> _Json:
    attributes: _Json = {"logicalType": "decimal", "precision": precision}
    scale = draw(st.none() | st.integers(0, precision))
    return attributes if scale is None else {**attributes, "scale": scale}


def _shortest_twos_complement(unscaled: int) -> bytes:
    return unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)


def _big_decimal_defaults() -> _Defaults:
    # The unscaled value as Avro bytes, then the scale as an Avro int: all of one byte here.
    return st.builds(
        lambda unscaled, scale: _as_json(
            b"\x02" + unscaled.to_bytes(1, "big", signed=True) + bytes([2 * scale])
        ),
        st.integers(-128, 127),
        st.integers(0, 20),
    )


_PRIMITIVE_DEFAULTS: Final[Mapping[str, _Defaults]] = MappingProxyType(
    {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(*_INT),
        "long": st.integers(*_LONG),
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
