"""Lists of numbers, encoded and decoded all at once ("Binary Encoding", Avro 1.12).

The portable engine saves the interpreter's steps for each number: a few operations on large
integers do for all numbers of a list. Such an integer is a *column*: it has a byte for each number,
the first number's lowest. An int or long is made of columns of eight bits, and its encoding of
columns of seven.

What is out of the ordinary gives None: then each number is taken by itself, which also finds what
is wrong with it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from streamcontract.codec.varint import SIGNED, SIGNED_LIMIT
from streamcontract.resolution import Action, ReadPrimitive
from streamcontract.schema.logical import conversion
from streamcontract.schema.model import INTEGER_LIMITS, AvroType, PrimitiveType
from streamcontract.schema.sizes import FLOAT_LAYOUTS

__all__ = ["FEWEST", "ListDecoder", "ListEncoder", "list_decoder", "list_encoder"]

FEWEST: Final = 16
"""Of fewer numbers, each is taken by itself in no more time."""

_CHUNK: Final = 1024
"""Numbers at a time: their columns stay in the processor's nearest cache."""

_FEWEST_BYTES: Final = 320
"""Of fewer bytes, numbers of more than a byte or two are made one by one in less time."""

_MAX_BYTES: Final = 10
"""Of the encoding of a long."""

_ONES: Final = int.from_bytes(b"\1" * (_MAX_BYTES * _CHUNK), "little")
_GOES_ON: Final = bytes(range(128, 256))
_BYTES: Final = [n - 256 if n > 127 else n for n in range(256)]
_BYTE_LIMIT: Final = 64
"""The first number that takes more than one byte."""

_HIGH_OF_SIGNED: Final = bytes(n & 255 for n in range(-SIGNED_LIMIT >> 8, SIGNED_LIMIT >> 8))
_ZIGZAG: Final = bytes((n << 1 ^ n >> 7) & 255 for n in _BYTES)
_UNZIGZAG: Final = bytes((n >> 1 ^ -(n & 1)) & 255 for n in range(256))

ListEncoder = Callable[[Sequence[Any]], bytes | None]
ListDecoder = Callable[[bytes, int, int, int], tuple[Sequence[Any], int] | None]


def list_encoder(node: AvroType | None) -> ListEncoder | None:
    """The function that encodes numbers of a type, one after another; None if it has none."""
    if not isinstance(node, PrimitiveType) or conversion(node) is not None:
        return None
    if node.name in FLOAT_LAYOUTS:
        layout = FLOAT_LAYOUTS[node.name]
        return lambda values: _encoded_floats(values, layout)
    if node.name in INTEGER_LIMITS:
        low, high = INTEGER_LIMITS[node.name]
        return lambda values: _encoded_integers(values, low, high)
    return None


def list_decoder(action: Action | None) -> ListDecoder | None:
    """The function that decodes a count of numbers that are read as they were written.

    It takes the message, where the numbers begin, where the message ends, and the count; no more
    of them than the bytes that remain can hold. It gives the numbers and where they end. None for
    an action that has none.
    """
    if not isinstance(action, ReadPrimitive) or action.rescale is not None:
        return None
    name = action.writer.name
    is_same = action.reader.name == name or (name, action.reader.name) == ("int", "long")
    if not is_same or conversion(action.reader) is not None:
        return None
    if name in FLOAT_LAYOUTS:
        layout = FLOAT_LAYOUTS[name]
        return lambda data, pos, _, count: _decoded_floats(data, pos, count, layout)
    if name in INTEGER_LIMITS:
        bits = INTEGER_LIMITS[name][1].bit_length() + 1
        return lambda data, pos, end, count: _decoded_integers(data, pos, end, count, bits)
    return None


