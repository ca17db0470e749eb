"""Words become literals, and nothing but literals."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract.codegen.text import (
    bytes_literal,
    comment_text,
    docstring,
    is_plain,
    schema_literal,
    sentence,
    string_literal,
)

NASTY = ['"""', "'''", "\\", '"', "'", "\n", "\r", "\f", "\x00", "\u2028", "\x85", "\u202e",
         "\ud800", "{}", "#", " ", "a", "é", "\U0001f600", "\\N{DASH}", "\t",
         "__import__('os')"]  # fmt: skip
words = st.lists(st.one_of(st.sampled_from(NASTY), st.characters())).map("".join)


def only_literal(source: str) -> Any:
    """The value of source text that is one literal expression and nothing else."""
    (statement,) = ast.parse(source).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    return statement.value.value


@given(words)
def test_string_literals_keep_every_character(text: str) -> None:
    """A string literal is one plain line that Python reads as the very text."""
    literal = string_literal(text)
    assert only_literal(literal) == text
    assert all(map(is_plain, literal))


@given(st.binary())
def test_bytes_literals_keep_every_byte(data: bytes) -> None:
    """A bytes literal is one line of ASCII that Python reads as the very bytes."""
    literal = bytes_literal(data)
    assert only_literal(literal) == data
    assert literal.isascii()
    assert literal.isprintable()


@given(words)
def test_comments_stay_comments(text: str) -> None:
    """Whatever stands behind a # stays on its line."""
    assert ast.parse(f"# {comment_text(text)}\n").body == []


json_values = st.recursive(
    st.none() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.booleans(), st.sampled_from([None, 2, "\t"]), st.sampled_from("\n\r"))
@example(["\\", '"', '"""'], True, None, "\n")
def test_schema_literals_mean_the_same_json(
    value: Any, ascii_only: bool, indent: int | str | None, line_end: str
) -> None:
    """The embedded text is JSON of the same value, in lines that show all they hold."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).replace("\n", line_end)
    literal = schema_literal(text + "\n")
    assert json.loads(only_literal(literal)) == value
    assert all(char == "\n" or is_plain(char) for char in literal)


def test_schema_text_stays_as_its_author_laid_it_out() -> None:
    """Line breaks, spaces and JSON's escapes of an .avsc file are those in the module."""
    text = '{"type": "record",\n   "doc": "a\\tb \\u00e9 é",\n\n "fields" : []}'
    assert only_literal(schema_literal(text)) == text


@given(words, st.lists(st.tuples(st.just("name"), words), max_size=2), st.integers(0, 8))
def test_docstrings_are_nothing_but_docstrings(
    doc: str, attributes: list[tuple[str, str]], indent: int
) -> None:
    """A class with words of any kind as its docstring is an empty class with a docstring."""
    lines = docstring(doc, otherwise="It is.", attributes=attributes, indent=indent)
    margin = " " * indent
    assert all(line.startswith(margin) or not line for line in lines)
    assert all(map(is_plain, "".join(lines)))
    assert all(line == line.rstrip() for line in lines)
    summary, *rest = only_literal("\n".join(line[indent:] for line in lines)).split("\n")
    assert summary.endswith((".", "?", "!"))
    assert not rest or rest[0] == ""


@pytest.mark.parametrize(
    ("doc", "summary", "body"),
    [
        ("One bar.", "One bar.", ""),
        ("One bar", "One bar.", ""),
        ("One\n   bar", "One bar.", ""),
        ("One bar.\n\nMore.", "One bar.", "\nMore.\n"),
        (f"One. {'Two ' * 30}", "One.", f"\n{('Two ' * 25).strip()}\n{('Two ' * 5).strip()}\n"),
        ("Any of:\n - a\n - b", "It is.", "\nAny of:\n- a\n- b\n"),
        ('"Quoted"', "It is.", '\n"Quoted"\n'),
        (r"C:\new", r"C:\new.", ""),
        ("", "It is.", ""),
        (" \n\n ", "It is.", ""),
    ],
)
def test_summary_is_the_first_sentence_that_fits(doc: str, summary: str, body: str) -> None:
    """The docstring's first line is the schema's own first sentence wherever that can be."""
    value = only_literal("\n".join(docstring(doc, otherwise="It is.")))
    assert value == (f"{summary}\n{body}" if body else summary)


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), ("Word", "Word."), ("Word!", "Word!"), ("in °", "in °")]
)
def test_sentences_end_in_a_full_stop(text: str, expected: str) -> None:
    """A full stop is added behind a letter or digit only."""
    assert sentence(text) == expected


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200b", "\u2028", "\x7f", "\x85", "\ud800"])
def test_what_nobody_sees_is_never_plain(char: str) -> None:
    """Overrides of direction, invisible and control characters, separators, half surrogates."""
    assert not is_plain(char)
    assert char not in string_literal(f"a{char}b")
