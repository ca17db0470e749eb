"""Bodies of answers, read up to a maximum size before and after decompression."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import requests

__all__ = ["ACCEPTED_ENCODING", "BodyRefusedError", "read_body"]

ACCEPTED_ENCODING: Final = "gzip"
"""The one encoding that is requested and decompressed."""

_PART: Final = 2**16
"""The bytes of an answer that are read at once, if available."""


class BodyRefusedError(Exception):
    """A body is larger than the maximum, or in an encoding that was not requested."""


def read_body(response: requests.Response, limit: int) -> bytes:
    """The whole body of an answer, decompressed.

    Args:
        response: The answer, of which only the headers were read.
        limit: The maximum size of the body in bytes, before and after decompression.

    Raises:
        BodyRefusedError: It is larger, in another encoding than gzip, or not valid gzip.
    """
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    body = _Body(limit, response.headers.get("Content-Encoding", ""))
    while part := response.raw.read1(_PART, decode_content=False):
        body.add(part)
    return body.whole()


class _Body:
    def __init__(self, limit: int, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip"):
            raise BodyRefusedError(
                f"the answer has a Content-Encoding that was not asked for: {name!r}"
            )
        self._limit = limit
        self._unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in name else None
        self._received = 0
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        self._received += len(part)
        if self._received > self._limit:
            raise _too_large(self._limit)
        plain = part if self._unpacking is None else self._unpack(part)
        self._size += len(plain)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._parts.append(plain)

    def whole(self) -> bytes:
        if self._unpacking is not None and self._received and not self._unpacking.eof:
            raise BodyRefusedError("the answer in gzip is not whole")
        return b"".join(self._parts)

    def _unpack(self, part: bytes) -> bytes:
        assert self._unpacking is not None  # noqa: S101 - for the type checker; add() has tested it
        try:
            # One byte more than the maximum, which bounds the memory.
            return self._unpacking.decompress(part, self._limit - self._size + 1)
        except zlib.error as error:
            raise BodyRefusedError(f"the answer is not in gzip, as declared: {error}") from error


def _too_large(limit: int) -> BodyRefusedError:
    return BodyRefusedError(
        f"the answer has more than {limit} bytes, which is the maximum "
        f"(max_answer_bytes, or schema.registry.max.answer.bytes)"
    )
