"""Each call on each kind of bad day: a bounded wait, a typed error, and on again afterwards."""

from __future__ import annotations

import inspect
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import pytest
from tests.registry.scripted import (
    Act,
    ScriptedServer,
    answer,
    drip,
    half_a_body,
    refusal,
    reset,
    stall_in_the_body,
)

from streamcontract.registry import SchemaRegistry, errors
from streamcontract.schema import parse_schema

SUBJECT = "../x?c#d %2e"
QUOTED = quote(SUBJECT, safe="")
SECRET = "pl4nted"  # noqa: S105 - of no registry
INT = parse_schema("int")
GUID = "6f1d5e2a-0000-4000-8000-000000000007"
STORED = {"subject": SUBJECT, "version": 1, "id": 7, "schema": '"int"'}
RETRIES = 1


@attrs.frozen
class Call:
    """One call of the client: how it is made, where it goes first, and what answers it."""

    make: Callable[[SchemaRegistry], object]
    path: str
    healthy: tuple[object, ...]
    is_idempotent: bool = True


CALLS = {
    "contexts": Call(lambda r: r.contexts(), "/contexts", ([".", ".a"],)),
    "delete_context": Call(
        lambda r: r.delete_context(".a/b"), "/contexts/%3A.a%2Fb%3A", (None,), is_idempotent=False
    ),
    "config": Call(
        lambda r: r.config(SUBJECT), f"/config/{QUOTED}", ({"compatibilityLevel": "FULL"},)
    ),
    "set_config": Call(
        lambda r: r.set_config({"normalize": True}, SUBJECT),
        f"/config/{QUOTED}",
        ({"normalize": True},),
    ),
    "delete_config": Call(
        lambda r: r.delete_config(SUBJECT),
        f"/config/{QUOTED}",
        ({"compatibilityLevel": "FULL"},),
        is_idempotent=False,
    ),
    "delete_mode": Call(
        lambda r: r.delete_mode(SUBJECT),
        f"/mode/{QUOTED}",
        ({"mode": "READONLY"},),
        is_idempotent=False,
    ),
    "schema_by_guid": Call(
        lambda r: r.schema_by_guid(GUID), f"/schemas/guids/{GUID}", ({"schema": '"int"'},)
    ),
    "describe_version": Call(
        lambda r: r.describe_version(SUBJECT, 1),
        f"/subjects/{QUOTED}/versions/1",
        ({"subject": SUBJECT, "version": 1, "id": 7, "schema": '"int"'},),
    ),
    "stored": Call(lambda r: r.stored(7), "/schemas/ids/7", ({"schema": '"int"'},)),
    "identify": Call(
        lambda r: r.identify(SUBJECT, INT),
        f"/subjects/{QUOTED}/versions",
        ({"id": 7, "schema": '"int"'},),
    ),
    "schema_by_id": Call(lambda r: r.schema_by_id(7), "/schemas/ids/7", ({"schema": '"int"'},)),
    "versions_of_id": Call(
        lambda r: r.versions_of_id(7),
        "/schemas/ids/7/versions",
        ([{"subject": SUBJECT, "version": 1}],),
    ),
    "subjects_of_id": Call(lambda r: r.subjects_of_id(7), "/schemas/ids/7/subjects", ([SUBJECT],)),
    "schema_types": Call(lambda r: r.schema_types(), "/schemas/types", (["AVRO"],)),
    "register": Call(
        lambda r: r.register(SUBJECT, INT), f"/subjects/{QUOTED}/versions", ({"id": 7},)
    ),
    "id_of": Call(lambda r: r.id_of(SUBJECT, INT), f"/subjects/{QUOTED}/versions", ({"id": 7},)),
    "lookup": Call(lambda r: r.lookup(SUBJECT, INT), f"/subjects/{QUOTED}", (STORED,)),
    "register_with_references": Call(
        lambda r: r.register_with_references(SUBJECT, INT), f"/subjects/{QUOTED}", (STORED,)
    ),
    "subjects": Call(lambda r: r.subjects(), "/subjects", ([SUBJECT],)),
    "versions": Call(lambda r: r.versions(SUBJECT), f"/subjects/{QUOTED}/versions", ([1],)),
    "version": Call(lambda r: r.version(SUBJECT, 1), f"/subjects/{QUOTED}/versions/1", (STORED,)),
    "referenced_by": Call(
        lambda r: r.referenced_by(SUBJECT, 1), f"/subjects/{QUOTED}/versions/1/referencedby", ([],)
    ),
    "delete_subject": Call(
        lambda r: r.delete_subject(SUBJECT), f"/subjects/{QUOTED}", ([1],), is_idempotent=False
    ),
    "delete_version": Call(
        lambda r: r.delete_version(SUBJECT, 1),
        f"/subjects/{QUOTED}/versions/1",
        (1,),
        is_idempotent=False,
    ),
    "test_compatibility": Call(
        lambda r: r.test_compatibility(SUBJECT, INT),
        f"/compatibility/subjects/{QUOTED}/versions/latest",
        ({"is_compatible": True},),
    ),
    "compatibility": Call(
        lambda r: r.compatibility(SUBJECT), f"/config/{QUOTED}", ({"compatibilityLevel": "FULL"},)
    ),
    "set_compatibility": Call(
        lambda r: r.set_compatibility("FULL", SUBJECT),
        f"/config/{QUOTED}",
        ({"compatibility": "FULL"},),
    ),
    "mode": Call(lambda r: r.mode(SUBJECT), f"/mode/{QUOTED}", ({"mode": "READWRITE"},)),
    "set_mode": Call(
        lambda r: r.set_mode("READWRITE", SUBJECT), f"/mode/{QUOTED}", ({"mode": "READWRITE"},)
    ),
}


