"""What strategies have to be able to draw, looked for in one search."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from hypothesis import strategies as st

T = TypeVar("T")

__all__ = ["SEEK_ANY", "missing_in", "shown_by"]

SEEK_ANY = settings(max_examples=3000, database=None, phases=[Phase.generate])
"""Only the existence of an example counts: it need not be made small."""


def shown_by(strategy: st.SearchStrategy[T], condition: Callable[[T], bool]) -> bool:
    """Whether some value meets a condition."""
    try:
        find(strategy, condition, settings=SEEK_ANY)
    except NoSuchExample:
        return False
    return True


def missing_in(
    strategy: st.SearchStrategy[T], wanted: Collection[str], names_of: Callable[[T], Iterable[str]]
) -> set[str]:
    """Draw until everything that is wanted was shown by some value; gives what never was.

    Args:
        strategy: What to draw from.
        wanted: The names to look for.
        names_of: The names that a value shows.
    """
    missing = set(wanted)

    def is_the_last(value: T) -> bool:
        missing.difference_update(names_of(value))
        return not missing

    shown_by(strategy, is_the_last)
    return missing
