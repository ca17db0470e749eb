"""Error codes of the registry's answers, with their meaning.

They are those of Confluent's Schema Registry ("Schema Registry API Reference" in Confluent's
documentation) as Redpanda uses them; members on which the two differ are marked.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ErrorCode"]


class ErrorCode(IntEnum):
    """The ``error_code`` of an answer, with its meaning.

    A code below 600 is the HTTP status itself; a longer one begins with the status.

    Example:
        >>> ErrorCode.SUBJECT_NOT_FOUND.http_status
        404
        >>> ErrorCode(409).meaning
        'the schema is incompatible with an earlier version of the subject'
    """

    meaning: str

    def __new__(cls, value: int, meaning: str = "") -> ErrorCode:
        """Make a member that is an int with its meaning.

        The default is only for type checkers, which read ``ErrorCode(409)`` as this call.
        """
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    NOT_FOUND = 404, "there is no such path"
    NOT_ACCEPTABLE = 406, "none of the media types in Accept is available"
    INCOMPATIBLE = 409, "the schema is incompatible with an earlier version of the subject"
    WRITES_DISABLED = 412, "the registry accepts no changes"
    UNSUPPORTED_MEDIA_TYPE = 415, "the body has a content type that the registry does not support"
    INVALID_SCHEMA = 422, "the schema, or the request body around it, is invalid"
    TOO_MANY_REQUESTS = 429, "the registry is overloaded; try again later"
    INTERNAL_ERROR = 500, "the registry itself failed"
    BAD_REQUEST = 40002, "a path or query parameter is malformed"
    UNAUTHENTICATED = 40101, "the credentials are missing or wrong"
    UNAUTHORIZED = 40301, "the credentials do not allow this"
    SUBJECT_NOT_FOUND = 40401, "there is no such subject"
    VERSION_NOT_FOUND = 40402, "the subject has no such version"
    SCHEMA_NOT_FOUND = 40403, "there is no such schema"
    SUBJECT_SOFT_DELETED = 40404, "the subject is soft-deleted already"
    SUBJECT_NOT_SOFT_DELETED = 40405, "a permanent delete needs a soft-deleted subject"
    VERSION_SOFT_DELETED = 40406, "the version is soft-deleted already"
    VERSION_NOT_SOFT_DELETED = 40407, "a permanent delete needs a soft-deleted version"
    LEVEL_NOT_FOUND = 40408, "the subject has no compatibility level of its own"
    MODE_NOT_FOUND = 40409, "the subject has no mode of its own"
    INCOMPATIBLE_CONFLUENT = 40901, "incompatible, in Confluent's code since December 2025"
    EMPTY_SCHEMA = (
        42201,
        "empty schema, missing reference or wrong next version; Confluent: invalid",
    )
    INVALID_VERSION = 42202, "the version is neither 1 to 2**31 - 1 nor 'latest'"
    INVALID_LEVEL = 42203, "the compatibility level does not exist"
    INVALID_MODE = 42204, "the mode does not exist"
    OPERATION_NOT_PERMITTED = 42205, "the mode does not permit this"
    REFERENCE_EXISTS = 42206, "other schemas refer to this version"
    ID_EXISTS = 42207, "the id belongs to another schema; Redpanda before 26: or the reverse"
    INVALID_SUBJECT = 42208, "the name is reserved, or none for a subject"
    CONTEXT_NOT_EMPTY = 42211, "a context with subjects, soft-deleted ones too, cannot be deleted"
    NOT_IMPLEMENTED = 501, "the registry does not support the request"
    STORE_ERROR = 50001, "the registry's own storage failed"
    BACKEND_ERROR = 50002, "the registry's brokers failed"
    BACKEND_TIMEOUT = 50003, "the registry's brokers did not answer in time"
    WRITE_COLLISION = 50301, "too many writers at once; try again"
    BROKER_UNAVAILABLE = 50302, "the registry's brokers are not available"

    @property
    def http_status(self) -> int:
        """The HTTP status of the code."""
        return int(self) if self < 600 else int(self) // 100
