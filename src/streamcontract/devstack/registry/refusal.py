"""What the registry says no to, in its own words and codes."""

from __future__ import annotations

from streamcontract.registry.protocol import ErrorCode

__all__ = [
    "Refusal",
    "no_schema",
    "no_subject",
    "no_version",
    "not_permitted",
    "still_referenced",
]


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not a failure of the program
    """A request is refused; becomes ``{"error_code", "message"}`` with the code's HTTP status.

    Attributes:
        code: The error code.
        message: The text that goes with it.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def no_subject(subject: str) -> Refusal:
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


def still_referenced(subject: str, version: int) -> Refusal:
    """42206."""
    return Refusal(
        ErrorCode.REFERENCE_EXISTS,
        f"One or more references exist to the schema "
        f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}",
    )
