"""Renames of fields: a dropped field and an added one that match by position or name."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import Final

import attrs

from streamcontract.schema.model import Field

__all__ = ["Dropped"]

_ALIKE: Final = 0.6  # the least similarity of two names of a rename, as difflib measures it
# The numbers of names that are considered, and compared: so that a record with every field renamed
# costs no more for each field than a small one.
_SEEN: Final = 64
_COMPARED: Final = 8


@attrs.define
class Dropped:
    """The dropped fields of one type, indexed by their positions and by parts of their names.

    Example:
        >>> from streamcontract import parse_schema
        >>> writer = parse_schema({"type": "record", "name": "R", "fields": [
        ...     {"name": "price", "type": "long"}, {"name": "close", "type": "long"}]})
        >>> dropped = Dropped()
        >>> for place, field in enumerate(writer.root.fields):
        ...     dropped.add(place, field)
        >>> dropped.take(7, "closing")
        1
        >>> dropped.take(7, "unlike")
    """

    _names: dict[int, str] = attrs.field(factory=dict, init=False)
    _having: dict[str, dict[int, None]] = attrs.field(factory=dict, init=False)

    def add(self, place: int, field: Field) -> None:
        """Add the field that the writer has at a position."""
        name = field.name.lower()
        self._names[place] = name
        for part in _parts(name):
            self._having.setdefault(part, {})[place] = None

    def take(self, place: int, name: str) -> int | None:
        """Remove the dropped field that an added one replaces, and return its position, or None.

        Args:
            place: The position of the added field in the reader; a field at the same position may
            have any name.
            name: Its name.
        """
        name = name.lower()
        matcher = SequenceMatcher(b=name)  # which the matcher prepares once
        best: tuple[float, int] | None = None
        for candidate in self._candidates(place, name):
            matcher.set_seq1(self._names[candidate])
            ratio = matcher.ratio()
            if (candidate == place or ratio >= _ALIKE) and (best is None or ratio > best[0]):
                best = ratio, candidate
        if best is None:
            return None
        for part in _parts(self._names.pop(best[1])):
            self._having[part].pop(best[1])
        return best[1]

    def _candidates(self, place: int, name: str) -> list[int]:
        """The position itself, and those whose names share the rarest parts of a name."""
        shared: Counter[int] = Counter()
        for having in sorted((self._having.get(part, {}) for part in _parts(name)), key=len):
            shared.update(having.keys())
            if len(shared) >= _SEEN:
                break
        own = [place] if place in self._names else []
        return own + [other for other, _ in shared.most_common(_COMPARED) if other != place]


def _parts(name: str) -> set[str]:
    """Every pair of adjacent characters of a name, with its beginning and end."""
    marked = f"^{name}$"
    return {marked[index : index + 2] for index in range(len(marked) - 1)}
