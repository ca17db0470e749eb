"""Calls of the registry's API that send or return schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.registry import body, protocol, results
from streamcontract.registry.api import RegistryApi
from streamcontract.registry.calls import flags, path_of, request_of
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.data_contracts import Metadata, RuleSet
from streamcontract.registry.protocol import SchemaReference, SchemaRequest, VersionAnswer
from streamcontract.registry.results import CompatibilityResult, RegisteredSchema, StoredSchema
from streamcontract.schema import Schema

if TYPE_CHECKING:
    from streamcontract.registry.attempts import Answer
    from streamcontract.registry.stored import StoredSchemas
    from streamcontract.registry.transport import Transport

__all__ = ["SchemaCalls", "as_guid", "read_id"]


class SchemaCalls(RegistryApi):
    """Calls of a registry with schemas.

    Args:
        transport: Sends the requests.
        context: The context of the registry's URL.
        stored: The cached schemas by id.
    """

    def __init__(self, transport: Transport, context: str, stored: StoredSchemas) -> None:
        super().__init__(transport, context)
        self._stored = stored

    # Schemas by id

    def schema_by_id(self, schema_id: int, *, subject: str | None = None) -> Schema:
        """The schema of an id, with its references; requested once and cached.

        For a locked id it is the locked schema, which is verified if the registry answers. A
        request for a missing id is repeated for less than a second, because replicas may lag, and
        then the id counts as missing for ten seconds.

        Args:
            schema_id: The id, from the frame of a message.
            subject: A subject in the context of the id, such as that of the message's topic: the
            same id is another schema in each context. None for the context of the URL.

        Raises:
            SchemaNotFoundError: There is no such id.
            LockMismatchError: The registry has another schema under a locked id, or none.
            StoredSchemaError: It is not an Avro schema.
            RegistryRequestError: The request failed.
        """
        return self._stored.by_id(schema_id, subject).schema

    def schema_by_guid(self, guid: UUID | str, *, subject: str | None = None) -> Schema:
        """The schema of a GUID, with its references; requested once and cached.

        Args:
            guid: The schema's id in all of Confluent's registries, from release 8 on.
            subject: A subject in the context of its references; None for the context of the URL.

        Raises:
            SchemaNotFoundError: There is no such GUID.
            UnsupportedRequestError: The registry has no GUIDs, like Redpanda's.
            StoredSchemaError: It is not an Avro schema.
            ConfigurationError: The text is not a GUID.
            RegistryRequestError: The request failed.
        """
        return self.stored(as_guid(guid), subject=subject).schema

    def stored(
        self, schema_id: int | UUID, *, subject: str | None = None, is_global: bool = False
    ) -> StoredSchema:
        """The schema of an id with its rules; requested once and cached.

        Args:
            schema_id: The id, or the GUID.
            subject: As for :meth:`schema_by_id` and :meth:`schema_by_guid`.
            is_global: Whether the id is Apicurio's global id, which needs Apicurio's own API
            instead of Confluent's.

        Raises:
            ConfigurationError: A global id, and the URL is not Apicurio's.
            RegistryError: As for those.
        """
        if is_global and isinstance(schema_id, int):
            return self._stored.by_global_id(schema_id)
        return self._stored.by_id(schema_id, subject)

    # Registering and looking up

    def register(
        self,
        subject: str,
        schema: Schema,
        *,
        normalize: bool = False,
        references: Sequence[SchemaReference] = (),
        id: int | None = None,  # noqa: A002 - the API's name
        version: int | None = None,
        metadata: Metadata | None = None,
        rule_set: RuleSet | None = None,
    ) -> int:
        """Register a schema as a new version of a subject; an existing version is not changed.

        Args:
            subject: The subject.
            schema: The schema. Without ``references`` it is sent self-contained, with the types of
            its references written out at first use.
            normalize: Whether the registry compares normalized schemas (for Avro, Redpanda sorts
            the references and drops repeated ones).
            references: Versions of other subjects with the types of ``schema.references``;
                :meth:`register_with_references` finds them.
            id: Its id, in mode IMPORT.
            version: Its version, in mode IMPORT; else the next one.
            metadata: Its metadata; None for that of the version before. Redpanda stores only the
            properties, from release 26 on.
            rule_set: Its rules, likewise; Redpanda stores none.

        Returns:
            The id of the schema.

        Raises:
            IncompatibleSchemaError: The schema breaks the subject's compatibility level.
            InvalidSchemaError: The registry cannot read the schema, lacks a reference, or does
            not support such metadata or rules.
            OperationNotPermittedError: The mode does not permit this id or version.
            RegistryRequestError: The request failed otherwise.
        """
        request = request_of(schema, references, metadata, rule_set)
        request = attrs.evolve(request, id=id, version=version)
        return self._register(subject, request, normalize=normalize).read(read_id)

    def _register(self, subject: str, request: SchemaRequest, *, normalize: bool) -> Answer:
        answer = self._transport.send(
            "POST",
            path_of(protocol.Path.VERSIONS, subject=subject),
            query=flags(normalize=normalize),
            body=request.to_json(),
        )
        self._stored.was_given_out(answer.read(read_id), subject)
        return answer

    def lookup(
        self,
        subject: str,
        schema: Schema,
        *,
        normalize: bool = False,
        deleted: bool = False,
        references: Sequence[SchemaReference] = (),
        metadata: Metadata | None = None,
        rule_set: RuleSet | None = None,
    ) -> RegisteredSchema:
        """The version of a subject that has this schema; nothing is registered.

        Args:
            subject: The subject.
            schema: The schema, sent as by :meth:`register`.
            normalize: Whether the registry compares normalized texts.
            deleted: Whether to search soft-deleted versions too.
            references: As for its registration.
            metadata: As for its registration; None matches any.
            rule_set: Likewise.

        Raises:
            SubjectNotFoundError: There is no such subject.
            SchemaNotFoundError: The subject does not have the schema.
            InvalidSchemaError: The registry cannot read the schema, or lacks a reference.
            RegistryRequestError: The request failed otherwise.
        """
        answer = self._transport.send(
            "POST",
            path_of(protocol.Path.SUBJECT, subject=subject),
            query=flags(normalize=normalize, deleted=deleted),
            body=request_of(schema, references, metadata, rule_set).to_json(),
        )
        return self._registered(subject, answer.read(VersionAnswer.from_json))

    def version(
        self, subject: str, version: int | str = protocol.LATEST, *, deleted: bool = False
    ) -> RegisteredSchema:
        """One version of a subject.

        Args:
            subject: The subject.
            version: Its number, or ``"latest"``.
            deleted: Whether to find a soft-deleted one too.

        Raises:
            SubjectNotFoundError: There is no such subject.
            VersionNotFoundError: It has no such version.
            StoredSchemaError: It is not an Avro schema.
        """
        return self._registered(subject, self.describe_version(subject, version, deleted=deleted))

    def describe_version(
        self, subject: str, version: int | str = protocol.LATEST, *, deleted: bool = False
    ) -> VersionAnswer:
        """One version of a subject, with its schema as text.

        The schema is not parsed, so that it may have another type than Avro.

        Args:
            subject: The subject.
            version: Its number, or ``"latest"``.
            deleted: Whether to find a soft-deleted one too.

        Raises:
            SubjectNotFoundError: There is no such subject.
            VersionNotFoundError: It has no such version.
        """
        path = path_of(protocol.Path.VERSION, subject=subject, version=version)
        answer = self._transport.send("GET", path, query=flags(deleted=deleted))
        return answer.read(VersionAnswer.from_json)

    # Compatibility and mode

    def test_compatibility(
        self,
        subject: str,
        schema: Schema,
        *,
        version: int | str | None = protocol.LATEST,
        references: Sequence[SchemaReference] = (),
        metadata: Metadata | None = None,
        rule_set: RuleSet | None = None,
    ) -> CompatibilityResult:
        """Check whether a schema is compatible as the next version of a subject.

        Args:
            subject: The subject.
            schema: The schema, sent as by :meth:`register`.
            version: The version to compare with; None for all versions of the level, which
            Confluent's registry supports and Redpanda's does not.
            references: Versions of other subjects that the schema uses.
            metadata: As for :meth:`register`.
            rule_set: Likewise.

        Raises:
            SubjectNotFoundError: There is no such subject (Redpanda; for Confluent a first version
            is compatible).
            VersionNotFoundError: It has no such version.
            NotFoundError: The registry has no check against all versions.
        """
        if version is None:
            path = path_of(protocol.Path.COMPATIBILITY_WITH_ALL, subject=subject)
        else:
            path = path_of(protocol.Path.COMPATIBILITY, subject=subject, version=version)
        answer = self._transport.send(
            "POST",
            path,
            query=flags(verbose=True),
            body=request_of(schema, references, metadata, rule_set).to_json(),
        )
        return answer.read(results.read_compatibility)

    def _registered(self, asked: str, answer: VersionAnswer) -> RegisteredSchema:
        # The context is that of the request, because registries differ in the answer.
        named = self.qualified(asked)
        return RegisteredSchema(
            subject=QualifiedSubject(
                named.context, QualifiedSubject.parse(answer.subject).name
            ).within(self.context),
            version=answer.version,
            id=answer.id,
            schema=self._stored.of_version(answer, named.context),
            references=answer.references,
            metadata=answer.metadata,
            rule_set=answer.rule_set,
            guid=answer.guid,
            deleted=answer.deleted,
            timestamp=answer.timestamp,
        )


def read_id(value: object) -> int:
    """The id in the answer to a registration."""
    return body.read_integer(body.read_key(value, "id"))


def as_guid(text: UUID | str) -> UUID:
    """A GUID, parsed if it is text.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not the GUID of a schema") from None
