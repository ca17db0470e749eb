"""Every change of the registry: a function from one state to the next and what to answer.

Each raises :class:`Refusal` where the registry says no; the state then is as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.refusal import (
    Refusal,
    no_schema,
    no_subject,
    no_version,
    not_permitted,
    still_referenced,
)
from streamcontract.devstack.registry.state import (
    Content,
    State,
    StoredSchema,
    Subject,
    Version,
)
from streamcontract.levels import compatibility_level
from streamcontract.registry.protocol import (
    MAX_VERSION,
    ErrorCode,
    Level,
    Mode,
    SchemaRequest,
    VersionAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import Schema

__all__ = [
    "delete_subject",
    "delete_version",
    "look_up",
    "register",
    "reset_level",
    "reset_mode",
    "set_level",
    "set_mode",
    "verdict",
]


def register(state: State, name: str, request: SchemaRequest) -> tuple[State, int]:
    """Give a subject a version with this schema, unless a live one has it; answer the id."""
    content = rules.parse(state, request)
    known = state.ids.get(content.identity)
    mode = state.mode_of(name, default_to_global=True)
    if mode == "IMPORT":
        return _import(state, name, request, content)
    if request.id is not None or request.version is not None:
        raise not_permitted(f"Subject {name} is not in import mode")
    live = state.subject(name).live
    if known is not None and any(version.id == known for version in live):
        return state, known
    _demand_writable(state, name)
    if live:
        result = verdict(state, name, live[-1].number, content.schema)
        if not result.is_compatible:
            raise Refusal(
                ErrorCode.INCOMPATIBLE,
                f"Schema being registered is incompatible with an earlier schema for subject "
                f'"{name}", details: [{", ".join(result.messages)}]',
            )
    stored = StoredSchema(state.next_id if known is None else known, content)
    return _add(state, name, stored), stored.id


def _import(state: State, name: str, request: SchemaRequest, content: Content) -> tuple[State, int]:
    """Register under the id that the request brings; compatibility is not asked for."""
    schema_id, number = request.id, request.version
    if schema_id is None:
        raise not_permitted(f"Subject {name} is in import mode: a schema has to bring its id")
    known = state.ids.get(content.identity, schema_id)
    if known != schema_id:
        raise Refusal(
            ErrorCode.ID_EXISTS,
            f"Schema already registered with id {known} instead of input id {schema_id}",
        )
    holder = state.schemas.get(schema_id)
    if holder is not None and holder.content.identity != content.identity:
        raise Refusal(
            ErrorCode.ID_EXISTS, f"Overwrite new schema with id {schema_id} is not permitted."
        )
    subject = state.subject(name)
    if number is None and any(version.id == schema_id for version in subject.live):
        return state, schema_id
    present = subject.version(number) if number is not None else None
    if present is not None and present.id != schema_id:
        raise not_permitted(f"Overwrite new schema is not permitted: version {number} exists")
    return _add(state, name, StoredSchema(schema_id, content), number), schema_id


def _add(state: State, name: str, stored: StoredSchema, number: int | None = None) -> State:
    """Store a schema, unless it is, and a version of it; a soft-deleted one of the number lives."""
    subject = state.subject(name)
    if number is None:
        number = max((version.number for version in subject.versions), default=0) + 1
    if number > MAX_VERSION or stored.id > MAX_VERSION:
        raise Refusal(ErrorCode.STORE_ERROR, f"No number up to {MAX_VERSION} is left")
    others = (version for version in subject.versions if version.number != number)
    versions = sorted((*others, Version(number, stored.id)), key=lambda version: version.number)
    if stored.id not in state.schemas:
        state = state.with_schema(stored)
    return state.with_subject(name, attrs.evolve(subject, versions=tuple(versions)))


def look_up(state: State, name: str, request: SchemaRequest, *, deleted: bool) -> VersionAnswer:
    """The first version of a subject that has this schema."""
    versions = state.versions(name, deleted=deleted)
    known = state.ids.get(rules.parse(state, request).identity)
    for version in versions:
        if version.id == known:
            return answer(state, name, version)
    raise no_schema()


def answer(state: State, name: str, version: Version) -> VersionAnswer:
    """What the registry tells about a version."""
    stored = state.schema(version.id)
    return VersionAnswer(
        subject=name,
        version=version.number,
        id=stored.id,
        schema=stored.content.text,
        references=stored.content.references,
    )


def verdict(state: State, name: str, number: int, candidate: Schema) -> rules.Verdict:
    """Whether a schema is compatible with a subject at the subject's level.

    Asks the versions from the latest down to ``number``, at a transitive level down to the first.
    """
    state.version(name, number)
    level = compatibility_level(state.level_of(name, default_to_global=True))
    if not level.directions:
        return rules.Verdict(is_compatible=True)
    first = 1 if level.is_transitive else number
    return rules.check(level.name, candidate, _history(state, name, first))


def _history(state: State, name: str, first: int) -> Iterator[tuple[int, StoredSchema]]:
    for version in reversed(state.subject(name).live):
        if version.number >= first:
            yield version.number, state.schema(version.id)


def delete_subject(state: State, name: str, *, permanent: bool) -> tuple[State, list[int]]:
    """Delete all versions, softly or for good; answer their numbers."""
    subject = state.subject(name)
    if not subject.versions:
        raise no_subject(name)
    _demand_writable(state, name)
    if permanent:
        if subject.live:
            raise Refusal(
                ErrorCode.SUBJECT_NOT_SOFT_DELETED,
                f"Subject '{name}' was not deleted first before being permanently deleted",
            )
        _demand_unreferenced(state, name, subject.versions, deleted=True)
        gone = state.with_subject(name, Subject()).without_unused()
        return gone, [version.number for version in subject.versions]
    if not subject.live:
        raise Refusal(
            ErrorCode.SUBJECT_SOFT_DELETED,
            f"Subject '{name}' was soft deleted.Set permanent=true to delete permanently",
        )
    _demand_unreferenced(state, name, subject.live, deleted=False)
    versions = tuple(attrs.evolve(version, deleted=True) for version in subject.versions)
    return (
        state.with_subject(name, Subject(versions)),
        [version.number for version in subject.live],
    )


def delete_version(
    state: State, name: str, number: int | None, *, permanent: bool
) -> tuple[State, int]:
    """Delete one version, softly or for good; answer its number. None is the latest live one."""
    subject = state.subject(name)
    if not subject.versions:
        raise no_subject(name)
    if number is None:
        number = state.version(name, None).number
    version = subject.version(number)
    if version is None:
        raise no_version(number)
    _demand_writable(state, name)
    if permanent:
        return _delete_for_good(state, name, subject, version), number
    if version.deleted:
        raise Refusal(
            ErrorCode.VERSION_SOFT_DELETED,
            f"Subject '{name}' Version {number} was soft deleted.Set permanent=true to delete "
            f"permanently",
        )
    _demand_unreferenced(state, name, (version,), deleted=False)
    # The level goes with the last version, as if the subject itself had been deleted.
    level = None if len(subject.live) == 1 else subject.level
    versions = tuple(
        attrs.evolve(other, deleted=True) if other is version else other
        for other in subject.versions
    )
    return state.with_subject(name, Subject(versions, level, subject.mode)), number


def _delete_for_good(state: State, name: str, subject: Subject, version: Version) -> State:
    if not version.deleted:
        raise Refusal(
            ErrorCode.VERSION_NOT_SOFT_DELETED,
            f"Subject '{name}' Version {version.number} was not deleted first before being "
            f"permanently deleted",
        )
    _demand_unreferenced(state, name, (version,), deleted=True)
    versions = tuple(other for other in subject.versions if other is not version)
    return state.with_subject(name, attrs.evolve(subject, versions=versions)).without_unused()


def set_level(state: State, name: str | None, level: Level) -> tuple[State, Level]:
    """Set the level of a subject, None for the global one."""
    _demand_writable(state, name)
    if name is None:
        return attrs.evolve(state, level=level), level
    return state.with_subject(name, attrs.evolve(state.subject(name), level=level)), level


def reset_level(state: State, name: str) -> tuple[State, Level]:
    """Take a subject's own level away; answer what it was."""
    _demand_writable(state, name)
    subject = state.subject(name)
    if subject.level is None:
        raise no_subject(name)
    return state.with_subject(name, attrs.evolve(subject, level=None)), subject.level


