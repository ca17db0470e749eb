"""The forwarder: bytes arrive as they were sent, and nothing is left behind."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from tests.devstack.threads import own_threads

from streamcontract.devstack.forwarder import Forwarder, listen_on_loopback
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 20.0


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """The address of a server that sends back what it gets, to one connection after another."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):  # closed: the test is over
                while True:
                    connection, _ = server.accept()
                    with connection:
                        while data := connection.recv(4096):
                            connection.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def closed_address() -> tuple[str, int]:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    return host, port


def connect(forwarder: Forwarder, host: str = "127.0.0.1") -> socket.socket:
    """A connection to the forwarder that does not wait for ever."""
    return socket.create_connection((host, forwarder.port), timeout=PATIENCE_S)


def test_bytes_go_through_both_ways(echo: tuple[str, int]) -> None:
    """More than any buffer holds comes back unchanged."""
    sent = bytes(range(256)) * 4096 * 4  # 4 MiB
    with Forwarder(0, [echo]) as forwarder, connect(forwarder) as connection:
        writer = threading.Thread(target=connection.sendall, args=(sent,))
        writer.start()
        got = bytearray()
        while len(got) < len(sent):
            got += connection.recv(65536)
        writer.join()
    assert got == sent


def test_both_loopback_addresses_lead_there(echo: tuple[str, int]) -> None:
    """``localhost`` works whichever address it means."""
    with Forwarder(0, [echo]) as forwarder:
        hosts = {info[4][0] for info in socket.getaddrinfo("localhost", forwarder.port)}
        for host in hosts:
            with connect(forwarder, str(host)) as connection:
                connection.sendall(b"ping")
                assert connection.recv(4) == b"ping"


def test_a_target_that_is_down_is_passed_over(echo: tuple[str, int]) -> None:
    """Each connection reaches a target that is up, wherever the turn starts."""
    with Forwarder(0, [closed_address(), echo]) as forwarder:
        for _ in range(3):
            with connect(forwarder) as connection:
                connection.sendall(b"ping")
                assert connection.recv(4) == b"ping"


def test_without_any_target_the_connection_is_closed() -> None:
    """The client sees a closed connection, not a silent one."""
    with Forwarder(0, [closed_address()]) as forwarder, connect(forwarder) as connection:
        assert connection.recv(1) == b""


def test_a_port_in_use_is_an_error_that_says_what_to_do() -> None:
    """It names the port and the way out; once free, the port is taken as it was asked for."""
    targets = [closed_address()]
    with (
        Forwarder(0, targets) as first,
        pytest.raises(StackError, match=r"port \d+ is in use.*choose another") as caught,
    ):
        Forwarder(first.port, targets)
    assert str(first.port) in str(caught.value)
    with Forwarder(first.port, targets) as second:
        assert second.port == first.port


def test_an_impossible_port_is_an_error() -> None:
    """No port is above 65535 or below 0."""
    for port in (-1, 65536):
        with pytest.raises(StackError, match=f"{port} is not a TCP port"):
            listen_on_loopback(port)


def test_closing_ends_connections_and_the_thread(echo: tuple[str, int]) -> None:
    """Open connections see the end, the port is closed, and closing twice is harmless."""
    before = own_threads()
    forwarder = Forwarder(0, [echo])
    with connect(forwarder) as connection:
        connection.sendall(b"ping")
        assert connection.recv(4) == b"ping"
        port = forwarder.port
        forwarder.close()
        forwarder.close()
        assert connection.recv(1) == b""
    assert own_threads() <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
