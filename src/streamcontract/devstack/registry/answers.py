"""Answers about a schema, in each form of the registry's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.devstack.registry.refusal import not_implemented
from streamcontract.devstack.registry.rules import minified
from streamcontract.registry.protocol import SchemaReference, SchemaRequest, VersionAnswer

if TYPE_CHECKING:
    from streamcontract.devstack.registry.application import RoutedRequest
    from streamcontract.devstack.registry.state import State
    from streamcontract.devstack.registry.values import Content, StoredSchema, Version
    from streamcontract.registry.contexts import QualifiedSubject

__all__ = [
    "identified",
    "registered",
    "schema_text",
    "version_answer",
    "version_read",
]

_RESOLVED: Final = "resolved"


def schema_text(state: State, call: RoutedRequest, content: Content) -> str:
    """The schema's text in the query's ``format``: only ``resolved``, of Confluent's registry.

    Raises:
        Refusal: 501.
    """
    if call.text("format") != _RESOLVED:
        return minified(content.text) if state.is_confluent else content.text
    if state.is_confluent:
        return minified(content.schema.inlined_json)
    raise not_implemented("format=resolved")


def version_answer(
    state: State, call: RoutedRequest, name: QualifiedSubject, version: Version
) -> dict[str, object]:
    """The answer to reading or looking up a version of a subject."""
    content = state.content(name, version)
    answer = VersionAnswer(
        subject=str(name),
        version=version.number,
        id=version.id,
        schema=schema_text(state, call, content),
        references=_references(state, call, content, name.context),
        metadata=content.metadata,
        rule_set=content.rule_set,
        guid=content.guid if state.is_confluent else None,
    )
    return _told(state, answer)


def version_read(
    state: State, call: RoutedRequest, name: QualifiedSubject, version: Version
) -> dict[str, object]:
    """The answer to reading a version, which has its soft deletion."""
    answer = version_answer(state, call, name, version)
    if version.deleted or not state.is_confluent:
        answer["deleted"] = version.deleted
    return answer


def _told(state: State, answer: VersionAnswer) -> dict[str, object]:
    """The body of an answer; Confluent's registry leaves out the type AVRO."""
    body = answer.to_json()
    if state.is_confluent:
        del body["schemaType"]
    return body


def registered(
    state: State, call: RoutedRequest, name: QualifiedSubject, version: Version
) -> dict[str, object]:
    """The answer to registering a version: the id first, and no subject."""
    answer = version_answer(state, call, name, version)
    del answer["subject"]
    return {"id": answer.pop("id"), **answer}


def identified(state: State, call: RoutedRequest, stored: StoredSchema) -> dict[str, object]:
    """The answer about a schema by its id, without subject and version."""
    content = stored.content
    request = SchemaRequest(
        schema=schema_text(state, call, content),
        references=_references(state, call, content, stored.key.context),
        metadata=content.metadata,
        rule_set=content.rule_set,
    )
    return {**request.to_json(), **({"guid": content.guid} if state.is_confluent else {})}


def _references(
    state: State, call: RoutedRequest, content: Content, context: str
) -> tuple[SchemaReference, ...]:
    if call.text("referenceFormat").lower() != "qualified":
        return content.references
    return tuple(
        attrs.evolve(each, subject=str(state.qualify(each.subject, context)))
        for each in content.references
    )
