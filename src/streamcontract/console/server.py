"""Server of the console: a port, a thread, and an end that waits for nothing."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from streamcontract.console.routes import console_app
from streamcontract.console.security import LOOPBACK, in_url
from streamcontract.console.sources import Sources
from streamcontract.errors import PortError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from typing_extensions import Self

__all__ = ["PORTS", "ConsoleServer"]

PORTS: Final = (8080, 8085)
"""The ports that are tried where none is asked for: Redpanda Console's, and another."""

_END: Final = 0.5
"""Seconds for which the end of the server is waited for: its requests may wait for brokers."""


class ConsoleServer:
    """A console that runs from construction to ``close``, or for a ``with`` block.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        project_file: The project file, or a folder to search for one from.
        host: The address to listen on.
        ports: The ports, of which the first that is free is taken; 0 for any.
        allow_writes: Whether it may produce, replay and create topics.
        allow_hosts: More names under which it may be reached.

    Attributes:
        url: Its address.

    Raises:
        PortError: No port is free.
        ConfigurationError: The configuration is wrong.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        project_file: Path | None = None,
        *,
        host: str = "127.0.0.1",
        ports: Sequence[int] = PORTS,
        allow_writes: bool = False,
        allow_hosts: Collection[str] = (),
    ) -> None:
        with contextlib.ExitStack() as parts:
            listener = parts.enter_context(_listen(host, ports))
            port = listener.getsockname()[1]
            sources = parts.enter_context(Sources(config, project_file))
            hosts = {*LOOPBACK, *map(in_url, (host, *allow_hosts))}
            app = console_app(sources, allow_writes=allow_writes, hosts=hosts)
            settings = uvicorn.Config(
                app,
                log_config=None,
                log_level="critical",  # an end with open tails is no error
                lifespan="off",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=0,
            )
            self._server = uvicorn.Server(settings)
            # A daemon: a thread of a request that waits for the brokers keeps no process alive.
            self._thread = threading.Thread(
                target=self._server.run, args=([listener],), name="console", daemon=True
            )
            self._thread.start()
            self._parts = parts.pop_all()
        named = "localhost" if host in {"127.0.0.1", "::1"} else in_url(host)
        self.url = f"http://{named}:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving. Closing twice is harmless."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(_END)
        self._parts.close()


def _listen(host: str, ports: Sequence[int]) -> socket.socket:
    """A socket on the first port that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), port))
            listener.listen()  # who connects before the thread has started waits for it
        except OSError as error:
            listener.close()
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                continue
            raise PortError(f"the console cannot listen on {host}:{port}: {error}") from error
        return listener
    tried = ", ".join(map(str, ports))
    raise PortError(f"the console found no free port on {host}: tried {tried}")
