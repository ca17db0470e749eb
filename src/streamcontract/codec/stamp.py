"""The sources of the native engines, so that a binary made from others can be told.

``setup.py`` runs this file on its own, before the package can be imported: it needs nothing but
the standard library.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

__all__ = ["sources_digest"]


_SHARED: Final = "codec/_native_bytes.pxi"


def sources_digest(package: str = "codec") -> str:
    """A digest of the sources of one engine; empty where an installation has none of them.

    Args:
        package: The package it is in: ``codec`` or ``columns``.
    """
    root = Path(__file__).parent.parent
    folder = root / package
    found = {*folder.glob("_native*.pyx"), *folder.glob("_native*.pxi")}
    sources = sorted({*found, *root.glob(_SHARED)} if found else ())
    if not sources:
        return ""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
