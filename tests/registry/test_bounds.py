"""Answers without end: their size, what is packed into them, and headers that come drop by drop."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.registry.scripted import Act, ScriptedServer, answer, refusal, reset

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry, errors, transport
from streamcontract.registry.cache import OnceCache
from streamcontract.registry.transport_settings import MAX_ANSWER_BYTES

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1000
MIB = 2**20


def _until_it_ends(handler: BaseHTTPRequestHandler, part: bytes) -> None:
    """Send a part for as long as the client listens."""
    handler.close_connection = True
    with suppress(OSError):  # the client has given up
        while True:
            handler.wfile.write(part)
            handler.wfile.flush()


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Answer with a body that ends with the connection only."""
    handler.send_response(200)
    handler.end_headers()
    _until_it_ends(handler, b" " * 2**16)


def endless_chunks(handler: BaseHTTPRequestHandler) -> None:
    """Answer with a body in chunks, of which there is no last one."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    _until_it_ends(handler, b"10000\r\n" + b" " * 2**16 + b"\r\n")


def bomb(handler: BaseHTTPRequestHandler) -> None:
    """Answer with little that is 150 MiB once it is unpacked."""
    packing = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    body = packing.compress(b"[") + b"".join(packing.compress(b" " * MIB) for _ in range(150))
    body += packing.compress(b"]") + packing.flush()
    answer(200, body, Content_Encoding="gzip")(handler)


@pytest.mark.parametrize(
    "act",
    [
        endless,
        endless_chunks,
        answer(200, b" " * 20 * MIB),
        answer(503, b" " * 20 * MIB),
        bomb,
    ],
    ids=["endless", "chunks", "length", "error", "bomb"],
)
def test_an_answer_has_a_size_that_memory_bears(scripted: ScriptedServer, act: Act) -> None:
    """It is given up at 16 MiB, and asked for once only; far less than 100 MB are taken."""
    scripted.then(act)
    with SchemaRegistry(scripted.url) as client:
        tracemalloc.start()
        try:
            with pytest.raises(
                errors.RegistryResponseError, match=f"more than {MAX_ANSWER_BYTES} bytes"
            ) as caught:
                client.subjects()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "max_answer_bytes" in str(caught.value)
    # The server's own 20 MiB are in this process too.
    assert peak < 80 * MIB
    assert len(scripted.received) == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_the_limit_is_the_last_byte_that_is_read(
    scripted: ScriptedServer, size: int, packed: bool
) -> None:
    """Before and after it is unpacked."""
    body = json.dumps(["s"]).encode().ljust(size)
    act = answer(200, gzip.compress(body), Content_Encoding="gzip") if packed else answer(200, body)
    scripted.then(act)
    with SchemaRegistry(scripted.url, max_answer_bytes=LIMIT) as client:
        if size > LIMIT:
            with pytest.raises(errors.RegistryResponseError, match="more than 1000 bytes"):
                client.subjects()
        else:
            assert client.subjects() == ["s"]
    assert scripted.received[0].headers["accept-encoding"] == "gzip"


def test_what_is_packed_counts_too(scripted: ScriptedServer) -> None:
    """An answer that is longer packed than unpacked."""
    packing = zlib.compressobj(0, wbits=zlib.MAX_WBITS | 16)
    body = packing.compress(b'["s"]'.ljust(LIMIT)) + packing.flush()
    assert len(body) > LIMIT
    scripted.then(answer(200, body, Content_Encoding="gzip"))
    with (
        SchemaRegistry(scripted.url, max_answer_bytes=LIMIT) as client,
        pytest.raises(errors.RegistryResponseError, match="more than 1000 bytes"),
    ):
        client.subjects()


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (b"[]", "br", "Content-Encoding that was not asked for: 'br'"),
        (gzip.compress(gzip.compress(b"[]")), "gzip, gzip", "was not asked for"),
        (b'["as it is"]', "gzip", "not in gzip, as declared"),
        (gzip.compress(b"[]")[:-4], "gzip", "not whole"),
    ],
    ids=["another", "twice", "none", "half"],
)
def test_an_answer_that_cannot_be_unpacked(
    scripted: ScriptedServer, body: bytes, encoding: str, reason: str
) -> None:
    """It is an error that says so, and is not asked for again."""
    scripted.then(answer(200, body, Content_Encoding=encoding))
    with (
        SchemaRegistry(scripted.url) as client,
        pytest.raises(errors.RegistryResponseError, match=reason),
    ):
        client.subjects()


def _drops(first: bytes, drop: bytes) -> Act:
    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(first)
        _until_it_ends(handler, drop)

    return act


DROPS = {
    "status line": _drops(b"HTTP/1.1 ", b"2"),
    "header": _drops(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "continue": _drops(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": _drops(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b" "),
}


class Slowly:
    """Makes a drop come each few milliseconds, for as long as a test takes to notice."""

    def __init__(self, scripted: ScriptedServer, act: Act) -> None:
        self._over, self._act = scripted.is_over, act

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer through a file that waits before each write."""
        write = handler.wfile.write
        handler.wfile.write = lambda part: (self._over.wait(0.002), write(part))[1]  # type: ignore[method-assign]
        self._act(handler)


