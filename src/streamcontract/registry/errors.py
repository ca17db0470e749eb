"""Errors of the registry client, one class for each way to handle them.

    RegistryError
    |-- RegistryRequestError               .method .url .status .code .body .reason
    |   |-- RegistryUnreachableError       no answer from any URL
    |   |-- RegistryResponseError          an answer that breaks the protocol
    |   |-- RegistryAuthenticationError    401, 403
    |   |-- RegistryServerError            5xx
    |   |   `-- WriteCollisionError        50301
    |   |-- RegistryOverloadedError        429
    |   `-- RegistryRejectedError          every other refusal
    |       |-- NotFoundError
    |       |   |-- SubjectNotFoundError           40401
    |       |   |-- VersionNotFoundError           40402
    |       |   |-- SchemaNotFoundError            40403
    |       |   |-- CompatibilityLevelNotSetError  40408
    |       |   `-- ModeNotSetError                40409
    |       |-- SubjectSoftDeletedError            40404
    |       |-- SubjectNotSoftDeletedError         40405
    |       |-- VersionSoftDeletedError            40406
    |       |-- VersionNotSoftDeletedError         40407
    |       |-- IncompatibleSchemaError            409, 40901; .messages
    |       |-- InvalidSchemaError                 422, 42201, and 500 for a look-up
    |       |-- InvalidVersionError                42202
    |       |-- InvalidCompatibilityLevelError     42203
    |       |-- InvalidModeError                   42204
    |       |-- OperationNotPermittedError         42205, 412
    |       |-- ReferenceExistsError               42206
    |       |-- SchemaIdExistsError                42207
    |       |-- ReservedSubjectError               42208
    |       |-- ContextNotEmptyError               42211
    |       `-- UnsupportedRequestError            501
    |-- InvalidSubjectError                a subject name that no URL can have
    |-- LockMismatchError                  a mismatch with streamcontract.lock; .place .environment
    |-- RulesNotRunError                   rules apply that are not executed; .place .mode .rules
    `-- StoredSchemaError                  the registry has a schema that cannot be used

The codes are :class:`streamcontract.registry.protocol.ErrorCode`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from streamcontract.errors import RegistryError
from streamcontract.registry.protocol import LEVELS

if TYPE_CHECKING:
    from streamcontract.registry.data_contracts import Rule

__all__ = [
    "CompatibilityLevelNotSetError",
    "ContextNotEmptyError",
    "IncompatibleSchemaError",
    "InvalidCompatibilityLevelError",
    "InvalidModeError",
    "InvalidSchemaError",
    "InvalidSubjectError",
    "InvalidVersionError",
    "LockMismatchError",
    "ModeNotSetError",
    "NotFoundError",
    "OperationNotPermittedError",
    "ReferenceExistsError",
    "RegistryAuthenticationError",
    "RegistryOverloadedError",
    "RegistryRejectedError",
    "RegistryRequestError",
    "RegistryResponseError",
    "RegistryServerError",
    "RegistryUnreachableError",
    "ReservedSubjectError",
    "RulesNotRunError",
    "SchemaIdExistsError",
    "SchemaNotFoundError",
    "StoredSchemaError",
    "SubjectNotFoundError",
    "SubjectNotSoftDeletedError",
    "SubjectSoftDeletedError",
    "UnsupportedRequestError",
    "VersionNotFoundError",
    "VersionNotSoftDeletedError",
    "VersionSoftDeletedError",
    "WriteCollisionError",
]


class InvalidSubjectError(RegistryError):
    """A subject name is empty, a dot segment, or not Unicode, so that no URL can have it.

    Attributes:
        subject: The name.
    """

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject

    def __str__(self) -> str:
        return (
            f"{self.subject!r} cannot be a subject: a name is not empty, is not '.' or '..' "
            f"(which URLs resolve) and has no lone surrogates; choose another name"
        )


class StoredSchemaError(RegistryError):
    """The registry has a schema that cannot be used: not Avro, not valid, or circular.

    Attributes:
        place: The name of the schema: ``schema id 7`` or ``version 3 of stocks-value``.
        reason: What is wrong with it.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"the registry's {self.place} cannot be used: {self.reason}"


