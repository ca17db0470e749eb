"""Queries of addresses as arguments of pages: whatever is in an address, a page has an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.console.looking_up import NEWEST, LookUp, Ranges
from streamcontract.console.reading import MISFIT, Wanted
from streamcontract.console.verdicts import KINDS
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["look_up_of", "query_of", "whole"]

_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A whole number of a query, or None where there is none.

    Example:
        >>> whole({"page": "2", "old": "x"}, "page"), whole({"old": "x"}, "old")
        (2, None)
    """
    text = query.get(name, "")
    return int(text) if _WHOLE.fullmatch(text) else None


def look_up_of(query: Mapping[str, str]) -> LookUp:
    """The look-up of a query.

    Raises:
        ConfigurationError: Its position, partition or verdict is none.
    """
    at, partition = query.get("at", ""), query.get("partition", "")
    if partition and whole(query, "partition") is None:
        raise ConfigurationError(f"{partition!r} is no number of a partition")
    verdict = query.get("verdict") or None
    if verdict not in {None, MISFIT, *KINDS}:
        raise ConfigurationError(f"{verdict!r} is no verdict: there are {', '.join(KINDS)}")
    return LookUp(
        topic=query.get("name", ""),
        start=query.get("from", "").strip() or NEWEST,
        partition=whole(query, "partition"),
        wanted=Wanted(
            key=query.get("key") or None,
            where=query.get("where", "").strip() or None,
            verdict=verdict,
        ),
        rest=Ranges.parse(at) if at else None,
    )


def query_of(asked: LookUp, **others: object) -> dict[str, object]:
    """The query of a look-up.

    Args:
        asked: The look-up.
        others: More values, such as ``at`` for where it goes on.
    """
    wanted = asked.wanted
    query = {
        "name": asked.topic,
        "from": "" if asked.start == NEWEST else asked.start,
        "partition": asked.partition,
        "key": wanted.key,
        "where": wanted.where,
        "verdict": wanted.verdict,
        **others,
    }
    return {name: value for name, value in query.items() if value not in {None, ""}}