def _chunk(count: int) -> int:
    """Numbers at a time, so that no few of them are left."""
    return -(-count // max(1, -(-count // _CHUNK)))


# ---- floating-point numbers


def _encoded_floats(values: Sequence[Any], layout: str) -> bytes | None:
    if [*map(type, values)].count(float) != len(values):
        return None
    return struct.pack(f"<{len(values)}{layout}", *values)


def _decoded_floats(data: bytes, pos: int, count: int, layout: str) -> tuple[Sequence[float], int]:
    form = f"<{count}{layout}"
    return struct.unpack_from(form, data, pos), pos + struct.calcsize(form)


# ---- integers, to bytes


def _encoded_integers(values: Sequence[Any], low: int, high: int) -> bytes | None:
    if [*map(type, values)].count(int) != len(values):
        return None
    parts, size = [], _chunk(len(values))
    for start in range(0, len(values), size):
        part = _encoded_chunk(values[start : start + size], low, high)
        if part is None:
            return None
        parts.append(part)
    return b"".join(parts)


def _encoded_chunk(values: Sequence[int], low: int, high: int) -> bytes | None:
    # The first number saves what would fail in vain for most lists of longer ones.
    if -_BYTE_LIMIT <= values[0] < _BYTE_LIMIT:
        singles = _packed(values, "b")
        if singles is not None and (encoded := singles.translate(_ZIGZAG)).isascii():
            return encoded
    if -SIGNED_LIMIT <= values[0] < SIGNED_LIMIT:
        pairs = _packed(values, "h")
        if pairs is not None and not pairs[1::2].translate(None, _HIGH_OF_SIGNED):
            return b"".join([SIGNED[value] for value in values])
    least, most = min(values), max(values)
    length = max(most, ~least).bit_length() // 7 + 1
    if least < low or most > high or length * len(values) < _FEWEST_BYTES:
        return None
    return _varints(struct.pack(f"<{len(values)}q", *values), length)


def _packed(values: Sequence[int], layout: str) -> bytes | None:
    """The values in as many bytes each as the layout has; None where one of them needs more."""
    try:
        return struct.pack(f"<{len(values)}{layout}", *values)
    except struct.error:
        return None


def _varints(numbers: bytes, length: int) -> bytes:
    """The encodings of numbers of eight bytes; none takes more than ``length``."""
    count = len(numbers) // 8
    ones = _ones(count)
    eighths = [int.from_bytes(numbers[at::8], "little") for at in range(8)]
    # Zig-zag: the bits of a negative number are inverted, and its sign becomes the lowest.
    sign = eighths[7] >> 7 & ones
    eighths = [column ^ _filled(sign) for column in eighths]
    sevenths = [_bits(eighths, 8, 0, 6, ones) << 1 | sign]
    sevenths += [_bits(eighths, 8, 7 * at - 1, 7 * at + 6, ones) for at in range(1, length)]
    zero = _filled(ones ^ _marks(_union(sevenths), ones))
    if zero:  # written as a number that is longer than any other, and replaced at last
        sevenths.append(0)
        length += 1
    unused = b"\xff" * (length - 1) + b"\x7f"
    table = bytearray(length * count)
    goes_on = 0
    for at in reversed(range(length)):
        column = sevenths[at] | goes_on << 7 | zero & ones * unused[at]
        table[at::length] = column.to_bytes(count, "little")
        goes_on |= _marks(sevenths[at], ones)
    # A byte that is 0 is none of a number's, but for the number 0, which `unused` stands for.
    encoded = table.translate(None, b"\0")
    return bytes(encoded.replace(unused, b"\0") if zero else encoded)


# ---- integers, from bytes


def _decoded_integers(
    data: bytes, pos: int, end: int, count: int, bits: int
) -> tuple[list[int], int] | None:
    values: list[int] = []
    size = _chunk(count)
    while count:
        size = min(size, count)
        window = _window(data, pos, end, size)
        if window is None:
            return None
        chunk = _decoded_chunk(window, size, bits)
        if chunk is None:
            return None
        values += chunk
        count -= size
        pos += len(window)
    return values, pos


def _window(data: bytes, pos: int, end: int, count: int) -> bytes | None:
    """The bytes of as many numbers; None where they are too few, or the numbers too long."""
    stop, last = pos, min(end, pos + _MAX_BYTES * count)
    missing = count
    while missing:
        # None of the missing numbers has less than a byte: never a byte too many.
        more = data[stop : min(last, stop + missing)]
        if not more:
            return None
        ended = len(more) if more.isascii() else len(more.translate(None, _GOES_ON))
        if stop == pos and ended < count and count * count < _FEWEST_BYTES * ended:
            return None  # too few bytes, as far as the first of them show it
        missing -= ended
        stop += len(more)
    return data[pos:stop]


def _decoded_chunk(window: bytes, count: int, bits: int) -> Sequence[int] | None:
    if len(window) == count:
        return struct.unpack(f"{count}b", window.translate(_UNZIGZAG))
    if len(window) < _FEWEST_BYTES:
        return None
    sevenths = _sevenths(window)
    if sevenths is None or len(sevenths) > -(-bits // 7):
        return None
    ones = _ones(count)
    if _bits(sevenths, 7, bits, 7 * _MAX_BYTES, ones):
        return None
    sign = _filled(sevenths[0] & ones)
    numbers = bytearray(8 * count)
    for at in range(8):
        column = _bits(sevenths, 7, 8 * at + 1, 8 * at + 9, ones) ^ sign
        numbers[at::8] = column.to_bytes(count, "little")
    return struct.unpack(f"<{count}q", numbers)


def _sevenths(window: bytes) -> list[int] | None:
    """The columns of seven bits, the lowest first; None where there are too many."""
    size = len(window)
    ones = _ones(size)
    column = int.from_bytes(window, "little")
    goes_on = column >> 7 & ones
    not_first = goes_on << 15 & ones << 7  # above all seven bits of a byte in a number
    column &= ones * 127
    rest = (goes_on << 7) - goes_on
    there = rest & ~_filled(not_first >> 7)
    found = [_dense(column | not_first, size)]
    while there:
        if len(found) == _MAX_BYTES:
            return None
        column, rest = column >> 8, rest >> 8
        found.append(_dense(column & there | not_first, size))
        there &= rest
    return found


def _dense(column: int, size: int) -> int:
    """A column of those numbers alone whose highest bit is 0."""
    return int.from_bytes(column.to_bytes(size, "little").translate(None, _GOES_ON), "little")


# ---- columns


def _ones(count: int) -> int:
    """A column of ones."""
    return _ONES >> 8 * (_MAX_BYTES * _CHUNK - count)


def _filled(column: int) -> int:
    """All eight bits of each number that is one; the others are zero."""
    return (column << 8) - column


def _marks(column: int, ones: int) -> int:
    """A one for each number of seven bits that is not zero."""
    return column + ones * 127 >> 7 & ones


def _union(columns: list[int]) -> int:
    union = 0
    for column in columns:
        union |= column
    return union


def _bits(columns: list[int], size: int, start: int, stop: int, ones: int) -> int:
    """Some bits of numbers, whose columns have ``size`` bits each, as one column."""
    found = 0
    for at in range(start // size, min(len(columns), -(-stop // size))):
        first = max(start - at * size, 0)
        last = min(stop - at * size, size)
        part = columns[at] >> first & ones * ((1 << last - first) - 1)
        found |= part << at * size + first - start
    return found
