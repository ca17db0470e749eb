"""The registry's socket: who gets in, what is too much, and that nothing stays behind."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.devstack.registry_http import Http
from tests.devstack.threads import own_threads

from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.devstack.registry.server import MAX_BODY
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """One registry for all tests that leave it as it is."""
    with RegistryServer() as server:
        yield server


def ask(
    server: RegistryServer,
    method: str = "GET",
    path: str = "/subjects",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Send exactly these headers, and give status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def raw(server: RegistryServer, *lines: str, body: bytes = b"") -> bytes:
    """Send a request byte by byte as given, and read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b""
        while chunk := connection.recv(2**16):
            answer += chunk
        return answer


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:18081", "[::1]:8081"])
def test_loopback_names_get_in(server: RegistryServer, host: str) -> None:
    """A forwarded port does not matter, a loopback name does."""
    assert ask(server, headers={"Host": host}) == (200, [])


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", ""]
)
def test_foreign_names_do_not(server: RegistryServer, host: str) -> None:
    """A page whose name was re-bound to this machine cannot read or change the registry."""
    status, body = ask(server, headers={"Host": host})
    assert (status, body["code"]) == (403, 403)


def test_foreign_pages_do_not(server: RegistryServer) -> None:
    """A browser says which page a request comes from."""
    assert ask(server, headers={"Origin": "https://evil.example"})[0] == 403
    assert ask(server, headers={"Origin": "null"})[0] == 403
    assert ask(server, headers={"Origin": "http://localhost:3000"})[0] == 200


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json-patch"],
)
def test_other_content_types_are_refused(server: RegistryServer, content_type: str | None) -> None:
    """415 with Redpanda's error code; a browser's form cannot register anything."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    status, body = ask(server, "PUT", "/config", b'{"compatibility": "NONE"}', headers)
    assert (status, body["error_code"]) == (415, 415)
    assert ask(server, path="/config") == (200, {"compatibilityLevel": "BACKWARD"})


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.schemaregistry.v1+json",
        "application/vnd.schemaregistry+json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/octet-stream",
    ],
)
def test_the_registrys_content_types_are_taken(server: RegistryServer, content_type: str) -> None:
    """All that Redpanda takes, parameters and case aside."""
    body = b'{"compatibility": "BACKWARD"}'
    assert ask(server, "PUT", "/config", body, {"Content-Type": content_type})[0] == 200


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZip"])
def test_bodies_in_gzip_are_read(server: RegistryServer, encoding: str) -> None:
    """Some clients pack what they send."""
    body = gzip.compress(b'{"compatibility": "SOME"}')
    status, answer = ask(server, "PUT", "/config", body, {**JSON, "Content-Encoding": encoding})
    assert (status, answer["error_code"]) == (422, 42203)


def packed(server: RegistryServer, body: bytes) -> int:
    """The status of the answer to a body in gzip."""
    return ask(server, "PUT", "/config", body, {**JSON, "Content-Encoding": "gzip"})[0]


@pytest.mark.parametrize("body", [b"x", gzip.compress(b"{}")[:-4]], ids=["no gzip", "half"])
def test_what_is_no_gzip_is_refused(server: RegistryServer, body: bytes) -> None:
    """It is the request that is at fault."""
    assert packed(server, body) == 400


@pytest.mark.parametrize(
    ("size", "status"),
    [(MAX_BODY, 422), (MAX_BODY + 1, 413), (40 * MAX_BODY, 413)],
    ids=["the limit", "one byte more", "a bomb"],
)
def test_bodies_in_gzip_have_the_limit_too(server: RegistryServer, size: int, status: int) -> None:
    """What is unpacked is counted, and no more is unpacked than may be sent."""
    assert packed(server, gzip.compress(b" " * size)) == status


def test_other_encodings_are_refused(server: RegistryServer) -> None:
    """Nothing else is unpacked."""
    assert ask(server, "PUT", "/config", b"x", {**JSON, "Content-Encoding": "br"})[0] == 415


@pytest.mark.parametrize("path", ["/subjects", "/schemas/types", "/nowhere"])
def test_head_answers_as_get_does_without_the_body(server: RegistryServer, path: str) -> None:
    """Status and headers are those of GET."""
    got = requests.get(server.url + path, timeout=10)
    head = requests.head(server.url + path, timeout=10)
    names = ("Content-Type", "Content-Length")
    assert (head.status_code, [head.headers[name] for name in names], head.content) == (
        got.status_code,
        [got.headers[name] for name in names],
        b"",
    )


def test_a_kept_connection_of_http_1_0_is_told_so(server: RegistryServer) -> None:
    """Such a client waits for the end of the connection unless the answer says that it is kept."""
    request = b"GET /subjects HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(request)
            with http.client.HTTPResponse(connection) as answer:
                answer.begin()
                assert answer.headers["Connection"] == "keep-alive"
                assert answer.read() == b"[]"


def test_a_slash_at_the_end_makes_no_other_path(server: RegistryServer) -> None:
    """``/subjects/`` is ``/subjects``."""
    assert ask(server, path="/subjects/") == (200, [])
    assert ask(server, path="/config/") == ask(server, path="/config")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"compatibility": '])
def test_bad_json_is_422(server: RegistryServer, body: bytes) -> None:
    """A body that cannot be read is refused like an invalid one."""
    status, answer = ask(server, "PUT", "/config", body, JSON)
    assert (status, answer["error_code"]) == (422, 422)


def test_the_body_limit(server: RegistryServer) -> None:
    """A body of the limit is read, one byte more is not, and the client sees why."""
    assert ask(server, "PUT", "/config", b" " * MAX_BODY, JSON)[0] == 422
    for size in (MAX_BODY + 1, 8 * MAX_BODY):
        status, answer = ask(server, "PUT", "/config", b" " * size, JSON)
        assert (status, answer["code"]) == (413, 413)


def test_chunked_bodies_are_refused(server: RegistryServer) -> None:
    """A body without a length has no limit that could be known beforehand."""
    answer = requests.post(f"{server.url}/subjects/s", data=iter([b"{}"]), headers=JSON, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (411, 411)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("GET /subjects HTTP/1.1",), b"403"),
        (("GET /subjects HTTP/1.1", "Host: localhost", "Host: localhost"), b"403"),
        (("PUT /config HTTP/1.1", "Host: localhost", "Content-Length: -1"), b"400"),
        (("PUT /config HTTP/1.1", "Host: localhost", "Content-Length: 1_0"), b"400"),
        (("GET / HTTP/1.1", "Host: localhost", "Content-Length: 1", "Content-Length: 2"), b"400"),
        (("PUT /config HTTP/1.1", "Host: localhost", f"Content-Length: {'9' * 30}"), b"413"),
        (("PATCH /config HTTP/1.1", "Host: localhost"), b"501"),
        (("GET /subjects HTTP/9.9", "Host: localhost"), b"505"),
        (("nonsense",), b"400"),
        ((f"GET /{'a' * 2**17} HTTP/1.1", "Host: localhost"), b"414"),
    ],
)
def test_broken_requests(server: RegistryServer, lines: tuple[str, ...], status: bytes) -> None:
    """What is no sound HTTP is refused in the registry's form, and ends the connection."""
    head, _, body = raw(server, *lines).rpartition(b"\r\n\r\n")
    assert status in (head.split(b"\r\n")[0] or body)
    assert json.loads(body)["code"] == int(status)


