"""Changes of the registry, each a function from a state to the next state and the answer.

Each raises :class:`Refusal` if the registry refuses it, without a change of the state.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.refusal import (
    Refusal,
    context_not_empty,
    no_subject,
    no_version,
    not_permitted,
    still_referenced,
    wrong_next_version,
)
from streamcontract.devstack.registry.values import (
    Content,
    SchemaKey,
    StoredSchema,
    Subject,
    Version,
)
from streamcontract.registry.contexts import DEFAULT_CONTEXT, GLOBAL_CONTEXT, QualifiedSubject
from streamcontract.registry.protocol import (
    DEFAULT_LEVEL,
    DEFAULT_MODE,
    MAX_VERSION,
    ErrorCode,
    Level,
    Mode,
    SchemaRequest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.devstack.registry.state import State

__all__ = [
    "delete_context",
    "delete_subject",
    "delete_version",
    "register",
    "reset_level",
    "reset_mode",
    "set_level",
    "set_mode",
]


def register(state: State, name: QualifiedSubject, request: SchemaRequest) -> tuple[State, Version]:
    """Add a version with this schema to a subject, unless a live one has it; answer the version."""
    content = rules.parse(state, name.context, request)
    known = rules.find(state, name, state.subject(name).live, content)
    if state.mode_of(name, default_to_global=True) == "IMPORT":
        return _import(state, name, request, content, known)
    if known is not None and request.id in (None, known.id):
        return state, known
    if request.id is not None:
        raise not_permitted(f"Subject {name} is not in import mode")
    _demand_writable(state, name)
    following = _next_number(state.subject(name))
    if request.version not in (None, following):
        raise wrong_next_version(following)
    content = rules.inheriting(state, name, content)
    _demand_compatible(state, name, content)
    key = SchemaKey(name.context, state.id_for(name.context, content))
    return _add(state, name, StoredSchema(key, content), following)


def _import(
    state: State,
    name: QualifiedSubject,
    request: SchemaRequest,
    content: Content,
    known: Version | None,
) -> tuple[State, Version]:
    """Register under the id of the request, without a compatibility check."""
    if request.id is None:
        if known is None:
            raise not_permitted(f"Subject {name} is not in read-write mode")
        return state, known
    key = SchemaKey(name.context, request.id)
    holder = state.schemas.get(key)
    if holder is not None and not holder.content.is_same_schema(content):
        raise not_permitted(f"Overwrite new schema with id {key.id} is not permitted.")
    subject = state.subject(name)
    if request.version is None:
        same = [version for version in subject.live if version.id == key.id]
        if same:
            return state, same[-1]
    present = None if request.version is None else subject.version(request.version)
    if present is not None and present.id != key.id and state.is_pinned(name, present.number):
        # References to the version would change their meaning.
        raise still_referenced(name, present.number)
    number = request.version or _next_number(subject)
    return _add(state, name, StoredSchema(key, content), number)


def _next_number(subject: Subject) -> int:
    return max((version.number for version in subject.versions), default=0) + 1


def _demand_compatible(state: State, name: QualifiedSubject, content: Content) -> None:
    live = state.subject(name).live
    if not live:
        return
    result = rules.verdict(state, name, live[-1].number, content)
    if not result.is_compatible:
        raise Refusal(
            ErrorCode.INCOMPATIBLE,
            f"Schema being registered is incompatible with an earlier schema for subject "
            f'"{name}", details: [{", ".join(result.messages)}]',
        )


def _add(
    state: State, name: QualifiedSubject, stored: StoredSchema, number: int
) -> tuple[State, Version]:
    """Store a schema, unless it exists, and a version of it, which replaces one of that number."""
    subject = state.subject(name)
    if number > MAX_VERSION or stored.key.id > MAX_VERSION:
        raise Refusal(ErrorCode.STORE_ERROR, f"No number up to {MAX_VERSION} is left")
    version = Version(number, stored.key.id)
    others = (each for each in subject.versions if each.number != number)
    versions = sorted((*others, version), key=lambda each: each.number)
    if stored.key not in state.schemas:
        state = state.with_schema(stored)
    return state.with_subject(name, attrs.evolve(subject, versions=tuple(versions))), version


def delete_subject(
    state: State, name: QualifiedSubject, *, permanent: bool
) -> tuple[State, list[int]]:
    """Delete all versions, softly or permanently; answer their numbers."""
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
    state: State, name: QualifiedSubject, number: int | None, *, permanent: bool
) -> tuple[State, int]:
    """Delete one version, softly or permanently; answer its number. None is the latest live one."""
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
    versions = tuple(
        attrs.evolve(other, deleted=True) if other is version else other
        for other in subject.versions
    )
    # The level is deleted with the last version, like for the subject itself.
    kept = subject if len(subject.live) > 1 else attrs.evolve(subject, level=None)
    return state.with_subject(name, attrs.evolve(kept, versions=versions)), number


def _delete_for_good(
    state: State, name: QualifiedSubject, subject: Subject, version: Version
) -> State:
    if not version.deleted:
        raise Refusal(
            ErrorCode.VERSION_NOT_SOFT_DELETED,
            f"Subject '{name}' Version {version.number} was not deleted first before being "
            f"permanently deleted",
        )
    _demand_unreferenced(state, name, (version,), deleted=True)
    versions = tuple(other for other in subject.versions if other is not version)
    return state.with_subject(name, attrs.evolve(subject, versions=versions)).without_unused()


def delete_context(state: State, context: str) -> tuple[State, None]:
    """Delete a context that has only a level, a mode and a count of ids."""
    if context == DEFAULT_CONTEXT:
        raise not_permitted("The default context cannot be deleted")
    names = [name for name in state.subjects if name.context == context]
    if any(state.subjects[name].versions for name in names):
        raise context_not_empty(context)
    for name in names:
        state = state.with_subject(name, Subject())
    for of, guid in list(state.retired):
        if of == context:
            state = state.with_retired(context, guid, None)
    return state.with_next_id(context, None), None


def set_level(
    state: State,
    name: QualifiedSubject,
    level: Level | None,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> tuple[State, Subject]:
    """Set the level of a subject or of a context, and its other settings.

    Args:
        state: The state.
        name: The subject.
        level: The level; None keeps it.
        settings: The other settings, by key.
    """
    _demand_writable(state, name)
    old = state.subject(name)
    new = attrs.evolve(
        old,
        level=old.level if level is None else level,
        settings=MappingProxyType({**old.settings, **settings}),
    )
    return state.with_subject(name, new), new


def reset_level(state: State, name: QualifiedSubject) -> tuple[State, Level]:
    """Remove a subject's own configuration; answer its level."""
    _demand_writable(state, name)
    subject = state.subject(name)
    level = subject.level
    if level is None and (name.name or name.context != DEFAULT_CONTEXT):
        raise no_subject(name)
    empty = attrs.evolve(subject, level=None, settings=MappingProxyType({}))
    return state.with_subject(name, empty), level or DEFAULT_LEVEL


