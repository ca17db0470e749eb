"""No text of a schema can become code."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.codegen.cases import field, record

from streamcontract.codegen import GENERATED_MARK
from streamcontract.codegen.text import is_plain
from streamcontract.errors import SchemaParseError
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from tests.codegen.conftest import Generator, Importer

_CALL = "__import__('os').abort()"
_FRAGMENTS = [
    '"""', "'''", "\\", '"', "'", "\n", "\r", "\r\n", "\f", "\x00", "\x1c", "\x85", "\u2028",
    "\u202e", "\u2066", "\ufeff", "{", "}", "#", "`", "``", "\\N{DASH}", "\\u0022", "\\x22",
    "    ", "\t", ")", "]", ";", _CALL, "@", "# ruff: noqa", "# type: ignore", "\u200b", "é",
]  # fmt: skip
hostile = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=3), max_size=8).map("".join)
# JSON can spell half a surrogate pair in a doc, but no Avro string can hold one.
clean = hostile.filter(lambda text: text.isascii() or not any(map(_is_surrogate, text)))


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"


def _document(docs: tuple[str, str, str, str], default: str, key: str, blob: str) -> Any:
    """The JSON of a schema that has the words wherever it has room for some."""
    return record(
        "Trade",
        field("symbol", "string", doc=docs[0], default=default),
        field("tags", {"type": "map", "values": "string"}, default={key: default}, doc=docs[1]),
        field(
            "side",
            {"type": "enum", "name": "Side", "symbols": ["BUY"], "doc": docs[2]},
            note=docs[3],
        ),
        field("raw", "bytes", default=blob, logicalType=docs[3]),
        doc=docs[3],
        **{f"x-{docs[2]}": docs[1]},
    )


documents = st.builds(
    _document,
    st.tuples(hostile, hostile, hostile, hostile),
    clean,
    clean,
    st.binary(max_size=6).map(lambda data: data.decode("latin-1")),
)


class _PlainDefaults(ast.NodeTransformer):
    """Makes ``x = attrs.field(default="...")``, which a long default becomes, ``x = "..."``."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        match node.value:
            case ast.Call(args=[], keywords=[ast.keyword(arg="default", value=value)]):
                node.value = value
        return node


def skeleton(text: str) -> list[str]:
    """Everything of a module that runs, without the constants in it."""
    tree = _PlainDefaults().visit(ast.parse(text))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return [ast.dump(statement) for statement in tree.body]


@example(document=_document(("",) * 4, 100 * '"', "", ""), origin="", topic="")
@given(document=documents, origin=hostile, topic=hostile)
def test_words_never_become_code(
    document: dict[str, Any], origin: str, topic: str, generate: Generator
) -> None:
    """With whatever words, the module is the same program over other constants."""
    harmless = json.loads(json.dumps(document), object_hook=_harmless)
    schema = parse_schema(json.dumps(document))
    text = generate(schema, origin=origin, topic=topic, key=topic, compatibility=topic)
    expected = generate(parse_schema(harmless), origin="a", topic="t", key="k", compatibility="c")
    assert skeleton(text) == skeleton(expected)
    assert all(char == "\n" or is_plain(char) for char in text)
    assert text.startswith(GENERATED_MARK)
    assert text.encode().decode() == text


def test_half_a_surrogate_pair_in_words_makes_a_class(generate: Generator, load: Importer) -> None:
    """JSON can spell it, and Python refuses a class with a docstring that UTF-8 cannot hold."""
    words = "Before \ud83d\\ after"
    module = load(generate(record("R", field("x", "int", doc=words), doc=words)))
    assert module.R.__doc__.count("Before \\ud83d\\ after") == 2


def _harmless(node: dict[str, Any]) -> dict[str, Any]:
    """The same schema with plain words."""
    plain = {key: value for key, value in node.items() if key in _KEPT}
    if "default" in node:
        plain["default"] = {"k": "v"} if isinstance(node["default"], dict) else "v"
    return plain


_KEPT = {"type", "name", "fields", "symbols", "values"}


@pytest.mark.parametrize(
    "document",
    [
        record(_CALL),
        record("R", namespace=_CALL),
        record("R", field(_CALL, "int")),
        record("R", field("x", {"type": "enum", "name": "E", "symbols": [_CALL]})),
        record("R", field("x", {"type": "fixed", "name": _CALL, "size": 1})),
        record("Ré"),
        record("R\n"),
    ],
)
def test_names_that_are_none_never_get_so_far(document: dict[str, Any]) -> None:
    """A name outside Avro's grammar is refused where the schema is parsed."""
    with pytest.raises(SchemaParseError):
        parse_schema(document)
