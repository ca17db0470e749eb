"""Stored schemas of the registry: text and references are parsed into one schema."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from streamcontract.errors import ArgumentError, SchemaParseError
from streamcontract.registry.cache import CAPACITY, OnceCache
from streamcontract.registry.calls import path_of
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject
from streamcontract.registry.errors import (
    NotFoundError,
    SchemaNotFoundError,
    StoredSchemaError,
    UnsupportedRequestError,
)
from streamcontract.registry.lock_verifier import HASTE, LockVerifier
from streamcontract.registry.missing import MissingIds
from streamcontract.registry.protocol import ErrorCode, Path, VersionAnswer
from streamcontract.registry.referenced import parse_with_references
from streamcontract.registry.results import StoredSchema
from streamcontract.schema import STORED

if TYPE_CHECKING:
    from streamcontract.registry.lock import Lock
    from streamcontract.registry.protocol import SchemaReference
    from streamcontract.registry.transport import Transport
    from streamcontract.schema import Schema

__all__ = ["StoredSchemas"]

log = logging.getLogger("streamcontract.registry")

SchemaKey: TypeAlias = tuple[str | None, "int | UUID"]
"""A context and a schema id in it, because the same id means another schema in each context. A
global id has None for the context."""

# The schemas that one load has fetched; None while the references of one are being fetched.
_Seen: TypeAlias = "dict[tuple[QualifiedSubject, int], Schema | None]"


class StoredSchemas:
    """Fetches and parses the registry's schemas, and caches those by id, which never change.

    A version of a subject is not cached: after a permanent delete its number can be reused.

    Args:
        transport: Sends the requests.
        context: The context of the registry's URL.
        lock: The lock, which answers without a request.
        capacity: The number of cached schemas.
    """

    def __init__(
        self,
        transport: Transport,
        context: str = DEFAULT_CONTEXT,
        lock: Lock | None = None,
        *,
        capacity: int = CAPACITY,
    ) -> None:
        self._transport = transport
        self._context = context
        self._lock = lock
        self._missing = MissingIds()
        self._by_id: OnceCache[SchemaKey, StoredSchema] = OnceCache(capacity)
        if lock is not None:
            in_haste = StoredSchemas(transport.in_haste(HASTE), context)
            self._verifier = LockVerifier(lock.environment, in_haste.fetch)

    def by_id(self, schema_id: int | UUID, subject: str | None = None) -> StoredSchema:
        """The schema of an id or a GUID, in the context of a subject."""
        named = self._qualified("" if subject is None else subject)
        if not isinstance(schema_id, int | UUID):
            raise ArgumentError("schema_id", schema_id, "a whole number, or a UUID")
        key = named.context, schema_id
        return self._by_id.get(key, lambda: self._load(schema_id, named))

    def by_global_id(self, global_id: int) -> StoredSchema:
        """The schema of an id that only Apicurio's own API knows."""
        key = None, global_id
        return self._by_id.get(
            key, lambda: self._missing.find(key, lambda: self._fetch_global(global_id))
        )

    def was_given_out(self, schema_id: int, subject: str) -> None:
        """Mark an id as existing, although it may have been missing before."""
        self._missing.forget((self._qualified(subject).context, schema_id))

    def of_version(self, answer: VersionAnswer, context: str) -> Schema:
        """The schema in an answer about a version of a subject in a context."""
        place = f"version {answer.version} of {answer.subject}"
        return self._keep(answer, context, place, {}).schema

    def _load(self, schema_id: int | UUID, subject: QualifiedSubject) -> StoredSchema:
        is_locked = self._lock is not None and subject.context == self._context
        locked = None
        if self._lock is not None and is_locked and isinstance(schema_id, int):
            locked = self._lock.schema_of(schema_id)
        if self._lock is None or locked is None:
            key = subject.context, schema_id
            return self._missing.find(key, lambda: self.fetch(schema_id, subject))
        assert isinstance(schema_id, int)  # noqa: S101 - a lock has no GUIDs
        stored = self._verifier.verify(schema_id, locked)
        known = self._lock.rules_of(schema_id) if stored is None else stored.rule_set
        return StoredSchema(schema=locked, rule_set=known)

    def fetch(self, schema_id: int | UUID, subject: QualifiedSubject | None = None) -> StoredSchema:
        """Fetch the schema of an id from the registry, past cache and lock.

        Args:
            schema_id: The id, or the GUID.
            subject: A subject in the context of the id; None for the context of the URL.
        """
        context = self._context if subject is None else subject.context
        answer = self.answer(schema_id, subject)
        place = f"schema id {schema_id}" if isinstance(schema_id, int) else f"schema {schema_id}"
        if context != DEFAULT_CONTEXT:
            place += f" of context {context}"
        if isinstance(schema_id, UUID):
            return self._parse(answer, context, place, {})
        return self._keep(answer, context, place, {})

    def answer(
        self, schema_id: int | UUID, subject: QualifiedSubject | None = None
    ) -> VersionAnswer:
        """The answer of the registry about an id or a GUID, without subject and version."""
        context, query = self._context, {}
        if subject is not None and subject.context != context:
            # The URL implies its own context; the subject in the request has any other.
            query = {"subject": subject.within(context)}
        # The answer has neither the id, which is in the path, nor subject and version.
        missing: dict[str, object] = {"subject": "", "version": 0}
        number = schema_id if isinstance(schema_id, int) else 0
        if isinstance(schema_id, int):
            path = path_of(Path.SCHEMA, id=schema_id)
        else:
            path = path_of(Path.SCHEMA_OF_GUID, guid=str(schema_id))
        try:
            answer = self._transport.send("GET", path, query=query)
        except NotFoundError as error:
            if isinstance(schema_id, int) or error.code != ErrorCode.NOT_FOUND:
                raise
            raise UnsupportedRequestError(
                "it finds no schemas by GUID, as Confluent's does from release 8 on",
                *error.args[1:],
            ) from error
        return answer.read(
            lambda value: VersionAnswer.from_json(
                {**missing, **value, "id": number} if isinstance(value, dict) else value
            )
        )

    def _fetch_global(self, global_id: int) -> StoredSchema:
        try:
            answer = self._transport.of_apicurio().send(
                "GET",
                path_of(Path.APICURIO_GLOBAL_ID, id=global_id),
                query={"references": "DEREFERENCE"},
            )
        except NotFoundError as error:
            if "NotFoundException" not in error.body:
                raise
            raise SchemaNotFoundError(*error.args) from error
        text = json.dumps(answer.value)
        found = VersionAnswer(subject="", version=0, id=global_id, schema=text)
        return self._parse(found, DEFAULT_CONTEXT, f"schema of global id {global_id}", {})

    def _keep(self, answer: VersionAnswer, context: str, place: str, seen: _Seen) -> StoredSchema:
        key = context, answer.id
        return self._by_id.peek(key) or self._by_id.put(
            key, self._parse(answer, context, place, seen)
        )

    def _parse(self, answer: VersionAnswer, context: str, place: str, seen: _Seen) -> StoredSchema:
        if answer.schema_type != "AVRO":
            raise StoredSchemaError(
                place,
                f"it is a {answer.schema_type} schema and streamcontract reads AVRO; is this the "
                f"right topic and subject?",
            )
        references = [self._reference(each, context, place, seen) for each in answer.references]
        try:
            # A stored schema was accepted once, and data were written with it: they must stay
            # readable although today's parser would refuse it.
            schema = parse_with_references(
                answer.schema, answer.references, references, leniency=STORED
            )
        except SchemaParseError as error:
            raise StoredSchemaError(place, f"it is not a valid Avro schema: {error}") from error
        for each in schema.forgiven:
            log.info(
                "%s: %s",
                place,
                each,
                extra={"schema_id": answer.id or None, "subject": answer.subject},
            )
        return StoredSchema(schema=schema, rule_set=answer.rule_set)

    def _reference(
        self, reference: SchemaReference, context: str, place: str, seen: _Seen
    ) -> Schema:
        # A subject without a context is in the context of the schema.
        named = QualifiedSubject.parse(reference.subject, context)
        key = named, reference.version
        if key not in seen:
            seen[key] = None
            subject = named.within(self._context)
            path = path_of(Path.VERSION, subject=subject, version=reference.version)
            # Messages outlive subjects: soft-deleted schemas are found too.
            answer = self._transport.send("GET", path, query={"deleted": "true"})
            where = f"version {reference.version} of {reference.subject}"
            found = answer.read(VersionAnswer.from_json)
            seen[key] = self._keep(found, named.context, where, seen).schema
        schema = seen[key]
        if schema is None:
            raise StoredSchemaError(place, f"its references lead back to {reference.subject}")
        return schema

    def _qualified(self, subject: str) -> QualifiedSubject:
        return QualifiedSubject.parse(subject, self._context)
