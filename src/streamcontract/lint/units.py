"""Units of time in names and docs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.lint.words import vocabulary, words
from streamcontract.schema.logical import LOGICAL_TYPES

if TYPE_CHECKING:
    from streamcontract.schema.logical import LogicalRow
    from streamcontract.schema.model import Field

__all__ = ["UNIT_WORDS", "said_unit", "timestamps_of", "unit_in_name"]

_SECONDS: Final = "seconds"
"""A unit without a logical type in Avro, which names use nevertheless."""

_SHORT: Final = {
    "ms": "millis",
    "msec": "millis",
    "msecs": "millis",
    "us": "micros",
    "usec": "micros",
    "usecs": "micros",
    "ns": "nanos",
    "nsec": "nanos",
    "nsecs": "nanos",
    "s": _SECONDS,
    "sec": _SECONDS,
    "secs": _SECONDS,
}
_UNITS: Final = [row.unit for row in LOGICAL_TYPES.values() if row.unit is not None]
_LONG: Final = {
    word: unit.name
    for unit in _UNITS
    for word in (unit.name, unit.plural, unit.plural.removesuffix("s"))
} | {_SECONDS: _SECONDS}
_WORDS: Final = _SHORT | _LONG

UNIT_WORDS: Final = frozenset(_WORDS) | vocabulary("epoch utc unix")
"""Words at the end of a name for how a time is counted, not what it is."""

# "us", "s" and "second" have other meanings in a text.
_PROSE: Final = re.compile(r"[A-Za-z]+")
_IN_PROSE: Final = {
    word: unit for word, unit in _WORDS.items() if word not in {"us", "s", "sec", "second"}
}


def unit_in_name(name: str) -> str | None:
    """The unit that a name ends in.

    Example:
        >>> unit_in_name("ts_ms"), unit_in_name("createdAtMicros"), unit_in_name("created")
        ('millis', 'micros', None)
    """
    parts = words(name)
    while parts and parts[-1] in UNIT_WORDS:
        word = parts.pop()
        if word in _WORDS:
            return _WORDS[word]
    return None


def said_unit(field: Field) -> str | None:
    """The unit that a field's name ends in, else the only one in its doc."""
    named = unit_in_name(field.name)
    if named is not None:
        return named
    prose = {word.lower() for word in _PROSE.findall(field.doc or "")}
    units = {unit for word, unit in _IN_PROSE.items() if word in prose}
    return units.pop() if len(units) == 1 else None


def timestamps_of(base: str) -> dict[str, LogicalRow]:
    """The timestamp types that annotate a primitive type, by the name of their unit.

    Example:
        >>> sorted(timestamps_of("long")), timestamps_of("int")
        (['micros', 'millis', 'nanos'], {})
    """
    rows = [row for row in LOGICAL_TYPES.values() if row.kind == "timestamp"]
    return {
        row.unit.name: row
        for row in rows
        if row.unit is not None and any(each.takes(base, None) for each in row.bases)
    }
