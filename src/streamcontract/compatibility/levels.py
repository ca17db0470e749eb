"""Checks of candidates against earlier versions at a compatibility level."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from streamcontract.compatibility.findings import Finding, find_incompatibilities
from streamcontract.levels import Direction, Level, compatibility_level
from streamcontract.schema.schema import Schema

__all__ = ["check_level"]


def check_level(
    level: Level | str, *, candidate: Schema, history: Sequence[Schema], drift: bool = False
) -> list[Finding]:
    """Check a new version against the earlier ones at a compatibility level.

    Args:
        level: One of :data:`streamcontract.levels.LEVELS`, such as ``"BACKWARD"``.
        candidate: The new version.
        history: The earlier versions, oldest first.
        drift: Also find data that can be read but with another meaning. Drift does not break a
            level.

    Returns:
        The findings, each with its direction and version, those against the newest version first.
        If none is breaking, the level is kept.

    Raises:
        ConfigurationError: There is no such level.

    Example:
        >>> from streamcontract import parse_schema
        >>> check_level("BACKWARD", candidate=parse_schema("long"), history=[parse_schema("int")])
        []
    """
    row = compatibility_level(level)
    findings: list[Finding] = []
    # Histories repeat versions, such as after a revert.
    known: dict[tuple[Direction, str, tuple[Schema, ...]], list[Finding]] = {}
    for version, earlier in reversed(row.compared(list(enumerate(history, start=1)))):
        for direction in row.directions:
            backward = direction == "backward"
            reader, writer = (candidate, earlier) if backward else (earlier, candidate)
            key = direction, earlier.json, earlier.references
            found = known.get(key)
            if found is None:
                found = find_incompatibilities(reader=reader, writer=writer, drift=drift)
                known[key] = found
            findings += [attrs.evolve(each, direction=direction, version=version) for each in found]
    return findings
