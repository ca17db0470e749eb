"""Conditions: what they mean is what Python makes of them, and what is wrong is pointed at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.messages.conditions import NAMES, SCHEMA, Case, conditions, values
from tests.searching import examples

from streamcontract import Codec, parse_schema
from streamcontract.messages.where import WhereError, compile_where, parse_where

PLAIN: Codec[Any] = Codec(SCHEMA)
NAMED: Codec[Any] = Codec(SCHEMA, tag_unions=True)


@settings(max_examples=examples(400))
@given(conditions(), values())
def test_conditions_mean_what_python_makes_of_them(case: Case, value: dict[str, Any]) -> None:
    """Of the value as it arrives: a float is rounded, and so is what it is compared with."""
    data = PLAIN.encode(value)
    expected = eval(case.python, dict(NAMES), {"v": PLAIN.decode(data)})  # noqa: S307 - the oracle
    assert compile_where(case.text, SCHEMA)(NAMED.decode(data)) == bool(expected), case.text


@settings(max_examples=examples(300))
@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(
                [
                    "n",
                    "s",
                    "(",
                    ")",
                    "and",
                    "or",
                    "not",
                    "=",
                    "<",
                    "1",
                    "'a'",
                    ".",
                    "[",
                    "]",
                    "null",
                ]
            ),
            max_size=12,
        ).map(" ".join),
        st.tuples(
            conditions(), st.integers(0, 60), st.sampled_from(["", "(", "'", "=", "!", "é"])
        ).map(lambda parts: parts[0].text[: parts[1]] + parts[2]),
    )
)
def test_any_text_is_a_condition_or_one_error_with_a_place(text: str) -> None:
    """Nothing else is raised, and the mark stands within the text or just after it."""
    error = _error_of(text)
    if error is not None:
        assert 0 <= error.start <= len(text)
        *_, line, mark = str(error).split("\n")
        assert mark == f"  {' ' * error.start}^"
        assert len(line) == len(text) + 2


def _error_of(text: str) -> WhereError | None:
    try:
        compile_where(text, SCHEMA)
    except WhereError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("prise > 1", 1, "All has no field 'prise': did you mean 'price'?"),
        ("n > 1 and r.t = 'a'", 11, "Inner has no field 't': it has n, s"),
        ("n > 'a'", 5, "n is long: expected a number; found 'a'"),
        ("s = 1", 5, "s is string: expected text in quotes; found 1"),
        ("day >= '17.5.2024'", 8, "expected a date as text, such as 2024-05-17"),
        ("at > '2024-05-17T09:30:00'", 6, "expected a timestamp with a time zone as text"),
        ("side = 'HOLD'", 8, "expected a symbol of Side: BUY, SELL; found 'HOLD'"),
        ("side < 'SELL'", 6, "side is enum Side, which has no order: expected = or !="),
        ("o < null", 3, "nothing is < null: expected = or !="),
        ("n = s", 5, "n is long and s is string: they cannot be compared"),
        ("n.x = 1", 1, "'x' does not lead into long: there is nothing inside of it"),
        ("items.first = 'a'", 1, "does not lead into array: expected an index such as [0]"),
        ("m[0] = 1", 1, "[0] does not lead into map: expected a key"),
        ("r = 1", 5, "r is record: expected null, which is all that such a value is compared with"),
        ("n", 1, "n is long: expected a number; found true"),
        ("f > 1e39", 5, "expected a number within the range of float"),
        ("n > 1e99999999999999999999", 5, "an exponent that a decimal may have"),
        ("n == 1", 3, "found '==' (write =)"),
        ("n = 1 && b", 7, "found '&&' (write and)"),
        ("!b", 1, "found '!' (write not)"),
        ("1 = 2", 1, "a comparison has a field on one side at least"),
        ("(n = 1", 7, "expected ), found the end"),
        ("s = 'a", 5, "this text has no end"),
        ("n = 1 $", 7, "'$' is unknown"),
        ("", 1, "expected a field or a value, found the end"),
        ("not " * 150 + "b", 401, "nested deeper than 100"),
        (f"items[{'9' * 5_000}] = 1", 7, "expected an index of at most 18 digits"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, column: int, reason: str) -> None:
    """With its column, and with what would be right."""
    with pytest.raises(WhereError) as caught:
        compile_where(text, SCHEMA)
    assert caught.value.start + 1 == column
    assert reason in caught.value.reason


def test_a_value_that_is_no_record_is_called_value() -> None:
    """There are no fields to begin with."""
    schema = parse_schema({"type": "map", "values": ["null", "string"]})
    codec: Codec[Any] = Codec(schema, tag_unions=True)
    holds = compile_where("value['a b'] = 'c' or value.d = null", schema)
    found = [{"a b": "c", "d": "e"}, {"d": "e"}, {}]
    assert [holds(codec.decode(codec.encode(each))) for each in found] == [True, False, True]
    with pytest.raises(WhereError, match="a path begins with 'value', not 'd'"):
        compile_where("d = null", schema)


def test_a_union_of_records_is_walked_by_branch() -> None:
    """A branch without the field has null there; a field that no branch has is an error."""
    schema = parse_schema(
        [
            {"type": "record", "name": "A", "fields": [{"name": "a", "type": "int"}]},
            {"type": "record", "name": "B", "fields": [{"name": "b", "type": "int"}]},
        ]
    )
    codec: Codec[Any] = Codec(schema, tag_unions=True)
    holds = compile_where("a = 1 or a = null", schema)
    found = [("A", {"a": 1}), ("A", {"a": 2}), ("B", {"b": 1})]
    assert [holds(codec.decode(codec.encode(each))) for each in found] == [True, False, True]
    with pytest.raises(WhereError, match="no field 'c'"):
        compile_where("c = 1", schema)


def test_a_condition_is_parsed_without_a_schema() -> None:
    """So that a text that is none is reported before anything is asked for."""
    with pytest.raises(WhereError):
        parse_where("close >")


def test_a_literal_is_compared_as_the_type_of_the_branch() -> None:
    """A number with each of several types of numbers, and text with neither."""
    schema = parse_schema(["null", "long", "float", "string"])
    codec: Codec[Any] = Codec(schema, tag_unions=True)
    holds = compile_where("value >= 1.1", schema)
    differs = compile_where("value != 1.1", schema)
    found = [
        ("long", 2),
        ("long", 1),
        ("float", 1.1),
        ("float", 1.0),
        ("string", "9"),
        ("null", None),
    ]
    data = [codec.decode(codec.encode(each)) for each in found]
    assert [holds(each) for each in data] == [True, False, True, False, False, False]
    assert [differs(each) for each in data] == [True, True, False, True, True, True]
