"""API of the registry: one method for each endpoint whose answer has no schemas.

The methods are in the order of the paths in "Schema Registry API" of Redpanda's documentation,
which is also the order of Confluent's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.guards import text
from streamcontract.registry import body, protocol, results
from streamcontract.registry.calls import flags, path_of
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject, normalize_context
from streamcontract.registry.errors import CompatibilityLevelNotSetError, InvalidSubjectError
from streamcontract.registry.results import SubjectConfig, SubjectVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.registry.attempts import Answer
    from streamcontract.registry.transport import Transport

__all__ = ["RegistryApi"]

T = TypeVar("T")

_EVERY_CONTEXT: Final = ":*:"


class RegistryApi:
    """Calls of a registry whose answers have no schemas.

    Args:
        transport: Sends the requests.
        context: The context of the registry's URL.
    """

    def __init__(self, transport: Transport, context: str = DEFAULT_CONTEXT) -> None:
        self._transport = transport
        self._context = context

    @property
    def context(self) -> str:
        """The context of subjects without one: that of the URL, else ``"."``."""
        return self._context

    def qualified(self, subject: str) -> QualifiedSubject:
        """A subject with its context.

        Example:
            >>> from streamcontract import SchemaRegistry
            >>> with SchemaRegistry("http://localhost:18081/contexts/.staging") as registry:
            ...     registry.qualified("orders-value").context
            '.staging'
        """
        return QualifiedSubject.parse(subject, self._context)

    # /contexts

    def contexts(self) -> list[str]:
        """The contexts with registered schemas, and always the default context."""
        return self._get(protocol.Path.CONTEXTS).read(body.read_strings)

    def delete_context(self, context: str) -> None:
        """Delete a context without subjects, including soft-deleted ones.

        Raises:
            ContextNotEmptyError: It has subjects.
            OperationNotPermittedError: It is the default context.
        """
        try:
            # Between colons: every HTTP library would remove a lone dot from the path.
            name = f":{normalize_context(context)}:"
        except ValueError:
            raise InvalidSubjectError(text(context, "context")) from None
        path = path_of(protocol.Path.CONTEXT, context=name)
        self._transport.send("DELETE", path, is_idempotent=False).read(_read_nothing)

    # /schemas

    def schema_types(self) -> list[str]:
        """The schema types that the registry supports: ``AVRO`` and others."""
        return self._get(protocol.Path.SCHEMA_TYPES).read(body.read_strings)

    def subjects_of_id(
        self, schema_id: int, *, deleted: bool = False, subject: str | None = None
    ) -> list[str]:
        """The subjects that have the schema of this id.

        Args:
            schema_id: The id.
            deleted: Whether to list soft-deleted subjects too.
            subject: A subject in the context of the id; None for the context of the URL.
        """
        path = path_of(protocol.Path.SCHEMA_SUBJECTS, id=schema_id)
        query = flags(deleted=deleted) | self._in_context(subject)
        return [self._relative(name) for name in self._get(path, query).read(body.read_strings)]

    def versions_of_id(self, schema_id: int, *, subject: str | None = None) -> list[SubjectVersion]:
        """Every version of a subject that has the schema of this id.

        Args:
            schema_id: The id.
            subject: A subject in the context of the id; None for the context of the URL.
        """
        path = path_of(protocol.Path.SCHEMA_VERSIONS, id=schema_id)
        found = self._get(path, self._in_context(subject)).read(results.read_subject_versions)
        return [SubjectVersion(self._relative(each.subject), each.version) for each in found]

    # /subjects

    def subjects(self, *, deleted: bool = False, prefix: str = "") -> list[str]:
        """The subjects of the registry.

        Args:
            deleted: Whether to list soft-deleted subjects too.
            prefix: List only subjects that start with this; ``:.context:`` before it selects that
            context, ``:*:`` all contexts.
        """
        query = flags(deleted=deleted)
        if prefix:
            query["subjectPrefix"] = prefix
        found = self._get(protocol.Path.SUBJECTS, query).read(body.read_strings)
        # Not every registry supports the parameter.
        return [
            self._relative(name)
            for name in found
            if self._begins(QualifiedSubject.parse(name), prefix)
        ]

    def _begins(self, subject: QualifiedSubject, prefix: str) -> bool:
        if prefix.startswith(_EVERY_CONTEXT):
            return subject.name.startswith(prefix.removeprefix(_EVERY_CONTEXT))
        start = self.qualified(prefix)
        in_context = not prefix or subject.context == start.context
        # A registry without contexts may have a plain name that looks like a qualified one.
        return str(subject).startswith(prefix) or (
            in_context and subject.name.startswith(start.name)
        )

    def _relative(self, subject: str) -> str:
        """Convert a subject of an answer, which is absolute, to the form of this client's calls."""
        return QualifiedSubject.parse(subject).within(self._context)

    def delete_subject(self, subject: str, *, permanent: bool = False) -> list[int]:
        """Delete a subject: softly, so that its ids can still be looked up, or permanently.

        Args:
            subject: The subject.
            permanent: Whether to delete permanently, which requires a soft delete first.

        Returns:
            The deleted versions.

        Raises:
            SubjectNotFoundError: There is no such subject.
            SubjectSoftDeletedError: It is soft-deleted already.
            SubjectNotSoftDeletedError: It has to be soft-deleted first.
            ReferenceExistsError: Other schemas refer to it.
        """
        path = path_of(protocol.Path.SUBJECT, subject=subject)
        query = flags(permanent=permanent)
        answer = self._transport.send("DELETE", path, query=query, is_idempotent=False)
        return answer.read(body.read_integers)

    def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The versions of a subject.

        Raises:
            SubjectNotFoundError: There is no such subject.
        """
        path = path_of(protocol.Path.VERSIONS, subject=subject)
        query = flags(deleted=deleted)
        return self._transport.send("GET", path, query=query).read(body.read_integers)

    def delete_version(self, subject: str, version: int | str, *, permanent: bool = False) -> int:
        """Delete one version of a subject, softly or permanently.

        Args:
            subject: The subject.
            version: Its number, or ``"latest"``.
            permanent: Whether to delete permanently, which requires a soft delete first.

        Returns:
            The deleted version.

        Raises:
            SubjectNotFoundError: There is no such subject.
            VersionNotFoundError: It has no such version.
            VersionSoftDeletedError: It is soft-deleted already.
            VersionNotSoftDeletedError: It has to be soft-deleted first.
            ReferenceExistsError: Other schemas refer to it.
        """
        path = path_of(protocol.Path.VERSION, subject=subject, version=version)
        query = flags(permanent=permanent)
        answer = self._transport.send("DELETE", path, query=query, is_idempotent=False)
        return answer.read(body.read_integer)

    def referenced_by(self, subject: str, version: int | str = protocol.LATEST) -> list[int]:
        """The ids of the schemas that refer to a version of a subject."""
        path = path_of(protocol.Path.VERSION_REFERENCED_BY, subject=subject, version=version)
        return self._transport.send("GET", path).read(body.read_integers)

    # /config

    def compatibility(self, subject: str | None = None, *, default_to_global: bool = False) -> str:
        """The compatibility level, such as ``BACKWARD``: the registry's, or a subject's own.

        Args:
            subject: The subject, or ``:.context:`` for a context; None for the URL's context, which
            is the global one.
            default_to_global: Whether to return the level of the context, else the global one, for
            a subject that has none or does not exist.

        Raises:
            CompatibilityLevelNotSetError: The subject has no level of its own.
        """
        return self._config(results.read_level, subject, default_to_global=default_to_global)

    def _config(
        self, parse: Callable[[object], T], subject: str | None, *, default_to_global: bool
    ) -> T:
        path = _global_or_own(protocol.Path.CONFIG, protocol.Path.SUBJECT_CONFIG, subject)
        try:
            answer = self._get(path, self._inheriting(subject, default_to_global=default_to_global))
        except CompatibilityLevelNotSetError:
            # Redpanda has no level for a subject that does not exist.
            if subject is None or not default_to_global or not self.qualified(subject).name:
                raise
            context = self.qualified(subject).context
            whole = None if context == self._context else f":{context}:"
            return self._config(parse, whole, default_to_global=whole is not None)
        return answer.read(parse)

    def set_compatibility(self, level: str, subject: str | None = None) -> None:
        """Set the compatibility level of the registry or of a subject.

        Args:
            level: One of :data:`streamcontract.registry.protocol.LEVELS`.
            subject: The subject, which may be without versions; None sets the global level.

        Raises:
            InvalidCompatibilityLevelError: There is no such level.
        """
        self._put_config({"compatibility": text(level, "level")}, subject).read(
            results.read_level_set
        )

    def _put_config(self, values: Mapping[str, object], subject: str | None) -> Answer:
        path = _global_or_own(protocol.Path.CONFIG, protocol.Path.SUBJECT_CONFIG, subject)
        return self._transport.send("PUT", path, body=dict(values))

    def config(
        self, subject: str | None = None, *, default_to_global: bool = False
    ) -> SubjectConfig:
        """The configuration of a subject or of the registry; Redpanda's has only the level.

        Args:
            subject: The subject, or ``:.context:`` for a context; None for the global one.
            default_to_global: As for :meth:`compatibility`.

        Raises:
            CompatibilityLevelNotSetError: The subject has no configuration of its own.
        """
        return self._config(results.read_config, subject, default_to_global=default_to_global)

    def set_config(self, values: Mapping[str, object], subject: str | None = None) -> None:
        """Set values of a configuration, by their names in the API.

        Args:
            values: Such as ``{"compatibility": "FULL", "normalize": True}``; Redpanda takes only
            ``compatibility``.
            subject: The subject, or ``:.context:`` for a context; None sets the global ones.

        Raises:
            InvalidCompatibilityLevelError: There is no such level.
            InvalidSchemaError: The registry does not know one of the names.
        """
        parse = results.read_level_set if "compatibility" in values else results.read_config
        self._put_config(values, subject).read(parse)

    def delete_config(self, subject: str | None = None) -> str | None:
        """Delete a configuration, so that the inherited one applies again; return its level.

        Args:
            subject: The subject, or ``:.context:`` for a context; None deletes the global one,
                which Redpanda does not support.

        Raises:
            SubjectNotFoundError: There is none to delete.
            NotFoundError: The registry has no such call.
        """
        path = _global_or_own(protocol.Path.CONFIG, protocol.Path.SUBJECT_CONFIG, subject)
        answer = self._transport.send("DELETE", path, is_idempotent=False)
        return answer.read(results.read_deleted_level)

    # /mode

    def mode(self, subject: str | None = None, *, default_to_global: bool = False) -> str:
        """The mode, such as ``READWRITE``: the registry's, or a subject's own.

        Args:
            subject: The subject, or ``:.context:`` for a context; None for the URL's context, which
            is the global one.
            default_to_global: Whether to return the global mode for a subject that has none.

        Raises:
            ModeNotSetError: The subject has no mode of its own.
        """
        path = _global_or_own(protocol.Path.MODE, protocol.Path.SUBJECT_MODE, subject)
        answer = self._get(path, self._inheriting(subject, default_to_global=default_to_global))
        return answer.read(_read_mode)

    def set_mode(self, mode: str, subject: str | None = None, *, force: bool = False) -> None:
        """Set the mode of the registry or of a subject.

        Args:
            mode: One of :data:`streamcontract.registry.protocol.MODES`.
            subject: The subject; None sets the global mode.
            force: Whether to set IMPORT although there are schemas.

        Raises:
            InvalidModeError: There is no such mode.
            OperationNotPermittedError: The registry does not permit changes of the mode.
        """
        path = _global_or_own(protocol.Path.MODE, protocol.Path.SUBJECT_MODE, subject)
        answer = self._transport.send(
            "PUT", path, query=flags(force=force), body={"mode": text(mode, "mode")}
        )
        answer.read(_read_mode)

    def delete_mode(self, subject: str | None = None) -> str:
        """Delete a mode, so that the inherited one applies again; return the deleted mode.

        Args:
            subject: The subject, or ``:.context:`` for a context; None deletes the global one,
                which Redpanda does not support.

        Raises:
            SubjectNotFoundError: There is none to delete.
            NotFoundError: The registry has no such call.
        """
        path = _global_or_own(protocol.Path.MODE, protocol.Path.SUBJECT_MODE, subject)
        answer = self._transport.send("DELETE", path, is_idempotent=False)
        return answer.read(_read_mode)

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return self._transport.send("GET", path, query=query)

    def _inheriting(self, subject: str | None, *, default_to_global: bool) -> dict[str, str]:
        """The query for the value that applies, inherited values included."""
        # For a context other than the default one, registries return only its own value.
        whole = subject is None and self._context != DEFAULT_CONTEXT
        return flags(defaultToGlobal=default_to_global or whole)

    def _in_context(self, subject: str | None) -> dict[str, str]:
        """The query for the context of an id; none if the URL has that context."""
        if subject is None or self.qualified(subject).context == self._context:
            return {}
        return {"subject": subject}


def _read_nothing(value: object) -> None:
    if isinstance(value, dict):
        raise body.BodyError("", "nothing")


def _read_mode(value: object) -> str:
    return body.read_string(body.read_key(value, "mode"))


def _global_or_own(everywhere: str, own: str, subject: str | None) -> str:
    return everywhere if subject is None else path_of(own, subject=subject)
