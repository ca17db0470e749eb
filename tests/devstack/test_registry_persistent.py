"""Mappings that share with their changed copies what did not change, beside dictionaries."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.devstack.registry.persistent import PersistentMap, changed_keys


@attrs.frozen
class Key:
    """A key whose hash says little, or nothing, of it."""

    number: int
    bits: int

    def __hash__(self) -> int:
        return self.number << self.bits >> self.bits if self.bits < 64 else -1


keys = st.one_of(
    st.integers(),
    st.text(max_size=3),
    st.builds(Key, st.integers(0, 60).map(lambda n: n << 20), st.sampled_from([0, 64])),
)
changes = st.lists(st.tuples(keys, st.none() | st.integers(0, 2)), max_size=120)


def changed(mapping: PersistentMap[Any, Any], steps: list[tuple[Any, int | None]]) -> Any:
    """A mapping after steps; None deletes."""
    for key, value in steps:
        mapping = mapping.delete(key) if value is None else mapping.set(key, value)
    return mapping


@given(changes, changes)
def test_it_is_a_dictionary_that_its_copies_leave_alone(
    first: list[tuple[Any, int | None]], second: list[tuple[Any, int | None]]
) -> None:
    """Items, length, look-ups and differences are those of dictionaries; deletion leaves none."""
    expected = []
    model: dict[Any, int] = {}
    for steps in (first, second):
        for key, value in steps:
            if value is None:
                model.pop(key, None)
            else:
                model[key] = value
        expected.append(dict(model))
    old = changed(PersistentMap(), first)
    new = changed(old, second)
    for mapping, plain in zip((old, new), expected, strict=True):
        assert dict(mapping) == plain
        assert mapping == plain
        assert len(mapping) == len(plain)
        assert all(mapping.get(key) == plain.get(key) for key, _ in (*first, *second))
    before, after = expected
    missing = object()
    assert set(changed_keys(old, new)) == {
        key for key in {*before, *after} if before.get(key, missing) is not after.get(key, missing)
    }
    assert changed(new, [(key, None) for key in after]).root == {}


def test_a_change_makes_few_new_nodes() -> None:
    """However many items there are, one leaf and the nodes above it are all that is copied."""

    def nodes(node: Any) -> dict[int, Any]:
        found = {id(node): node}
        for child in node if isinstance(node, tuple) else ():
            found |= nodes(child)
        return found

    mapping: PersistentMap[str, int] = PersistentMap()
    for number in range(3_000):
        mapping = mapping.set(f"s{number}", number)
    shared = nodes(mapping.root)
    for copy in (mapping.set("new", 1), mapping.set("s7", 0), mapping.delete("s7")):
        assert len(nodes(copy.root).keys() - shared.keys()) <= 5
    # Leaves hold 16 items at most, so that this is few items, too.
    assert max(len(node) for node in shared.values() if isinstance(node, dict)) <= 16
