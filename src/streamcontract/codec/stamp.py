"""Digest of the native engine's sources, which identifies a binary built from other sources.

``setup.py`` runs this file on its own, before the package can be imported: it needs nothing but
the standard library.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["sources_digest"]


def sources_digest() -> str:
    """A digest of the sources of codec, columns and clients; empty if none are installed."""
    own = Path(__file__).parent
    folders = (own, own.parent / "columns", own.parent / "kafka")
    # Not the .pyi files: an installation has those too, without the sources.
    sources = [
        each
        for folder in folders
        for each in sorted([*folder.glob("_native*.pyx"), *folder.glob("_native*.pxi")])
    ]
    if not sources:
        return ""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(
            f"{source.parent.name}/{source.name}".encode() + b"\0" + source.read_bytes() + b"\0"
        )
    return digest.hexdigest()
