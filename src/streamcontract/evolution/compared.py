"""Comparison of the contracts with a snapshot: unchanged, new, renamed, moved or deleted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.evolution.earlier import Deleted, Earlier, Version
from streamcontract.evolution.places import locate
from streamcontract.evolution.report import Note
from streamcontract.reporting import Place, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.evolution.candidates import Candidate, Slot
    from streamcontract.evolution.check_request import Request
    from streamcontract.evolution.places import Spot
    from streamcontract.evolution.report import NoteKind
    from streamcontract.evolution.snapshot import Match, Snapshot
    from streamcontract.schema import Schema

__all__ = [
    "compare_snapshot",
    "label_of",
    "place_at",
    "place_of",
    "unreadable_note",
    "version_of",
]


def label_of(prefix: str) -> Callable[[str], str]:
    """A function from the path of a snapshot's file to its label."""
    return lambda path: f"{prefix}{path}"


def place_of(candidate: Candidate) -> Place:
    """The position at the start of a candidate's file."""
    file = candidate.slot.file
    return Place(label=shown(file), text=candidate.schema.json, file=str(file))


def place_at(spot: Spot, label: str, candidate: Candidate | None) -> Place:
    """The position of a spot, in the text of a candidate or of an earlier version."""
    line, column = locate(spot)
    file = None if candidate is None else spot.schema.source or str(candidate.slot.file)
    return Place(
        label=label,
        text=spot.schema.json,
        pointer=spot.pointer,
        line=line,
        column=column,
        file=file,
    )


def version_of(snapshot: Snapshot, match: Match, label: Callable[[str], str]) -> Version | None:
    """A contract's version in a snapshot, or None if its schema could not be read."""
    if match.schema is None:
        return None
    sources = [each.source for each in match.schema.closure() if each.source]
    return Version(
        label=label(snapshot.path(match.slot.file)),
        schema=match.schema,
        labels={
            source: label(snapshot.path(source)) if snapshot.has(source) else shown(source)
            for source in sources
        },
    )


def compare_snapshot(
    snapshot: Snapshot,
    request: Request,
    *,
    label: Callable[[str], str],
    files_are_contracts: bool,
) -> Earlier:
    """Find each contract in a snapshot, with notes about changes other than the schema.

    Args:
        snapshot: The earlier state.
        request: The candidates and their settings.
        label: From the path of one of its files to its label.
        files_are_contracts: Whether, without a project file, a missing schema file is a deleted
        contract.
    """
    matches = snapshot.matches(request.candidates)
    versions: dict[str, list[Version]] = {}
    notes = list(_project_notes(snapshot, request, label, files_are_contracts=files_are_contracts))
    for candidate in request.candidates:
        match = matches.get(candidate.slot.contract)
        version = match and version_of(snapshot, match, label)
        versions[candidate.slot.contract] = [version] if version else []
        if match is None:
            continue
        if match.schema is None:
            notes.append(unreadable_note(candidate, label(snapshot.path(match.slot.file)), match))
            continue
        notes += _changes(candidate, match.slot, snapshot, request)
        notes += _moved_types(candidate, match.schema, snapshot)
    deleted = list(
        _deleted(snapshot, matches, request, label, files_are_contracts=files_are_contracts)
    )
    return Earlier(versions=versions, deleted=deleted, notes=notes)


def unreadable_note(candidate: Candidate, label: str, match: Match) -> Note:
    """The note about a version that is not valid Avro, even when read leniently."""
    message = (
        f"{label} is not valid Avro, even when read leniently; it was not compared: {match.faults}"
    )
    return _note("unreadable-version", candidate, message)


def _project_notes(
    snapshot: Snapshot,
    request: Request,
    label: Callable[[str], str],
    *,
    files_are_contracts: bool,
) -> Iterator[Note]:
    if request.project_file is None:
        return
    source = label("").rstrip(":/")
    place = Place(label=shown(request.project_file), file=str(request.project_file))
    for each in snapshot.borrowed:
        message = f"{source} has no {shown(each)}: its present definitions are used"
        yield Note(kind="not-checked", contract="", message=message, place=place)
    if snapshot.slots is not None:
        return
    if snapshot.project_fault is not None:
        yield Note(
            kind="unreadable-version",
            contract="",
            message=(
                f"the project file of {source} cannot be read, so that contracts are matched by "
                f"file and type alone: {snapshot.project_fault}"
            ),
            place=place,
        )
    elif request.is_complete and not files_are_contracts:
        yield Note(
            kind="not-checked",
            contract="",
            message=(
                f"{source} has no such project file (it is new, or was moved), so that contracts "
                f"are matched by file and type alone, and deleted ones are not found"
            ),
            place=place,
        )


def _note(kind: NoteKind, candidate: Candidate, message: str) -> Note:
    place = place_of(candidate)
    return Note(kind=kind, contract=candidate.slot.contract, message=message, place=place)


def _changes(
    candidate: Candidate, was: Slot, snapshot: Snapshot, request: Request
) -> Iterator[Note]:
    now = candidate.slot
    before, after = snapshot.compared_path(was.file), snapshot.compared_path(now.file)
    if before != after:
        yield _note("renamed-file", candidate, f"the file was {before} and is now {after}")
    if not was.is_contract:
        return
    if was.contract != now.contract:
        message = f"the contract was named {was.contract} and is now {now.contract}"
        yield _note("renamed-contract", candidate, message)
    if was.subject != now.subject:
        message = (
            f"the subject was {was.subject or 'none'} and is now {now.subject or 'none'}: the "
            f"messages of the old topic stay there"
        )
        yield _note("renamed-topic", candidate, message)
    if was.level != now.level and request.level is None:
        message = f"the level was {was.level or 'not set'} and is now {now.level or 'not set'}"
        yield _note("level-changed", candidate, message)


def _moved_types(candidate: Candidate, was: Schema, snapshot: Snapshot) -> Iterator[Note]:
    """Types with the same name in another file, which changes no data."""
    path = snapshot.compared_path
    before = {name: path(file) for name, file in _definitions(was).items()}
    after = {name: path(file) for name, file in _definitions(candidate.schema).items()}
    own_before, own_after = path(was.source or ""), path(candidate.slot.file)
    for name, file in after.items():
        if name not in before or before[name] == file:
            continue
        if (before[name], file) == (own_before, own_after):
            continue  # it moved with the file, which has a note already
        message = f"{name} was defined in {before[name]} and is now in {file}; its name is the same"
        yield _note("moved-type", candidate, message)


def _definitions(schema: Schema) -> Mapping[str, str]:
    return {
        name: each.source
        for each in schema.closure()
        if each.source is not None
        for name in each.definitions
    }


def _deleted(
    snapshot: Snapshot,
    matches: Mapping[str, Match],
    request: Request,
    label: Callable[[str], str],
    *,
    files_are_contracts: bool,
) -> Iterator[Deleted]:
    if not request.is_complete:
        return
    if snapshot.slots is not None:
        taken = {(match.slot.contract, match.slot.is_key) for match in matches.values()}
        gone = [slot for slot in snapshot.slots if (slot.contract, slot.is_key) not in taken]
    elif files_are_contracts:
        known = {name for candidate in request.candidates for name in candidate.schema.named_types}
        gone = snapshot.unmatched_files(matches.values(), known)
    else:
        return
    for slot in gone:
        schema = snapshot.match(slot).schema
        text = schema.json if schema is not None else ""
        place = Place(label=label(snapshot.path(slot.file)), text=text)
        yield Deleted(slot=slot, name=schema.name if schema is not None else None, place=place)