class RulesNotRunError(RegistryError):
    """The registry has rules for a schema that apply to its messages and are not executed here.

    Attributes:
        place: The owner of the rules: a subject, or ``schema id 7``.
        mode: Whether messages were to be written (``WRITE``) or read (``READ``).
        rules: The rules.
    """

    def __init__(self, place: str, mode: str, rules: tuple[Rule, ...]) -> None:
        super().__init__(place, mode, rules)
        self.place = place
        self.mode = mode
        self.rules = rules

    def __str__(self) -> str:
        named = ", ".join(
            f"{rule.name!r} ({rule.kind or 'of no kind'}, type {rule.type or 'unknown'}, "
            f"mode {rule.mode})"
            for rule in self.rules
        )
        types = ", ".join(dict.fromkeys(rule.type for rule in self.rules if rule.type))
        what = "written" if self.mode == "WRITE" else "read"
        return (
            f"{self.place} has rules for messages that are {what}, and they are not executed "
            f"here: {named}. Use a client that executes them; or, if they are executed elsewhere "
            f"or not needed, name their types: 'rules.ignored': {types!r}"
        )


class LockMismatchError(RegistryError):
    """The lock file does not agree with the contract, with the registry, or with itself.

    Attributes:
        place: The locked entry: a subject, or ``schema id 7``.
        environment: The environment of the lock.
        reason: The difference.
    """

    def __init__(self, place: str, environment: str, reason: str) -> None:
        super().__init__(place, environment, reason)
        self.place = place
        self.environment = environment
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.place} in the lock of environment {self.environment!r}: {self.reason}. "
            f"Check that this is the environment's registry; if it is, run `streamcontract lock "
            f"--environment {self.environment}` against it (`register --environment` for a schema "
            f"that is new) and commit the file"
        )


class RegistryRequestError(RegistryError):
    """A request to the registry failed.

    Attributes:
        reason: The message of the registry, or the error of the network.
        method: The HTTP method.
        url: The URL, without credentials.
        status: The HTTP status, None if there was no answer.
        code: The registry's error code, None if there was none.
        body: The answer's body as text, ``""`` if there was none.
    """

    advice: ClassVar[str] = ""
    """The advice for people."""

    def __init__(
        self,
        reason: str,
        method: str,
        url: str,
        status: int | None = None,
        code: int | None = None,
        body: str = "",
    ) -> None:
        super().__init__(reason, method, url, status, code, body)
        self.reason = reason
        self.method = method
        self.url = url
        self.status = status
        self.code = code
        self.body = body

    def __str__(self) -> str:
        numbers = []
        if self.status is not None:
            numbers.append(f"HTTP {self.status}")
        if self.code is not None and self.code != self.status:
            numbers.append(f"error code {self.code}")
        shown = f" ({', '.join(numbers)})" if numbers else ""
        advice = f". {self.advice}" if self.advice else ""
        return f"{self.method} {self.url}: {self._summary()}{shown}{advice}"

    def _summary(self) -> str:
        return self.reason.rstrip(".")


class RegistryUnreachableError(RegistryRequestError):
    """No URL of the registry answered."""

    advice = (
        "Is the registry running (`streamcontract dev` starts one), and is the URL right "
        "(STREAMCONTRACT_REGISTRY_URL, or schema.registry.url)?"
    )


class RegistryResponseError(RegistryRequestError):
    """The answer breaks the protocol: part of a body, no JSON, another structure, a redirect."""

    advice = "Check that the URL is a schema registry's and that no proxy in between answers for it"


class RegistryAuthenticationError(RegistryRequestError):
    """The registry requires other credentials (401) or does not permit this with these (403)."""

    advice = "Check basic_auth, bearer_token or the client certificate, and their permissions"


class RegistryServerError(RegistryRequestError):
    """The registry failed (5xx), also in every retry that was safe."""

    advice = "Try again later; the registry's own log has the details"


class WriteCollisionError(RegistryServerError):
    """Too many clients wrote at once (50301); nothing was written."""

    advice = "Try again"


class RegistryOverloadedError(RegistryRequestError):
    """The registry accepts no more requests now (429)."""

    advice = "Try again later"


class RegistryRejectedError(RegistryRequestError):
    """The registry refused the request; the base of the errors with their own code."""


class NotFoundError(RegistryRejectedError):
    """The requested object does not exist (404)."""

    advice = "Check the URL: a registry has no such path"


class SubjectNotFoundError(NotFoundError):
    """There is no such subject (40401)."""

    advice = "Register a schema first (`streamcontract register`), or check the subject's name"


class VersionNotFoundError(NotFoundError):
    """The subject has no such version (40402)."""

    advice = "`versions(subject)` lists those it has; deleted=True adds soft-deleted ones"


class SchemaNotFoundError(NotFoundError):
    """There is no such schema (40403)."""

    advice = "Register it first (`streamcontract register`), or check that this is its registry"