@pytest.mark.parametrize("act", DROPS.values(), ids=DROPS)
def test_drops_do_not_keep_a_call_beyond_its_deadline(scripted: ScriptedServer, act: Act) -> None:
    """Wherever in the answer they come, each in good time for a socket's own timeout."""
    scripted.then(Slowly(scripted, act))
    with (
        SchemaRegistry(scripted.url, deadline=0.1, read_timeout=30) as client,
        pytest.raises(errors.RegistryUnreachableError, match="when the call's time was over"),
    ):
        client.subjects()


def test_drops_through_a_proxy(scripted: ScriptedServer) -> None:
    """Which makes connections of its own kind."""
    scripted.then(Slowly(scripted, DROPS["header"]))
    with (
        SchemaRegistry(
            "http://registry.invalid", proxy=scripted.url, deadline=0.1, read_timeout=30
        ) as client,
        pytest.raises(errors.RegistryUnreachableError, match="when the call's time was over"),
    ):
        client.subjects()


def test_drops_over_tls(tmp_path: Path) -> None:
    """And so does TLS."""
    authority_module = pytest.importorskip("tests.registry.authority")
    authority = authority_module.Authority(tmp_path)
    identity = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server = ScriptedServer(tls=context)
    try:
        server.then(Slowly(server, DROPS["header"]), answer(200, []))
        with (
            SchemaRegistry(
                server.url, ca=authority.certificate, deadline=0.5, read_timeout=30
            ) as client,
            pytest.raises(errors.RegistryUnreachableError, match="time was over"),
        ):
            client.subjects()
        with SchemaRegistry(server.url, ca=authority.certificate) as client:
            assert client.subjects() == []
    finally:
        server.close()


def test_a_deadline_is_over_with_its_call(scripted: ScriptedServer) -> None:
    """The next call on the connection that was kept has all its time."""
    scripted.then(answer(200, []), answer(200, ["s"]))
    with SchemaRegistry(scripted.url) as client:
        assert client.subjects() == []
        assert client.subjects() == ["s"]


def test_the_cache_keeps_as_many_as_it_may() -> None:
    """What was loaded first goes first, and is loaded again when it is asked for."""
    loads: list[int] = []

    def load(key: int) -> int:
        loads.append(key)
        return -key

    cache: OnceCache[int, int] = OnceCache(capacity=2)
    for key in (1, 2, 2, 1, 3, 2, 1):
        assert cache.get(key, lambda key=key: load(key)) == -key  # type: ignore[misc]
    assert loads == [1, 2, 3, 1]
    assert cache.put(4, 0) == 0
    assert [cache.peek(key) for key in (2, 3, 1, 4)] == [None, None, -1, 0]


def test_the_clients_cache_has_a_capacity(scripted: ScriptedServer) -> None:
    """``cache.capacity`` is confluent-kafka's name for it."""
    scripted.then(*[answer(200, {"schema": '"int"'})] * 3)
    config = {"schema.registry.url": scripted.url, "schema.registry.cache.capacity": "1"}
    with SchemaRegistry.from_config(config) as client:
        for schema_id in (1, 1, 2, 1):
            client.schema_by_id(schema_id)
    assert scripted.calls == ["GET /schemas/ids/1", "GET /schemas/ids/2", "GET /schemas/ids/1"]


