"""Endpoints: each reads its request, queries or changes the state, and makes the answer."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from streamcontract.devstack.registry import changes, rules
from streamcontract.devstack.registry.answers import (
    identified,
    registered,
    schema_text,
    version_answer,
    version_read,
)
from streamcontract.devstack.registry.application import (
    Answer,
    Control,
    Handler,
    Route,
    RoutedRequest,
)
from streamcontract.devstack.registry.names import (
    matching,
    schema_key,
    settings_name,
    subject_name,
    version_number,
)
from streamcontract.devstack.registry.refusal import Refusal, no_schema, no_version
from streamcontract.devstack.registry.values import whole
from streamcontract.errors import StackError
from streamcontract.registry.contexts import DEFAULT_CONTEXT, normalize_context
from streamcontract.registry.protocol import (
    SCHEMA_TYPES,
    BodyError,
    ErrorCode,
    Level,
    Mode,
    Path,
    SchemaRequest,
    parse_level,
    parse_mode,
    parse_setting,
)

if TYPE_CHECKING:
    from streamcontract.devstack.registry.state import State
    from streamcontract.devstack.registry.store import Store

__all__ = ["CONFLUENT_ROUTES", "ROUTES", "TOPICS", "control_routes"]

TOPICS: Final = "/streamcontract/topics"
"""A path of the stack, not of the registry, for topics that AdminClient cannot create."""


# Contexts


def _contexts(store: Store, _call: RoutedRequest) -> Answer:
    return Answer.of(store.state.contexts)


def _delete_context(store: Store, call: RoutedRequest) -> Answer:
    try:
        context = normalize_context(call.parameters["context"])
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, str(error)) from error
    store.apply(lambda state: changes.delete_context(state, context))
    return Answer(204)


# Schemas


def _schemas(store: Store, call: RoutedRequest) -> Answer:
    """Every version, or the latest ones; Confluent's registry and Karapace list them so."""
    state, deleted = store.state, call.flag("deleted")
    found = [
        version_answer(state, call, name, version)
        for name in matching(state, call)
        for version in state.subject(name).visible(deleted=deleted)[
            -1 if call.flag("latestOnly") else 0 :
        ]
    ]
    return Answer.of(found)


def _schema_types(_store: Store, _call: RoutedRequest) -> Answer:
    return Answer.of(SCHEMA_TYPES)


def _schema(store: Store, call: RoutedRequest) -> Answer:
    state, key = store.state, schema_key(store.state, call)
    answer = identified(state, call, state.schema(key))
    if call.flag("includeSubjects"):
        answer["subjects"] = _subjects_of(state, call)
    if call.flag("fetchMaxId"):
        answer["maxId"] = state.next_id(key.context) - 1
    return Answer.of(answer)


def _schema_text(store: Store, call: RoutedRequest) -> Answer:
    state = store.state
    text = schema_text(state, call, state.schema(schema_key(state, call)).content)
    return Answer(200, text.encode())


def _schema_versions(store: Store, call: RoutedRequest) -> Answer:
    state, key = store.state, schema_key(store.state, call)
    state.schema(key)
    users = state.users(key, deleted=call.flag("deleted"))
    return Answer.of([{"subject": str(name), "version": number} for name, number in users])


def _schema_subjects(store: Store, call: RoutedRequest) -> Answer:
    state = store.state
    state.schema(schema_key(state, call))
    return Answer.of(_subjects_of(state, call))


def _subjects_of(state: State, call: RoutedRequest) -> list[str]:
    users = state.users(schema_key(state, call), deleted=call.flag("deleted"))
    return list(dict.fromkeys(str(name) for name, _ in users))


def _schema_of_guid(store: Store, call: RoutedRequest) -> Answer:
    state = store.state
    return Answer.of(identified(state, call, state.with_guid(call.parameters["guid"])))


# Subjects and versions


def _subjects(store: Store, call: RoutedRequest) -> Answer:
    state, deleted = store.state, call.flag("deleted")
    found = [
        str(name) for name in matching(state, call) if state.subject(name).visible(deleted=deleted)
    ]
    return Answer.of(sorted(found))


