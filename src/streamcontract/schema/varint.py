"""Variable-length unsigned integers ("Binary Encoding", primitive types, Avro 1.12).

These work byte by byte; the codec uses faster tables for the common lengths.
"""

from __future__ import annotations

from typing import Final

from streamcontract.schema.refusal import Refused

__all__ = ["read_varint", "varint"]

_MAX_LONG_BYTES: Final = 10
_MAX_BITS: Final = 7 * _MAX_LONG_BYTES
_BYTES: Final = tuple(bytes((n,)) for n in range(128))


def varint(n: int) -> bytes:
    r"""Encode an unsigned number: seven bits in a byte, the lowest first.

    Example:
        >>> varint(300)
        b'\xac\x02'
    """
    if n < 128:
        return _BYTES[n]
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def read_varint(data: bytes, pos: int, n: int = 0, shift: int = 0) -> tuple[int, int]:
    r"""Read an unsigned number; return it and the offset of its end.

    Args:
        data: The bytes.
        pos: The offset to continue at.
        n: The part of the number read so far.
        shift: The number of bits read so far.

    Raises:
        Refused: The number has more than ten bytes.
        IndexError: The data end before it does.

    Example:
        >>> read_varint(b"\xac\x02", 0)
        (300, 2)
    """
    while True:
        byte = data[pos]
        pos += 1
        n |= (byte & 127) << shift
        if byte < 128:
            return n, pos
        shift += 7
        if shift == _MAX_BITS:
            raise Refused(f"a long takes at most {_MAX_LONG_BYTES} bytes; here it goes on")
