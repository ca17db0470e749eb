"""Arrow types of a producer's arrays, read from the formats of the C data interface.

The formats are those of "Format strings" in Arrow's C data interface, 1.x; the words for types are
pyarrow's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import attrs

from streamcontract.columns import _native
from streamcontract.errors import ColumnsError

__all__ = ["ArrowType", "Family", "arrow_type", "sources_of"]

Family = Literal[
    "null",
    "boolean",
    "integer",
    "float",
    "bytes",
    "text",
    "fixed",
    "decimal",
    "date",
    "time",
    "timestamp",
    "interval",
    "list",
    "map",
    "struct",
    "union",
    "other",
]

_Described = tuple[str, str, tuple[Any, ...], Any]
"""A schema as the extension module describes it: format, name, children, dictionary."""


@attrs.frozen(eq=False, kw_only=True)
class ArrowType:
    """The type of one array, at one place of a producer's schema.

    Attributes:
        number: The number of its source; 0 is the root.
        name: The field's name.
        format: Its format.
        words: The type in pyarrow's words.
        family: What its values are.
        layout: How its buffers are laid out, one of the executor's layouts.
        width: Bytes of a value or an index, or items of a list, where all have as many.
        is_signed: Whether the indexes of a dictionary are.
        per_second: How many units of time make a second.
        zone: The time zone of timestamps; "" for none.
        scale: The scale of decimals.
        children: The types inside it; of a dictionary its values, of runs their ends and values.
        members: Of a union: for each type's number the child, 255 for none.
    """

    number: int
    name: str
    format: str
    words: str
    family: Family
    layout: str
    width: int = 0
    is_signed: bool = False
    per_second: int = 1
    zone: str = ""
    scale: int = 0
    children: tuple[ArrowType, ...] = ()
    members: bytes | None = None

    @property
    def plain(self) -> ArrowType:
        """The type of the values, if this is a dictionary or runs of them; else itself."""
        return self.children[-1].plain if self.layout in ("coded", "runs") else self

    def child(self, name: str) -> ArrowType | None:
        """The field of a struct with a name."""
        return next((each for each in self.children if each.name == name), None)

    def walk(self) -> Iterator[ArrowType]:
        """It and all types inside it, in the order of their numbers."""
        yield self
        for child in self.children:
            yield from child.walk()


def arrow_type(described: _Described) -> ArrowType:
    """The type of a schema.

    Args:
        described: The schema, as the extension module describes it.

    Raises:
        ColumnsError: It has a format that is none of Arrow's.

    Example:
        >>> arrow_type(("tsu:UTC", "at", (), None)).words
        'timestamp[us, tz=UTC]'
    """
    return _Reader().read(described)


def sources_of(root: ArrowType) -> _native.Sources:
    """The layout of such arrays, as the executor takes it."""
    return _native.Sources(
        tuple(
            (
                each.layout,
                each.width,
                each.is_signed,
                tuple(child.number for child in each.children),
                each.members,
            )
            for each in root.walk()
        )
    )


_UNITS: Final = {"s": ("s", 1), "m": ("ms", 10**3), "u": ("us", 10**6), "n": ("ns", 10**9)}

_INTEGERS: Final = {
    letter: (f"{'' if letter.islower() else 'u'}int{8 * width}", width)
    for letters, width in (("cC", 1), ("sS", 2), ("iI", 4), ("lL", 8))
    for letter in letters
}

_PLAIN: Final[dict[str, tuple[str, Family, str, int]]] = {
    "n": ("null", "null", "nulls", 0),
    "b": ("bool", "boolean", "bits", 0),
    **{
        letter: (words, "integer", "signed" if letter.islower() else "unsigned", width)
        for letter, (words, width) in _INTEGERS.items()
    },
    "e": ("halffloat", "float", "float", 2),
    "f": ("float", "float", "float", 4),
    "g": ("double", "float", "float", 8),
    "z": ("binary", "bytes", "sized", 0),
    "Z": ("large_binary", "bytes", "large", 0),
    "vz": ("binary_view", "bytes", "view", 0),
    "u": ("string", "text", "sized", 0),
    "U": ("large_string", "text", "large", 0),
    "vu": ("string_view", "text", "view", 0),
    "tiM": ("month_interval", "interval", "width", 4),
    "tiD": ("day_time_interval", "interval", "width", 8),
    "tin": ("month_day_nano_interval", "interval", "width", 16),
    "+s": ("struct", "struct", "struct", 0),
    "+m": ("map", "map", "list", 0),
    "+l": ("list", "list", "list", 0),
    "+L": ("large_list", "list", "large list", 0),
    "+vl": ("list_view", "list", "list view", 0),
    "+vL": ("large_list_view", "list", "large list view", 0),
    "+r": ("run_end_encoded", "other", "runs", 0),
}
"""For each format without parameters the words, the family, the layout and the width."""

_MOST_LEVELS: Final = 200
_NO_MEMBER: Final = 255


class _Reader:
    """Reads one schema, and numbers its types."""

    def __init__(self) -> None:
        self._next = 0
        self._levels = 0

    def read(self, described: _Described) -> ArrowType:
        form, name, children, dictionary = described
        number = self._next
        self._next += 1
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise ColumnsError(name or "data", f"more than {_MOST_LEVELS} types inside one another")
        inside = tuple(self.read(each) for each in (children if dictionary is None else ()))
        if dictionary is not None:
            inside = (self.read(dictionary),)
        self._levels -= 1
        found = _facts(form)
        if found is None:
            reason = f"{form!r} is no format of Arrow's C data interface"
            raise ColumnsError(name or "data", f"{reason}: cast it to a type of Arrow")
        if dictionary is not None:
            found |= {
                "is_signed": found["layout"] == "signed",
                "layout": "coded",
                "words": f"dictionary<{inside[0].words}>",
            }
        elif inside and form != "+s":
            found["words"] += f"<{', '.join(each.words for each in inside)}>"
        return ArrowType(number=number, name=name, format=form, children=inside, **found)


def _facts(form: str) -> dict[str, Any] | None:
    """The facts of a format; None if it is none."""
    if form in _PLAIN:
        words, family, layout, width = _PLAIN[form]
        return {"words": words, "family": family, "layout": layout, "width": width}
    try:
        return _time(form) if form[:1] == "t" else _with_parameters(form)
    except (ValueError, KeyError, IndexError):
        return None


def _time(form: str) -> dict[str, Any]:
    """Dates, times, timestamps, and elapsed times, which are no duration of Avro."""
    unit = form[2]
    if form[:2] == "td":
        words, width, per_day = {"D": ("date32", 4, 1), "m": ("date64", 8, 86_400_000)}[unit]
        return _number("date", f"{words}[{'day' if unit == 'D' else 'ms'}]", width, per_day)
    name, per_second = _UNITS[unit]
    match form[:2]:
        case "tt":
            width = 4 if unit in "sm" else 8
            return _number("time", f"time{8 * width}[{name}]", width, per_second)
        case "ts":
            zone = form[4:]
            words = f"timestamp[{name}, tz={zone}]" if zone else f"timestamp[{name}]"
            return {**_number("timestamp", words, 8, per_second), "zone": zone}
        case "tD":
            return _number("other", f"duration[{name}]", 8, per_second)
    raise KeyError(form)


def _number(family: Family, words: str, width: int, per_second: int) -> dict[str, Any]:
    return {
        "family": family,
        "words": words,
        "layout": "signed",
        "width": width,
        "per_second": per_second,
    }


def _with_parameters(form: str) -> dict[str, Any]:
    kind, _, rest = form.partition(":")
    match kind:
        case "w":
            words = f"fixed_size_binary[{int(rest)}]"
            return {"words": words, "family": "fixed", "layout": "width", "width": int(rest)}
        case "d":
            precision, scale, bits = ([int(each) for each in rest.split(",")] + [128])[:3]
            words = f"decimal{bits}({precision}, {scale})"
            width = {32: 4, 64: 8, 128: 16, 256: 32}[bits]
            found = {"words": words, "family": "decimal", "layout": "width"}
            return {**found, "width": width, "scale": scale}
        case "+w":
            words = f"fixed_size_list[{int(rest)}]"
            return {"words": words, "family": "list", "layout": "fixed list", "width": int(rest)}
        case "+ud" | "+us":
            is_dense = kind == "+ud"
            members = bytearray([_NO_MEMBER] * 128)
            for child, type_id in enumerate(rest.split(",") if rest else ()):
                members[int(type_id)] = child
            words = "dense_union" if is_dense else "sparse_union"
            found = {"words": words, "family": "union", "layout": "dense" if is_dense else "sparse"}
            return {**found, "members": bytes(members)}
    raise KeyError(form)
