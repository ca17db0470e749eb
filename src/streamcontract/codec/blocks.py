"""Blocks of arrays and maps ("Arrays" and "Maps", Binary Encoding, Avro 1.12).

A block starts with its count of items; a negative count means that its size in bytes follows. Each
count is checked against the remaining bytes before it is used.
"""

from __future__ import annotations

from streamcontract.codec.refusal import Refused
from streamcontract.codec.varint import read_long

__all__ = ["block", "skip_block"]


def block(
    data: bytes, pos: int, end: int, item_size: int, budget: list[int]
) -> tuple[int, int, int]:
    """Read the head of a block.

    Args:
        data: The message.
        pos: Where the block starts.
        end: Where the message ends.
        item_size: The fewest bytes an item takes.
        budget: The number of items of no bytes that the message may still have, which this block
        reduces, and the limit for the whole message.

    Returns:
        The number of items, the offset of the first, and the offset of their end (0 if not given).
    """
    count, pos = read_long(data, pos)
    stop = 0
    if count < 0:
        count, pos, stop = _sized(data, pos, end, count)
    if item_size:
        if count * item_size > end - pos:
            raise Refused(f"no more items than the {end - pos} bytes that remain can hold", count)
    else:
        budget[0] -= count
        if budget[0] < 0:
            raise Refused(f"at most {budget[1]} items of no bytes in one message", count)
    return count, pos, stop


def skip_block(data: bytes, pos: int, end: int, item_size: int) -> tuple[int, int]:
    """Skip every block that gives its size; return the count of the next that does not."""
    while True:
        count, pos = read_long(data, pos)
        if count == 0:
            return 0, pos
        if count > 0:
            if count * item_size > end - pos:
                raise Refused(
                    f"no more items than the {end - pos} bytes that remain can hold", count
                )
            if item_size == 0:
                continue
            return count, pos
        _, _, pos = _sized(data, pos, end, count)


def _sized(data: bytes, pos: int, end: int, count: int) -> tuple[int, int, int]:
    size, pos = read_long(data, pos)
    if not 0 <= size <= end - pos:
        raise Refused(f"a block of 0 to {end - pos} bytes, which is what remains", size)
    return -count, pos, pos + size
