"""Which dropped field an added one stands for."""

from __future__ import annotations

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.compatibility.renames import Dropped
from streamcontract.schema.model import Field, PrimitiveType

NAMES = st.text("abc_", min_size=1, max_size=6)
LONG = PrimitiveType(name="long")


def dropped(names: list[str]) -> Dropped:
    """Fields of these names, at the places that they have in the list."""
    fields = Dropped()
    for place, name in enumerate(names):
        fields.add(place, Field(name=name, type=LONG))
    return fields


def likeness(old: str, new: str) -> float:
    """As difflib counts it."""
    return SequenceMatcher(a=old, b=new).ratio()


def share_neighbours(old: str, new: str) -> bool:
    """Whether two characters beside each other, or an end, are in both."""
    first, second = f"^{old}$", f"^{new}$"
    return any(first[index : index + 2] in second for index in range(len(first) - 1))


@given(st.lists(NAMES, max_size=8, unique=True), st.integers(0, 9), NAMES)
def test_it_is_the_likest(names: list[str], place: int, added: str) -> None:
    """Of those that share anything with it, and are like enough; that at its place is always."""
    likest = max(
        (
            likeness(name, added)
            for index, name in enumerate(names)
            if index == place or (share_neighbours(name, added) and likeness(name, added) >= 0.6)
        ),
        default=None,
    )
    found = dropped(names).take(place, added)
    assert likest == (None if found is None else likeness(names[found], added))


@given(st.lists(NAMES, max_size=8, unique=True), st.lists(NAMES, max_size=8))
def test_each_stands_for_one(names: list[str], added: list[str]) -> None:
    """What was taken is not there any more."""
    fields = dropped(names)
    taken = [found for name in added if (found := fields.take(99, name)) is not None]
    assert len(set(taken)) == len(taken)


def test_among_thousands() -> None:
    """The likest is found where nearly all share most of their names."""
    names = [f"field_{number}" for number in range(2_000)]
    fields = dropped(names)
    assert [fields.take(9_999, f"{name}_x") for name in names[:500]] == list(range(500))
