"""Digest of the native engine's sources, which identifies a binary built from other sources.

``setup.py`` runs this file on its own, before the package can be imported: it needs nothing but
the standard library.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["sources_digest"]


def sources_digest() -> str:
    """A digest of the sources beside this file; empty if they are not installed."""
    folder = Path(__file__).parent
    sources = sorted([*folder.glob("_native*.pyx"), *folder.glob("_native*.pxi")])
    if not sources:
        return ""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
