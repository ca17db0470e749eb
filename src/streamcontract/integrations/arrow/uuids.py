"""UUIDs of Arrow as text."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["uuid_texts"]

_PARTS: Final = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
"""The digits between dashes; RFC 9562, section 4."""


def uuid_texts(array: Any) -> Any:
    """An array of 16 bytes each as one of text, without a Python object for each."""
    size = array.type.byte_width
    data = array.buffers()[1]
    taken = b"" if data is None else data.slice(array.offset * size, len(array) * size).to_pybytes()
    digits = pa.py_buffer(taken.hex().encode())
    texts = pa.Array.from_buffers(pa.binary(2 * size), len(array), [None, digits])
    parts = [pc.binary_slice(texts, *each) for each in _PARTS]
    joined = pc.binary_join_element_wise(*(each.cast(pa.string()) for each in parts), "-")
    return pc.if_else(array.is_valid(), joined, None)
