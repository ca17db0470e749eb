"""Native part of the clients: their inner loops, if they were built."""

from __future__ import annotations

import functools
import logging
import os
from types import ModuleType
from typing import Any

from streamcontract.codec.engine import (
    ENGINE_VARIABLE,
    Unusable,
    choose_engine,
    find_extension,
)
from streamcontract.errors import ConfigurationError

__all__ = ["native_part"]

_log = logging.getLogger("streamcontract.kafka")


def native_part() -> Any:
    """The extension of the inner loops; None for the portable engine.

    Raises:
        ConfigurationError: The environment selects the native engine, and this part is not usable.
    """
    if choose_engine().name != "native":
        return None
    found = _find()
    if not isinstance(found, Unusable):
        return found
    if os.environ.get(ENGINE_VARIABLE):
        raise ConfigurationError(
            f"{ENGINE_VARIABLE} asks for the native engine, whose part in the clients "
            f"{found.reason}; or leave {ENGINE_VARIABLE} unset"
        )
    return None


@functools.cache
def _find() -> ModuleType | Unusable:
    found = find_extension("kafka")
    if isinstance(found, Unusable):
        # Once in a process, even if it was not built: the codec's part was.
        _log.warning(
            "the native part of the clients %s; their Python code is used instead", found.reason
        )
    return found
