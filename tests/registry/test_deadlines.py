"""A read waits for no longer than the deadline, whatever its socket's own timeout is."""

from __future__ import annotations

import io
from time import monotonic
from typing import TYPE_CHECKING, cast

import pytest

from streamcontract.registry.deadlines import _TimedStream, deadline

if TYPE_CHECKING:
    import socket


class Connection:
    """A socket's timeout, and all that it was set to."""

    def __init__(self, timeout: float | None) -> None:
        self.timeouts = [timeout]

    def gettimeout(self) -> float | None:
        """The timeout that holds."""
        return self.timeouts[-1]

    def settimeout(self, timeout: float | None) -> None:
        """Another one holds."""
        self.timeouts.append(timeout)


class Raw(io.RawIOBase):
    """Notes the timeout that each read has."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.timeout: float | None = None

    def readinto(self, _: object) -> int:
        """A byte comes."""
        self.timeout = self._connection.gettimeout()
        return 1


@pytest.mark.parametrize("own", [30.0, None], ids=["a longer timeout", "no timeout"])
def test_a_silent_server_is_waited_for_up_to_the_deadline(own: float | None) -> None:
    """Which comes sooner than the socket's timeout; that holds again afterwards."""
    connection = Connection(own)
    raw = Raw(connection)
    with deadline(monotonic() + 20):
        assert _TimedStream(raw, cast("socket.socket", connection)).readinto(bytearray(1)) == 1
    assert raw.timeout is not None
    assert raw.timeout <= 20
    assert connection.gettimeout() == own


def test_a_shorter_timeout_of_the_socket_stays() -> None:
    """Nothing is set anew for each read."""
    connection = Connection(5.0)
    raw = Raw(connection)
    with deadline(monotonic() + 20):
        _TimedStream(raw, cast("socket.socket", connection)).readinto(bytearray(1))
    assert connection.timeouts == [5.0]