def set_mode(state: State, name: str | None, mode: Mode, *, force: bool) -> tuple[State, Mode]:
    """Set the mode of a subject, None for the global one; a mode can always be left again."""
    if mode == "IMPORT" and not force:
        affected = state.subjects.values() if name is None else (state.subject(name),)
        if any(subject.versions for subject in affected):
            raise not_permitted(
                "Mode IMPORT needs an empty registry or subject, soft-deleted versions counted; "
                "force=true overrides this"
            )
    if name is None:
        return attrs.evolve(state, mode=mode), mode
    return state.with_subject(name, attrs.evolve(state.subject(name), mode=mode)), mode


def reset_mode(state: State, name: str) -> tuple[State, Mode]:
    """Take a subject's own mode away; answer what it was."""
    subject = state.subject(name)
    if subject.mode is None:
        raise no_subject(name)
    return state.with_subject(name, attrs.evolve(subject, mode=None)), subject.mode


def _demand_writable(state: State, name: str | None) -> None:
    mode = state.mode if name is None else state.mode_of(name, default_to_global=True)
    if mode == "READONLY":
        raise not_permitted(
            "The registry is in read-only mode"
            if name is None
            else f"Subject {name} is in read-only mode"
        )


def _demand_unreferenced(
    state: State, name: str, versions: tuple[Version, ...], *, deleted: bool
) -> None:
    for version in versions:
        if state.referenced_by(name, version.number, deleted=deleted):
            raise still_referenced(name, version.number)
