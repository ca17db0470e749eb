"""Ids that the registry does not know: a lagging replica is waited for, a stranger is not."""

from __future__ import annotations

import pytest
from tests.registry.scripted import ScriptedServer, answer, refusal

from streamcontract.registry import SchemaRegistry, errors, missing
from streamcontract.schema import parse_schema

UNKNOWN = refusal(404, 40403, "Schema not found")
INT = answer(200, {"schema": '"int"'})


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that missing ids are forgotten by."""
    clock = Clock()
    monkeypatch.setattr(missing, "monotonic", clock)
    return clock


def test_a_replica_that_lags_is_waited_for(
    scripted: ScriptedServer, pauses: list[float], clock: Clock
) -> None:
    """An id that turns up after a moment is found, with pauses that grow."""
    scripted.then(UNKNOWN, UNKNOWN, INT)
    with SchemaRegistry(scripted.url) as client:
        assert client.schema_by_id(7) == parse_schema("int")
    assert pauses == [*missing.PAUSES[:2]]


def test_the_wait_for_an_unknown_id_is_bounded(
    scripted: ScriptedServer, pauses: list[float], clock: Clock
) -> None:
    """After the last pause the registry's answer is raised."""
    scripted.then(*[UNKNOWN] * 4)
    with SchemaRegistry(scripted.url) as client, pytest.raises(errors.SchemaNotFoundError):
        client.schema_by_id(7)
    assert pauses == [*missing.PAUSES]


def test_an_id_that_was_not_there_is_not_asked_for_again_at_once(
    scripted: ScriptedServer, pauses: list[float], clock: Clock
) -> None:
    """A thousand foreign messages of one id are one question; a while later it is asked anew."""
    scripted.then(*[UNKNOWN] * 4)
    with SchemaRegistry(scripted.url) as client:
        for _ in range(1000):
            with pytest.raises(errors.SchemaNotFoundError) as caught:
                client.schema_by_id(7)
            assert "/schemas/ids/7" in str(caught.value)
        assert len(scripted.received) == 4
        clock.now += missing.MEMORY
        scripted.then(INT)
        assert client.schema_by_id(7) == parse_schema("int")


@pytest.mark.searching
def test_foreign_ids_are_waited_for_once_in_a_while(
    scripted: ScriptedServer, pauses: list[float], clock: Clock
) -> None:
    """A topic full of ids from elsewhere costs a request for each, and not a wait for each."""
    scripted.then(*[UNKNOWN] * 4, *[UNKNOWN] * 50)
    with SchemaRegistry(scripted.url) as client:
        for schema_id in range(51):
            with pytest.raises(errors.SchemaNotFoundError):
                client.schema_by_id(schema_id)
    assert pauses == [*missing.PAUSES]


def test_the_memory_of_missing_ids_is_bounded(
    scripted: ScriptedServer,
    pauses: list[float],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many ids do not exist, few are remembered: the oldest is asked for again."""
    monkeypatch.setattr(missing, "CAPACITY", 2)
    scripted.then(*[UNKNOWN] * 4, UNKNOWN, UNKNOWN, UNKNOWN)
    with SchemaRegistry(scripted.url) as client:
        for schema_id in (1, 2, 3, 3, 2, 1):
            with pytest.raises(errors.SchemaNotFoundError):
                client.schema_by_id(schema_id)
    assert [call.rpartition("/")[2] for call in scripted.calls] == [*"1111231"]


def test_a_failure_in_passing_is_not_remembered(
    scripted: ScriptedServer, pauses: list[float], clock: Clock
) -> None:
    """Only the registry's own word that there is no such id counts, not a proxy's 404."""
    scripted.then(answer(404, b"<h1>no route</h1>"), INT)
    with SchemaRegistry(scripted.url, max_retries=0) as client:
        with pytest.raises(errors.NotFoundError):
            client.schema_by_id(7)
        assert client.schema_by_id(7) == parse_schema("int")
