"""Rules for the values of a project file, each a function that returns the fault of a value."""

from __future__ import annotations

import difflib
import keyword
import re
from typing import TYPE_CHECKING, Final, get_args

from streamcontract.levels import LEVELS
from streamcontract.lint import TIERS, FieldNames

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "COMPATIBILITY_LEVELS",
    "contract_name_fault",
    "field_names_fault",
    "level_fault",
    "partitions_fault",
    "suggestion",
    "tier_fault",
    "topic_fault",
]

COMPATIBILITY_LEVELS: Final = tuple(sorted(LEVELS))
"""The compatibility levels of the schema registry."""

# Kafka: org.apache.kafka.common.internals.Topic, LEGAL_CHARS and MAX_NAME_LENGTH.
_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_MOST_PARTITIONS: Final = 2**31 - 1  # a partition's number has 32 bits in Kafka's protocol
_CONTRACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_FIELD_NAMES: Final = get_args(FieldNames)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message: the nearest of the known names, or all of them.

    Example:
        >>> suggestion("outptu", ["output", "schemas"])
        "; did you mean 'output'?"
    """
    names = list(known)
    # Levels are often written in lower case, as on the command line.
    folded = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {folded[near[0]]!r}?"
    return f"; known are {', '.join(map(repr, names))}" if names else "; it has none at all"


def contract_name_fault(name: str) -> str | None:
    """The fault of a contract's name."""
    if _CONTRACT_NAME.fullmatch(name) and not keyword.iskeyword(name):
        return None
    return (
        "the name becomes a module's name: use lower-case letters, digits and underscores,"
        " starting with a letter, and no Python keyword"
    )


def topic_fault(topic: str) -> str | None:
    """The fault of a topic's name."""
    if topic in {".", ".."} or not _TOPIC.fullmatch(topic):
        return (
            f"{topic!r} is no legal topic name: 1 to 249 of the letters a-z and A-Z, digits,"
            " '.', '_' and '-'"
        )
    return None


def partitions_fault(partitions: int) -> str | None:
    """The fault of a number of partitions."""
    if 1 <= partitions <= _MOST_PARTITIONS:
        return None
    return f"must be from 1 to {_MOST_PARTITIONS}, found {partitions}"


def field_names_fault(style: str) -> str | None:
    """The fault of a style of field names."""
    if style in _FIELD_NAMES:
        return None
    return f"{style!r} is no style of field names{suggestion(style, _FIELD_NAMES)}"


def level_fault(level: str) -> str | None:
    """The fault of a compatibility level."""
    if level in COMPATIBILITY_LEVELS:
        return None
    return f"{level!r} is no compatibility level{suggestion(level, COMPATIBILITY_LEVELS)}"


def tier_fault(tier: str) -> str | None:
    """The fault of the name of a tier of rules."""
    if tier in TIERS:
        return None
    return f"{tier!r} is no tier of rules{suggestion(tier, TIERS)}"
