"""Compatibility levels: which earlier versions a candidate is held against, and which way.

The levels are the schema registry's ("Compatibility Types", Confluent Schema Registry
documentation): BACKWARD asks whether the candidate reads older data, FORWARD whether older readers
read the candidate's; FULL asks both; the transitive forms ask all earlier versions, not only the
latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

from streamcontract.compatibility.findings import Finding, find_incompatibilities
from streamcontract.errors import ConfigurationError
from streamcontract.schema.schema import Schema

__all__ = ["LEVELS", "Level", "check_level"]

Level = Literal[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)


def check_level(
    level: Level | str, *, candidate: Schema, history: Sequence[Schema]
) -> list[Finding]:
    """Find everything that keeps a new version from keeping a compatibility level.

    Args:
        level: One of :data:`LEVELS`.
        candidate: The new version.
        history: The earlier versions, oldest first.

    Returns:
        The findings, those against the newest version first; empty if the level is kept.

    Raises:
        ConfigurationError: There is no such level.

    Example:
        >>> from streamcontract import parse_schema
        >>> check_level("BACKWARD", candidate=parse_schema("long"), history=[parse_schema("int")])
        []
    """
    if level not in LEVELS:
        raise ConfigurationError(
            f"{level!r} is no compatibility level; there are {', '.join(LEVELS)}"
        )
    if level == "NONE":
        return []
    direction, _, transitive = level.partition("_")
    findings: list[Finding] = []
    for earlier in reversed(history if transitive else history[-1:]):
        if direction in ("BACKWARD", "FULL"):
            findings += find_incompatibilities(reader=candidate, writer=earlier)
        if direction in ("FORWARD", "FULL"):
            findings += find_incompatibilities(reader=earlier, writer=candidate)
    return findings