@pytest.mark.parametrize("key", ["cache.capacity", "max.answer.bytes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "many", None])
def test_bounds_are_whole_numbers(key: str, value: object) -> None:
    """An error names the key and the value."""
    config = {"schema.registry.url": "http://localhost", f"schema.registry.{key}": value}
    with pytest.raises(ConfigurationError, match=rf"schema.registry.{key} has to be .*{value}"):
        SchemaRegistry.from_config(config)


def test_an_argument_out_of_bounds() -> None:
    """An error names it."""
    with pytest.raises(ConfigurationError, match=r"max_answer_bytes .* at least 1, not 0"):
        SchemaRegistry("http://localhost", max_answer_bytes=0)


def test_after_a_call_without_an_answer_the_next_ones_fail_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For as long as is asked for; by default each call is sent."""
    sent: list[str] = []
    send: Any = requests.Session.request

    def counted(self: Any, method: str, url: str, **options: Any) -> Any:
        sent.append(url)
        return send(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", counted)
    for pause, expected in ((3600.0, 1), (0.0, 2)):
        sent.clear()
        with SchemaRegistry("http://127.0.0.1:9", max_retries=0, failure_pause=pause) as client:
            with pytest.raises(errors.RegistryUnreachableError) as first:
                client.subjects()
            with pytest.raises(errors.RegistryUnreachableError) as second:
                client.versions("orders-value")
        assert len(sent) == expected
        assert (str(first.value) == str(second.value)) == bool(pause)


def test_an_answer_ends_an_outage(scripted: ScriptedServer) -> None:
    """One to a call that was sent before the outage was noted."""
    failed = threading.Event()

    def late(handler: BaseHTTPRequestHandler) -> None:
        assert failed.wait(30)
        answer(200, [])(handler)

    scripted.then(late, reset, answer(200, ["s"]))
    with _of_long_outages(scripted) as client, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.subjects)
        scripted.wait_for(1)
        with pytest.raises(errors.RegistryUnreachableError):
            client.subjects()
        failed.set()
        assert slow.result() == []
        assert client.subjects() == ["s"]


@pytest.mark.parametrize("quick", [answer(200, []), refusal(500, 50001)], ids=["200", "500"])
def test_a_call_without_an_answer_is_no_outage_where_others_are_answered(
    scripted: ScriptedServer, quick: Act
) -> None:
    """A registry that is slow in one request, or closes one connection, is not silent."""
    answered = threading.Event()

    def lost(handler: BaseHTTPRequestHandler) -> None:
        assert answered.wait(30)
        reset(handler)

    scripted.then(lost, quick, answer(200, ["s"]))
    with _of_long_outages(scripted) as client, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.subjects)
        scripted.wait_for(1)
        with suppress(errors.RegistryServerError):
            client.subjects()
        answered.set()
        with pytest.raises(errors.RegistryUnreachableError):
            slow.result()
        assert client.subjects() == ["s"]


def test_an_answer_while_an_outage_is_noted_ends_it(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two calls in two threads, one gets no answer, and the other one an answer just then."""
    scripted.then(reset, answer(200, ["a"]), answer(200, ["b"]))
    with _of_long_outages(scripted) as client:
        note = transport._Outage.note

        def interrupted(self: Any, *failure: Any) -> None:
            def clock() -> float:
                monkeypatch.undo()
                assert client.subjects() == ["a"]
                return time.monotonic()

            monkeypatch.setattr(transport, "monotonic", clock)
            note(self, *failure)

        monkeypatch.setattr(transport._Outage, "note", interrupted)
        with pytest.raises(errors.RegistryUnreachableError):
            client.subjects()
        assert client.subjects() == ["b"]


def _of_long_outages(scripted: ScriptedServer) -> SchemaRegistry:
    return SchemaRegistry(scripted.url, max_retries=0, failure_pause=3600.0)
