"""Free ports for servers that need their port before they start."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import Final

from streamcontract.errors import StackError

__all__ = ["LOOPBACK", "free_ports"]

LOOPBACK: Final = "127.0.0.1"

# Below the ports that Linux (32768) and other systems (49152) use for outgoing connections, and
# above most well-known ones. While a broker is down, a client that tries to reach it could get the
# broker's own port for its side: then it connects to itself, and the broker cannot restart.
_RANGE: Final = range(20000, 32000)
_TRIES: Final = 1000


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 without a listener.

    They are not reserved until their server starts; random choice makes a clash unlikely.

    Raises:
        StackError: Too few are free.

    Example:
        >>> len(set(free_ports(3)))
        3
    """
    found: list[int] = []
    for port in random.sample(_RANGE, _TRIES):
        if len(found) == count:
            return found
        with contextlib.suppress(OSError), socket.socket() as probe:
            # As servers do, so that lingering connections of an earlier server do not matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            found.append(port)
    raise StackError(f"fewer than {count} ports of {LOOPBACK} are free between 20000 and 32000")
