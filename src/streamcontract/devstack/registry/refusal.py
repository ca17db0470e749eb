"""Refusals of the registry, with its messages and error codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.registry.protocol import ErrorCode

if TYPE_CHECKING:
    from streamcontract.registry.contexts import QualifiedSubject

__all__ = [
    "Refusal",
    "context_not_empty",
    "invalid_subject",
    "no_schema",
    "no_subject",
    "no_version",
    "not_implemented",
    "not_permitted",
    "still_referenced",
    "wrong_next_version",
]


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not a failure of the program
    """A request is refused; becomes ``{"error_code", "message"}`` with the code's HTTP status.

    Attributes:
        code: The error code.
        message: The message.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def no_subject(subject: QualifiedSubject) -> Refusal:
    """40401."""
    return Refusal(ErrorCode.SUBJECT_NOT_FOUND, f"Subject '{subject}' not found.")


def no_version(version: int) -> Refusal:
    """40402."""
    return Refusal(ErrorCode.VERSION_NOT_FOUND, f"Version {version} not found.")


def no_schema(schema_id: int | None = None) -> Refusal:
    """40403, for an id or for a text that was looked up."""
    which = "" if schema_id is None else f" {schema_id}"
    return Refusal(ErrorCode.SCHEMA_NOT_FOUND, f"Schema{which} not found")


def not_permitted(message: str) -> Refusal:
    """42205."""
    return Refusal(ErrorCode.OPERATION_NOT_PERMITTED, message)


def still_referenced(subject: QualifiedSubject, version: int) -> Refusal:
    """42206."""
    return Refusal(
        ErrorCode.REFERENCE_EXISTS,
        f"One or more references exist to the schema "
        f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}",
    )


def wrong_next_version(following: int) -> Refusal:
    """42201, for a version that leaves a gap."""
    return Refusal(
        ErrorCode.EMPTY_SCHEMA,
        f"Version is not one more than previous version: the next one is {following}",
    )


def invalid_subject(text: str) -> Refusal:
    """42208, for a reserved or an empty name."""
    return Refusal(ErrorCode.INVALID_SUBJECT, f"The specified subject '{text}' is not valid.")


def context_not_empty(context: str) -> Refusal:
    """42211."""
    return Refusal(ErrorCode.CONTEXT_NOT_EMPTY, f"The specified context '{context}' is not empty.")


def not_implemented(what: str) -> Refusal:
    """501."""
    return Refusal(ErrorCode.NOT_IMPLEMENTED, f"{what} is not implemented")
