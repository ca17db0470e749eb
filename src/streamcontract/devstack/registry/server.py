"""HTTP server of the embedded registry on a loopback socket."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import TracebackType
from typing import ClassVar, Final, cast
from urllib.parse import urlsplit

from streamcontract._typing import Self
from streamcontract.devstack.registry.application import (
    Answer,
    Before,
    Control,
    Request,
    Route,
    respond,
)
from streamcontract.devstack.registry.media import (
    GZIP,
    MediaError,
    accepted,
    gunzipped,
    is_readable,
    recoded,
)
from streamcontract.devstack.registry.routes import (
    CONFLUENT_ROUTES,
    ROUTES,
    control_routes,
)
from streamcontract.devstack.registry.store import Store
from streamcontract.errors import PortError
from streamcontract.registry.protocol import CONTENT_TYPE, ErrorCode

__all__ = ["MAX_BODY", "RegistryServer"]

_log = logging.getLogger(__name__)

MAX_BODY: Final = 2**20
"""Bytes in a request body. A schema is one record in Redpanda's ``_schemas`` topic, and a batch of
records is limited to 1 MiB by default (``kafka_batch_max_bytes``): more could not be registered."""

_LOOPBACK: Final = "127.0.0.1"
_HOST: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
_STOP_SECONDS: Final = 5.0


class RegistryServer:
    """A schema registry with Redpanda's API on 127.0.0.1, in threads of this process.

    It runs from construction to :meth:`close`, or for a ``with`` block.

    Args:
        port: The port to listen on; 0 for a free one.
        state: A file that stores subjects, schemas, levels and modes across restarts; None for
            memory only.
        control: The stack whose topics ``/streamcontract/topics`` creates and lists; without one
            there is no such route.
        contexts: Whether ``:.context:subject`` and ``/contexts/.context/...`` mean a context, as
            in Redpanda from 26.2 on. Otherwise such a subject is a plain name, as in earlier
            releases unless ``schema_registry_enable_qualified_subjects`` is set.
        confluent: Whether to support features of Confluent's registry that Redpanda's refuses:
            rule sets, tags, other configuration than the level, GUIDs, checks against all versions.
        before: Called before each request with the request, from many threads. It may wait, to
            simulate a slow registry, or return an :class:`Answer`, to simulate a failing one; with
            None the registry answers. It is an attribute too, which a test can change at any time.

    Attributes:
        url: Its URL.
        before: As the argument.

    Raises:
        StackError: The port is in use, or the state file cannot be read or is used by another
            registry.

    Example:
        >>> from urllib.request import urlopen
        >>> with RegistryServer() as registry:
        ...     with urlopen(f"{registry.url}/subjects") as answer:
        ...         answer.read()
        b'[]'
    """

    def __init__(
        self,
        port: int = 0,
        state: Path | None = None,
        control: Control | None = None,
        *,
        contexts: bool = True,
        confluent: bool = False,
        before: Before | None = None,
    ) -> None:
        self.before = before
        self._store = Store(state, has_contexts=contexts, is_confluent=confluent)
        routes = CONFLUENT_ROUTES if confluent else ROUTES
        if control is not None:
            routes = (*routes, *control_routes(control))
        try:
            self._server = _Server(port, self, self._store, routes)
        except OSError as error:
            self._store.close()
            raise PortError(
                f"the registry cannot listen on {_LOOPBACK}:{port}: {error}; stop what does, or "
                f"choose another port (0 for a free one)"
            ) from error
        self.port = self._server.server_port
        self.url = f"http://{_LOOPBACK}:{self.port}"
        # The interval, in seconds, of the check whether to stop.
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(0.02,),
            name="streamcontract-registry",
            daemon=True,  # a program that does not close it still ends
        )
        self._thread.start()

    def close(self) -> None:
        """Answer the requests in progress, then stop. Closing twice is harmless."""
        self._server.shutdown()
        self._thread.join()
        self._server.finish()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    """Listens, and keeps a list of its connections to end them."""

    request_queue_size = 128

    def __init__(
        self, port: int, registry: RegistryServer, store: Store, routes: tuple[Route, ...]
    ) -> None:
        self.registry = registry
        self.store = store
        self.routes = routes
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._handlers: list[threading.Thread] = []
        super().__init__((_LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name = _LOOPBACK
        self.server_port = self.socket.getsockname()[1]

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Start the thread of a new connection."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._changed:
            self._connections.add(cast("socket.socket", request))
        self._handlers = [each for each in self._handlers if each.is_alive()]
        self._handlers.append(thread)
        thread.start()

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """End a connection."""
        with self._changed:
            self._connections.discard(cast("socket.socket", request))
            self._changed.notify_all()
        super().shutdown_request(request)

    def finish(self) -> None:
        """Wait for requests in progress, end all connections and join their threads."""
        self._end(socket.SHUT_RD)  # a thread that waits for the next request ends
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, _STOP_SECONDS)
        self._end(socket.SHUT_RDWR)  # a thread that waits for a client that does not read fails
        for thread in self._handlers:
            thread.join(_STOP_SECONDS)
        self.server_close()

    def _end(self, how: int) -> None:
        with self._changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client closed it first
                    connection.shutdown(how)

    def handle_error(
        self,
        request: socket.socket | tuple[bytes, socket.socket],  # noqa: ARG002 - the base's
        client_address: object,
    ) -> None:
        """Log the error that ended a connection, which is mostly a client's disconnection."""
        _log.debug("connection from %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests of one connection, checks them, and writes the answers."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "streamcontract"
    sys_version = ""
    timeout = 60  # seconds after which the connection of a silent client is closed
    wbufsize = -1  # headers and body are sent together
    disable_nagle_algorithm: ClassVar[bool] = True

    def do_GET(self) -> None:
        """Answer any request."""
        length = self._accepted_length()
        if length is None:
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the client has disconnected
            self.close_connection = True
            return
        self._send(self._answer(body))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _answer(self, body: bytes) -> Answer:
        try:
            plain = gunzipped(body, MAX_BODY) if self._encoding in GZIP else body
            plain = recoded(plain, self._content_type)
        except MediaError as error:
            return Answer.plain(error.status, str(error))
        request = Request(self.command, self.path, plain)
        server = self.server
        return respond(server.routes, server.store, request, server.registry.before)

    def _header(self, name: str) -> str | None:
        """A header of the request; None also if the headers could not be read."""
        headers = getattr(self, "headers", None)
        return None if headers is None else headers.get(name)

    @property
    def _content_type(self) -> str:
        return str(self.headers.get("Content-Type", ""))

    @property
    def _encoding(self) -> str:
        return str(self.headers.get("Content-Encoding", "identity")).strip().lower()

    def _accepted_length(self) -> int | None:
        """The length of the body; None if the request was refused for its headers."""
        refusal = self._refusal()
        if refusal is None:
            return int(self.headers.get("Content-Length", "0"))
        self.close_connection = True  # the body is not read, so no other request can follow
        self._send(refusal)
        self._linger()
        return None

    def _refusal(self) -> Answer | None:
        """The refusal of a request by its headers, if it is refused."""
        return self._origin_refusal() or self._length_refusal() or self._media_refusal()

    def _origin_refusal(self) -> Answer | None:
        """Refuse web pages of other hosts, including names that resolve to this machine."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0].strip()):
            return Answer.plain(403, "Host must be localhost, 127.0.0.1 or [::1]")
        origin = self.headers.get("Origin")
        if origin is not None and not _HOST.fullmatch(urlsplit(origin).netloc):
            return Answer.plain(403, "Origin must be localhost, 127.0.0.1 or [::1]")
        return None

    def _length_refusal(self) -> Answer | None:
        if "Transfer-Encoding" in self.headers:
            return Answer.plain(411, "Send the body with Content-Length, not in chunks")
        lengths = self.headers.get_all("Content-Length", ["0"])
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return Answer.plain(400, "Content-Length must be one number")
        if len(lengths[0]) > 9 or int(lengths[0]) > MAX_BODY:
            return Answer.plain(413, f"The body has more than {MAX_BODY} bytes")
        return None

    def _media_refusal(self) -> Answer | None:
        """Refuse media types with the registries' own messages, which tests of clients compare."""
        if accepted(self.headers.get("Accept")) is None:
            return Answer.refusal(ErrorCode.NOT_ACCEPTABLE, "HTTP 406 Not Acceptable")
        if self.command not in {"POST", "PUT"}:
            return None
        if is_readable(self._content_type) and self._encoding in ("identity", *GZIP):
            return None
        return Answer.refusal(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type")

    def handle_expect_100(self) -> bool:
        """Refuse a request with ``Expect: 100-continue`` before the client sends its body."""
        if self._accepted_length() is None:
            return False
        super().handle_expect_100()
        self.wfile.flush()  # the client waits for it before it sends the body
        return True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", accepted(self._header("Accept")) or CONTENT_TYPE)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        elif self.request_version == "HTTP/1.0":
            self.send_header(
                "Connection", "keep-alive"
            )  # else an HTTP/1.0 client waits for the end
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer requests that http.server itself refuses in the registry's form."""
        self.close_connection = True
        self._send(Answer.plain(code, message or explain or "Bad request"))

    def _linger(self) -> None:
        """Continue reading for a while after a refusal.

        Closing with unread bytes would reset the connection, and the client might get the reset
        instead of the answer.
        """
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            left = 16 * MAX_BODY
            while left > 0 and (chunk := self.rfile.read(min(left, 2**16))):
                left -= len(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log requests at level DEBUG."""
        _log.debug(format, *args)
