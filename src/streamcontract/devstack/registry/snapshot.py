"""The registry's state as JSON text, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.devstack.registry import rules
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import State, StoredSchema, Subject, Version
from streamcontract.registry.protocol import (
    MAX_VERSION,
    BodyError,
    SchemaRequest,
    parse_level,
    parse_mode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dump", "load"]

_FORMAT: Final = 1


def dump(state: State) -> str:
    """The whole state as text."""
    return json.dumps(
        {
            "format": _FORMAT,
            "next_id": state.next_id,
            "compatibility": state.level,
            "mode": state.mode,
            "schemas": [
                SchemaRequest(
                    id=stored.id,
                    schema=stored.content.text,
                    references=stored.content.references,
                ).to_json()
                for stored in state.schemas.values()
            ],
            "subjects": {
                name: {
                    "compatibility": subject.level,
                    "mode": subject.mode,
                    "versions": [
                        {"version": version.number, "id": version.id, "deleted": version.deleted}
                        for version in subject.versions
                    ],
                }
                for name, subject in state.subjects.items()
            },
        },
        indent=1,
    )


def load(text: str) -> State:
    """Read what :func:`dump` wrote.

    Raises:
        ValueError: The text is something else, or contradicts itself.
    """
    try:
        fields = json.loads(text)
        if fields["format"] != _FORMAT:
            raise ValueError(f"format {fields['format']!r} instead of {_FORMAT}")
        subjects = {name: _subject(entry) for name, entry in fields["subjects"].items()}
        requests = {
            _number(entry["id"]): SchemaRequest.from_json(entry) for entry in fields["schemas"]
        }
        state = State(
            subjects=subjects,
            level=parse_level(fields["compatibility"]),
            mode=parse_mode(fields["mode"]),
        )
        for schema_id in requests:
            state = _with_schema(state, requests, schema_id, ())
        for name, subject in subjects.items():
            for version in subject.versions:
                if version.id not in state.schemas:
                    raise ValueError(f"{name} has schema {version.id}, which is not there")
        return attrs.evolve(state, next_id=max(state.next_id, _number(fields["next_id"])))
    except (KeyError, TypeError, AttributeError, BodyError, Refusal, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _with_schema(
    state: State, requests: Mapping[int, SchemaRequest], schema_id: int, below: tuple[int, ...]
) -> State:
    """Add a schema, those that it refers to first."""
    if schema_id in state.schemas:
        return state
    if schema_id in below:
        raise ValueError(f"schema {schema_id} refers to itself")
    request = requests[schema_id]
    known = []
    for reference in request.references:
        version = state.subjects[reference.subject].version(reference.version)
        if version is None:
            raise ValueError(f"schema {schema_id} refers to {reference}, which is not there")
        state = _with_schema(state, requests, version.id, (*below, schema_id))
        known.append(state.schemas[version.id].content.schema)
    return state.with_schema(StoredSchema(schema_id, rules.read(request, known)))


def _subject(entry: Mapping[str, object]) -> Subject:
    versions = entry["versions"]
    level, mode = entry["compatibility"], entry["mode"]
    if not isinstance(versions, list):
        raise TypeError("versions are not a list")
    return Subject(
        tuple(
            Version(_number(item["version"]), _number(item["id"]), bool(item["deleted"]))
            for item in versions
        ),
        None if level is None else parse_level(level),
        None if mode is None else parse_mode(mode),
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_VERSION + 1:
        raise ValueError(f"{value!r} is not a number from 1 to {MAX_VERSION}")
    return value
