"""Check of contracts against their earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.compatibility import check_level, rollout
from streamcontract.evolution.check_request import Request
from streamcontract.evolution.compared import place_at, place_of
from streamcontract.evolution.dialects import registry_verdict
from streamcontract.evolution.earlier import Source
from streamcontract.evolution.examples import example_of
from streamcontract.evolution.places import spots
from streamcontract.evolution.report import (
    CONTRACT_DELETED,
    INVALID_PROJECT,
    INVALID_SCHEMA,
    Checked,
    Note,
    Problem,
    Report,
)
from streamcontract.levels import DEFAULT_LEVEL, compatibility_level
from streamcontract.reporting import Place, shown
from streamcontract.reporting.invalid import place_of_fault, place_of_project_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamcontract.compatibility import Finding
    from streamcontract.errors import ProjectFault
    from streamcontract.evolution.candidates import Candidate
    from streamcontract.evolution.check_request import Invalid
    from streamcontract.evolution.earlier import Deleted, Earlier, Version
    from streamcontract.evolution.report import Direction

__all__ = ["check"]


def check(
    request: Request,
    source: Source,
    *,
    strict: bool = False,
    dialect: str | None = None,
    counterexamples: int | None = None,
) -> Report:
    """Compare every candidate with its earlier versions, each at its level.

    A fault of the project file or of a contract's schema is a finding, and the other contracts are
    checked.

    Args:
        request: The candidates and their settings.
        source: The source of earlier versions.
        strict: Whether drift fails the check too.
        dialect: A registry, or a release of one, whose own verdict is reported if it differs.
        counterexamples: The number of findings of each contract with a counterexample, which is
            slower than the finding; None for all.

    Returns:
        The report.

    Raises:
        StreamContractError: The earlier versions cannot be read.
    """
    earlier = source.earlier(request)
    contracts: list[Checked] = []
    problems: list[Problem] = []
    notes = list(earlier.notes)
    for candidate in request.candidates:
        slot = candidate.slot
        level = earlier.levels.get(slot.contract) or request.level_of(candidate)
        versions = earlier.versions.get(slot.contract, ())
        considered = compatibility_level(level).compared(versions)
        if not versions and slot.contract not in earlier.unchecked:
            notes += _new(candidate, earlier, source)
        contracts.append(
            Checked(
                contract=slot.contract,
                is_key=slot.is_key,
                file=shown(slot.file),
                level=level,
                subject=slot.subject,
                versions=tuple(version.label for version in reversed(considered)),
            )
        )
        found = list(_findings(candidate, level, considered))
        problems += (
            _problem(
                candidate, *each, has_example=counterexamples is None or number < counterexamples
            )
            for number, each in enumerate(found)
        )
        notes += _left_out(candidate, found, counterexamples)
        notes += _order(candidate, considered)
        notes += _forgiven(candidate, considered)
        if dialect is not None:
            refused, accepted = registry_verdict(dialect, candidate, level, considered)
            problems += refused
            notes += accepted
    for invalid in request.invalid:
        contracts.append(_unjudged(invalid, request))
        problems += _faults(invalid)
    problems += map(_project_fault, request.faults)
    problems += _deletions(request, earlier.deleted)
    return Report(
        against=source.label,
        contracts=tuple(contracts),
        problems=tuple(problems),
        notes=tuple(notes),
        is_strict=strict,
    )


def _new(candidate: Candidate, earlier: Earlier, source: Source) -> Iterator[Note]:
    name = candidate.slot.contract
    if any(note.contract == name and note.kind == "unreadable-version" for note in earlier.notes):
        return
    subject = candidate.slot.subject
    message = f"a new contract: {source.label} has no earlier version of it"
    if subject is not None:
        message += f" (subject {subject})"
    yield Note(kind="new-contract", contract=name, message=message, place=place_of(candidate))


def _order(candidate: Candidate, versions: Sequence[Version]) -> Iterator[Note]:
    """A note about the rollout order, if it matters."""
    if not versions:
        return
    order = rollout(new=candidate.schema, old=versions[-1].schema)
    if order.first != "either":
        yield Note(
            kind="rollout",
            contract=candidate.slot.contract,
            message=order.advice,
            place=place_of(candidate),
        )


def _forgiven(candidate: Candidate, versions: Sequence[Version]) -> Iterator[Note]:
    """Notes about faults that were forgiven in the versions, each once."""
    found: dict[str, list[str]] = {}
    for version in reversed(versions):
        for schema in version.schema.closure():
            for each in schema.forgiven:
                message = f"at {each.fault.pointer or '/'}: {each.message}"
                for source, label in version.labels.items():
                    message = message.replace(source, label)
                found.setdefault(message, []).append(version.label_of(schema))
    for message, labels in found.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        yield Note(
            kind="read-leniently",
            contract=candidate.slot.contract,
            message=f"{labels[0]}{more}: {message}",
            place=place_of(candidate),
        )


def _findings(
    candidate: Candidate, level: str, versions: Sequence[Version]
) -> Iterator[tuple[Finding, Sequence[Version]]]:
    """Each finding, with the versions that have it."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    history = [version.schema for version in versions]
    for finding in check_level(level, candidate=candidate.schema, history=history, drift=True):
        key = (finding.direction, finding.rule, finding.severity, finding.path, finding.message)
        found.setdefault(key, []).append(finding)
    for same in found.values():
        yield same[0], [versions[each.version - 1] for each in same if each.version is not None]


