"""Compression codecs of container files as rows ("Required Codecs" and "Optional Codecs").

Each row decompresses at most a number of bytes, whatever the data claim, so that a few bytes
cannot fill the memory.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError

__all__ = ["COMPRESSIONS", "Compression", "Damaged", "compression_of"]

_XZ_MEMORY: Final = 256 * 1024 * 1024
"""Bytes that the decoder of xz may use; its largest preset needs 65 MiB (``man xz``)."""

_MOST_OF_CHECKSUM: Final = 4
"""Bytes after deflated data that are taken: fastavro leaves three of zlib's checksum there."""

_CRC_SIZE: Final = 4
_FIRST_ROOM: Final = 64 * 1024
_NO_ROOM: Final = "failed to write whole buffer"
"""In cramjam's error about room that is too small, from Rust's ``Write::write_all``."""


class Damaged(Exception):  # noqa: N818 - internal signal, never seen by a user
    """Compressed data are no such data, or too large."""


@attrs.frozen
class Compression:
    """A codec.

    Attributes:
        name: Its name in the file.
        compress: From the bytes of a block to the compressed ones.
        decompress: The way back, up to a number of bytes; raises :class:`Damaged`.
    """

    name: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes, int], bytes]


class _Decompressor(Protocol):
    """Of the standard library: zlib's, bz2's and lzma's have these in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _too_large(most: int) -> Damaged:
    return Damaged(f"the block has more than {most:,} bytes; block_limit= allows more")


def _damaged(error: Exception) -> Damaged:
    return Damaged(f"the compressed data are damaged ({error})")


def _as_it_is(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise _too_large(most)
    return data


def _streamed(decompressor: _Decompressor, data: bytes, most: int, most_unused: int = 0) -> bytes:
    try:
        found = decompressor.decompress(data, most + 1)
    except (OSError, zlib.error, lzma.LZMAError) as error:
        raise _damaged(error) from None
    if len(found) > most:
        raise _too_large(most)
    if not decompressor.eof:
        raise Damaged("the compressed data end too early")
    if len(decompressor.unused_data) > most_unused:
        raise Damaged(f"{len(decompressor.unused_data)} bytes are left after the compressed data")
    return found


def _deflate(data: bytes) -> bytes:
    # Raw deflate (RFC 1951), "without the zlib header and checksum" of RFC 1950.
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def _inflate(data: bytes, most: int) -> bytes:
    decompressor: Any = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    return _streamed(decompressor, data, most, _MOST_OF_CHECKSUM)


def _un_bzip2(data: bytes, most: int) -> bytes:
    return _streamed(bz2.BZ2Decompressor(), data, most)


def _un_xz(data: bytes, most: int) -> bytes:
    return _streamed(lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY), data, most)


def _cramjam() -> Any:
    try:
        import cramjam  # noqa: PLC0415 - of an extra
    except ImportError:
        raise ConfigurationError(
            "the codecs snappy and zstandard of container files need cramjam: "
            "pip install 'streamcontract[avro]'"
        ) from None
    return cramjam


def _snappy(data: bytes) -> bytes:
    # "followed by the 4-byte, big-endian CRC32 checksum of the uncompressed data"
    crc = zlib.crc32(data).to_bytes(_CRC_SIZE, "big")
    return bytes(_cramjam().snappy.compress_raw(data)) + crc


def _un_snappy(data: bytes, most: int) -> bytes:
    cramjam = _cramjam()
    if len(data) <= _CRC_SIZE:
        raise Damaged("the compressed data end too early")
    compressed, crc = data[:-_CRC_SIZE], data[-_CRC_SIZE:]
    try:
        if cramjam.snappy.decompress_raw_len(compressed) > most:
            raise _too_large(most)
        found = bytes(cramjam.snappy.decompress_raw(compressed))
    except cramjam.DecompressionError as error:
        raise _damaged(error) from None
    if zlib.crc32(found).to_bytes(_CRC_SIZE, "big") != crc:
        raise Damaged("the checksum (CRC32) does not match the data")
    return found


def _zstandard(data: bytes) -> bytes:
    return bytes(_cramjam().zstd.compress(data))


def _un_zstandard(data: bytes, most: int) -> bytes:
    """Decompress into room that grows: a frame need not give its size (RFC 8878, 3.1.1.1)."""
    cramjam = _cramjam()
    room = min(most, max(_FIRST_ROOM, 8 * len(data)))
    while True:
        buffer = bytearray(room)
        try:
            size = cramjam.zstd.decompress_into(data, buffer)
        except cramjam.DecompressionError as error:
            if room == most:
                raise (_too_large(most) if _NO_ROOM in str(error) else _damaged(error)) from None
            room = min(most, 4 * room)
        else:
            return bytes(memoryview(buffer)[:size])


_ROWS: Final = (
    Compression("null", bytes, _as_it_is),
    Compression("deflate", _deflate, _inflate),
    Compression("snappy", _snappy, _un_snappy),
    Compression("zstandard", _zstandard, _un_zstandard),
    Compression("bzip2", bz2.compress, _un_bzip2),
    Compression("xz", lzma.compress, _un_xz),
)

COMPRESSIONS: Final = tuple(row.name for row in _ROWS)
"""The names of the codecs."""


def compression_of(name: str) -> Compression:
    """The codec of a name.

    Raises:
        ArgumentError: There is none.
        ConfigurationError: It needs an extra that is not installed.

    Example:
        >>> deflate = compression_of("deflate")
        >>> deflate.decompress(deflate.compress(b"a" * 100), 100) == b"a" * 100
        True
    """
    for row in _ROWS:
        if row.name == name:
            if name in {"snappy", "zstandard"}:
                _cramjam()
            return row
    raise ArgumentError("compression", name, f"one of {', '.join(COMPRESSIONS)}")
