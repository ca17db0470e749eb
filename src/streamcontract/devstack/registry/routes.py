"""The endpoints: each reads its request, asks or changes the state, and shapes the answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from streamcontract.devstack.registry import changes, rules
from streamcontract.devstack.registry.application import Answer, Call, Control, Handler, Route
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.errors import StackError
from streamcontract.registry.protocol import (
    MAX_VERSION,
    SCHEMA_TYPES,
    ErrorCode,
    Level,
    Mode,
    Path,
    SchemaRequest,
    parse_level,
    parse_mode,
    parse_setting,
    parse_version,
)

if TYPE_CHECKING:
    from streamcontract.devstack.registry.store import Store

__all__ = ["ROUTES", "TOPICS", "control_routes"]

TOPICS: Final = "/streamcontract/topics"
"""Not the registry's: how a client asks the stack for topics that AdminClient cannot create."""


def _schema_types(_store: Store, _call: Call) -> Answer:
    return Answer.of(SCHEMA_TYPES)


def _schema(store: Store, call: Call) -> Answer:
    content = store.state.schema(_id(call)).content
    return Answer.of(SchemaRequest(schema=content.text, references=content.references).to_json())


def _schema_versions(store: Store, call: Call) -> Answer:
    state = store.state
    stored = state.schema(_id(call))
    return Answer.of(
        [{"subject": name, "version": number} for name, number in state.users(stored.id)]
    )


def _schema_subjects(store: Store, call: Call) -> Answer:
    state = store.state
    stored = state.schema(_id(call))
    users = state.users(stored.id, deleted=call.flag("deleted"))
    return Answer.of(list(dict.fromkeys(name for name, _ in users)))


def _subjects(store: Store, call: Call) -> Answer:
    deleted, prefix = call.flag("deleted"), call.query.get("subjectPrefix", "")
    subjects = store.state.subjects
    return Answer.of(
        [
            name
            for name in sorted(subjects)
            if name.startswith(prefix) and subjects[name].visible(deleted=deleted)
        ]
    )


def _look_up(store: Store, call: Call) -> Answer:
    state = store.state
    state.versions(call.subject, deleted=call.flag("deleted"))  # 40401 before a bad body
    request = SchemaRequest.from_json(call.json())
    found = changes.look_up(state, call.subject, request, deleted=call.flag("deleted"))
    return Answer.of(found.to_json())


def _delete_subject(store: Store, call: Call) -> Answer:
    permanent = call.flag("permanent")
    return Answer.of(
        store.apply(lambda state: changes.delete_subject(state, call.subject, permanent=permanent))
    )


def _versions(store: Store, call: Call) -> Answer:
    versions = store.state.versions(call.subject, deleted=call.flag("deleted"))
    return Answer.of([version.number for version in versions])


def _register(store: Store, call: Call) -> Answer:
    request = SchemaRequest.from_json(call.json())
    schema_id = store.apply(lambda state: changes.register(state, call.subject, request))
    return Answer.of({"id": schema_id})


def _version(store: Store, call: Call) -> Answer:
    state, number = store.state, _number(call)
    version = state.version(call.subject, number, deleted=call.flag("deleted"))
    return Answer.of(changes.answer(state, call.subject, version).to_json())


def _version_schema(store: Store, call: Call) -> Answer:
    state, number = store.state, _number(call)
    version = state.version(call.subject, number, deleted=call.flag("deleted"))
    return Answer(200, state.schema(version.id).content.text.encode())


def _referenced_by(store: Store, call: Call) -> Answer:
    state, number = store.state, _number(call)
    version = state.version(call.subject, number)
    return Answer.of(state.referenced_by(call.subject, version.number))


def _delete_version(store: Store, call: Call) -> Answer:
    number, permanent = _number(call, minus_one=False), call.flag("permanent")
    return Answer.of(
        store.apply(
            lambda state: changes.delete_version(state, call.subject, number, permanent=permanent)
        )
    )


def _compatibility(store: Store, call: Call) -> Answer:
    state, verbose = store.state, call.flag("verbose")
    request = SchemaRequest.from_json(call.json())
    number = state.version(call.subject, _number(call, minus_one=False)).number
    try:
        content = rules.parse(state, request)
    except Refusal as refusal:
        if not verbose:
            raise
        return Answer.of({"is_compatible": False, "messages": [refusal.message]})
    verdict = changes.verdict(state, call.subject, number, content.schema)
    body: dict[str, object] = {"is_compatible": verdict.is_compatible}
    if verbose:
        body["messages"] = verdict.messages
    return Answer.of(body)


def _level(store: Store, _call: Call) -> Answer:
    return Answer.of({"compatibilityLevel": store.state.level})


def _subject_level(store: Store, call: Call) -> Answer:
    to_global = call.flag("defaultToGlobal")
    level = store.state.level_of(call.subject, default_to_global=to_global)
    return Answer.of({"compatibilityLevel": level})


def _set_level(store: Store, call: Call) -> Answer:
    subject, level = call.parameters.get("subject"), _new_level(call)
    store.apply(lambda state: changes.set_level(state, subject, level))
    return Answer.of({"compatibility": level})


