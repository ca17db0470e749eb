"""Error answers of a registry, converted to typed errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from streamcontract.registry.errors import (
    CompatibilityLevelNotSetError,
    ContextNotEmptyError,
    IncompatibleSchemaError,
    InvalidCompatibilityLevelError,
    InvalidModeError,
    InvalidSchemaError,
    InvalidVersionError,
    ModeNotSetError,
    NotFoundError,
    OperationNotPermittedError,
    ReferenceExistsError,
    RegistryAuthenticationError,
    RegistryOverloadedError,
    RegistryRejectedError,
    RegistryRequestError,
    RegistryResponseError,
    RegistryServerError,
    ReservedSubjectError,
    SchemaIdExistsError,
    SchemaNotFoundError,
    SubjectNotFoundError,
    SubjectNotSoftDeletedError,
    SubjectSoftDeletedError,
    UnsupportedRequestError,
    VersionNotFoundError,
    VersionNotSoftDeletedError,
    VersionSoftDeletedError,
    WriteCollisionError,
)
from streamcontract.registry.protocol import ErrorCode, parse_error

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["clip", "error_from_answer"]

_MAX_SHOWN_BODY: Final = 300

_BY_CODE: Final[dict[int, type[RegistryRequestError]]] = {
    ErrorCode.SUBJECT_NOT_FOUND: SubjectNotFoundError,
    ErrorCode.VERSION_NOT_FOUND: VersionNotFoundError,
    ErrorCode.SCHEMA_NOT_FOUND: SchemaNotFoundError,
    ErrorCode.SUBJECT_SOFT_DELETED: SubjectSoftDeletedError,
    ErrorCode.SUBJECT_NOT_SOFT_DELETED: SubjectNotSoftDeletedError,
    ErrorCode.VERSION_SOFT_DELETED: VersionSoftDeletedError,
    ErrorCode.VERSION_NOT_SOFT_DELETED: VersionNotSoftDeletedError,
    ErrorCode.LEVEL_NOT_FOUND: CompatibilityLevelNotSetError,
    ErrorCode.MODE_NOT_FOUND: ModeNotSetError,
    ErrorCode.INCOMPATIBLE: IncompatibleSchemaError,
    ErrorCode.INCOMPATIBLE_CONFLUENT: IncompatibleSchemaError,
    ErrorCode.INVALID_SCHEMA: InvalidSchemaError,
    ErrorCode.EMPTY_SCHEMA: InvalidSchemaError,
    ErrorCode.INVALID_VERSION: InvalidVersionError,
    ErrorCode.INVALID_LEVEL: InvalidCompatibilityLevelError,
    ErrorCode.INVALID_MODE: InvalidModeError,
    ErrorCode.OPERATION_NOT_PERMITTED: OperationNotPermittedError,
    ErrorCode.WRITES_DISABLED: OperationNotPermittedError,
    ErrorCode.REFERENCE_EXISTS: ReferenceExistsError,
    ErrorCode.ID_EXISTS: SchemaIdExistsError,
    ErrorCode.INVALID_SUBJECT: ReservedSubjectError,
    ErrorCode.CONTEXT_NOT_EMPTY: ContextNotEmptyError,
    ErrorCode.NOT_IMPLEMENTED: UnsupportedRequestError,
    ErrorCode.WRITE_COLLISION: WriteCollisionError,
}

_BY_STATUS: Final[dict[int, type[RegistryRequestError]]] = {
    HTTPStatus.UNAUTHORIZED: RegistryAuthenticationError,
    HTTPStatus.FORBIDDEN: RegistryAuthenticationError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.NOT_IMPLEMENTED: UnsupportedRequestError,
    HTTPStatus.TOO_MANY_REQUESTS: RegistryOverloadedError,
}

_INVALID_IN_A_LOOK_UP: Final = "Error while looking up schema under subject"
"""Redpanda's message, with code 500, for a look-up of an invalid schema (its tests of 2026)."""


def error_from_answer(
    method: str, url: str, status: int, body: bytes, mask: Callable[[str], str] = str
) -> RegistryRequestError:
    """The typed error for an answer whose status is not 2xx.

    Args:
        method: The HTTP method.
        url: The URL, without credentials.
        status: The HTTP status.
        body: The answer's body.
        mask: Removes secrets from a text.

    Example:
        >>> body = b'{"error_code": 40401, "message": "Subject not found"}'
        >>> error_from_answer("GET", "http://localhost:18081/subjects/s/versions", 404, body).code
        40401
    """
    text = mask(body.decode("utf-8", "replace"))
    parsed = parse_error(body)
    if parsed is None:
        # Not from the registry: a proxy or load balancer answered.
        kind = _BY_STATUS.get(status) or (
            RegistryServerError if status >= 500 else RegistryResponseError
        )
        return kind(f"answered with {clip(text)!r}", method, url, status, None, text)
    code, reason = parsed
    if code == ErrorCode.INTERNAL_ERROR and reason.startswith(_INVALID_IN_A_LOOK_UP):
        why = f"{mask(reason)}: the schema, or a reference of it, is invalid there"
        return InvalidSchemaError(why, method, url, status, code, text)
    kind = (
        _BY_CODE.get(code)
        or _BY_STATUS.get(status)
        or (RegistryServerError if status >= 500 else RegistryRejectedError)
    )
    return kind(mask(reason), method, url, status, code, text)


def clip(text: str) -> str:
    """The part of a body that a message shows."""
    if len(text) <= _MAX_SHOWN_BODY:
        return text
    return f"{text[:_MAX_SHOWN_BODY]}... ({len(text)} characters)"
