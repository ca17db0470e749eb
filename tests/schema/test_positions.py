"""JSON pointers lead to the right line and column of any JSON text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.schema.positions import child, line_and_column, locate, offsets, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import JsonValue

_TEXTS = st.text(max_size=4) | st.sampled_from(["a/b", "~", "~1", '"', "\\", "]", "{"])
_VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def _everything(value: JsonValue, pointer: str = "") -> Iterator[tuple[str, JsonValue]]:
    yield pointer, value
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from _everything(item, child(pointer, key))


@given(
    _VALUES,
    st.sampled_from([None, 0, 1, "\t"]),
    st.booleans(),
    st.sampled_from(["", "\n ", "\r\n"]),
)
def test_each_pointer_leads_to_its_value(
    value: JsonValue, indent: int | str | None, ascii_only: bool, before: str
) -> None:
    """At the offset of each pointer there is the JSON of the value it points to."""
    text = before + json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = offsets(text)
    expected = dict(_everything(value))
    assert found.keys() == expected.keys()
    for pointer, item in expected.items():
        there, _ = json.JSONDecoder().raw_decode(text, found[pointer])
        assert there == item
        line, column = locate(text, pointer)
        assert "\n".join(text.split("\n")[line - 1 :])[column - 1 :] == text[found[pointer] :]


def test_pointer_that_leads_nowhere() -> None:
    """A pointer to nothing is a KeyError."""
    with pytest.raises(KeyError):
        locate('{"a": 1}', "/b")


def test_of_a_duplicated_key_the_last_value_counts() -> None:
    """As for JSON readers, so for positions: the last value of a key is the one there is."""
    assert locate('{"a": 1,\n "a": 2}', "/a") == (2, 7)


@given(st.text(st.sampled_from("ab\n"), max_size=20), st.data())
def test_lines_and_columns_count_from_one(text: str, data: st.DataObject) -> None:
    """Going to the line and the column leads back to the offset."""
    offset = data.draw(st.integers(0, len(text)))
    line, column = line_and_column(text, offset)
    lines = text.split("\n")
    assert sum(len(before) + 1 for before in lines[: line - 1]) + column - 1 == offset


@given(_VALUES, st.integers(0, 6))
def test_too_deep_finds_the_bracket(value: JsonValue, limit: int) -> None:
    """The bracket found is the first inside more than the allowed number of others."""
    text = json.dumps(value)
    depths = {p: p.count("/") + 1 for p, v in _everything(value) if isinstance(v, dict | list)}
    deep = [pointer for pointer, depth in depths.items() if depth > limit]
    expected = min((offsets(text)[pointer] for pointer in deep), default=None)
    assert too_deep(text, limit) == expected
