"""What the client does when the network or the registry fails."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from tests.registry.scripted import Act, ScriptedServer, answer, half_a_body, refusal, reset

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry, attempts, deadlines, errors, transport
from streamcontract.schema import parse_schema

SUBJECTS = answer(200, ["a"])
BUSY = refusal(503, 50302)


@pytest.fixture
def client(scripted: ScriptedServer) -> Iterator[SchemaRegistry]:
    """A client of the scripted server, which retries twice."""
    with SchemaRegistry(scripted.url, max_retries=2, read_timeout=5) as client:
        yield client


@pytest.fixture
def dead_url() -> str:
    """A URL that refuses connections: its port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    "fault",
    [refusal(500, 50001), BUSY, answer(502, b"<h1>Bad gateway</h1>"), refusal(429, 429)],
    ids=["500", "503", "502 of a proxy", "429"],
)
def test_a_passing_fault_is_retried(
    scripted: ScriptedServer, client: SchemaRegistry, pauses: list[float], fault: Act
) -> None:
    """After 5xx and 429 the same request is sent again."""
    scripted.then(fault, fault, SUBJECTS)
    assert client.subjects() == ["a"]
    assert scripted.calls == ["GET /subjects"] * 3
    assert len(pauses) == 2


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_what_takes_three_seconds_is_said(
    scripted: ScriptedServer,
    client: SchemaRegistry,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    """At level WARNING, which is shown unless the application wants otherwise; before, at DEBUG."""
    monkeypatch.setattr(transport, "_LONG", 3.0 - seconds)
    scripted.then(BUSY, SUBJECTS)
    client.subjects()
    assert ("again in" in caplog.text) == (seconds == 3.0)


@pytest.mark.parametrize("fault", [reset, half_a_body])
def test_a_broken_connection_is_retried(
    scripted: ScriptedServer, client: SchemaRegistry, pauses: list[float], fault: Act
) -> None:
    """A connection that breaks before or inside the answer costs a retry."""
    scripted.then(fault, SUBJECTS)
    assert client.subjects() == ["a"]


def test_retries_end(scripted: ScriptedServer, client: SchemaRegistry, pauses: list[float]) -> None:
    """After max_retries the last answer is raised."""
    scripted.then(BUSY, BUSY, BUSY)
    with pytest.raises(errors.RegistryServerError) as caught:
        client.subjects()
    assert (caught.value.status, caught.value.code) == (503, 50302)
    assert caught.value.url == f"{scripted.url}/subjects"
    assert caught.value.method == "GET"


def test_back_off_grows_and_is_bounded(scripted: ScriptedServer, pauses: list[float]) -> None:
    """The first retry comes at once, later pauses double with jitter up to the maximum."""
    scripted.then(*[BUSY] * 6, SUBJECTS)
    with SchemaRegistry(scripted.url, max_retries=6, backoff=1, max_backoff=5) as client:
        client.subjects()
    bounds = [(0, 0), (2, 3), (4, 5), (5, 5), (5, 5), (5, 5)]
    assert all(low <= pause <= high for pause, (low, high) in zip(pauses, bounds, strict=True))


def test_a_call_is_given_up_at_its_deadline(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many retries there are, none begins behind the deadline, and none waits past it."""
    now = [1000.0]
    timeouts: list[tuple[float, float]] = []
    send = requests.Session.request

    def slow(session: requests.Session, method: str, url: str, **options: Any) -> object:
        timeouts.append(options["timeout"])
        now[0] += min(options["timeout"])
        return send(session, method, url, **{**options, "timeout": 30})

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(requests.Session, "request", slow)
    for module in (transport, attempts):
        monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr(deadlines, "monotonic", lambda: 0.0)
    monkeypatch.setattr(transport, "sleep", sleep)
    scripted.then(*[refusal(429, 429, Retry_After="2")] * 3)
    with (
        SchemaRegistry(
            scripted.url, max_retries=99, connect_timeout=4, read_timeout=9, deadline=15
        ) as client,
        pytest.raises(errors.RegistryOverloadedError),
    ):
        client.subjects()
    assert timeouts == [(4, 9), (4, 9), (3, 3)]
    assert now[0] == 1015


def test_the_next_url_is_not_tried_behind_the_deadline(
    scripted: ScriptedServer, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first URL that takes all the time leaves none for the second."""
    times = iter([0.0, 0.0, 2.0, 2.0, 2.0])
    for module in (transport, attempts):
        monkeypatch.setattr(module, "monotonic", lambda: next(times))
    monkeypatch.setattr(deadlines, "monotonic", lambda: 0.0)
    scripted.then(BUSY)
    with (
        SchemaRegistry([scripted.url, other.url], deadline=1) as client,
        pytest.raises(errors.RegistryServerError),
    ):
        client.subjects()
    assert other.received == []


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("86400", 30, 30),
        (format_datetime(datetime.now(timezone.utc) + timedelta(days=1), usegmt=True), 30, 30),
        ("soon", 0, 0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0, 0),
        (f"Fri, 31 Dec {10**30} 23:59:59 GMT", 0, 0),
    ],
    ids=["seconds", "too many seconds", "a date", "nonsense", "a far date", "no date at all"],
)
def test_retry_after_is_honoured(
    scripted: ScriptedServer,
    client: SchemaRegistry,
    pauses: list[float],
    header: str,
    low: float,
    high: float,
) -> None:
    """Retry-After sets the pause, to half a minute at most; a garbled one counts as none."""
    scripted.then(refusal(429, 429, Retry_After=header), SUBJECTS)
    client.subjects()
    assert len(pauses) == 1
    assert low <= pauses[0] <= high