def _reset_level(store: Store, call: Call) -> Answer:
    level = store.apply(lambda state: changes.reset_level(state, call.subject))
    return Answer.of({"compatibilityLevel": level})


def _mode(store: Store, _call: Call) -> Answer:
    return Answer.of({"mode": store.state.mode})


def _subject_mode(store: Store, call: Call) -> Answer:
    to_global = call.flag("defaultToGlobal")
    mode = store.state.mode_of(call.subject, default_to_global=to_global)
    return Answer.of({"mode": mode})


def _set_mode(store: Store, call: Call) -> Answer:
    subject, mode, force = call.parameters.get("subject"), _new_mode(call), call.flag("force")
    store.apply(lambda state: changes.set_mode(state, subject, mode, force=force))
    return Answer.of({"mode": mode})


def _reset_mode(store: Store, call: Call) -> Answer:
    return Answer.of({"mode": store.apply(lambda state: changes.reset_mode(state, call.subject))})


def _ready(_store: Store, _call: Call) -> Answer:
    return Answer(200)


ROUTES: Final = (
    Route("GET", Path.SCHEMA_TYPES, _schema_types),
    Route("GET", Path.SCHEMA, _schema),
    Route("GET", Path.SCHEMA_VERSIONS, _schema_versions),
    Route("GET", Path.SCHEMA_SUBJECTS, _schema_subjects),
    Route("GET", Path.SUBJECTS, _subjects),
    Route("POST", Path.SUBJECT, _look_up),
    Route("DELETE", Path.SUBJECT, _delete_subject),
    Route("GET", Path.VERSIONS, _versions),
    Route("POST", Path.VERSIONS, _register),
    Route("GET", Path.VERSION, _version),
    Route("DELETE", Path.VERSION, _delete_version),
    Route("GET", Path.VERSION_SCHEMA, _version_schema),
    Route("GET", Path.VERSION_REFERENCED_BY, _referenced_by),
    Route("POST", Path.COMPATIBILITY, _compatibility),
    Route("GET", Path.CONFIG, _level),
    Route("PUT", Path.CONFIG, _set_level),
    Route("GET", Path.SUBJECT_CONFIG, _subject_level),
    Route("PUT", Path.SUBJECT_CONFIG, _set_level),
    Route("DELETE", Path.SUBJECT_CONFIG, _reset_level),
    Route("GET", Path.MODE, _mode),
    Route("PUT", Path.MODE, _set_mode),
    Route("GET", Path.SUBJECT_MODE, _subject_mode),
    Route("PUT", Path.SUBJECT_MODE, _set_mode),
    Route("DELETE", Path.SUBJECT_MODE, _reset_mode),
    Route("GET", Path.READY, _ready),
)
"""The registry's endpoints; :class:`Path` says which it lacks."""


def control_routes(control: Control) -> tuple[Route, ...]:
    """The stack's own endpoints, which a registry with a broker beside it has in addition."""
    list_topics: Handler = partial(_list_topics, control)
    create_topic: Handler = partial(_create_topic, control)
    return Route("GET", TOPICS, list_topics), Route("POST", TOPICS, create_topic)


def _list_topics(control: Control, _store: Store, _call: Call) -> Answer:
    topics = [
        {"name": name, "partitions": count} for name, count in sorted(control.topics().items())
    ]
    return Answer.of({"topics": topics})


def _create_topic(control: Control, _store: Store, call: Call) -> Answer:
    body = call.json()
    if not isinstance(body, dict) or not body.keys() <= {"name", "partitions", "replication"}:
        raise Refusal(ErrorCode.BAD_REQUEST, "expected name, partitions and replication")
    name, counts = body.get("name"), (body.get("partitions", 1), body.get("replication", 1))
    if not isinstance(name, str) or not all(type(count) is int for count in counts):
        raise Refusal(ErrorCode.BAD_REQUEST, "name is a string, partitions, replication integers")
    existing = control.topics().get(name)
    if existing is not None:
        return Answer.of({"created": False, "partitions": existing})
    try:
        created = control.create_topic(name, *counts)
    except StackError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, str(error)) from error
    return Answer.of({"created": created, "partitions": counts[0]})


def _id(call: Call) -> int:
    text = call.parameters["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MAX_VERSION):
        raise Refusal(ErrorCode.BAD_REQUEST, f"Invalid parameter 'id' got '{text}'")
    return int(text)


def _number(call: Call, *, minus_one: bool = True) -> int | None:
    """The version in the path, None for the latest; only reading knows -1 for it."""
    text = call.parameters["version"]
    try:
        return parse_version(text, minus_one=minus_one)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_VERSION, str(error)) from error


def _new_level(call: Call) -> Level:
    value = parse_setting(call.json(), "compatibility")
    try:
        return parse_level(value)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_LEVEL, str(error)) from error


def _new_mode(call: Call) -> Mode:
    value = parse_setting(call.json(), "mode")
    try:
        return parse_mode(value)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_MODE, str(error)) from error
