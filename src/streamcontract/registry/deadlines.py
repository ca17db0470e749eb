"""Deadlines for answers, which also end an answer whose bytes arrive slowly.

A socket's timeout starts again with each byte that arrives, and the HTTP library reads the headers
of an answer, so that a caller cannot check the clock between them.
"""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from http.client import HTTPResponse
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

__all__ = ["POOL_CLASSES", "deadline"]


class _Deadline(threading.local):
    at: float = inf


_DEADLINE: Final = _Deadline()


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Set a deadline, by the monotonic clock, for the answers that this thread reads in the block.

    It applies to connections of :data:`POOL_CLASSES`. A read that still waits at the deadline
    raises TimeoutError, like one that exceeds its socket's timeout.
    """
    before, _DEADLINE.at = _DEADLINE.at, at
    try:
        yield
    finally:
        _DEADLINE.at = before


class _TimedStream(io.RawIOBase):
    """The bytes of a socket, until the deadline."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _DEADLINE.at - monotonic()
        if left <= 0:
            raise TimeoutError
        timeout = self._connection.gettimeout()
        if timeout is not None and timeout <= left:
            return self._raw.readinto(buffer)
        self._connection.settimeout(None if left == inf else left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._connection.settimeout(timeout)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        raw: Any = self.fp.detach()
        self.fp = io.BufferedReader(_TimedStream(raw, sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOL_CLASSES: Final = {"http": _Pool, "https": _TlsPool}
"""The classes of connection pools for urllib3's pool managers, by scheme."""
