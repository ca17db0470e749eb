"""Schemas as they are found stored, each with one fault: those that are read, and the others."""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

__all__ = ["CASES", "Case"]


@attrs.frozen(kw_only=True)
class Case:
    """A stored schema.

    Attributes:
        id: Its name here.
        text: Its JSON text.
        clause: The id of the clause that forgives its fault; None where it is refused.
        data: Some data of it.
        references: Texts of the schemas that it refers to, each with the indexes of those before
            it that it refers to itself.
        uses: The indexes of those that ``text`` refers to.
    """

    id: str
    text: str
    clause: str | None
    data: bytes = b""
    references: tuple[tuple[str, tuple[int, ...]], ...] = ()
    uses: tuple[int, ...] = ()


def _field(name: Any = "a", kind: Any = "int", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def _record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **more}


def _enum(**more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "A", "symbols": ["X", "Y"], **more}


_X = _field("x")
_INNER = {"type": "record", "name": "A", "fields": [_X]}


def _inner(**more: Any) -> dict[str, Any]:
    return {**_INNER, "fields": [{**_X, **more}]}


def _pair(first: Any, second: Any) -> dict[str, Any]:
    return _record(_field("a", first), _field("b", second))


_NUMBER = (
    '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "double", "default": %s}]}'
)
_ONE, _TWO = b"\x02", b"\x02\x04"