def test_a_silent_registry_is_unreachable(scripted: ScriptedServer, pauses: list[float]) -> None:
    """No answer within the read time-out is an error that says so."""
    scripted.then(scripted.stall)
    with (
        SchemaRegistry(scripted.url, read_timeout=0.05, max_retries=0) as client,
        pytest.raises(errors.RegistryUnreachableError, match=r"no answer within 0\.05 s"),
    ):
        client.subjects()
    scripted.wait_for(1)


def test_half_a_body_is_a_response_error(
    scripted: ScriptedServer, client: SchemaRegistry, pauses: list[float]
) -> None:
    """An answer that goes on breaking off is not taken for an answer."""
    scripted.then(*[half_a_body] * 3)
    with pytest.raises(errors.RegistryResponseError, match="broke off"):
        client.subjects()


@pytest.mark.parametrize(
    "act",
    [
        answer(200, b"<html>welcome</html>"),
        answer(200, b""),
        answer(200, b"[" * 100_000),
        answer(200, b"\xff\xfe\xfd"),
        answer(200, {"a": "b"}),
        answer(200, [1]),
        answer(200, None),
        answer(200, b"plain", Content_Encoding="gzip"),
        answer(400, b"<html>what?</html>"),
        answer(400, b"[" * 100_000),
    ],
    ids=[
        *("html", "empty", "deep", "bytes", "object", "numbers", "null", "gzip"),
        *("400 of a proxy", "deep 400"),
    ],
)
def test_garbage_is_a_response_error(
    scripted: ScriptedServer, client: SchemaRegistry, act: Act
) -> None:
    """What is not the protocol's is said to be so, at once and with the body."""
    scripted.then(act)
    with pytest.raises(errors.RegistryResponseError) as caught:
        client.subjects()
    assert len(str(caught.value)) < 1000
    assert scripted.calls == ["GET /subjects"]


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_no_socket_takes_is_refused(name: str, seconds: float) -> None:
    """At once, and not with the HTTP library's error in the first call."""
    options: dict[str, Any] = {name: seconds}
    with pytest.raises(ConfigurationError, match=f"{name} .* not {seconds}"):
        SchemaRegistry("http://localhost", **options)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"is_compatible": "yes"}, "true or false"),
        ({"messages": []}, "the key 'is_compatible'"),
        ({"is_compatible": False, "messages": "no"}, "a list"),
        ([], "an object"),
    ],
)
def test_an_answer_of_another_shape_is_named(
    scripted: ScriptedServer, client: SchemaRegistry, value: object, expected: str
) -> None:
    """JSON that is not what the call answers with is an error that says what was expected."""
    scripted.then(answer(200, value))
    with pytest.raises(errors.RegistryResponseError, match=expected):
        client.test_compatibility("s", parse_schema("int"))


@pytest.mark.parametrize("value", [{"id": "1"}, {"id": True}, {"id": 2**31}, {}, 1])
def test_an_id_that_is_none_is_not_taken(
    scripted: ScriptedServer, client: SchemaRegistry, value: object
) -> None:
    """An id goes in front of every message: nothing but an integer is one."""
    scripted.then(answer(200, value))
    with pytest.raises(errors.RegistryResponseError):
        client.register("s", parse_schema("int"))


