"""A registry in a process of its own, which can be killed and can answer in wrong ways."""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from streamcontract.devstack.registry import RegistryServer

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ILLNESSES", "LATENCY", "FaultyRegistry"]

LATENCY: Final = 0.5
"""Seconds before each answer of a slow registry."""

_SPAWN: Final = multiprocessing.get_context("spawn")
_START_SECONDS: Final = 60.0
_NO: Final = b'{"error_code": %d, "message": "no"}'


class FaultyRegistry:
    """The embedded registry, with what is registered on disk, at one address for all its lives.

    Args:
        folder: Where its state is kept.

    Attributes:
        url: Where clients find it.
    """

    def __init__(self, folder: Path) -> None:
        self._state = folder / "registry.json"
        self._illness = _SPAWN.Value("i", 0)
        self._ports = _SPAWN.Queue()
        self._port = 0
        self.restart()
        self.url = f"http://127.0.0.1:{self._port}"

    def fall_ill(self, name: str) -> None:
        """Answer as one of :data:`ILLNESSES` from now on; ``"well"`` ends it."""
        self._illness.value = list(ILLNESSES).index(name)

    def kill(self) -> None:
        """End the process with SIGKILL: connections break, and new ones are refused."""
        self._process.kill()
        self._process.join()

    def restart(self) -> None:
        """Start it on its port and with its state; returns when it answers."""
        arguments = (self._port, self._state, self._illness, self._ports)
        self._process = _SPAWN.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        self._port = self._ports.get(timeout=_START_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _serve(port: int, state: Path, illness: Any, ports: Any) -> None:
    with RegistryServer(state=state) as registry:
        gate = _Gate(("127.0.0.1", port), _Handler)
        gate.registry_port, gate.illness = registry.port, illness
        ports.put(gate.server_port)
        gate.serve_forever()


class _Gate(ThreadingHTTPServer):
    request_queue_size = 128
    registry_port: int
    illness: Any


class _Handler(BaseHTTPRequestHandler):
    server: _Gate
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one piece
    disable_nagle_algorithm: ClassVar[bool] = True

    def do_GET(self) -> None:
        """Answer any request, in good health or bad."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        list(ILLNESSES.values())[self.server.illness.value](self, body)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def pass_on(self, body: bytes) -> None:
        """Answer as the registry does."""
        self.answer(*self._ask(body))

    def slow(self, body: bytes) -> None:
        """Answer as the registry does, but late."""
        time.sleep(LATENCY)
        self.pass_on(body)

    def silent(self, _body: bytes) -> None:
        """Answer nothing until the client has gone."""
        self.rfile.read(1)
        self.close_connection = True

    def reset(self, _body: bytes) -> None:
        """Reset the connection in place of an answer."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def half_a_body(self, body: bytes) -> None:
        """Do what was asked for, and break off in the middle of the answer."""
        status, answer = self._ask(body)
        self.answer(status, answer[: len(answer) // 2], len(answer))
        self.close_connection = True

    def answer(self, status: int, body: bytes, length: int | None = None) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        registry = http.client.HTTPConnection("127.0.0.1", self.server.registry_port)
        try:
            headers = {"Content-Type": self.headers.get("Content-Type", "application/json")}
            registry.request(self.command, self.path, body, headers)
            response = registry.getresponse()
            return response.status, response.read()
        finally:
            registry.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Stay quiet."""


ILLNESSES: Final = {
    "well": _Handler.pass_on,
    "slow": _Handler.slow,
    "silent": _Handler.silent,
    "reset": _Handler.reset,
    "500": lambda handler, _: handler.answer(500, _NO % 50001),
    "429": lambda handler, _: handler.answer(429, _NO % 429),
    "garbage": lambda handler, _: handler.answer(200, b"<h1>It works</h1>"),
    "half a body": _Handler.half_a_body,
}
"""How it may answer."""
