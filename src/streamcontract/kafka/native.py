"""Native part of the clients: their inner loops, if they were built."""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any, Final

from streamcontract.codec.engine import choose_engine

__all__ = ["native_part"]

_CODEC: Final = "streamcontract.codec._native"
_CLIENTS: Final = "streamcontract.kafka._native"

_log = logging.getLogger("streamcontract.kafka")


def native_part() -> Any:
    """The extension of the inner loops; None for the portable engine."""
    return _built() if choose_engine().name == "native" else None


@functools.cache
def _built() -> Any:
    codec = importlib.import_module(_CODEC)
    try:
        clients = importlib.import_module(_CLIENTS)
    except ImportError as error:
        reason = f"cannot be loaded ({error})"
    else:
        # The engine has checked the codec's against the package; both are built together.
        if (clients.VERSION, clients.SOURCES) == (codec.VERSION, codec.SOURCES):
            return clients
        reason = "was built from other sources than the codec's"
    _log.warning(
        "the native part of the clients %s, so that their Python code is used: install "
        "streamcontract again with a C compiler and Python's header files",
        reason,
    )
    return None
