"""Variable-length zig-zag integers ("Binary Encoding", primitive types, Avro 1.12)."""

from __future__ import annotations

from typing import Final

from streamcontract.codec.refusal import Refused
from streamcontract.schema.varint import read_varint, varint

__all__ = ["PAIRS", "TABLE", "long_bytes", "read_long", "rest_of_int", "rest_of_long", "skip_long"]

_TWO_BYTES: Final = 1 << 14
_MAX_INT_BYTES: Final = 5


TABLE: Final = (
    *(bytes((n,)) for n in range(128)),
    *(bytes((n & 127 | 128, n >> 7)) for n in range(128, _TWO_BYTES)),
)
"""The encoding of every unsigned number of up to two bytes."""

PAIRS: Final = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_TWO_BYTES))
"""The first two bytes of a longer number, by its low 14 bits."""


def long_bytes(n: int) -> bytes:
    r"""Encode a signed number of 64 bits.

    Example:
        >>> long_bytes(-64), long_bytes(64)
        (b'\x7f', b'\x80\x01')
    """
    n = (n << 1) ^ (n >> 63)
    if n < _TWO_BYTES:
        return TABLE[n]
    if n < 1 << 28:
        return PAIRS[n & 16383] + TABLE[n >> 14]
    return varint(n)


def rest_of_long(data: bytes, pos: int, first: int) -> tuple[int, int]:
    """Continue after a first byte above 127; return the number before zig-zag, and its end."""
    # Most numbers take two to four bytes: unrolled, since this is a hot path.
    byte = data[pos]
    n = first - 128 + (byte << 7)
    if byte < 128:
        return n, pos + 1
    byte = data[pos + 1]
    n += (byte << 14) - (1 << 14)
    if byte < 128:
        return n, pos + 2
    byte = data[pos + 2]
    n += (byte << 21) - (1 << 21)
    if byte < 128:
        return n, pos + 3
    n, end = read_varint(data, pos + 3, n - (1 << 28), 28)
    if n >> 64:
        raise Refused("a long has 64 bits; here are more", n)
    return n, end


def rest_of_int(data: bytes, pos: int, first: int) -> tuple[int, int]:
    """The same for an int: five bytes and 32 bits at most."""
    byte = data[pos]
    n = first - 128 + (byte << 7)
    if byte < 128:
        return n, pos + 1
    byte = data[pos + 1]
    n += (byte << 14) - (1 << 14)
    if byte < 128:
        return n, pos + 2
    n, end = rest_of_long(data, pos, first)
    if n >> 32 or end - pos >= _MAX_INT_BYTES:
        raise Refused("an int has 32 bits in at most 5 bytes; here are more", _zigzag(n))
    return n, end


def _zigzag(n: int) -> int:
    return (n >> 1) ^ -(n & 1)


def read_long(data: bytes, pos: int) -> tuple[int, int]:
    """Read a signed number of 64 bits; return it and the offset of its end."""
    n = data[pos]
    pos += 1
    if n > 127:
        n, pos = rest_of_long(data, pos, n)
    return _zigzag(n), pos


def skip_long(data: bytes, pos: int) -> int:
    """Skip an int, long or index; return the offset of its end."""
    first = data[pos]
    pos += 1
    return pos if first < 128 else rest_of_long(data, pos, first)[1]
