"""Media types and encodings of requests and answers.

They follow They follow They follow They follow RFC 9110, sections 8.3 and 12.5.1.
"""

from __future__ import annotations

import zlib
from email.message import Message
from typing import Final

from streamcontract.registry.protocol import ACCEPTED_CONTENT_TYPES, CONTENT_TYPE

__all__ = ["GZIP", "MediaError", "accepted", "gunzipped", "is_readable", "recoded"]

GZIP: Final = ("gzip", "x-gzip")
"""The names of the one encoding that a body may have."""

_ANSWERS: Final = (CONTENT_TYPE, "application/vnd.schemaregistry+json", "application/json")


class MediaError(Exception):
    """A body is not encoded as in its headers, or is too large when decoded.

    Attributes:
        status: The HTTP status for it.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def accepted(header: str | None) -> str | None:
    """The media type of the answer, None if the client accepts none that is available.

    Example:
        >>> accepted("text/html; q=0.9, application/json; q=0.5")
        'application/json'
        >>> accepted("*/*"), accepted("text/html")
        ('application/vnd.schemaregistry.v1+json', None)
    """
    if header is None or not header.strip():
        return CONTENT_TYPE
    wanted = sorted(
        (_entry(each) for each in header.split(",") if each.strip()),
        key=lambda entry: entry[1],
        reverse=True,
    )
    found = (
        offered
        for pattern, quality in wanted
        for offered in _ANSWERS
        if quality > 0 and _matches(pattern, offered)
    )
    return next(found, None)


def _entry(text: str) -> tuple[str, float]:
    message = _parsed("Accept", text)
    try:
        quality = float(str(message.get_param("q", "1", "Accept")))
    except ValueError:
        quality = 0.0
    return text.partition(";")[0].strip().lower(), quality


def _matches(pattern: str, offered: str) -> bool:
    kind, slash, detail = pattern.partition("/")
    if kind == "*":
        return True
    return pattern == offered or (
        slash != "" and detail == "*" and kind == offered.partition("/")[0]
    )


def is_readable(content_type: str) -> bool:
    """Whether a body of this type is accepted."""
    return content_type.partition(";")[0].strip().lower() in ACCEPTED_CONTENT_TYPES


def recoded(body: bytes, content_type: str) -> bytes:
    """A body in UTF-8, converted from the charset of its type.

    Raises:
        MediaError: There is no such charset, or the body is not in it.
    """
    charset = _parsed("Content-Type", content_type).get_content_charset("utf-8")
    if charset in ("utf-8", "utf8", "us-ascii"):
        return body
    try:
        return body.decode(charset).encode()
    except (LookupError, UnicodeError) as error:
        raise MediaError(400, f"The body is not in charset {charset}: {error}") from error


def gunzipped(body: bytes, limit: int) -> bytes:
    """The decompressed body; decompression stops at the limit.

    Raises:
        MediaError: It is not gzip, not whole, or too large.
    """
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise MediaError(400, f"The body is not in gzip: {error}") from error
    if len(plain) > limit:
        raise MediaError(413, f"The body has more than {limit} bytes once unpacked")
    if not unpacking.eof:
        raise MediaError(400, "The body in gzip is not whole")
    return plain


def _parsed(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.strip()
    return message