def test_expected_bodies(server: RegistryServer) -> None:
    """Who asks first is told to go on, or is refused before the body is sent."""
    lines = ("PUT /config HTTP/1.1", "Host: localhost", "Expect: 100-continue")
    good = (*lines, "Content-Type: application/json", "Content-Length: 29", "", "")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join(good).encode())
        assert connection.recv(2**16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"compatibility": "BACKWARD"}')
        assert connection.recv(2**16).startswith(b"HTTP/1.1 200 OK\r\n")
    assert raw(server, *lines, "Content-Length: 9999999").startswith(b"HTTP/1.1 413 ")


def test_a_connection_is_kept(server: RegistryServer) -> None:
    """One connection serves many requests, refused ones and bodies of GET requests included."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    kept = connection.sock
    for path, body in [("/subjects", None), ("/nowhere", None), ("/subjects", b"ignored")]:
        connection.request("GET", path, body)
        connection.getresponse().read()
        assert connection.sock is kept
    connection.close()


def test_the_hook_answers_in_the_registrys_place() -> None:
    """A test makes the registry fail, and whole again, without restarting it."""
    seen: list[Request] = []

    def fail(request: Request) -> Answer | None:
        seen.append(request)
        return Answer.plain(503, "gone") if request.method == "GET" else None

    with RegistryServer(before=fail) as server, Http(server.url) as client:
        assert client("GET", "/subjects").status == 503
        assert client.register("s", "int") == 1
        server.before = None
        assert client("GET", "/subjects").body == ["s"]
        assert [(request.method, request.target) for request in seen] == [
            ("GET", "/subjects"),
            ("POST", "/subjects/s/versions"),
        ]


def test_a_fault_inside_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks, the client gets an answer and the log the reason."""

    def broken(request: Request) -> Answer | None:
        raise RuntimeError("planted")

    with RegistryServer(before=broken) as server, Http(server.url) as client:
        assert client("GET", "/subjects").body["error_code"] == 500
    assert "planted" in caplog.text


