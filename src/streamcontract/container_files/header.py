"""Header of a container file: magic, metadata and sync marker; and the bytes that follow it.

header: "Obj" 01 | metadata, a map of bytes | sync marker, 16 bytes
block:  count of records | size in bytes | data | sync marker
"""

from __future__ import annotations

from typing import IO, Final

import attrs

from streamcontract.codec import Codec
from streamcontract.codec.varint import read_long
from streamcontract.errors import ContainerFileError, shown
from streamcontract.schema.refusal import Refused

__all__ = ["CODEC_KEY", "MAGIC", "SCHEMA_KEY", "SYNC_SIZE", "Header", "Source", "header_bytes"]

MAGIC: Final = b"Obj\x01"
SYNC_SIZE: Final = 16
SCHEMA_KEY: Final = "avro.schema"
CODEC_KEY: Final = "avro.codec"

_MOST_LONG_BYTES: Final = 10


@attrs.frozen
class Header:
    """A header.

    Attributes:
        metadata: The values by name; those of Avro begin with ``avro.``.
        sync: The sync marker.
    """

    metadata: dict[str, bytes]
    sync: bytes


def header_bytes(header: Header) -> bytes:
    """Encode a header."""
    metadata = Codec({"type": "map", "values": "bytes"}).encode(header.metadata)
    return MAGIC + metadata + header.sync


class Source:
    """The bytes of a file, in order; what is not there is an error with its place.

    Args:
        file: The open file.
        name: What errors call it.
        most: How many bytes are read at once at the most.

    Attributes:
        offset: How many bytes were read.
        block: The number of the block that is being read; None in the header.
        start: The offset where it begins, or where the item of the header does.
    """

    def __init__(self, file: IO[bytes], name: str, most: int) -> None:
        self._file = file
        self._name = name
        self._most = most
        self.offset = 0
        self.block: int | None = None
        self.start = 0
        self._ahead = b""  # a byte that was read to find out whether there is one

    def error(self, reason: str, record: int | None = None) -> ContainerFileError:
        """An error about the block that is being read."""
        return ContainerFileError(self._name, self.block, self.start, reason, record)

    def is_at_end(self) -> bool:
        """Whether nothing is left, at the start of a block; else its first byte was read."""
        self._ahead = self._file.read(1)
        return not self._ahead

    def take(self, size: int, what: str) -> bytes:
        """Read a number of bytes.

        Raises:
            ContainerFileError: The file has fewer, or the number is negative or above the limit.
        """
        if not 0 <= size <= self._most:
            expected = f"at most {self._most:,} bytes (block_limit= allows more)"
            raise self.error(f"{what} has {size:,} bytes, expected {expected}")
        parts, left = [self._ahead], size - len(self._ahead)
        self._ahead = b""
        while left > 0:
            part = self._file.read(left)  # of a pipe it may be less
            if not part:
                found = size - left
                raise self.error(f"the file ends in {what}: {found:,} of {size:,} bytes are there")
            parts.append(part)
            left -= len(part)
        self.offset += size
        return b"".join(parts)

    def take_long(self, what: str) -> int:
        """Read a number.

        Raises:
            ContainerFileError: There is none.
        """
        data = b""
        while True:
            data += self.take(1, what)
            if data[-1] < 128 or len(data) == _MOST_LONG_BYTES:
                break
        try:
            return read_long(data, 0)[0]
        except (Refused, IndexError):
            raise self.error(f"{what} is not a number of 64 bits") from None

    def take_header(self) -> Header:
        """Read the header.

        Raises:
            ContainerFileError: It is damaged, or none.
        """
        if self.take(len(MAGIC), "the magic") != MAGIC:
            raise self.error(f"not an Avro container file, which begins with {MAGIC!r}")
        metadata: dict[str, bytes] = {}
        while count := self._metadata_count():
            for _ in range(count):
                self.start = self.offset
                key = self._take_text()
                if key in metadata:
                    raise self.error(f"the metadata have {shown(key)} twice")
                metadata[key] = self._take_bytes(f"the value of {shown(key)}")
                if self.offset > self._most:
                    raise self.error(f"the metadata have more than {self._most:,} bytes")
        self.start = self.offset
        return Header(metadata, self.take(SYNC_SIZE, "the sync marker"))

    def _metadata_count(self) -> int:
        self.start = self.offset
        count = self.take_long("the count of metadata")
        if count < 0:  # then their size follows ("Maps", Binary Encoding)
            self.take_long("the size of the metadata")
        return abs(count)

    def _take_bytes(self, what: str) -> bytes:
        return self.take(self.take_long(f"the size of {what}"), what)

    def _take_text(self) -> str:
        data = self._take_bytes("a key of the metadata")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.error(f"the key {data[:40]!r} of the metadata is not UTF-8") from None
