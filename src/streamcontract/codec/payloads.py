"""Payloads: what is given to be decoded."""

from __future__ import annotations

__all__ = ["as_payload"]


def as_payload(data: object) -> bytes:
    """What is to be decoded, as the ``bytes`` that decoders take.

    Raises:
        TypeError: It is neither bytes, a bytearray nor a memoryview.

    Example:
        >>> as_payload(bytearray(b"a"))
        b'a'
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"encoded data are bytes, not {type(data).__name__}")