@attrs.frozen
class Fault:
    """What a registry does on a bad day, and how the client takes it.

    ``repeats`` says whether it asks again: always, never, or if the call is idempotent.
    """

    act: Act
    error: type[errors.RegistryRequestError]
    repeats: bool | None = None
    pauses: tuple[float, ...] = (0.0,)


def stall(handler: object) -> None:
    """Stands for the server's own method, which waits until the test is over."""
    raise AssertionError


FAULTS = {
    "reset": Fault(reset, errors.RegistryUnreachableError),
    "silent": Fault(stall, errors.RegistryUnreachableError),
    "silent in the body": Fault(stall_in_the_body, errors.RegistryUnreachableError),
    "500": Fault(refusal(500, 50001), errors.RegistryServerError),
    "429": Fault(
        refusal(429, 429, Retry_After="3"),
        errors.RegistryOverloadedError,
        repeats=True,
        pauses=(3.0,),
    ),
    "401": Fault(refusal(401, 40101), errors.RegistryAuthenticationError, repeats=False),
    "garbage": Fault(
        answer(200, b"<h1>It works</h1>"), errors.RegistryResponseError, repeats=False
    ),
    "wrong shape": Fault(
        answer(200, {"unexpected": None}), errors.RegistryResponseError, repeats=False
    ),
    "half a body": Fault(half_a_body, errors.RegistryResponseError),
}


@pytest.fixture
def impatient(scripted: ScriptedServer) -> Iterator[SchemaRegistry]:
    """A client with credentials that waits for 0.05 s and asks twice."""
    url = scripted.url.replace("://", f"://me:{SECRET}@")
    with SchemaRegistry(url, read_timeout=0.05, max_retries=RETRIES) as client:
        yield client


def _grow_patient(client: SchemaRegistry) -> None:
    """Take away the haste that made silence short: a busy machine must not look like a bad day."""
    transport = client._transport
    transport._settings = attrs.evolve(transport._settings, read_timeout=30, deadline=60)


def test_the_table_has_every_call() -> None:
    """A call that is added later has to be shown what bad days are."""
    public = {
        name
        for name, member in inspect.getmembers(SchemaRegistry, inspect.isfunction)
        if not name.startswith("_")
    }
    assert public - {"close", "qualified"} == CALLS.keys()


def _pairs() -> Iterator[Any]:
    """Every call with every fault; two thirds of them are left to make test-all."""
    for number, (name, call) in enumerate(CALLS.items()):
        for other, (day, fault) in enumerate(FAULTS.items()):
            marks = () if (number + other) % 3 == 0 else pytest.mark.searching
            yield pytest.param(call, fault, id=f"{name}-{day}", marks=marks)


@pytest.mark.parametrize(("call", "fault"), list(_pairs()))
def test_a_call_on_a_bad_day(
    scripted: ScriptedServer,
    impatient: SchemaRegistry,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    call: Call,
    fault: Fault,
) -> None:
    """The error is typed and names path and subject; waits are few; the next call just works."""
    caplog.set_level(logging.DEBUG)
    repeats = call.is_idempotent if fault.repeats is None else fault.repeats
    attempts = 1 + RETRIES * repeats
    scripted.then(*[scripted.stall if fault.act is stall else fault.act] * attempts)
    if fault.act not in {stall, stall_in_the_body}:
        _grow_patient(impatient)
    with pytest.raises(fault.error) as caught:
        call.make(impatient)
    scripted.wait_for(attempts)
    assert urlsplit(caught.value.url).path == call.path
    assert urlsplit(scripted.received[0].path).path == call.path
    assert call.path in str(caught.value)
    assert len(scripted.received) == attempts
    assert tuple(pauses) == (fault.pauses if repeats else ())
    shown = [*traceback.format_exception(caught.value), repr(caught.value), caplog.text]
    assert SECRET not in "".join(shown)

    _grow_patient(impatient)
    scripted.then(*[answer(200, value) for value in call.healthy])
    call.make(impatient)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_that_is_answered_drop_by_drop(
    scripted: ScriptedServer, pauses: list[float], call: Call
) -> None:
    """Bytes that keep coming do not keep a call waiting behind its deadline."""
    scripted.then(drip)
    with SchemaRegistry(scripted.url, deadline=0.05) as client:
        with pytest.raises(errors.RegistryUnreachableError) as caught:
            call.make(client)
        assert call.path in str(caught.value)
        assert pauses == []
        scripted.wait_for(1)
        _grow_patient(client)
        scripted.then(*[answer(200, value) for value in call.healthy])
        call.make(client)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_while_the_registry_is_down(pauses: list[float], call: Call) -> None:
    """Refused connections are an error with advice; once the registry listens, all goes on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        client = SchemaRegistry(f"http://127.0.0.1:{port}", max_retries=RETRIES)
        with pytest.raises(errors.RegistryUnreachableError, match="refused") as caught:
            call.make(client)
    assert call.path in str(caught.value)
    assert pauses == [0.0] * RETRIES
    server = ScriptedServer(port=port)
    try:
        server.then(*[answer(200, value) for value in call.healthy])
        with client:
            call.make(client)
    finally:
        server.close()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_while_one_of_two_is_down(
    scripted: ScriptedServer, pauses: list[float], call: Call
) -> None:
    """With a second URL, nobody notices that the first one refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{held.getsockname()[1]}"
        scripted.then(*[answer(200, value) for value in call.healthy])
        with SchemaRegistry([dead, scripted.url]) as client:
            call.make(client)
    assert pauses == []