def _left_out(
    candidate: Candidate, found: Sequence[object], counterexamples: int | None
) -> Iterator[Note]:
    if counterexamples and len(found) > counterexamples:
        yield Note(
            kind="counterexamples-left-out",
            contract=candidate.slot.contract,
            message=(
                f"the first {counterexamples} of {len(found)} findings have counterexamples; "
                f"--counterexamples shows them all"
            ),
            place=place_of(candidate),
        )


def _problem(
    candidate: Candidate, finding: Finding, against: Sequence[Version], *, has_example: bool
) -> Problem:
    new_reads = finding.direction == "backward"
    direction: Direction = "new reads old" if new_reads else "old reads new"
    reader, writer = spots(
        reader=finding.reader,
        writer=finding.writer,
        reader_path=finding.path,
        writer_path=finding.writer_path,
    )
    now, before = (reader, writer) if new_reads else (writer, reader)
    return Problem(
        contract=candidate.slot.contract,
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        now=place_at(now, shown(now.schema.source or candidate.slot.file), candidate),
        before=place_at(before, against[0].label_of(before.schema), None),
        against=tuple(version.label for version in against),
        direction=direction,
        example=example_of(finding.counterexample) if has_example else None,
    )


def _unjudged(invalid: Invalid, request: Request) -> Checked:
    slot = invalid.slot
    return Checked(
        contract=slot.contract,
        is_key=slot.is_key,
        file=shown(slot.file),
        level=request.level_of(invalid),
        subject=slot.subject,
        versions=(),
    )


def _faults(invalid: Invalid) -> Iterator[Problem]:
    for fault in invalid.error.faults:
        yield Problem(
            contract=invalid.slot.contract,
            rule=INVALID_SCHEMA,
            severity="error",
            message=fault.message,
            now=place_of_fault(fault, invalid.slot.file),
            before=None,
            against=(),
        )


def _project_fault(fault: ProjectFault) -> Problem:
    return Problem(
        contract=fault.contract or "",
        rule=INVALID_PROJECT,
        severity="error",
        message=fault.statement,
        now=place_of_project_fault(fault),
        before=None,
        against=(),
    )


def _deletions(request: Request, deleted: Sequence[Deleted]) -> Iterator[Problem]:
    """A deleted contract breaks its consumers, unless its level is NONE."""
    for each in deleted:
        level = request.level or each.slot.level or DEFAULT_LEVEL
        if not compatibility_level(level).directions:
            continue
        what = each.slot.subject or each.name or each.place.label
        project_file = request.project_file or request.home
        yield Problem(
            contract=each.slot.contract,
            rule=CONTRACT_DELETED,
            severity="breaking",
            message=(
                f"the contract {each.slot.contract!r} ({what}) was deleted, and the messages in "
                f"its topic have no schema here any more: restore it; or, to remove it, set its "
                f'compatibility to "NONE" first and delete it in the next change'
            ),
            now=Place(label=shown(project_file), file=str(project_file)),
            before=each.place,
            against=(each.place.label,),
        )
