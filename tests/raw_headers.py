"""A producer of messages whose headers have any bytes as a name, which no client sends."""

from __future__ import annotations

import socket
import struct

from streamcontract.codec.varint import long_bytes

__all__ = ["produce_with_header"]


def produce_with_header(servers: str, topic: str, name: bytes, value: bytes = b"v") -> None:
    """Produce to partition 0 over the protocol itself (Produce v7), with the key ``k``."""
    sized = [long_bytes(len(part)) + part for part in (b"k", value, name, b"x")]
    record = b"\0\0\0" + sized[0] + sized[1] + long_bytes(1) + sized[2] + sized[3]
    fields = struct.pack(">hiqqqhii", 0, 0, 1, 1, -1, -1, -1, 1)
    after = fields + long_bytes(len(record)) + record
    rest = struct.pack(">ibI", -1, 2, _crc32c(after)) + after
    batch = struct.pack(">qi", 0, len(rest)) + rest
    request = (
        struct.pack(">hhihhhiih", 0, 7, 1, -1, -1, 1, 5_000, 1, len(topic))
        + topic.encode()
        + struct.pack(">iii", 1, 0, len(batch))
        + batch
    )
    host, _, port = servers.rpartition(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        assert connection.recv(4)


def _crc32c(data: bytes) -> int:
    """RFC 3720, appendix B.4, bit by bit."""
    crc = 0xFFFFFFFF
    for each in data:
        crc ^= each
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