def _look_up(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    versions = state.versions(name, deleted=call.flag("deleted"))  # 40401 before a bad body
    try:
        content = rules.parse(state, name.context, _request(store, call))
    except (Refusal, BodyError) as error:
        if state.is_confluent:
            raise
        raise Refusal(
            ErrorCode.INTERNAL_ERROR, f"Error while looking up schema under subject {name}"
        ) from error
    version = rules.find(state, name, versions, content)
    if version is None:
        raise no_schema()
    return Answer.of(version_answer(state, call, name, version))


def _delete_subject(store: Store, call: RoutedRequest) -> Answer:
    name, permanent = subject_name(store.state, call), call.flag("permanent")
    return Answer.of(
        store.apply(lambda state: changes.delete_subject(state, name, permanent=permanent))
    )


def _latest_with_metadata(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    wanted = dict(zip(call.query.get("key", ()), call.query.get("value", ()), strict=False))
    for version in reversed(state.versions(name, deleted=call.flag("deleted"))):
        metadata = state.content(name, version).metadata
        if wanted.items() <= (metadata.properties.items() if metadata else set()):
            return Answer.of(version_answer(state, call, name, version))
    raise no_schema()


def _versions(store: Store, call: RoutedRequest) -> Answer:
    state = store.state
    versions = state.versions(subject_name(state, call), deleted=call.flag("deleted"))
    return Answer.of([version.number for version in versions])


def _register(store: Store, call: RoutedRequest) -> Answer:
    name, request = subject_name(store.state, call), _request(store, call)

    def change(state: State) -> tuple[State, Answer]:
        after, version = changes.register(state, name, request)
        # From this state, because the version may be deleted in a later one.
        return after, Answer.of(registered(after, call, name, version))

    return store.apply(change)


def _version(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    version = state.version(name, version_number(call), deleted=call.flag("deleted"))
    return Answer.of(version_read(state, call, name, version))


def _version_schema(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    version = state.version(name, version_number(call), deleted=call.flag("deleted"))
    return Answer(200, schema_text(state, call, state.content(name, version)).encode())


def _referenced_by(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    return Answer.of(state.referenced_by(name, state.version(name, version_number(call)).number))


def _delete_version(store: Store, call: RoutedRequest) -> Answer:
    name, number = subject_name(store.state, call), version_number(call, minus_one=False)
    permanent = call.flag("permanent")
    return Answer.of(
        store.apply(lambda state: changes.delete_version(state, name, number, permanent=permanent))
    )


# Compatibility


def _compatibility(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, subject_name(store.state, call)
    request, asked = _request(store, call), version_number(call, minus_one=False)
    if state.is_confluent and not state.subject(name).live:
        if asked is not None:
            raise no_version(asked)
        return _verdict(state, call, request, None)  # a first version is compatible
    return _verdict(state, call, request, state.version(name, asked).number)


def _compatibility_with_all(store: Store, call: RoutedRequest) -> Answer:
    state, request = store.state, _request(store, call)
    live = state.subject(subject_name(state, call)).live
    return _verdict(state, call, request, live[-1].number if live else None)


def _verdict(
    state: State, call: RoutedRequest, request: SchemaRequest, number: int | None
) -> Answer:
    name, is_verbose = subject_name(state, call), call.flag("verbose")
    try:
        content = rules.parse(state, name.context, request)
    except Refusal as refusal:
        if not is_verbose:
            raise
        return Answer.of({"is_compatible": False, "messages": [refusal.message]})
    verdict = rules.Verdict(is_compatible=True)
    if number is not None:
        verdict = rules.verdict(state, name, number, content)
    body: dict[str, object] = {"is_compatible": verdict.is_compatible}
    if is_verbose:
        body["messages"] = verdict.messages
    return Answer.of(body)


def _request(store: Store, call: RoutedRequest) -> SchemaRequest:
    request = SchemaRequest.from_json(call.json(), confluent=store.state.is_confluent)
    return request.normalized() if call.flag("normalize") else request


# Levels and modes


def _level(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, settings_name(store.state, call)
    to_global = call.flag("defaultToGlobal") or name == whole(DEFAULT_CONTEXT)
    level = state.level_of(name, default_to_global=to_global)
    return Answer.of({"compatibilityLevel": level, **state.subject(name).settings})


def _set_level(store: Store, call: RoutedRequest) -> Answer:
    name, level = settings_name(store.state, call), _new_level(call)
    store.apply(lambda state: changes.set_level(state, name, level))
    return Answer.of({"compatibility": level})


def _set_configuration(store: Store, call: RoutedRequest) -> Answer:
    """Set a level and the other settings that Confluent's registry has for a subject."""
    name, body = settings_name(store.state, call), call.json()
    if not isinstance(body, dict):
        raise BodyError("", "an object")
    given = body.get("compatibility")
    level = None if given is None else _level_of(str(given).upper())
    settings = {key: value for key, value in body.items() if key != "compatibility"}
    store.apply(lambda state: changes.set_level(state, name, level, settings))
    return Answer.of(body if level is None else {**body, "compatibility": level})


def _reset_level(store: Store, call: RoutedRequest) -> Answer:
    name = settings_name(store.state, call)
    level = store.apply(lambda state: changes.reset_level(state, name))
    return Answer.of({"compatibilityLevel": level})


def _mode(store: Store, call: RoutedRequest) -> Answer:
    state, name = store.state, settings_name(store.state, call)
    to_global = call.flag("defaultToGlobal") or name == whole(DEFAULT_CONTEXT)
    return Answer.of({"mode": state.mode_of(name, default_to_global=to_global)})


def _set_mode(store: Store, call: RoutedRequest) -> Answer:
    name, mode, force = settings_name(store.state, call), _new_mode(call), call.flag("force")
    store.apply(lambda state: changes.set_mode(state, name, mode, force=force))
    return Answer.of({"mode": mode})


def _reset_mode(store: Store, call: RoutedRequest) -> Answer:
    name = settings_name(store.state, call)
    return Answer.of({"mode": store.apply(lambda state: changes.reset_mode(state, name))})


def _new_level(call: RoutedRequest) -> Level:
    return _level_of(parse_setting(call.json(), "compatibility"))


def _level_of(value: object) -> Level:
    try:
        return parse_level(value)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_LEVEL, str(error)) from error


def _new_mode(call: RoutedRequest) -> Mode:
    value = parse_setting(call.json(), "mode")
    try:
        return parse_mode(value)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_MODE, str(error)) from error


# The rest


def _constant(value: Any) -> Handler:
    answer = Answer(200, json.dumps(value).encode())
    return lambda _store, _call: answer


def _ready(_store: Store, _call: RoutedRequest) -> Answer:
    return Answer(200)


ROUTES: Final = (
    Route("GET", Path.ROOT, _constant({})),
    Route("GET", Path.CONTEXTS, _contexts),
    Route("DELETE", Path.CONTEXT, _delete_context),
    Route("GET", Path.SCHEMAS, _schemas),
    Route("GET", Path.SCHEMA_TYPES, _schema_types),
    Route("GET", Path.SCHEMA, _schema),
    Route("GET", Path.SCHEMA_TEXT, _schema_text),
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
    Route("GET", f"{Path.VERSION}/referencedBy", _referenced_by),  # deprecated spelling
    Route("POST", Path.COMPATIBILITY, _compatibility),
    Route("GET", Path.CONFIG, _level),
    Route("PUT", Path.CONFIG, _set_level),
    Route("GET", Path.SUBJECT_CONFIG, _level),
    Route("PUT", Path.SUBJECT_CONFIG, _set_level),
    Route("DELETE", Path.SUBJECT_CONFIG, _reset_level),
    Route("GET", Path.MODE, _mode),
    Route("PUT", Path.MODE, _set_mode),
    Route("GET", Path.SUBJECT_MODE, _mode),
    Route("PUT", Path.SUBJECT_MODE, _set_mode),
    Route("DELETE", Path.SUBJECT_MODE, _reset_mode),
    Route("GET", Path.READY, _ready),
    Route("GET", Path.ACLS, _constant([])),
)
"""The registry's endpoints."""

CONFLUENT_ROUTES: Final = (
    Route("GET", Path.SCHEMA_OF_GUID, _schema_of_guid),
    Route("GET", Path.SUBJECT_METADATA, _latest_with_metadata),
    Route("POST", Path.COMPATIBILITY_WITH_ALL, _compatibility_with_all),
    Route("PUT", Path.CONFIG, _set_configuration),
    Route("DELETE", Path.CONFIG, _reset_level),
    Route("PUT", Path.SUBJECT_CONFIG, _set_configuration),
    Route("DELETE", Path.MODE, _reset_mode),
    *ROUTES,
)
"""The endpoints of a registry with Confluent's features."""


def control_routes(control: Control) -> tuple[Route, ...]:
    """The stack's own endpoints, which a registry with a broker has in addition."""
    list_topics: Handler = partial(_list_topics, control)
    create_topic: Handler = partial(_create_topic, control)
    return Route("GET", TOPICS, list_topics), Route("POST", TOPICS, create_topic)


def _list_topics(control: Control, _store: Store, _call: RoutedRequest) -> Answer:
    topics = [
        {"name": name, "partitions": count} for name, count in sorted(control.topics().items())
    ]
    return Answer.of({"topics": topics})


def _create_topic(control: Control, _store: Store, call: RoutedRequest) -> Answer:
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
