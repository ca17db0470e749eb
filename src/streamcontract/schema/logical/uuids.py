"""UUIDs: as text and as sixteen bytes ("UUID", Avro 1.12)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from streamcontract.schema.logical.row import Conversion
from streamcontract.schema.model import LogicalType
from streamcontract.schema.refusal import Refused

__all__ = ["BYTES", "TEXT", "samples"]


def _checked(value: object) -> uuid.UUID:
    if not isinstance(value, uuid.UUID):
        raise Refused("a uuid.UUID", value)
    return value


def _to_text(value: object) -> str:
    return uuid.UUID.__str__(_checked(value))  # a subclass may have another __str__


def _of_text(text: str) -> uuid.UUID:
    try:
        value = uuid.UUID(text)
    except ValueError:
        raise Refused("a UUID as RFC 4122 writes it", text) from None
    if str(value) != text.lower():
        # uuid.UUID also takes braces, urn: and missing hyphens, which RFC 4122 does not.
        raise Refused("a UUID as RFC 4122 writes it", text)
    return value


def _to_bytes(value: object) -> bytes:
    return _checked(value).bytes


def _of_bytes(data: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=data)


TEXT: Final = Conversion(_to_text, _of_text)
"""The conversion of UUIDs on a string."""

BYTES: Final = Conversion(_to_bytes, _of_bytes)
"""The conversion of UUIDs on a fixed."""


def samples(_logical: LogicalType, size: int | None) -> tuple[Any, ...]:
    """The UUIDs 0 and 1, as values of the base type."""
    to_raw = TEXT.to_raw if size is None else BYTES.to_raw
    return tuple(to_raw(uuid.UUID(int=number)) for number in (0, 1))
