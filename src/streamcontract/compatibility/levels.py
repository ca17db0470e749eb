"""Compatibility levels: which earlier versions a candidate is held against, and which way.

The levels are the schema registry's ("Compatibility Types", Confluent Schema Registry
documentation): BACKWARD asks whether the candidate reads older data, FORWARD whether older readers
read the candidate's; FULL asks both; the transitive forms ask all earlier versions, not only the
latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import attrs

from streamcontract.compatibility.findings import Direction, Finding, find_incompatibilities
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
    level: Level | str, *, candidate: Schema, history: Sequence[Schema], drift: bool = False
) -> list[Finding]:
    """Find everything that keeps a new version from keeping a compatibility level.

    Args:
        level: One of :data:`LEVELS`.
        candidate: The new version.
        history: The earlier versions, oldest first.
        drift: Also find what can be read but does not arrive as it was meant. It keeps no level
            from being kept.

    Returns:
        The findings, each with its direction and version, those against the newest version
        first; none that is breaking means that the level is kept.

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
    asked, _, transitive = level.partition("_")
    versions = list(enumerate(history, start=1))
    findings: list[Finding] = []
    for version, earlier in reversed(versions if transitive else versions[-1:]):
        ways: tuple[tuple[Direction, Schema, Schema], ...] = (
            ("backward", candidate, earlier),
            ("forward", earlier, candidate),
        )
        for direction, reader, writer in ways:
            if asked in ("FULL", direction.upper()):  # NONE asks neither
                found = find_incompatibilities(reader=reader, writer=writer, drift=drift)
                findings += [
                    attrs.evolve(each, direction=direction, version=version) for each in found
                ]
    return findings