_READ: Final[dict[str, dict[str, tuple[Any, bytes]]]] = {
    "duplicate-key": {
        "doc": ('{"type": "record", "name": "R", "doc": "a", "doc": "b", "fields": []}', b""),
        "type": ('{"type": "string", "type": "long"}', _ONE),
        "fields": (
            '{"type": "record", "name": "R", "fields": [], "fields": [{"name":"b","type":"int"}]}',
            _ONE,
        ),
        "name": ('{"type": "record", "name": "R", "name": "S", "fields": []}', b""),
        "attribute": ('{"type": "int", "x": {"y": 1, "y": 2}}', _ONE),
    },
    "comment": {
        "before": ('/* one */ {"type": "int"}', _ONE),
        "line": ('// one\n{"type": "int"}', _ONE),
        "within": ('{"type": "int" /* one */, // two\n "x": "// none /* nor here"}', _ONE),
        "after": ('{"type": "int"} // one', _ONE),
        "lines": ('{"type":\n/* one\n two */ "int"}', _ONE),
    },
    "not-finite": {
        name: (_NUMBER % default, bytes(8))
        for name, default in {
            "nan": "NaN",
            "infinity": "Infinity",
            "negative": "-Infinity",
            "too-large": "1e999",
            "quoted-nan": '"NaN"',
            "quoted-infinity": '"-Infinity"',
        }.items()
    }
    | {
        "attribute": ('{"type": "int", "x": NaN}', _ONE),
        "float": (_record(_field("a", "float", default="NaN")), bytes(4)),
    },
    "name": {
        "field-beyond-ascii": (_record(_field("größe")), _ONE),
        "field-hyphen": (_record(_field("a-b")), _ONE),
        "field-dot": (_record(_field("a.b")), _ONE),
        "field-space": (_record(_field("a b")), _ONE),
        "field-digit": (_record(_field("2nd")), _ONE),
        "field-quote": (_record(_field('a"b')), _ONE),
        "field-backslash": (_record(_field("a\\b")), _ONE),
        "field-newline": (_record(_field("a\nb")), _ONE),
        "field-brace": (_record(_field("{a}")), _ONE),
        "field-empty": (_record(_field("")), _ONE),
        "type-beyond-ascii": ({**_record(_field()), "name": "Größe"}, _ONE),
        "type-dollar": ({**_record(_field()), "name": "Outer$Inner"}, _ONE),
        "type-empty": ({**_record(_field()), "name": ""}, _ONE),
        "type-ends-in-a-dot": ({**_record(_field()), "name": "R."}, _ONE),
        "type-starts-with-a-dot": ({**_record(_field()), "name": ".R"}, _ONE),
        "type-dollar-used": (_pair({**_INNER, "name": "A$B"}, "A$B"), _TWO),
        "namespace-hyphen": (_record(_field(), namespace="db-server.inventory"), _ONE),
        "namespace-hyphen-used": (
            {**_pair(_INNER, "A"), "namespace": "db-server.inventory"},
            _TWO,
        ),
        "namespace-hyphen-used-in-full": (
            {**_pair(_INNER, "db-server.A"), "namespace": "db-server"},
            _TWO,
        ),
        "namespace-digit": (_record(_field(), namespace="1a"), _ONE),
        "namespace-two-dots": (_record(_field(), namespace="a..b"), _ONE),
        "namespace-dot-before": (_record(_field(), namespace=".a"), _ONE),
        "namespace-dot-behind": (_record(_field(), namespace="a."), _ONE),
        "symbol-hyphen": (_enum(symbols=["a-b", "c"]), b"\x00"),
        "symbol-empty": (_enum(symbols=["", "c"]), b"\x00"),
    },
    "namespace": {
        "number": (_record(_field(), namespace=1), _ONE),
        "list": (_record(_field(), namespace=["a", "b"]), _ONE),
        "inner": ({**_pair({**_INNER, "namespace": {}}, "A"), "namespace": "n"}, _TWO),
    },
    "primitive-name": {
        "alone": ({**_record(_field()), "name": "long"}, _ONE),
        "beside-the-primitive": (_pair({**_enum(), "name": "int"}, "int"), b"\x00\x02"),
        "in-a-union": (_pair(["int", {**_enum(), "name": "int"}], "int"), b"\x02\x02\x04"),
        "wrapped": (_pair({**_INNER, "name": "int"}, {"type": "int"}), _TWO),
    },
    "alias-taken": {
        "of-a-field": (_record(_field("a", aliases=["b"]), _field("b")), _TWO),
        "of-two-fields": (_record(_field("a", aliases=["c"]), _field("b", aliases=["c"])), _TWO),
        "twice": (_record(_field("a", aliases=["c", "c"])), _ONE),
        "of-a-type": (
            _pair({**_INNER, "aliases": ["B"]}, {**_enum(), "name": "B"}),
            b"\x02\x00",
        ),
        "of-two-types": (
            _pair({**_INNER, "aliases": ["C"]}, {**_enum(), "name": "B", "aliases": ["C"]}),
            b"\x02\x00",
        ),
        "of-the-type-around": (_record(_field("a", {**_INNER, "aliases": ["R"]})), _ONE),
    },
    "aliases": {
        "no-array": (_record(_field(), aliases="b"), _ONE),
        "null": (_record(_field(), aliases=None), _ONE),
        "a-fields-no-array": (_record(_field(aliases="b")), _ONE),
        "a-number": (_record(_field(aliases=[1, "b"])), _ONE),
    },
    "doc": {
        "number": (_record(_field(), doc=1), _ONE),
        "list": (_record(_field(), doc=["one", "two"]), _ONE),
        "object": (_record(_field(), doc={"en": "one"}), _ONE),
        "false": (_enum(doc=False), b"\x00"),
        "of-a-field": (_record(_field(doc=1)), _ONE),
    },
    "order": {
        "another-case": (_record(_field(order="ASCENDING")), _ONE),
        "unknown": (_record(_field(order="up")), _ONE),
        "number": (_record(_field(order=1)), _ONE),
    },
    "wrapped-name": {
        "alone": (_pair(_INNER, {"type": "A"}), _TWO),
        "with-a-doc": (_pair(_INNER, {"type": "A", "doc": "one"}), _TWO),
        "with-a-logical-type": (_pair(_enum(), {"type": "A", "logicalType": "date"}), b"\x00\x02"),
        "in-an-array": (
            _pair(_INNER, {"type": "array", "items": {"type": "A"}}),
            b"\x02\x02\x04\x00",
        ),
        "in-a-union": (_pair(_INNER, ["null", {"type": "A"}]), b"\x02\x02\x04"),
        "in-itself": (
            _record(_field("a", ["null", {"type": "R"}])),
            b"\x02\x00",
        ),
        "in-full": ({**_pair(_INNER, {"type": "n.A"}), "namespace": "n"}, _TWO),
    },
    "defined-twice": {
        "enum": (_pair(_enum(), _enum()), b"\x00\x02"),
        "enum-other-doc": (_pair(_enum(doc="one"), _enum(doc="two")), b"\x00\x02"),
        "enum-other-alias": (_pair(_enum(), _enum(aliases=["B"])), b"\x00\x02"),
        "enum-other-attribute": (_pair(_enum(), _enum(x=1)), b"\x00\x02"),
        "record": (_pair(_INNER, _INNER), _TWO),
        "record-other-doc": (_pair(_inner(doc="one"), _inner(doc="two")), _TWO),
        "record-other-default": (_pair(_inner(default=1), _inner()), _TWO),
        "record-of-itself": (
            _pair(
                _inner(type=["null", "A"]),
                _inner(type=["null", "A"]),
            ),
            b"\x00\x00",
        ),
        "record-within-itself": (
            _record(_field("a", ["null", _record(_field("a", ["null", "R"]))])),
            b"\x02\x00",
        ),
        "union-of-it": (_pair(_enum(), ["null", _enum()]), b"\x00\x02\x00"),
    },
    "forward-reference": {
        "field": (_pair("A", _INNER), _TWO),
        "wrapped": (_pair(_record(_field("c", "A"), name="C"), _INNER), _TWO),
        "array": (_pair({"type": "array", "items": "A"}, _INNER), b"\x02\x02\x00\x04"),
        "map": (_pair({"type": "map", "values": "A"}, _INNER), b"\x02\x02k\x02\x00\x04"),
        "union": (_pair(["null", "A"], _INNER), b"\x02\x02\x04"),
        "branches": ([{**_record(_field("a", "A")), "name": "B"}, _INNER], b"\x00\x02"),
        "namespace": ({**_pair("A", _INNER), "namespace": "n"}, _TWO),
        "namespace-in-full": ({**_pair("n.A", _INNER), "namespace": "n"}, _TWO),
        "other-namespace": (
            {**_pair("m.A", {**_INNER, "namespace": "m"}), "namespace": "n"},
            _TWO,
        ),
        "twice": (
            _record(_field("a", "A"), _field("b", "A"), _field("c", _INNER)),
            b"\x02\x04\x06",
        ),
        "within": (
            _pair("A", {**_INNER, "name": "B", "fields": [_field("x", _INNER)]}),
            _TWO,
        ),
        "of-one-that-needs-another": (
            _record(
                _field("a", "B"),
                _field("b", {"type": "record", "name": "B", "fields": [_field("x", "A")]}),
                _field("c", _INNER),
            ),
            b"\x02\x04\x06",
        ),
        "of-each-other": (
            _record(
                _field("a", ["null", "B"]),
                _field("b", {**_INNER, "name": "B", "fields": [_field("x", ["null", "C"])]}),
                _field("c", {**_INNER, "name": "C", "fields": [_field("x", ["null", "B"])]}),
            ),
            b"\x00\x00\x00",
        ),
    },
    "bad-default": {
        "word": (_record(_field(default="x")), _ONE),
        "too-large": (_record(_field(default=2**31)), _ONE),
        "null": (_record(_field(default=None)), _ONE),
        "enum-null": (_enum(default=None), b"\x00"),
        "enum-other": (_enum(default="Z"), b"\x00"),
    },
}
"""What is read, by the id of the clause that it needs."""

