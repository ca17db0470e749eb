"""The parser of conditions: text to a tree, by recursive descent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

import attrs

from streamcontract.messages.where.errors import WhereError
from streamcontract.messages.where.tree import (
    And,
    Comparison,
    Condition,
    Literal,
    Not,
    Or,
    Path,
    Truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["parse_where"]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<sign><=|>=|!=|==|<>|&&|\|\||[=<>()\[\].!])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_BLANKS: Final = re.compile(r"\s*", re.ASCII)
_OPERATORS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_ELSEWHERE: Final = {"==": "=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
"""Operators of other languages, and those of this one for them."""

_MOST_NESTED: Final = 100
"""Parentheses and negations within each other: fewer than Python's own calls may be."""

_MOST_DIGITS: Final = 18
"""Digits of an index: no message has more items, and Python converts no text of any length."""


@attrs.frozen
class _Token:
    kind: str
    text: str
    start: int


def parse_where(text: str) -> Condition:
    """The tree of a condition.

    Raises:
        WhereError: It is not a condition; the error has the column.

    Example:
        >>> parse_where("close > 430").operator
        '>'
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._condition()
        if self._next.kind != "end":
            self._fail("expected and, or, or the end")
        return condition

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _is(self, text: str) -> bool:
        return self._next.text == text and self._next.kind in {"name", "sign"}

    def _takes(self, text: str) -> bool:
        found = self._is(text)
        self._at += found
        return found

    def _fail(self, reason: str) -> NoReturn:
        token = self._next
        found = "the end" if token.kind == "end" else repr(token.text)
        instead = _ELSEWHERE.get(token.text) if token.kind == "sign" else None
        advice = f" (write {instead})" if instead else ""
        raise WhereError(self._text, token.start, f"{reason}, found {found}{advice}")

    def _condition(self) -> Condition:
        return self._several("or", self._conjunction, Or)

    def _conjunction(self) -> Condition:
        return self._several("and", self._negation, And)

    def _several(
        self,
        keyword: str,
        operand: Callable[[], Condition],
        make: Callable[[Any], Condition],
    ) -> Condition:
        operands = [operand()]
        while self._takes(keyword):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else make(tuple(operands))

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            self._fail(f"nested deeper than {_MOST_NESTED}")
        found = Not(self._negation()) if self._takes("not") else self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> Condition:
        if self._takes("("):
            condition = self._condition()
            if not self._takes(")"):
                self._fail("expected )")
            return condition
        left = self._operand()
        if not (self._next.kind == "sign" and self._next.text in _OPERATORS):
            if isinstance(left, Path) and self._next.text not in _ELSEWHERE:
                return Truth(left)
            self._fail(f"expected one of {' '.join(sorted(_OPERATORS))}")
        operator = self._take()
        right = self._operand()
        if isinstance(left, Literal) and isinstance(right, Literal):
            reason = (
                "a comparison has a field on one side at least; text is in quotes, names are not"
            )
            raise WhereError(self._text, left.start, reason)
        return Comparison(left, operator.text, right, operator.start)  # type: ignore[arg-type] # of _OPERATORS

    def _operand(self) -> Path | Literal:
        token = self._next
        if token.kind == "number":
            self._take()
            return Literal("number", token.text, token.start)
        if token.kind == "text":
            self._take()
            return Literal("text", _unquoted(token.text), token.start)
        if token.kind != "name" or token.text in {"and", "or", "not"}:
            self._fail("expected a field or a value")
        self._take()
        if token.text == "null":
            return Literal("null", "null", token.start)
        if token.text in {"true", "false"}:
            return Literal("boolean", token.text, token.start)
        return self._path(token)

    def _path(self, first: _Token) -> Path:
        steps: list[str | int] = [first.text]
        while True:
            if self._takes("."):
                if self._next.kind != "name":
                    self._fail("expected a field's name")
                steps.append(self._take().text)
            elif self._takes("["):
                steps.append(self._index())
                if not self._takes("]"):
                    self._fail("expected ]")
            else:
                return Path(tuple(steps), first.start)

    def _index(self) -> str | int:
        token = self._next
        if token.kind == "text":
            self._take()
            return _unquoted(token.text)
        if token.kind != "number" or not token.text.isdigit():
            self._fail("expected an index from 0, or a key in quotes")
        if len(token.text) > _MOST_DIGITS:
            self._fail(f"expected an index of at most {_MOST_DIGITS} digits")
        self._take()
        return int(token.text)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            start = _BLANKS.match(text, at).end()  # type: ignore[union-attr] # none are blanks too
            what = "this text has no end" if text[start] in "'\"" else f"{text[start]!r} is unknown"
            raise WhereError(text, start, what)
        kind = found.lastgroup or "end"
        yield _Token(kind, found[kind], found.start(kind))
        if kind == "end":
            return
        at = found.end()


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
