"""The schema registry as a Python object: typed calls, typed results, typed errors."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text, whole_number
from streamcontract.registry import body, protocol, results
from streamcontract.registry import config as settings
from streamcontract.registry.api import RegistryApi
from streamcontract.registry.auth import choose_auth, endpoints
from streamcontract.registry.cache import CAPACITY
from streamcontract.registry.calls import flags, path_of, request_of
from streamcontract.registry.contexts import QualifiedSubject, context_of
from streamcontract.registry.lock import Lock
from streamcontract.registry.protocol import SchemaReference, SchemaRequest, VersionAnswer
from streamcontract.registry.references import reference_versions, register_in_order
from streamcontract.registry.results import (
    CompatibilityResult,
    Identified,
    RegisteredSchema,
    StoredSchema,
)
from streamcontract.registry.stored import StoredSchemas

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from streamcontract.registry.data_contracts import Metadata, RuleSet
    from streamcontract.registry.transport import Answer
    from streamcontract.schema import Schema

__all__ = ["SchemaRegistry"]

log = logging.getLogger("streamcontract.registry")


class SchemaRegistry(RegistryApi):
    """A client of a schema registry (Redpanda's, Confluent's and what speaks their API).

    It may be used by many threads at once. Schemas by id are kept, since they cannot change, as
    many as ``cache_capacity`` says; nothing else is kept.

    A request that failed in passing (no connection, 429, 5xx) goes to the next URL and, after a
    pause, round the URLs again. Registering, looking up and testing are POST requests, and yet
    repeating them is safe: registering a schema that is there answers with the id it has. A
    delete is repeated only where it certainly had no effect (no connection was made, 429, a
    write collision), for a second one is refused and would hide what the first one did.

    Args:
        url: The registry's URL or several; None takes the environment variable
            STREAMCONTRACT_REGISTRY_URL, and else http://localhost:18081. A URL may carry
            ``user:password@``, and may end in ``/contexts/.context``: then that is the context
            of all subjects that do not name one.
        basic_auth: User and password.
        bearer_token: A token, or a callable that returns the one to use now; it is called for
            every request, from any thread.
        ca: File or folder of CA certificates (PEM) to trust instead of the usual ones.
        client_certificate: The client's certificate (PEM), with its key unless ``client_key`` is
            given.
        client_key: The client's private key (PEM).
        client_key_password: What the key is encrypted with.
        proxy: URL of a proxy; else what the environment says (HTTPS_PROXY and so on).
        headers: More headers for each request.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer.
        max_retries: How often to go round the URLs again.
        backoff: Seconds of pause before the second retry (the first comes at once), doubled with
            each one; up to as much again is added at random. A Retry-After header, up to 30 s,
            goes before it.
        max_backoff: The longest such pause, in seconds.
        deadline: Seconds after which a call is given up, whatever is left of the above.
        max_answer_bytes: The largest answer that is read, before and after it is unpacked.
        cache_capacity: How many schemas are kept by id.
        lock: What is known of this registry without asking it (docs/lock-file.md).

    Raises:
        ConfigurationError: A URL, a credential or a certificate cannot be used.

    Example:
        >>> with SchemaRegistry("http://localhost:18081", read_timeout=5) as registry:
        ...     registry
        SchemaRegistry('http://localhost:18081')
    """

    def __init__(  # noqa: PLR0913 - each is one setting of the connection, given by name
        self,
        url: str | Sequence[str] | None = None,
        *,
        basic_auth: tuple[str, str] | None = None,
        bearer_token: str | Callable[[], str] | None = None,
        ca: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_key_password: str | None = None,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        max_retries: int = 4,
        backoff: float = 0.2,
        max_backoff: float = 10.0,
        deadline: float = 60.0,
        max_answer_bytes: int = 2**24,
        cache_capacity: int = CAPACITY,
        lock: Lock | None = None,
    ) -> None:
        # The HTTP library takes longer to load than all else here, and importing a generated
        # producer is no use of it yet.
        from streamcontract.registry.tls import TlsSettings  # noqa: PLC0415
        from streamcontract.registry.transport import (  # noqa: PLC0415
            Transport,
            TransportSettings,
        )

        urls = settings.default_url() if url is None else url
        found = endpoints(urls, choose_auth(basic_auth, bearer_token))
        transport = Transport(
            found,
            TransportSettings(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_retries=max_retries,
                backoff=backoff,
                max_backoff=max_backoff,
                deadline=deadline,
                tls=TlsSettings(
                    ca=_path(ca),
                    certificate=_path(client_certificate),
                    key=_path(client_key),
                    key_password=client_key_password,
                ),
                proxy=proxy,
                headers=headers or {},
                max_answer_bytes=max_answer_bytes,
            ),
        )
        super().__init__(transport, context_of([endpoint.url for endpoint in found]))
        whole_number(cache_capacity, "cache_capacity", 1, sys.maxsize, "a number of schemas from 1")
        if not isinstance(lock, Lock | None):
            raise ArgumentError("lock", lock, "a streamcontract.registry.lock.Lock, or None")
        if lock is not None and lock.context != self.context:
            raise ConfigurationError(
                f"the lock of environment {lock.environment!r} is of context {lock.context}, and "
                f"the registry's URL leads to {self.context}: one of them is another environment's"
            )
        self._lock = lock
        self._cache_capacity = cache_capacity
        self._stored = StoredSchemas(transport, self.context, lock, capacity=cache_capacity)

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Make a client from the ``schema.registry.*`` keys of a Kafka client's properties.

        ``streamcontract.lock.environment`` (else the variable STREAMCONTRACT_ENVIRONMENT) lets it
        use that environment's lock, from ``streamcontract.lock.file`` (else
        STREAMCONTRACT_LOCK_FILE, else ``streamcontract.lock`` beside the project file).

        Args:
            config: The properties, with confluent-kafka's names behind the prefix; other
                clients' are passed over.

        Raises:
            ConfigurationError: A key is unknown, a value cannot be used, or there is no such
                lock.

        Example:
            >>> SchemaRegistry.from_config({"schema.registry.url": "http://localhost:18081"})
            SchemaRegistry('http://localhost:18081')
        """
        return cls(**settings.options(config))

    @property
    def urls(self) -> tuple[str, ...]:
        """The registry's URLs, without credentials."""
        return self._transport.urls

    @property
    def cache_capacity(self) -> int:
        """How many schemas are kept by id, here and by those who read with them."""
        return self._cache_capacity

    def __repr__(self) -> str:
        return f"SchemaRegistry({','.join(self.urls)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; another call opens new ones."""
        self._transport.close()

    # Schemas by id

    def schema_by_id(self, schema_id: int, *, subject: str | None = None) -> Schema:
        """The schema of an id, with its references; asked once and kept.

        A locked id is answered by the lock, which the registry only confirms, if it can. One that
        the registry does not know is looked for again for less than a second (replicas lag), and
        then taken to be missing for ten.

        Args:
            schema_id: The id, from the frame of a message.
            subject: A subject of the context whose id it is, such as that of the message's topic:
                the same id is another schema in each context. None for that of the URL.

        Raises:
            SchemaNotFoundError: There is no such id.
            LockMismatchError: The registry has another schema under a locked id, or none.
            StoredSchemaError: It is not an Avro schema.
            RegistryRequestError: The request failed.
        """
        return self._stored.by_id(schema_id, subject).schema

    def schema_by_guid(self, guid: UUID | str, *, subject: str | None = None) -> Schema:
        """The schema of a GUID, with its references; asked once and kept.

        Args:
            guid: The id that the schema has in every registry of Confluent's, from release 8 on.
            subject: A subject of the context that its references are in; None for the URL's.

        Raises:
            SchemaNotFoundError: There is no such GUID.
            UnsupportedRequestError: The registry has no GUIDs, as Redpanda's.
            StoredSchemaError: It is not an Avro schema.
            ConfigurationError: The text is no GUID.
            RegistryRequestError: The request failed.
        """
        return self.stored(_guid(guid), subject=subject).schema

    def stored(
        self, schema_id: int | UUID, *, subject: str | None = None, is_global: bool = False
    ) -> StoredSchema:
        """The schema of an id with the rules beside it; asked once and kept.

        Args:
            schema_id: The id, or the GUID.
            subject: As for :meth:`schema_by_id` and :meth:`schema_by_guid`.
            is_global: Whether the id is Apicurio's global id, of which Confluent's API knows
                nothing: Apicurio's own is asked, beside the URL's.

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
        """Register a schema as a new version of a subject; one that is there stays as it is.

        Args:
            subject: The subject.
            schema: The schema. Without ``references`` it is sent self-contained, the types of
                its references written out at first use.
            normalize: Ask the registry to compare normalised schemas (of Avro Redpanda sorts the
                references and drops repeated ones).
            references: Versions of other subjects that have the types of ``schema.references``;
                :meth:`register_with_references` finds them.
            id: The id that it is to get, in mode IMPORT.
            version: The version that it is to get, in mode IMPORT; else the next one.
            metadata: What the registry is to keep beside it; None for what the version before
                has. Redpanda keeps the properties alone, and from release 26 on.
            rule_set: Likewise; Redpanda keeps none.

        Returns:
            The id of the schema.

        Raises:
            IncompatibleSchemaError: The subject's compatibility level does not hold.
            InvalidSchemaError: The registry cannot read the schema, lacks a reference, or does
                not keep such metadata or rules.
            OperationNotPermittedError: The mode does not permit this id or version.
            RegistryRequestError: The request failed otherwise.
        """
        request = request_of(schema, references, metadata, rule_set)
        request = attrs.evolve(request, id=id, version=version)
        return self._register(subject, request, normalize=normalize).read(_read_id)

    def _register(self, subject: str, request: SchemaRequest, *, normalize: bool) -> Answer:
        answer = self._transport.send(
            "POST",
            path_of(protocol.Path.VERSIONS, subject=subject),
            query=flags(normalize=normalize),
            body=request.to_json(),
        )
        self._stored.was_given_out(answer.read(_read_id), subject)
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
        """The version of a subject that has this very schema; nothing is registered.

        Args:
            subject: The subject.
            schema: The schema, sent as by :meth:`register`.
            normalize: Ask the registry to compare normalised texts.
            deleted: Whether to find it among soft-deleted versions too.
            references: As given when it was registered.
            metadata: As given when it was registered; None finds it with any.
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

    def id_of(
        self, subject: str, schema: Schema, *, auto_register: bool = True, normalize: bool = False
    ) -> int:
        """The id to put in front of values of a schema, with its references.

        A locked subject is answered by the lock, which the registry only confirms, if it can.

        Args:
            subject: The subject.
            schema: The schema.
            auto_register: Whether to register what is not there, references first.
            normalize: Ask the registry to compare normalised texts.

        Raises:
            ConfigurationError: A referenced schema is not a named type, so that no subject can
                be named after it.
            LockMismatchError: The subject is locked for another schema, or the registry has
                another one under the locked id.
            IncompatibleSchemaError: A compatibility level does not hold.
            SubjectNotFoundError: There is no such subject, and nothing is to be registered.
            SchemaNotFoundError: The subject does not have the schema, and nothing is to be
                registered.
            RegistryRequestError: The request failed otherwise.
        """
        locked = self._locked_id(subject, schema)
        if locked is not None:
            return locked
        references = reference_versions(self, subject, schema, auto_register=auto_register)
        if auto_register:
            return self.register(subject, schema, normalize=normalize, references=references)
        return self.lookup(subject, schema, normalize=normalize, references=references).id

    def identify(
        self, subject: str, schema: Schema, *, auto_register: bool = True, normalize: bool = False
    ) -> Identified:
        """Like :meth:`id_of`, with the schema's GUID and the rules beside it.

        The answer to a registration has them, or the registry is asked for them: those of before
        Confluent 7.7 and Redpanda 26 answer the id alone.

        Args:
            subject: The subject.
            schema: The schema.
            auto_register: As for :meth:`id_of`.
            normalize: Likewise.

        Raises:
            RegistryError: As for :meth:`id_of`.
        """
        locked = self._locked_id(subject, schema)
        if locked is not None:
            return Identified(id=locked, rule_set=self.stored(locked, subject=subject).rule_set)
        references = reference_versions(self, subject, schema, auto_register=auto_register)
        if not auto_register:
            found = self.lookup(subject, schema, normalize=normalize, references=references)
            return _identified(found)
        request = request_of(schema, references)
        answer = self._register(subject, request, normalize=normalize)
        schema_id = answer.read(_read_id)
        if isinstance(answer.value, dict) and "schema" in answer.value:
            unsaid = {"subject": subject, "version": 0}
            whole = {**unsaid, **answer.value}
            return _identified(answer.read(lambda _: VersionAnswer.from_json(whole)))
        return _identified(self._stored.answer(schema_id, self.qualified(subject)))

    def _locked_id(self, subject: str, schema: Schema) -> int | None:
        if self._lock is None:
            return None
        locked = self._lock.id_of(subject, schema)
        if locked is not None:
            self.schema_by_id(locked, subject=subject)  # confirms it, once
            return locked
        log.warning(
            "%s is not in the lock of environment %r, so the registry is asked; "
            "`streamcontract lock` adds it",
            subject,
            self._lock.environment,
            extra={"subject": subject, "environment": self._lock.environment},
        )
        return None

    def register_with_references(self, subject: str, schema: Schema) -> RegisteredSchema:
        """Register a schema after everything it refers to, each type under its full name.

        What is registered already is left alone, so that a second call changes nothing.

        Args:
            subject: The subject.
            schema: The schema; its references are registered in order, theirs before them.

        Returns:
            The version as the registry has it now.

        Raises:
            ConfigurationError: A referenced schema is not a named type, so that no subject can
                be named after it.
            IncompatibleSchemaError: A compatibility level does not hold, for this schema or for
                a referenced one.
            StoredSchemaError: The registry has another schema than it was given.
            RegistryRequestError: A request failed otherwise.
        """
        last = register_in_order(self, subject, schema)[-1].registered
        assert last is not None  # noqa: S101 - only a dry run leaves it out
        return last

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
        """One version of a subject as the registry answers, its schema as text.

        Nothing is parsed: a schema of another type than Avro is described too.

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
        """Ask whether a schema could be registered as the next version of a subject.

        Args:
            subject: The subject.
            schema: The schema, sent as by :meth:`register`.
            version: The version to compare with; None for as many as the level asks for, which
                Confluent's registry answers and Redpanda's does not.
            references: Versions of other subjects that the schema uses.
            metadata: As for :meth:`register`.
            rule_set: Likewise.

        Raises:
            SubjectNotFoundError: There is no such subject (Redpanda; Confluent calls whatever is
                first compatible).
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
        # What was asked for says the context: registries differ in how they name it in answers.
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


def _read_id(value: object) -> int:
    return body.read_integer(body.read_key(value, "id"))


def _identified(found: RegisteredSchema | VersionAnswer) -> Identified:
    guid = None if found.guid is None else _guid(found.guid)
    return Identified(id=found.id, guid=guid, rule_set=found.rule_set)


def _guid(text: UUID | str) -> UUID:
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no GUID of a schema") from None


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError("a file's path", path, "a str or an os.PathLike")
    return Path(text(os.fspath(path), "a file's path"))