class CompatibilityLevelNotSetError(NotFoundError):
    """The subject has no compatibility level of its own (40408)."""

    advice = "Set one with set_compatibility(), or pass default_to_global=True for what applies"


class ModeNotSetError(NotFoundError):
    """The subject has no mode of its own (40409)."""

    advice = "Set one with set_mode(), or pass default_to_global=True for what applies"


class SubjectSoftDeletedError(RegistryRejectedError):
    """The subject is soft-deleted already (40404)."""

    advice = "Delete it with permanent=True, or register a schema to bring it back"


class SubjectNotSoftDeletedError(RegistryRejectedError):
    """A permanent delete needs a soft-deleted subject (40405)."""

    advice = "Delete it without permanent=True first"


class VersionSoftDeletedError(RegistryRejectedError):
    """The version is soft-deleted already (40406)."""

    advice = "Delete it with permanent=True, or register the schema again to bring it back"


class VersionNotSoftDeletedError(RegistryRejectedError):
    """A permanent delete needs a soft-deleted version (40407)."""

    advice = "Delete it without permanent=True first"


class IncompatibleSchemaError(RegistryRejectedError):
    """The schema is incompatible with an earlier version of the subject (409, 40901)."""

    advice = (
        "Change the schema so that the subject's compatibility level holds, or use another subject "
        "or level; `streamcontract check --against registry` finds this before anything is deployed"
    )

    @property
    def messages(self) -> tuple[str, ...]:
        """The registry's messages, one for each incompatibility, then the compared version."""
        return split_messages(self.reason)

    def _summary(self) -> str:
        # One line for each message, without the old schema's text.
        head, found, _ = self.reason.partition(_DETAILS)
        shown = [message for message in self.messages if not message.startswith("{oldSchema:")]
        return "\n  - ".join([f"{head}:", *shown]) + "\n" if found else super()._summary()


class InvalidSchemaError(RegistryRejectedError):
    """The registry cannot read the schema, or a reference of it does not exist (422, 42201).

    Redpanda answers 500 to a look-up of such a schema.
    """

    advice = "Correct the schema; references have to be registered first"


class InvalidVersionError(RegistryRejectedError):
    """A version is a number from 1 or "latest" (42202)."""

    advice = 'Give a version from 1 to 2**31 - 1 or "latest"'


class InvalidCompatibilityLevelError(RegistryRejectedError):
    """There is no such compatibility level (42203)."""

    advice = f"Levels are written in capitals: {', '.join(LEVELS)}"


class InvalidModeError(RegistryRejectedError):
    """There is no such mode (42204)."""

    advice = "Modes are READWRITE, READONLY and IMPORT"


class OperationNotPermittedError(RegistryRejectedError):
    """The mode of the registry or of the subject does not permit this (42205, 412)."""

    advice = "See mode(subject, default_to_global=True); set_mode() changes it"


class ReferenceExistsError(RegistryRejectedError):
    """Other schemas refer to the schema to be deleted (42206)."""

    advice = "referenced_by(subject, version) lists them: delete those first"


class SchemaIdExistsError(RegistryRejectedError):
    """The id belongs to another schema, or the schema has another id (42207)."""

    advice = "Import it with another id"


class ReservedSubjectError(RegistryRejectedError):
    """The subject's name is reserved by the registry, or names a context (42208)."""

    advice = "Choose another name for the subject"


class ContextNotEmptyError(RegistryRejectedError):
    """A context that has subjects cannot be deleted (42211)."""

    advice = "Delete its subjects permanently first; subjects(deleted=True) lists them"


class UnsupportedRequestError(RegistryRejectedError):
    """The registry does not support the request (501)."""


# The messages only look like JSON. Between two of them stands ", "; inside one, the old schema's
# minified text has no blank after a comma, and the keys below do not follow one elsewhere.
_BETWEEN_MESSAGES: Final = re.compile(
    r"(?<=\}), (?=\{(?:errorType|oldSchemaVersion|oldSchema|validateFields|compatibility):)"
)
_DETAILS: Final = ", details: ["


def split_messages(text: str) -> tuple[str, ...]:
    """The messages inside a registry's text about an incompatible schema.

    Example:
        >>> split_messages("incompatible, details: [{errorType:'A'}, {oldSchemaVersion: 1}]")
        ("{errorType:'A'}", '{oldSchemaVersion: 1}')
    """
    _, found, details = text.partition(_DETAILS)
    if not found:
        return (text,) if text else ()
    details = details.removesuffix("]")
    return tuple(_BETWEEN_MESSAGES.split(details)) if details else ()
