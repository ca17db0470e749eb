"""What the codec refuses to build, however well-formed the bytes that ask for it.

Both limits hold in both directions: what the codec would not read, it does not write.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_DEPTH", "MAX_EMPTY_ITEMS"]

MAX_DEPTH: Final = 400
"""Records inside records, counted at recursive types only: each level takes a Python frame."""

MAX_EMPTY_ITEMS: Final = 65_536
"""Array items of zero bytes (nulls, empty records) in one message.

Bytes bound everything else: an item of at least one byte cannot outnumber the bytes that remain.
"""
