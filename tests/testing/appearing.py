"""What strategies have to be able to draw, looked for in one search."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from hypothesis import strategies as st

__all__ = ["SEEK_ANY", "missing_in"]

SEEK_ANY = settings(max_examples=3000, database=None, phases=[Phase.generate])
"""Only the existence of an example counts: it need not be made small."""


def missing_in(
    strategy: st.SearchStrategy[Any],
    wanted: Collection[str],
    shown_by: Callable[[Any], Iterable[str]],
) -> set[str]:
    """Draw until everything that is wanted was shown by some value; gives what never was.

    Args:
        strategy: What to draw from.
        wanted: The names to look for.
        shown_by: The names that a value shows.
    """
    missing = set(wanted)

    def shows_the_last(value: Any) -> bool:
        missing.difference_update(shown_by(value))
        return not missing

    with contextlib.suppress(NoSuchExample):
        find(strategy, shows_the_last, settings=SEEK_ANY)
    return missing
