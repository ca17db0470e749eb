"""Conditions as text, and the same as Python, which evaluates them on its own."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from streamcontract import parse_schema

__all__ = ["NAMES", "SCHEMA", "Case", "conditions", "values"]

SCHEMA: Final = parse_schema(
    {
        "type": "record",
        "name": "All",
        "fields": [
            {"name": "n", "type": "long"},
            {"name": "x", "type": "double"},
            {"name": "f", "type": "float"},
            {"name": "s", "type": "string"},
            {"name": "b", "type": "boolean"},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {
                "name": "price",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            },
            {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "o", "type": ["null", "long"]},
            {"name": "u", "type": ["null", "string", "long"]},
            {"name": "m", "type": {"type": "map", "values": "long"}},
            {"name": "items", "type": {"type": "array", "items": "string"}},
            {
                "name": "r",
                "type": [
                    "null",
                    {
                        "type": "record",
                        "name": "Inner",
                        "fields": [
                            {"name": "n", "type": "int"},
                            {"name": "s", "type": ["string", "null"]},
                        ],
                    },
                ],
            },
        ],
    }
)

_NUMBERS = st.integers(-3, 3)
_HALVES = st.sampled_from([-1.5, -1.1, 0.0, 0.1, 1.1, 2.5, 3.0])
_TEXTS = st.sampled_from(["", "a", "b", "it's", 'say "a"', "ä"])
_DAYS = st.sampled_from([dt.date(2024, 5, 17), dt.date(1969, 12, 31), dt.date(2024, 5, 18)])
_MOMENTS = st.sampled_from(
    [dt.datetime(2024, 5, 17, hour, 30, 0, 250_000, tzinfo=dt.timezone.utc) for hour in (9, 10)]
)
_PRICES = st.sampled_from([Decimal("1.25"), Decimal("-0.01"), Decimal("0.00"), Decimal("7.00")])
_SIDES = st.sampled_from(["BUY", "SELL"])
_IDS = st.sampled_from([uuid.UUID(int=1), uuid.UUID(int=2)])


def values() -> st.SearchStrategy[dict[str, Any]]:
    """Values of the schema, alike so often that comparisons are decided both ways."""
    inner = st.fixed_dictionaries({"n": _NUMBERS, "s": st.none() | _TEXTS})
    return st.fixed_dictionaries(
        {
            "n": _NUMBERS,
            "x": _HALVES,
            "f": _HALVES,
            "s": _TEXTS,
            "b": st.booleans(),
            "day": _DAYS,
            "at": _MOMENTS,
            "price": _PRICES,
            "side": _SIDES,
            "id": _IDS,
            "o": st.none() | _NUMBERS,
            "u": st.none() | _TEXTS | _NUMBERS,
            "m": st.dictionaries(st.sampled_from(["k", "other key"]), _NUMBERS),
            "items": st.lists(_TEXTS, max_size=2),
            "r": st.none() | inner,
        }
    )


@attrs.frozen
class Case:
    """A condition twice.

    Attributes:
        text: It.
        python: An expression of Python over ``v``, the value, with the names of :data:`NAMES`.
    """

    text: str
    python: str


def _float32(text: str) -> float:
    return float(struct.unpack("<f", struct.pack("<f", float(text)))[0])


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _ordered(left: Any, compare: Any, right: Any) -> bool:
    return left is not None and right is not None and bool(compare(left, right))


NAMES: Final = {
    "ordered": _ordered,
    "Fraction": Fraction,
    "Decimal": Decimal,
    "day": dt.date.fromisoformat,
    "moment": _moment,
    "uuid": uuid.UUID,
    "float32": _float32,
}

_PATHS: Final = {
    "number": {
        "n": "v['n']",
        "o": "v['o']",
        "m.k": "v['m'].get('k')",
        "m['other key']": "v['m'].get('other key')",
        "r.n": "(v['r'] or {}).get('n')",
        "u": "(v['u'] if isinstance(v['u'], int) else None)",
    },
    "text": {
        "s": "v['s']",
        "items[0]": "(v['items'][0] if v['items'] else None)",
        "items[1]": "(v['items'][1] if len(v['items']) > 1 else None)",
        "r.s": "(v['r'] or {}).get('s')",
    },
}
_SIGNS: Final = ["=", "!=", "<", "<=", ">", ">="]


def _python(left: str, sign: str, right: str) -> str:
    """A null is equal to nothing but null, and has no order."""
    if sign in {"=", "!="}:
        return f"({left} {'==' if sign == '=' else sign} {right})"
    return f"ordered({left}, lambda a, b: a {sign} b, {right})"


_MIRRORED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@st.composite
def _quoted(draw: st.DrawFn, text: str) -> str:
    quote = draw(st.sampled_from("'\""))
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"


@st.composite
def _with_literal(draw: st.DrawFn) -> tuple[str, str, str, str, bool]:
    """A path and a literal, each in both languages, and whether the type has an order."""
    kind = draw(st.sampled_from(["number", "text", "x", "f", "day", "at", "price", "side", "id"]))
    match kind:
        case "number":
            path, python = draw(st.sampled_from(sorted(_PATHS["number"].items())))
            text = draw(st.sampled_from(["-1", "0", "+2", "1.5", "3e0", ".5"]))
            return path, python, text, f"Fraction('{text}')", True
        case "text":
            path, python = draw(st.sampled_from(sorted(_PATHS["text"].items())))
            text = draw(_TEXTS)
            return path, python, draw(_quoted(text)), repr(text), True
        case "x" | "f":
            text = draw(st.sampled_from(["1.1", "-1.5", "0.1", "3", "2"]))
            python = f"float('{text}')" if kind == "x" else f"float32('{text}')"
            return kind, f"v['{kind}']", text, python, True
        case "price":
            text = draw(st.sampled_from(["1.25", "1.250", "-0.01", "7", "0"]))
            return kind, "v['price']", text, f"Decimal('{text}')", True
        case "day":
            text = draw(_DAYS).isoformat()
            return kind, "v['day']", draw(_quoted(text)), f"day('{text}')", True
        case "at":
            text = f"2024-05-17T{draw(st.sampled_from(['09', '10']))}:30:00.25"
            quoted = draw(_quoted(f"{text}{draw(st.sampled_from(['Z', '+00:00']))}"))
            return kind, "v['at']", quoted, f"moment('{text}0000Z')", True
        case "side":
            text = draw(_SIDES)
            return kind, "v['side']", draw(_quoted(text)), repr(text), False
    text = str(draw(_IDS))
    return kind, "v['id']", draw(_quoted(text)), f"uuid('{text}')", False


@st.composite
def _comparisons(draw: st.DrawFn) -> Case:
    form = draw(st.sampled_from(["literal", "paths", "null", "truth"]))
    if form == "truth":
        return draw(st.sampled_from([Case("b", "v['b']"), Case("b = false", "not v['b']")]))
    if form == "null":
        path, python = draw(
            st.sampled_from([("o", "v['o']"), ("r", "v['r']"), ("r.s", "(v['r'] or {}).get('s')")])
        )
        sign = draw(st.sampled_from(["=", "!="]))
        return Case(f"{path} {sign} null", _python(python, sign, "None"))
    if form == "paths":
        kind = draw(st.sampled_from(["number", "text"]))
        pair = st.sampled_from(sorted(_PATHS[kind].items()))
        (left, one), (right, other) = draw(pair), draw(pair)
        sign = draw(st.sampled_from(_SIGNS))
        if "u" in {left, right}:  # a text there is not null, and no number either
            sign = draw(st.sampled_from(["<", ">"]))
        return Case(f"{left} {sign} {right}", _python(one, sign, other))
    path, one, literal, other, is_ordered = draw(_with_literal())
    sign = draw(st.sampled_from(_SIGNS if is_ordered else ["=", "!="]))
    if draw(st.booleans()):
        return Case(f"{literal} {_MIRRORED[sign]} {path}", _python(one, sign, other))
    return Case(
        f"{path}{draw(st.sampled_from([' ', '']))}{sign} {literal}", _python(one, sign, other)
    )


def _joined(parts: list[Case], word: str) -> Case:
    return Case(
        f" {word} ".join(f"({each.text})" for each in parts),
        f" {word} ".join(f"({each.python})" for each in parts),
    )


def _unjoined(parts: list[Case]) -> Case:
    """Without parentheses: not binds closer than and, and and closer than or, as in Python."""
    words = ["or", "and", "or not", "and not"]
    text, python = parts[0].text, parts[0].python
    for index, each in enumerate(parts[1:]):
        word = words[index % len(words)]
        text, python = f"{text} {word} {each.text}", f"{python} {word} {each.python}"
    return Case(text, python)


def conditions() -> st.SearchStrategy[Case]:
    """Conditions that fit the schema."""
    flat = st.lists(_comparisons(), min_size=1, max_size=4).map(_unjoined)
    return st.recursive(
        flat,
        lambda inner: st.one_of(
            inner.map(lambda each: Case(f"not ({each.text})", f"not ({each.python})")),
            st.lists(inner, min_size=2, max_size=3).map(lambda each: _joined(each, "and")),
            st.lists(inner, min_size=2, max_size=3).map(lambda each: _joined(each, "or")),
        ),
        max_leaves=5,
    )