def test_a_connect_time_out_had_no_effect(
    scripted: ScriptedServer, client: SchemaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no connection came about in time, even a delete is sent to the next URL."""
    send = requests.Session.request

    def request(session: requests.Session, method: str, url: str, **options: Any) -> object:
        if url.startswith("http://silent"):
            raise requests.ConnectTimeout
        return send(session, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", request)
    scripted.then(answer(200, [1]))
    with SchemaRegistry(["http://silent", scripted.url]) as both:
        assert both.delete_subject("s") == [1]
    with (
        SchemaRegistry("http://silent", connect_timeout=2, max_retries=0) as silent,
        pytest.raises(errors.RegistryUnreachableError, match="no connection within 2 s"),
    ):
        silent.subjects()


@pytest.mark.parametrize(
    ("act", "repeats"),
    [
        (reset, False),
        (refusal(500, 50001), False),
        (half_a_body, False),
        (refusal(429, 429), True),
        (refusal(503, 50301), True),
    ],
    ids=["reset", "500", "half a body", "429", "write collision"],
)
def test_a_delete_is_repeated_only_where_it_had_no_effect(
    scripted: ScriptedServer,
    client: SchemaRegistry,
    pauses: list[float],
    act: Act,
    repeats: bool,
) -> None:
    """A delete that may have been done is not sent again."""
    scripted.then(act)
    if repeats:
        scripted.then(answer(200, [1]))
        assert client.delete_subject("s") == [1]
    else:
        with pytest.raises(errors.RegistryRequestError):
            client.delete_subject("s")
    assert len(scripted.received) == 1 + repeats


def test_urls_are_tried_in_turn(
    scripted: ScriptedServer, other: ScriptedServer, dead_url: str, pauses: list[float]
) -> None:
    """A URL that fails is followed by the next without a pause, and the one that works is kept."""
    scripted.then(BUSY)
    other.then(SUBJECTS, SUBJECTS, BUSY)
    scripted.then(SUBJECTS)
    with SchemaRegistry(f"{dead_url}, {scripted.url},{other.url}/") as client:
        assert [client.subjects() for _ in range(3)] == [["a"]] * 3
    assert (len(scripted.received), len(other.received)) == (2, 3)
    assert pauses == []


def test_a_delete_goes_on_to_the_next_url_where_none_was_reached(
    scripted: ScriptedServer, dead_url: str
) -> None:
    """No connection means no effect, so even a delete is sent to the next URL."""
    scripted.then(answer(200, [1]))
    with SchemaRegistry([dead_url, scripted.url]) as client:
        assert client.delete_subject("s") == [1]


def test_a_refusal_is_final(scripted: ScriptedServer, other: ScriptedServer) -> None:
    """A registry that refuses is not asked again, nor is the next one."""
    scripted.then(refusal(404, 40401))
    with (
        SchemaRegistry([scripted.url, other.url]) as client,
        pytest.raises(errors.SubjectNotFoundError),
    ):
        client.versions("s")
    assert other.received == []


def test_nobody_there_names_every_url(dead_url: str, pauses: list[float]) -> None:
    """Where no URL can be reached, the error names each with its reason and says what to do."""
    second = dead_url.replace("127.0.0.1", "localhost")
    with (
        SchemaRegistry([dead_url, second], max_retries=1) as client,
        pytest.raises(errors.RegistryUnreachableError) as caught,
    ):
        client.subjects()
    message = str(caught.value)
    assert dead_url in message
    assert second in message
    assert "refused" in message
    assert "streamcontract dev" in message


@pytest.mark.parametrize(
    "error",
    [
        errors.IncompatibleSchemaError("r", "POST", "http://h", 409, 409, "{}"),
        errors.StoredSchemaError("schema id 1", "it is not Avro"),
        errors.InvalidSubjectError(".."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_pickled(error: Exception) -> None:
    """Errors come through worker processes whole."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own bytes
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_a_forked_child_makes_connections_of_its_own(scripted: ScriptedServer) -> None:
    """On the parent's each would read the other's answers; the parent's are not closed."""
    scripted.then(SUBJECTS, SUBJECTS)
    with SchemaRegistry(scripted.url) as client:
        client.subjects()
        before = client._transport._session
        transport._reconnect()
        assert client._transport._session is not before
        assert client.subjects() == ["a"]
        before.close()
