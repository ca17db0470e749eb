"""A server that answers, or breaks, as a test tells it to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import attrs


@attrs.frozen
class Received:
    """A request as the scripted server got it; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Act = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, value: object = None, **headers: str) -> Act:
    """Answer with a status and JSON, or with bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def refusal(status: int, code: int, message: str = "no", **headers: str) -> Act:
    """Answer with an error in the registry's form."""
    return answer(status, {"error_code": code, "message": message}, **headers)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Reset the connection in place of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def half_a_body(handler: BaseHTTPRequestHandler) -> None:
    """Promise more bytes than are sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"id":')
    handler.close_connection = True


def stall_in_the_body(handler: BaseHTTPRequestHandler) -> None:
    """Begin an answer, and go silent inside it until the client has given up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"id":')
    handler.wfile.flush()
    handler.rfile.read(1)
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer a few bytes at a time, and for so long that nobody waits for the end of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "2000")
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):  # the client has given up
        for _ in range(1000):
            handler.wfile.write(b"[]")
            handler.wfile.flush()
            time.sleep(0.01)  # it is slow


def echo(status: int) -> Act:
    """Answer with a page that shows the request's headers, as debugging proxies do."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        answer(status, str(handler.headers).encode())(handler)

    return act


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        self.server.script.take(received)(self)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, script: ScriptedServer, port: int) -> None:
        self.script = script
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        self.open.add(cast("socket.socket", request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self.open.discard(cast("socket.socket", request))
        super().shutdown_request(request)


class ScriptedServer:
    """Does for each request what the script says next; records what it received."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.received: list[Received] = []
        self.is_over = threading.Event()
        self._acts: list[Act] = []
        self._changed = threading.Condition()
        self._server = _Server(self, port)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def then(self, *acts: Act) -> None:
        """Add to the script."""
        self._acts.extend(acts)

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        """Do not answer before the test is over."""
        self.is_over.wait()
        handler.close_connection = True

    @property
    def calls(self) -> list[str]:
        """Method and path of each request."""
        return [f"{request.method} {request.path}" for request in self.received]

    def take(self, received: Received) -> Act:
        """Note a request and say what to do."""
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
            return self._acts.pop(0) if self._acts else refusal(418, 41800, "not in the script")

    def wait_for(self, count: int) -> None:
        """Wait until so many requests came: a client may give up before its request is read."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, 30)

    def close(self) -> None:
        """Stop; an act that is left means that a request did not come."""
        self.is_over.set()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._server.open):
            with suppress(OSError):  # its own thread, or the act, has closed it by now
                connection.shutdown(socket.SHUT_RD)
        self._server.server_close()
        assert not self._acts, f"{len(self._acts)} requests did not come"