_REFUSED: Final[dict[str, Any]] = {
    "defined-twice-otherwise": _pair(_enum(), _enum(symbols=["X"])),
    "defined-twice-in-another-order": _pair(_enum(), _enum(symbols=["Y", "X"])),
    "defined-twice-record-otherwise": _pair(_INNER, _inner(type="long")),
    "defined-twice-another-logical-type": _pair(
        _inner(type={"type": "int", "logicalType": "date"}), _INNER
    ),
    "field-twice": _record(_field(), _field()),
    "symbol-twice": _enum(symbols=["X", "X"]),
    "branch-twice": ["int", "int"],
    "union-in-union": ["null", ["int"]],
    "named-like-a-primitive-twice": _pair({**_enum(), "name": "int"}, {**_enum(), "name": "int"}),
    "reference-starts-with-a-dot": {
        **_pair({**_INNER, "namespace": ""}, ".A"),
        "namespace": "n",
    },
    "size-negative": {"type": "fixed", "name": "A", "size": -1},
    "size-text": {"type": "fixed", "name": "A", "size": "1"},
    "no-fields": {"type": "record", "name": "R"},
    "no-name": {"type": "record", "fields": []},
    "name-number": {**_record(), "name": 1},
    "type-in-a-type": {"type": {"type": "int"}},
    "unknown-type": _record(_field("a", "A")),
    "alias-as-a-name": _pair({**_INNER, "aliases": ["B"]}, "B"),
    "forward-into-its-own-union": ["A", _INNER],
    "half-a-surrogate-pair": _record(_field("\ud800")),
    "comment-hash": '# one\n{"type": "int"}',
    "comment-without-end": '{"type": "int"} /* one',
    "trailing-comma": '{"type": "int",}',
    "single-quotes": "{'type': 'int'}",
    "two-schemas": '"int" "int"',
}
"""What is refused: no implementation reads it, or not all that do read it alike."""


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


_A1, _A2 = _enum(doc="one"), _enum(doc="two")
_B = {"type": "record", "name": "B", "fields": [_field("x", "A")]}


def _two_versions(first: Any, second: Any) -> dict[str, Any]:
    """B refers to the first version of A, and R to B and to the second."""
    return {
        "text": _text(_pair("B", "A")),
        "references": ((_text(first), ()), (_text(_B), (0,)), (_text(second), ())),
        "uses": (1, 2),
    }


CASES: Final[tuple[Case, ...]] = (
    *(
        Case(id=f"{clause}/{name}", text=_text(document), clause=clause, data=data)
        for clause, cases in _READ.items()
        for name, (document, data) in cases.items()
    ),
    Case(
        id="two-versions/enum",
        clause="two-versions",
        data=b"\x00\x02",
        **_two_versions(_A1, _A2),
    ),
    Case(
        id="two-versions/record",
        clause="two-versions",
        data=_TWO,
        **_two_versions(_inner(doc="one"), _inner(doc="two")),
    ),
    Case(
        id="refused/two-versions-otherwise",
        clause=None,
        **_two_versions(_enum(), _enum(symbols=["X"])),
    ),
    *(
        Case(id=f"refused/{name}", text=_text(document), clause=None)
        for name, document in _REFUSED.items()
    ),
)
"""All cases."""
