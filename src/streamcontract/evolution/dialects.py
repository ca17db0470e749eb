"""Verdicts of a registry that differ from the specification's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.compatibility.dialects import dialect_level
from streamcontract.evolution.compared import place_at, place_of
from streamcontract.evolution.places import spots
from streamcontract.evolution.report import REGISTRY_REFUSES, Direction, Note, Problem
from streamcontract.reporting import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.compatibility.dialects import DialectVerdict
    from streamcontract.evolution.candidates import Candidate
    from streamcontract.evolution.earlier import Version

__all__ = ["registry_verdict"]


def registry_verdict(
    dialect: str, candidate: Candidate, level: str, versions: Sequence[Version]
) -> tuple[list[Problem], list[Note]]:
    """The differences of a registry's verdict; empty if it has the same verdict.

    A schema that it refuses although every consumer could read the data is a problem, because it
    cannot be registered. A schema that it accepts although consumers break gets a note.

    Args:
        dialect: The registry, with its release if it is not the newest.
        candidate: The new version.
        level: Its compatibility level.
        versions: The earlier versions that count, oldest first.

    Returns:
        The problems of refused schemas, and the notes about accepted ones.
    """
    refused: list[Problem] = []
    accepted: list[Note] = []
    history = [version.schema for version in versions]
    for verdict in dialect_level(dialect, level, candidate=candidate.schema, history=history):
        if verdict.is_compatible is not bool(verdict.findings) or verdict.version is None:
            continue  # the same verdict
        version = versions[verdict.version - 1]
        if verdict.is_compatible:
            message = f"against {version.label}: {verdict.meaning}"
            note = Note(
                kind="registry-accepts",
                contract=candidate.slot.contract,
                message=message,
                place=place_of(candidate),
            )
            accepted.append(note)
        else:
            refused.append(_refused(verdict, candidate, version))
    return refused, accepted


def _refused(verdict: DialectVerdict, candidate: Candidate, version: Version) -> Problem:
    new_reads = verdict.direction == "backward"
    direction: Direction = "new reads old" if new_reads else "old reads new"
    reader, writer = candidate.schema, version.schema
    if not new_reads:
        reader, writer = writer, reader
    first = verdict.incompatibilities[0]
    # A registry returns only the path into its reader.
    read, written = spots(reader=reader, writer=writer, reader_path=first.path, writer_path="/")
    now, before = (read, written) if new_reads else (written, read)
    reported = ", ".join(f"{each.type} at {each.path}" for each in verdict.incompatibilities)
    return Problem(
        contract=candidate.slot.contract,
        rule=REGISTRY_REFUSES,
        severity="breaking",
        message=f"{verdict.meaning} (it reports {reported})",
        now=place_at(now, shown(now.schema.source or candidate.slot.file), candidate),
        before=place_at(before, version.label_of(before.schema), None),
        against=(version.label,),
        direction=direction,
    )
