"""Avro names: their grammar, full names, and the nearest known name for a misspelt one.

The rules are those of "Names" in the Avro 1.12 specification.
"""

from __future__ import annotations

import difflib
import itertools
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Guesser", "absolute", "is_full_name", "is_name", "is_text", "join", "listed", "nearest"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FULL_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")

# Comparing spellings is slow, and a guess among more candidates than this is worth little.
_MAX_COMPARED: Final = 500
_MAX_GUESSES: Final = 20
_MAX_LISTED: Final = 12


def is_name(text: str) -> bool:
    """Whether ``text`` may name a type, a field or an enum symbol: no dots, ASCII only.

    Example:
        >>> is_name("adjusted_close"), is_name("2nd"), is_name("a.b")
        (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def is_full_name(text: str) -> bool:
    """Whether ``text`` is a dot-separated sequence of names, as full names and namespaces are.

    Example:
        >>> is_full_name("io.streamcontract.Stock"), is_full_name(".Stock")
        (True, False)
    """
    return _FULL_NAME.fullmatch(text) is not None


def is_text(value: str) -> bool:
    """Whether UTF-8 can hold it: JSON can spell half a surrogate pair, Avro's string cannot."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def join(namespace: str, name: str) -> str:
    """The full name of ``name`` where ``namespace`` is the enclosing one, ``""`` the null one.

    Example:
        >>> join("a.b", "C"), join("", "C"), join("a.b", "x.C")
        ('a.b.C', 'C', 'x.C')
    """
    return name if "." in name or not namespace else f"{namespace}.{name}"


def absolute(full_name: str) -> str:
    """A full name without the leading dot that some tools write for the null namespace.

    Avro's Java library reads ``.R`` so, as the name ``R`` with the namespace ``""``.

    Example:
        >>> absolute(".R"), absolute("a.R"), absolute(".a.R")
        ('R', 'a.R', '.a.R')
    """
    return full_name[1:] if full_name.rfind(".") == 0 else full_name


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` most likely means, or None if none is near.

    A candidate with the same simple name wins, since a forgotten namespace is the commonest
    mistake; then one that differs in case only; then the closest spelling.

    Example:
        >>> nearest("Adress", ["shop.Address", "shop.Order"])
        'shop.Address'
        >>> nearest("shop.Order", ["io.shop.Order", "shop.Orders"])
        'io.shop.Order'
    """
    by_simple_name: dict[str, str] = {}
    for candidate in candidates:
        by_simple_name.setdefault(candidate.rpartition(".")[2], candidate)
    simple = word.rpartition(".")[2]
    if simple in by_simple_name:
        return by_simple_name[simple]
    by_lower_case = {name.lower(): name for name in reversed(by_simple_name)}
    if simple.lower() in by_lower_case:
        return by_simple_name[by_lower_case[simple.lower()]]
    some = itertools.islice(by_simple_name, _MAX_COMPARED)
    close = difflib.get_close_matches(simple, some, n=1)
    return by_simple_name[close[0]] if close else None


class Guesser:
    """Hints at the names that misspelt names may mean, for the first few of them.

    The limit keeps a schema full of mistakes, made to be slow, from being slow.

    Example:
        >>> Guesser().hint("lng", ["int", "long"])
        '; did you mean "long"?'
    """

    def __init__(self) -> None:
        self._left = _MAX_GUESSES

    def hint(self, word: str, candidates: Iterable[str]) -> str:
        """The hint to append to a message, or nothing."""
        if self._left == 0:
            return ""
        self._left -= 1
        near = nearest(word, candidates)
        return f'; did you mean "{near}"?' if near else ""


def listed(names: Sequence[str]) -> str:
    """The names for a message, the first ones if they are many.

    Example:
        >>> listed(["RED", "GREEN"])
        'RED, GREEN'
    """
    more = len(names) - _MAX_LISTED
    shown = ", ".join(names[:_MAX_LISTED])
    return f"{shown}, ... and {more} more" if more > 0 else shown
