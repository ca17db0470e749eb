"""What was found wrong: counts by kind, each with the first places where it was seen."""

from __future__ import annotations

from collections import Counter
from typing import Final

__all__ = ["Verdict"]

_SHOWN: Final = 5


class Verdict:
    """Counts of what must not be."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not any(self.counts.values())

    def found(self, kind: str, place: object, count: int = 1) -> None:
        """Note something that must not be."""
        self.counts[kind] += count
        places = self._places.setdefault(kind, [])
        if len(places) < _SHOWN:
            places.append(str(place))

    def add(self, other: Verdict) -> None:
        """Take over what another verdict has."""
        for kind, count in other.counts.items():
            self.counts[kind] += count
        for kind, places in other._places.items():
            mine = self._places.setdefault(kind, [])
            mine += places[: _SHOWN - len(mine)]

    def expect(self, *kinds: str) -> None:
        """Name kinds that are looked for, so that 0 of them is said."""
        for kind in kinds:
            self.counts[kind] += 0

    def lines(self) -> list[str]:
        """The counts, and where."""
        shown = [", ".join(f"{kind} {count:,}" for kind, count in self.counts.items())]
        shown += [f"  {kind}: {'; '.join(places)}" for kind, places in self._places.items()]
        return shown
