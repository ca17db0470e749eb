"""The registry's state as JSON text, and back."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import (
    SchemaKey,
    State,
    StoredSchema,
    Subject,
    Version,
    whole,
)
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject
from streamcontract.registry.protocol import (
    MAX_VERSION,
    BodyError,
    SchemaReference,
    SchemaRequest,
    parse_level,
    parse_mode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.devstack.registry.state import Content

__all__ = ["dump", "load"]

_FORMAT: Final = 2
_BEFORE_CONTEXTS: Final = 1
"""The format of releases that knew no contexts: one of them, without a name."""


def dump(state: State) -> str:
    """The whole state as text."""
    contexts = sorted({*state.contexts, *(name.context for name in state.subjects)})
    return json.dumps(
        {
            "format": _FORMAT,
            "contexts": {context: _dumped(state, context) for context in contexts},
        },
        indent=1,
    )


def _dumped(state: State, context: str) -> dict[str, object]:
    return {
        "next_id": state.next_ids.get(context),
        "retired": {
            guid: number for (each, guid), number in state.retired.items() if each == context
        },
        **_settings(state.subject(whole(context))),
        "schemas": [
            _dumped_schema(stored)
            for stored in state.schemas.values()
            if stored.key.context == context
        ],
        "subjects": {
            name.name: {
                **_settings(subject),
                "versions": [
                    {"version": version.number, "id": version.id, "deleted": version.deleted}
                    for version in subject.versions
                ],
            }
            for name, subject in state.subjects.items()
            if name.context == context and name.name
        },
    }


def _settings(subject: Subject) -> dict[str, object]:
    return {
        "compatibility": subject.level,
        "mode": subject.mode,
        "settings": dict(subject.settings),
    }


def _dumped_schema(stored: StoredSchema) -> dict[str, object]:
    content = stored.content
    return SchemaRequest(
        id=stored.key.id,
        schema=content.text,
        references=content.references,
        metadata=content.metadata,
        rule_set=content.rule_set,
    ).to_json()


def load(text: str, empty: State) -> State:
    """Read what :func:`dump` wrote, in this release or before there were contexts.

    Args:
        text: The text.
        empty: What to begin with.

    Raises:
        ValueError: The text is something else, or contradicts itself.
    """
    try:
        fields = json.loads(text)
        if fields["format"] == _BEFORE_CONTEXTS:
            fields = {"contexts": {DEFAULT_CONTEXT: fields}}
        elif fields["format"] != _FORMAT:
            raise ValueError(f"format {fields['format']!r} instead of {_FORMAT}")
        return _Loading(empty, fields["contexts"]).load()
    except (KeyError, TypeError, AttributeError, BodyError, Refusal, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


class _Loading:
    """One file: its subjects, and its schemas, each after those that it refers to."""

    def __init__(self, empty: State, contexts: Mapping[str, Mapping[str, object]]) -> None:
        self._contexts: Mapping[str, Mapping[str, object]] = contexts
        self._state = empty
        self._requests: dict[SchemaKey, SchemaRequest] = {}

    def load(self) -> State:
        for context, fields in self._contexts.items():
            self._read_subjects(context, fields)
        for key in self._requests:
            self._with_schema(key, ())
        for name, subject in self._state.subjects.items():
            for version in subject.versions:
                if SchemaKey(name.context, version.id) not in self._state.schemas:
                    raise ValueError(f"{name} has schema {version.id}, which is not there")
        return attrs.evolve(self._state, next_ids=self._next_ids(), retired=self._retired())

    def _read_subjects(self, context: str, fields: Mapping[str, object]) -> None:
        entries, schemas = fields["subjects"], fields["schemas"]
        if not isinstance(entries, dict) or not isinstance(schemas, list):
            raise TypeError(f"the subjects or schemas of {context!r} are of another type")
        subjects = {
            QualifiedSubject(context, name): _subject(entry) for name, entry in entries.items()
        }
        subjects[whole(context)] = _subject({**fields, "versions": []})
        for name, subject in subjects.items():
            self._state = self._state.with_subject(name, subject)
        for entry in schemas:
            number = _number(entry["id"])
            request = SchemaRequest.from_json(entry, confluent=True)
            self._requests[SchemaKey(context, number)] = request

    def _with_schema(self, key: SchemaKey, below: tuple[SchemaKey, ...]) -> Content:
        """Add a schema, those that it refers to first."""
        present = self._state.schemas.get(key)
        if present is not None:
            return present.content
        if key in below:
            raise ValueError(f"schema {key.id} refers to itself")
        request = self._requests[key]
        known = [
            self._with_schema(self._leading_to(key, reference), (*below, key)).schema
            for reference in request.references
        ]
        content = rules.read(request, known)
        self._state = self._state.with_schema(StoredSchema(key, content))
        return content

    def _leading_to(self, key: SchemaKey, reference: SchemaReference) -> SchemaKey:
        name = self._state.qualify(reference.subject, key.context)
        version = self._state.subject(name).version(reference.version)
        if version is None:
            raise ValueError(f"schema {key.id} refers to {reference}, which is not there")
        return SchemaKey(name.context, version.id)

    def _retired(self) -> dict[tuple[str, str], int]:
        found = {}
        for context, fields in self._contexts.items():
            entries = fields.get("retired", {})
            if not isinstance(entries, dict):
                raise TypeError(f"the retired ids of {context!r} are no object")
            found.update({(context, guid): _number(number) for guid, number in entries.items()})
        return found

    def _next_ids(self) -> dict[str, int]:
        return {
            context: max(self._state.next_id(context), _number(fields["next_id"]))
            for context, fields in self._contexts.items()
            if fields["next_id"] is not None
        }


def _subject(entry: Mapping[str, object]) -> Subject:
    versions, settings = entry["versions"], entry.get("settings", {})
    level, mode = entry["compatibility"], entry["mode"]
    if not isinstance(versions, list) or not isinstance(settings, dict):
        raise TypeError("versions are not a list, or settings no object")
    return Subject(
        tuple(
            Version(_number(item["version"]), _number(item["id"]), bool(item["deleted"]))
            for item in versions
        ),
        None if level is None else parse_level(level),
        None if mode is None else parse_mode(mode),
        MappingProxyType(settings),
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_VERSION + 1:
        raise ValueError(f"{value!r} is not a number from 0 to {MAX_VERSION}")
    return value
