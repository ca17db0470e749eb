"""Snapshot of the registry's whole state as a JSON object, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.entries import (
    read_number,
    read_subject,
    read_versions,
    schema_entry,
    settings_entry,
    versions_entry,
)
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.values import SchemaKey, StoredSchema, alphabetical, whole
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject
from streamcontract.registry.protocol import BodyError, SchemaReference, SchemaRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.devstack.registry.state import State
    from streamcontract.devstack.registry.values import Content

__all__ = ["dump", "load"]

_FORMAT: Final = 2
_BEFORE_CONTEXTS: Final = 1
"""The format of releases without contexts, which has a single unnamed one."""


def dump(state: State) -> dict[str, object]:
    """The whole state; equal states have equal dumps."""
    names = {*state.contexts, *(name.context for name in state.subjects)}
    contexts: dict[str, dict[str, Any]] = {
        context: {
            "next_id": state.next_ids.get(context),
            "retired": {},
            **settings_entry(state.subject(whole(context))),
            "schemas": [],
            "subjects": {},
        }
        for context in sorted(names)
    }
    for (context, guid), number in sorted(state.retired.items()):
        contexts[context]["retired"][guid] = number
    for key in _in_order(state):
        contexts[key.context]["schemas"].append(schema_entry(state.schemas[key]))
    for name in sorted(state.subjects, key=alphabetical):
        if name.name:
            subject = state.subjects[name]
            entry = {**settings_entry(subject), "versions": versions_entry(subject.versions)}
            contexts[name.context]["subjects"][name.name] = entry
    return {"format": _FORMAT, "contexts": contexts}


def _in_order(state: State) -> list[SchemaKey]:
    """The keys of all schemas; of equal schemas the first stored comes before the others."""
    numbered = sorted(
        (position, number, context)
        for (context, _), numbers in state.index.ids.items()
        for position, number in enumerate(numbers)
    )
    return [SchemaKey(context, number) for _, number, context in numbered]


def load(value: Any, empty: State) -> State:
    """Read the result of :func:`dump`, also of releases without contexts.

    Args:
        value: The JSON value.
        empty: The state to begin with.

    Raises:
        ValueError: The value is not a snapshot, or is inconsistent.
    """
    try:
        if value["format"] == _BEFORE_CONTEXTS:
            value = {"contexts": {DEFAULT_CONTEXT: value}}
        elif value["format"] != _FORMAT:
            raise ValueError(f"format {value['format']!r} instead of {_FORMAT}")
        return _Loading(empty, value["contexts"]).load()
    except (KeyError, TypeError, AttributeError, BodyError, Refusal, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


class _Loading:
    """The loading of one file: its subjects, and its schemas, each after its references."""

    def __init__(self, empty: State, contexts: Mapping[str, Mapping[str, Any]]) -> None:
        self._contexts = contexts
        self._state = empty
        self._requests: dict[SchemaKey, SchemaRequest] = {}
        self._contents: dict[SchemaKey, Content] = {}

    def load(self) -> State:
        for context, fields in self._contexts.items():
            self._read_subjects(context, fields)
        for key in self._requests:
            self._state = self._state.with_schema(StoredSchema(key, self._content(key, ())))
        for key, users in self._state.index.users.items():
            if key not in self._state.schemas:
                name, _ = next(iter(users))
                raise ValueError(f"{name} has schema {key.id}, which is not there")
        for context, fields in self._contexts.items():
            self._read_ids(context, fields)
        return self._state

    def _read_subjects(self, context: str, fields: Mapping[str, Any]) -> None:
        entries, schemas = fields["subjects"], fields["schemas"]
        if not isinstance(entries, dict) or not isinstance(schemas, list):
            raise TypeError(f"the subjects or schemas of {context!r} are of another type")
        subjects = {
            QualifiedSubject(context, name): read_subject(entry, read_versions(entry))
            for name, entry in entries.items()
        }
        subjects[whole(context)] = read_subject(fields, ())
        for name, subject in subjects.items():
            self._state = self._state.with_subject(name, subject)
        for entry in schemas:
            number = read_number(entry["id"])
            request = SchemaRequest.from_json(entry, confluent=True)
            self._requests[SchemaKey(context, number)] = request

    def _content(self, key: SchemaKey, below: tuple[SchemaKey, ...]) -> Content:
        """Read a schema, after its references."""
        if key in self._contents:
            return self._contents[key]
        if key in below:
            raise ValueError(f"schema {key.id} refers to itself")
        request = self._requests[key]
        known = [
            self._content(self._leading_to(key, reference), (*below, key)).schema
            for reference in request.references
        ]
        return self._contents.setdefault(key, rules.read(request, known))

    def _leading_to(self, key: SchemaKey, reference: SchemaReference) -> SchemaKey:
        name = self._state.qualify(reference.subject, key.context)
        version = self._state.subject(name).version(reference.version)
        if version is None:
            raise ValueError(f"schema {key.id} refers to {reference}, which is not there")
        return SchemaKey(name.context, version.id)

    def _read_ids(self, context: str, fields: Mapping[str, Any]) -> None:
        retired = fields.get("retired", {})
        if not isinstance(retired, dict):
            raise TypeError(f"the retired ids of {context!r} are no object")
        for guid, number in retired.items():
            self._state = self._state.with_retired(context, guid, read_number(number))
        if fields["next_id"] is not None:
            following = max(self._state.next_id(context), read_number(fields["next_id"]))
            self._state = self._state.with_next_id(context, following)
