"""Record of one change of the registry's state, as a JSON object of the change's size.

It has an object for each changed context, with only the changed parts; null means a removed part.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.entries import (
    read_number,
    read_subject,
    read_versions,
    schema_entry,
    settings_entry,
    versions_entry,
)
from streamcontract.devstack.registry.persistent import changed_keys
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.values import (
    SchemaKey,
    StoredSchema,
    Subject,
    replaced_versions,
)
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.protocol import BodyError, SchemaRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.devstack.registry.state import State

__all__ = ["applied", "difference"]


def difference(old: State, new: State) -> dict[str, dict[str, Any]]:
    """The record that changes one state to the other."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(dict))
    for key in changed_keys(old.schemas, new.schemas):
        stored = new.schemas.get(key)
        found[key.context]["schemas"][str(key.id)] = stored and schema_entry(stored)
    for name in changed_keys(old.subjects, new.subjects):
        entry = _subject_entry(old.subject(name), new.subjects.get(name))
        found[name.context]["subjects"][name.name] = entry
    for place in changed_keys(old.retired, new.retired):
        context, guid = place
        found[context]["retired"][guid] = new.retired.get(place)
    for context in changed_keys(old.next_ids, new.next_ids):
        found[context]["next_id"] = new.next_ids.get(context)
    return {context: dict(fields) for context, fields in found.items()}


def _subject_entry(old: Subject, new: Subject | None) -> dict[str, object] | None:
    if new is None:
        return None
    gone, put = replaced_versions(old, new)
    numbers = {version.number for version in gone} - {version.number for version in put}
    entry = {**settings_entry(new), "versions": versions_entry(put)}
    return {**entry, "gone": sorted(numbers)} if numbers else entry


def applied(state: State, record: Mapping[str, Mapping[str, Any]]) -> State:
    """The state after a change.

    Args:
        state: The state before it.
        record: The result of :func:`difference`.

    Raises:
        ValueError: It is not such a record, or does not fit the state.
    """
    try:
        for context, fields in record.items():
            for number, entry in fields.get("schemas", {}).items():
                if entry is not None:
                    state = _with_schema(state, SchemaKey(context, int(number)), entry)
        for context, fields in record.items():
            for text, entry in fields.get("subjects", {}).items():
                name = QualifiedSubject(context, text)
                state = state.with_subject(name, _subject(state, name, entry))
        for context, fields in record.items():
            state = _with_ids(state, context, fields)
    except (KeyError, TypeError, AttributeError, BodyError, Refusal, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return state


def _with_schema(state: State, key: SchemaKey, entry: Mapping[str, object]) -> State:
    if key in state.schemas:
        raise ValueError(f"schema {key.id} is there already")
    request = SchemaRequest.from_json(entry, confluent=True)
    known = []
    for reference in request.references:
        name = state.qualify(reference.subject, key.context)
        version = state.subject(name).version(reference.version)
        if version is None:
            raise ValueError(f"schema {key.id} refers to {reference}, which is not there")
        known.append(state.content(name, version).schema)
    return state.with_stored(StoredSchema(key, rules.read(request, known)))


def _subject(state: State, name: QualifiedSubject, entry: Mapping[str, Any] | None) -> Subject:
    if entry is None:
        return Subject()
    versions = {version.number: version for version in state.subject(name).versions}
    for number in entry.get("gone", ()):
        del versions[number]
    for version in read_versions(entry):
        if SchemaKey(name.context, version.id) not in state.schemas:
            raise ValueError(f"{name} has schema {version.id}, which is not there")
        versions[version.number] = version
    return read_subject(entry, (versions[number] for number in sorted(versions)))


def _with_ids(state: State, context: str, fields: Mapping[str, Any]) -> State:
    """The state without removed schemas, and with the remaining ids."""
    for number, entry in fields.get("schemas", {}).items():
        if entry is None:
            key = SchemaKey(context, int(number))
            if key in state.index.users:
                raise ValueError(f"schema {key.id} is gone, and a version has it")
            state = state.without_stored(key)
    for guid, retired in fields.get("retired", {}).items():
        number = None if retired is None else read_number(retired)
        state = state.with_retired(context, guid, number)
    if "next_id" in fields:
        count = fields["next_id"]
        state = state.with_next_id(context, None if count is None else read_number(count))
    return state
