"""Variable-length zig-zag integers ("Binary Encoding", primitive types, Avro 1.12)."""

from __future__ import annotations

from typing import Final

from streamcontract.codec.refusal import Refused
from streamcontract.schema.varint import read_varint, varint

__all__ = [
    "LONGS",
    "PAIRS",
    "SIGNED",
    "SIGNED_LIMIT",
    "TABLE",
    "int_from_third",
    "long_bytes",
    "long_from_third",
    "read_long",
    "rest_of_int",
    "rest_of_long",
    "skip_long",
]

_TWO_BYTES: Final = 1 << 14
_MAX_INT_BYTES: Final = 5
_GOES_ON_TWICE: Final = 128 + (128 << 7)


TABLE: Final = (
    *(bytes((n,)) for n in range(128)),
    *(bytes((n & 127 | 128, n >> 7)) for n in range(128, _TWO_BYTES)),
)
"""The encoding of every unsigned number of up to two bytes."""

PAIRS: Final = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_TWO_BYTES))
"""The first two bytes of a longer number, by its low 14 bits."""


SIGNED_LIMIT: Final = _TWO_BYTES // 2
"""The first number that takes more than two bytes."""

SIGNED: Final = TABLE[::2] + TABLE[::-2]
"""The encoding of every signed number of up to two bytes; negative ones count from the end."""

_UNZIGZAG: Final = tuple((n >> 1) ^ -(n & 1) for n in range(_TWO_BYTES))

LONGS: Final = _UNZIGZAG[:128] + _UNZIGZAG
"""The signed number of up to two bytes, by the first and, if there is one, 128 times the second."""


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
    if n < 1 << 42:
        return PAIRS[n & 16383] + PAIRS[n >> 14 & 16383] + TABLE[n >> 28]
    if n < 1 << 56:
        return PAIRS[n & 16383] + PAIRS[n >> 14 & 16383] + PAIRS[n >> 28 & 16383] + TABLE[n >> 42]
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


def long_from_third(data: bytes, pos: int, n: int) -> tuple[int, int]:
    """A signed number of three bytes or more.

    Args:
        data: The message.
        pos: Where the number begins.
        n: Its first byte and 128 times its second.
    """
    byte = data[pos + 2]
    if byte < 128:
        n += (byte << 14) - _GOES_ON_TWICE
        return (n >> 1) ^ -(n & 1), pos + 3
    n, pos = rest_of_long(data, pos + 1, data[pos])
    return (n >> 1) ^ -(n & 1), pos


def int_from_third(data: bytes, pos: int, n: int) -> tuple[int, int]:
    """The same for an int."""
    byte = data[pos + 2]
    if byte < 128:
        n += (byte << 14) - _GOES_ON_TWICE
        return (n >> 1) ^ -(n & 1), pos + 3
    n, pos = rest_of_int(data, pos + 1, data[pos])
    return (n >> 1) ^ -(n & 1), pos


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