def test_closing_answers_what_is_under_way_and_leaves_nothing() -> None:
    """Idle connections do not hold the end up, running requests do; the port is free after it."""
    before = own_threads()
    entered, go_on = threading.Event(), threading.Event()

    def wait(request: Request) -> Answer | None:
        if request.target == "/status/ready":
            entered.set()
            assert go_on.wait(10)
        return None

    server = RegistryServer(before=wait)
    idle = socket.create_connection(("127.0.0.1", server.port))
    answers: list[int] = []
    running = threading.Thread(target=lambda: answers.append(ask(server, path="/status/ready")[0]))
    running.start()
    assert entered.wait(10)
    closing = threading.Thread(target=server.close)
    closing.start()
    idle.settimeout(10)
    assert idle.recv(1) == b""  # the idle one is ended while the other request still runs
    go_on.set()
    closing.join(10)
    running.join(10)
    idle.close()
    assert answers == [200]
    server.close()
    assert own_threads() <= before
    with RegistryServer(server.port) as again:
        assert again.port == server.port


def test_a_port_in_use_is_named(server: RegistryServer) -> None:
    """The error says which port, and what to do."""
    with pytest.raises(StackError, match=rf"127\.0\.0\.1:{server.port}.*another port"):
        RegistryServer(server.port)


class Topics:
    """A stack with topics and no broker."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {"there": 4}

    def create_topic(self, name: str, partitions: int = 1, replication: int = 1) -> bool:
        """Create a topic unless more brokers are wanted than there are."""
        if replication > 1:
            raise StackError("there is one broker")
        self.known[name] = partitions
        return True

    def topics(self) -> Mapping[str, int]:
        """The partitions of each topic."""
        return self.known


def test_the_stacks_topics() -> None:
    """Clients that cannot create topics over Kafka's protocol ask the stack for them here."""
    path = "/streamcontract/topics"
    with RegistryServer(control=Topics()) as server, Http(server.url) as client:
        new = {"name": "new", "partitions": 3, "replication": 1}
        assert client("POST", path, new).body == {"created": True, "partitions": 3}
        assert client("POST", path, {"name": "there"}).body == {"created": False, "partitions": 4}
        assert client("GET", path).body == {
            "topics": [{"name": "new", "partitions": 3}, {"name": "there", "partitions": 4}]
        }
        refused = client("POST", path, {"name": "x", "replication": 3})
        assert (refused.status, refused.body["message"]) == (400, "there is one broker")
        wrongs: tuple[object, ...] = (
            [],
            {},
            {"name": 1},
            {"name": "x", "partitions": True},
            {"name": "x", "y": 1},
        )
        for wrong in wrongs:
            assert client("POST", path, wrong).status == 400


V1 = "application/vnd.schemaregistry.v1+json"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, V1),
        ("*/*", V1),
        ("*", V1),
        ("application/*", V1),
        ("*/does_not_matter", V1),
        ("application/json", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/json, application/vnd.schemaregistry.v1+json", "application/json"),
        ("text/html, *; q=.2, */*; q=.2", V1),
        (
            "application/vnd.schemaregistry.v2+json; q=0.1, application/vnd.schemaregistry+json",
            "application/vnd.schemaregistry+json",
        ),
        ("application/json; q=0, text/html", None),
        ("application/json; q=much", None),
        ("application/vnd.schemaregistry.v2+json", None),
        ("application/octet-stream", None),
        ("text/*", None),
    ],
)
def test_the_answer_has_a_media_type_that_the_client_accepts(
    server: RegistryServer, accept: str | None, media_type: str | None
) -> None:
    """The one of the highest quality; 406 where there is none."""
    answer = requests.get(f"{server.url}/subjects", headers={"Accept": accept}, timeout=10)
    if media_type is None:
        assert (answer.status_code, answer.json()["error_code"]) == (406, 406)
    else:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)


@pytest.mark.parametrize("charset", ["utf-16", "utf-32-le", "latin-1", "us-ascii"])
def test_a_body_may_be_in_another_charset(server: RegistryServer, charset: str) -> None:
    """It is read in the one that its type names."""
    headers = {"Content-Type": f"application/json; charset={charset}"}
    body = '{"compatibility": "SOME"}'.encode(charset)
    status, answer = ask(server, "PUT", "/config", body, headers)
    assert (status, answer["error_code"]) == (422, 42203)


@pytest.mark.parametrize(("charset", "body"), [("nonsense", b"{}"), ("utf-16", b"x")])
def test_a_body_in_no_charset_is_refused(server: RegistryServer, charset: str, body: bytes) -> None:
    """An unknown one, or one that the body is not in."""
    headers = {"Content-Type": f"application/json; charset={charset}"}
    assert ask(server, "PUT", "/config", body, headers)[0] == 400
