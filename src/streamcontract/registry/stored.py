"""Schemas as the registry stores them: text and references become one parsed schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from streamcontract.errors import SchemaParseError
from streamcontract.registry.cache import CAPACITY, OnceCache
from streamcontract.registry.calls import path_of
from streamcontract.registry.errors import StoredSchemaError
from streamcontract.registry.missing import MissingIds
from streamcontract.registry.protocol import Path, VersionAnswer
from streamcontract.registry.verify import HASTE, LockVerifier
from streamcontract.schema import Schema, parse_schema

if TYPE_CHECKING:
    from streamcontract.registry.lock import Lock
    from streamcontract.registry.protocol import SchemaReference
    from streamcontract.registry.transport import Transport

__all__ = ["StoredSchemas"]

# What one load has met so far; None while its own references are being fetched.
_Seen: TypeAlias = "dict[SchemaReference, Schema | None]"

_IN_A_CONTEXT: Final = ":."
"""What a subject's name starts with that is in a context other than the default one, such as
``:.staging:orders-value`` ("Schema contexts" in Confluent's Schema Registry documentation)."""


class StoredSchemas:
    """Fetches and parses what the registry holds, keeping schemas by id, which never change.

    A version of a subject is never kept: after a permanent delete its number can be given again.

    Args:
        transport: How to ask the registry.
        lock: What is known without asking.
        capacity: How many schemas are kept.
    """

    def __init__(
        self, transport: Transport, lock: Lock | None = None, *, capacity: int = CAPACITY
    ) -> None:
        self._transport = transport
        self._lock = lock
        self._missing = MissingIds()
        self._by_id: OnceCache[int, Schema] = OnceCache(capacity)
        if lock is not None:
            in_haste = StoredSchemas(transport.in_haste(HASTE))
            self._verifier = LockVerifier(lock.environment, in_haste.fetch)

    def by_id(self, schema_id: int) -> Schema:
        """The schema of an id."""
        return self._by_id.get(schema_id, lambda: self._load(schema_id))

    def was_given_out(self, schema_id: int) -> None:
        """An id is known to be there from now on, though it may have been missing."""
        self._missing.forget(schema_id)

    def of_version(self, answer: VersionAnswer) -> Schema:
        """The schema that an answer about a version of a subject gives."""
        return self._parse(answer, f"version {answer.version} of {answer.subject}", {})

    def _load(self, schema_id: int) -> Schema:
        locked = None if self._lock is None else self._lock.schema_of(schema_id)
        if locked is None:
            return self._missing.find(schema_id, lambda: self.fetch(schema_id))
        self._verifier.verify(schema_id, locked)
        return locked

    def fetch(self, schema_id: int) -> Schema:
        """The registry's schema of an id, whatever is known of it."""
        answer = self._transport.send("GET", path_of(Path.SCHEMA, id=schema_id))
        # The id is in the path and not in the answer, as are neither subject nor version.
        missing = {"subject": "", "version": 0}
        return self._parse(
            answer.read(
                lambda value: VersionAnswer.from_json(
                    {**missing, **value, "id": schema_id} if isinstance(value, dict) else value
                )
            ),
            f"schema id {schema_id}",
            {},
        )

    def _parse(self, answer: VersionAnswer, place: str, seen: _Seen) -> Schema:
        # In Confluent's other contexts the same ids stand for other schemas.
        is_shared = not answer.subject.startswith(_IN_A_CONTEXT)
        known = self._by_id.peek(answer.id) if is_shared else None
        if known is not None:
            return known
        if answer.schema_type != "AVRO":
            raise StoredSchemaError(
                place,
                f"it is a {answer.schema_type} schema and streamcontract reads AVRO; is this the "
                f"right topic and subject?",
            )
        references = [self._reference(each, place, seen) for each in answer.references]
        try:
            # What is stored was once let in, and data were written with it: they must stay
            # readable though a default of it, which no writer uses, is none of its type.
            schema = parse_schema(answer.schema, references=references, ignore_bad_defaults=True)
        except SchemaParseError as error:
            raise StoredSchemaError(place, f"it is not a valid Avro schema: {error}") from error
        return self._by_id.put(answer.id, schema) if is_shared else schema

    def _reference(self, reference: SchemaReference, place: str, seen: _Seen) -> Schema:
        if reference not in seen:
            seen[reference] = None
            path = path_of(Path.VERSION, subject=reference.subject, version=reference.version)
            # Messages outlive subjects: what they were written with is found though soft-deleted.
            answer = self._transport.send("GET", path, query={"deleted": "true"})
            where = f"version {reference.version} of {reference.subject}"
            seen[reference] = self._parse(answer.read(VersionAnswer.from_json), where, seen)
        schema = seen[reference]
        if schema is None:
            raise StoredSchemaError(place, f"its references lead back to {reference.subject}")
        return schema
