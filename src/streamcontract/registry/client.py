"""Client of the schema registry, with typed calls, results and errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from streamcontract._typing import Self
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text, whole_number
from streamcontract.registry import config as settings
from streamcontract.registry.auth import choose_auth, endpoints
from streamcontract.registry.cache import CAPACITY
from streamcontract.registry.calls import request_of
from streamcontract.registry.contexts import context_of
from streamcontract.registry.lock import Lock
from streamcontract.registry.protocol import VersionAnswer
from streamcontract.registry.references import reference_versions, register_in_order
from streamcontract.registry.results import Identified, RegisteredSchema
from streamcontract.registry.schema_calls import SchemaCalls, as_guid, read_id
from streamcontract.registry.stored import StoredSchemas
from streamcontract.schema import Schema

__all__ = ["SchemaRegistry"]

log = logging.getLogger("streamcontract.registry")


class SchemaRegistry(SchemaCalls):
    """A client of a schema registry (Redpanda's, Confluent's and others with their API).

    Threads may share it. Up to ``cache_capacity`` schemas by id are cached, since they cannot
    change; nothing else is cached.

    A request with a temporary failure (no connection, 429, 5xx) is sent to the next URL and, after
    a pause, to all URLs again. Registration, look-up and compatibility checks are POST requests
    that are safe to repeat: registering an existing schema returns its id. A delete is repeated
    only if it certainly had no effect (no connection was made, 429, a write collision), because a
    second one is refused, which would hide the result of the first.

    Args:
        url: The registry's URL or several; None for the environment variable
            STREAMCONTRACT_REGISTRY_URL, else http://localhost:18081. A URL may contain
            ``user:password@``, and may end in ``/contexts/.context``, which is then the context
            of all subjects without one.
        basic_auth: User and password.
        bearer_token: A token, or a callable that returns the current one; it is called for every
            request, from any thread.
        ca: File or folder of CA certificates (PEM) to trust instead of the usual ones.
        client_certificate: The client's certificate (PEM), with its key unless ``client_key`` is
            given.
        client_key: The client's private key (PEM).
        client_key_password: The password of the key.
        proxy: URL of a proxy; else that of the environment (HTTPS_PROXY and so on).
        headers: More headers for each request.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer.
        max_retries: The number of retries of all URLs.
        backoff: Seconds of pause before the second retry (the first comes at once), doubled with
            each one; up to as much again is added at random. A Retry-After header, up to 30 s,
            has precedence.
        max_backoff: The longest such pause, in seconds.
        deadline: Seconds after which a call fails, including all retries.
        failure_pause: Seconds after a call that got no answer in which others fail at once with
            its error, for programs that make several calls for one result.
        max_answer_bytes: The maximum size of an answer, before and after decompression.
        cache_capacity: The number of cached schemas.
        lock: The lock of this registry (docs/lock-file.md).

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
        failure_pause: float = 0.0,
        max_answer_bytes: int = 2**24,
        cache_capacity: int = CAPACITY,
        lock: Lock | None = None,
    ) -> None:
        # The HTTP library takes long to import, and importing a generated producer does not use it
        # yet.
        from streamcontract.registry.tls import TlsSettings  # noqa: PLC0415
        from streamcontract.registry.transport import Transport  # noqa: PLC0415
        from streamcontract.registry.transport_settings import TransportSettings  # noqa: PLC0415

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
                failure_pause=failure_pause,
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
        context = context_of([endpoint.url for endpoint in found])
        whole_number(cache_capacity, "cache_capacity", 1, sys.maxsize, "a number of schemas from 1")
        if not isinstance(lock, Lock | None):
            raise ArgumentError("lock", lock, "a streamcontract.registry.lock.Lock, or None")
        if lock is not None and lock.context != context:
            raise ConfigurationError(
                f"the lock of environment {lock.environment!r} has context {lock.context}, and the "
                f"registry's URL has {context}: one of them belongs to another environment"
            )
        self._lock = lock
        self._cache_capacity = cache_capacity
        stored = StoredSchemas(transport, context, lock, capacity=cache_capacity)
        super().__init__(transport, context, stored)

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Make a client from the ``schema.registry.*`` keys of a Kafka client's properties.

        With ``streamcontract.lock.environment`` (else the variable STREAMCONTRACT_ENVIRONMENT) it
        uses that environment's lock, from ``streamcontract.lock.file`` (else
        STREAMCONTRACT_LOCK_FILE, else ``streamcontract.lock`` beside the project file).

        Args:
            config: The properties, with confluent-kafka's names after the prefix; others are
                ignored.

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
        """The number of cached schemas, here and in deserializers."""
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

    # With references, and by the lock

    def id_of(
        self, subject: str, schema: Schema, *, auto_register: bool = True, normalize: bool = False
    ) -> int:
        """The id for values of a schema, with its references.

        For a locked subject it is the id in the lock, which is verified if the registry answers.

        Args:
            subject: The subject.
            schema: The schema.
            auto_register: Whether to register missing schemas, references first.
            normalize: Whether the registry compares normalized texts.

        Raises:
            ConfigurationError: A referenced schema is not a named type, so that it has no subject.
            LockMismatchError: The subject is locked with another schema, or the registry has
                another one under the locked id.
            IncompatibleSchemaError: A schema is not compatible.
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
        """Like :meth:`id_of`, with the schema's GUID and its rules.

        The answer to a registration has them, or another request gets them: registries before
        Confluent 7.7 and Redpanda 26 return only the id.

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
        schema_id = answer.read(read_id)
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
            self.schema_by_id(locked, subject=subject)  # verifies it, once
            return locked
        log.warning(
            "%s is not in the lock of environment %r, so the registry is used; "
            "`streamcontract lock` adds it",
            subject,
            self._lock.environment,
            extra={"subject": subject, "environment": self._lock.environment},
        )
        return None

    def register_with_references(self, subject: str, schema: Schema) -> RegisteredSchema:
        """Register a schema after its references, each type under its full name.

        Registered schemas are not changed, so that a second call has no effect.

        Args:
            subject: The subject.
            schema: The schema; its references are registered first, in order.

        Returns:
            The present version in the registry.

        Raises:
            ConfigurationError: A referenced schema is not a named type, so that it has no subject.
            IncompatibleSchemaError: This schema or a referenced one is not compatible.
            StoredSchemaError: The registry has another schema than the registered one.
            RegistryRequestError: A request failed otherwise.
        """
        last = register_in_order(self, subject, schema)[-1].registered
        assert last is not None  # noqa: S101 - only a dry run leaves it out
        return last


def _identified(found: RegisteredSchema | VersionAnswer) -> Identified:
    guid = None if found.guid is None else as_guid(found.guid)
    return Identified(id=found.id, guid=guid, rule_set=found.rule_set)


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError("a file's path", path, "a str or an os.PathLike")
    return Path(text(os.fspath(path), "a file's path"))