def set_mode(
    state: State, name: QualifiedSubject, mode: Mode, *, force: bool
) -> tuple[State, Mode]:
    """Set the mode of a subject or of a context."""
    if mode == "IMPORT" and not force and _holds_versions(state, name):
        raise not_permitted(
            "Mode IMPORT needs an empty registry or subject, soft-deleted versions counted; "
            "force=true overrides this"
        )
    return state.with_subject(name, attrs.evolve(state.subject(name), mode=mode)), mode


def _holds_versions(state: State, name: QualifiedSubject) -> bool:
    if name.name:
        return bool(state.subject(name).versions)
    return any(
        subject.versions
        for each, subject in state.subjects.items()
        if name.context in (each.context, GLOBAL_CONTEXT)
    )


def reset_mode(state: State, name: QualifiedSubject) -> tuple[State, Mode]:
    """Remove a subject's own mode; answer it."""
    subject = state.subject(name)
    mode = subject.mode
    if mode is None and (name.name or name.context != DEFAULT_CONTEXT):
        raise no_subject(name)
    return state.with_subject(name, attrs.evolve(subject, mode=None)), mode or DEFAULT_MODE


def _demand_writable(state: State, name: QualifiedSubject) -> None:
    if state.mode_of(name, default_to_global=True) == "READONLY":
        subject = name.name or "null"
        raise not_permitted(f"Subject {subject} in context {name.context} is in read-only mode")


def _demand_unreferenced(
    state: State, name: QualifiedSubject, versions: tuple[Version, ...], *, deleted: bool
) -> None:
    for version in versions:
        if state.is_referenced(name, version.number, deleted=deleted):
            raise still_referenced(name, version.number)
