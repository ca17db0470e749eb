"""Fingerprints of a schema's Parsing Canonical Form.

The three algorithms are those of "Schema Fingerprints" in the Avro 1.12 specification. They
identify schemas and give no cryptographic protection.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ALGORITHMS", "crc_64_avro", "fingerprint"]

_EMPTY: Final = 0xC15D213AA4D7A795
"""The fingerprint of no bytes, and the polynomial, as the specification gives it."""


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_EMPTY if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE: Final = _table()


def crc_64_avro(data: bytes) -> bytes:
    """The 64-bit Rabin fingerprint, little-endian: the order of Avro's single-object encoding.

    Example:
        >>> crc_64_avro(b'"int"').hex()
        '8f5c393f1ad57572'
    """
    value = _EMPTY
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(8, "little")


ALGORITHMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "CRC-64-AVRO": crc_64_avro,
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
}
"""The algorithms by the names that Avro gives them."""


def fingerprint(canonical_form: str, algorithm: str) -> bytes:
    """The fingerprint of a Parsing Canonical Form.

    Args:
        canonical_form: What :func:`streamcontract.schema.canonical.canonical_form` gives.
        algorithm: One of :data:`ALGORITHMS`.

    Raises:
        ConfigurationError: There is no such algorithm.

    Example:
        >>> fingerprint('"int"', "MD5").hex()
        'ef524ea1b91e73173d938ade36c1db32'
    """
    digest = ALGORITHMS.get(algorithm)
    if digest is None:
        raise ConfigurationError(
            f"unknown fingerprint algorithm {algorithm!r}; one of {', '.join(ALGORITHMS)}"
        )
    return digest(canonical_form.encode())
