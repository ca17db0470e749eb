"""Forwarder from a fixed TCP port to servers on ports of their own.

The mock cluster's brokers listen on ports that the kernel picks. A client only needs a fixed
address to bootstrap: then it gets the brokers' own ports from their metadata, and connects to them
directly. So little data is forwarded, and throughput does not matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import socket
import threading
from typing import TYPE_CHECKING

from streamcontract.errors import PortError, StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Forwarder", "listen_on_loopback"]

_CHUNK_SIZE = 64 * 1024


class Forwarder:
    """Forwards each connection on a loopback port to the first target that accepts it.

    It runs in a thread of its own, from construction to ``close``.

    Args:
        port: The port to listen on, 0 for a free one.
        targets: ``(host, port)`` of the servers, tried in turn.

    Attributes:
        port: The port it listens on.

    Raises:
        StackError: The port is in use, or not allowed.
    """

    def __init__(self, port: int, targets: Sequence[tuple[str, int]]) -> None:
        self._sockets = listen_on_loopback(port)
        self.port: int = self._sockets[0].getsockname()[1]
        self._targets = itertools.cycle(targets)
        self._attempts = len(targets)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port and every connection, and end the thread. Closing twice is harmless."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._forward(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        servers = [await asyncio.start_server(accept, sock=sock) for sock in self._sockets]
        await self._stop.wait()
        for server in servers:
            server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0)  # a closed transport frees its socket in the loop's next turn

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            upstream = await self._connect()
            if upstream is None:
                return  # the client gets a closed connection, like from a broker that is down
            up_reader, up_writer = upstream
            with contextlib.closing(up_writer):
                pumps = {
                    asyncio.create_task(_pump(reader, up_writer)),
                    asyncio.create_task(_pump(up_reader, writer)),
                }
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for host, port in itertools.islice(self._targets, self._attempts):
            with contextlib.suppress(OSError):  # this one is down: the next may be up
                return await asyncio.open_connection(host, port)
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # one side closed: close the other
        while data := await reader.read(_CHUNK_SIZE):
            writer.write(data)
            await writer.drain()


def listen_on_loopback(port: int) -> list[socket.socket]:
    """Listen on a port of 127.0.0.1, and of ::1 if this machine has it.

    ``localhost`` may mean either, and clients log errors if the one that they try is missing.

    Args:
        port: The port, 0 for a free one.

    Raises:
        StackError: The port is in use, or not allowed.
    """
    if not 0 <= port <= 65535:
        raise StackError(f"{port} is not a TCP port: they are 1 to 65535, 0 for a free one")
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as on_error:
        for family, address in _loopback_addresses():
            try:
                sock = socket.create_server((address, port), family=family)
            except OSError as error:
                raise PortError(_explain(error, port)) from error
            on_error.callback(sock.close)
            sockets.append(sock)
            port = sock.getsockname()[1]
        on_error.pop_all()
    return sockets


def _loopback_addresses() -> Iterator[tuple[socket.AddressFamily, str]]:
    yield socket.AF_INET, "127.0.0.1"
    if socket.has_ipv6:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))  # fails if the kernel has IPv6, but this machine has no address
            yield socket.AF_INET6, "::1"


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        problem = f"port {port} is in use, perhaps by another `streamcontract dev`"
    else:
        problem = f"cannot listen on port {port}: {error}"
    return f"{problem}; choose another broker port (0 for the brokers' own, free ones)"
