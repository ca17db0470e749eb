"""One load for many threads: what holds for the cache of schemas by id."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from tests.kafka.interrupts import Interrupts, Place, shown
from tests.kafka.matrix import NEVER

from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.registry import SchemaRegistry, cache, errors
from streamcontract.registry.cache import OnceCache
from streamcontract.schema import Schema, parse_schema

THREADS = 8
DEADLINE = 10.0


class Waiters:
    """Knows when a number of threads wait for a flight."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._arrived = arrived = threading.Semaphore(0)

        class Announced(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                arrived.release()
                return super().result(timeout)

        monkeypatch.setattr(cache, "Future", Announced)

    def await_all(self) -> None:
        """Return when all threads but the one that loads wait for it."""
        for _ in range(THREADS - 1):
            assert self._arrived.acquire(timeout=DEADLINE)


@pytest.fixture
def waiters(monkeypatch: pytest.MonkeyPatch) -> Waiters:
    """Sees threads arrive at a flight."""
    return Waiters(monkeypatch)


def _in_threads(ask: Callable[[], object]) -> list[Future[object]]:
    with ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(ask) for _ in range(THREADS)]
        wait(asked, timeout=DEADLINE)
    return asked


def test_one_load_serves_all_who_wait(waiters: Waiters) -> None:
    """While one thread loads, the others wait, and all get its object."""
    loads: list[object] = []

    def load() -> object:
        waiters.await_all()
        loads.append(object())
        return loads[-1]

    once: OnceCache[int, object] = OnceCache()
    asked = _in_threads(lambda: once.get(1, load))
    assert len(loads) == 1
    assert {id(each.result()) for each in asked} == {id(loads[0])}


def test_a_failed_load_reaches_all_and_is_forgotten(waiters: Waiters) -> None:
    """All who waited get the error; who asks afterwards loads again."""
    error = ValueError("no")

    def fail() -> object:
        waiters.await_all()
        raise error

    once: OnceCache[int, object] = OnceCache()
    asked = _in_threads(lambda: once.get(1, fail))
    assert [each.exception() for each in asked] == [error] * THREADS
    assert once.get(1, lambda: "yes") == "yes"


def test_an_interrupted_load_is_taken_over(waiters: Waiters) -> None:
    """Ctrl-C in the thread that loads is its own; one of those who wait loads in its place."""
    loads: Iterator[BaseException | str] = iter([KeyboardInterrupt(), "value"])

    def load() -> str:
        outcome = next(loads)
        if isinstance(outcome, BaseException):
            waiters.await_all()
            raise outcome
        return outcome

    once: OnceCache[int, str] = OnceCache()
    outcomes: list[object] = []

    def ask() -> None:
        try:
            outcomes.append(once.get(1, load))
        except KeyboardInterrupt as interrupt:
            outcomes.append(interrupt)

    _in_threads(ask)
    assert sorted(map(type, outcomes), key=repr) == [KeyboardInterrupt] + [str] * (THREADS - 1)


def test_keys_do_not_wait_for_each_other() -> None:
    """A slow load of one key does not hold up another key."""
    once: OnceCache[int, str] = OnceCache()
    assert once.get(1, lambda: once.get(2, lambda: "inner")) == "inner"
    assert once.peek(2) == "inner"
    assert once.peek(3) is None


def test_a_known_value_stays() -> None:
    """What is put after it became known does not replace it."""
    once: OnceCache[int, str] = OnceCache()
    assert [once.put(1, "first"), once.put(1, "second")] == ["first", "first"]
    assert once.get(1, lambda: "third") == "first"


def test_an_id_is_asked_for_once_by_all_threads(server: RegistryServer, waiters: Waiters) -> None:
    """Many threads that meet a new schema id make one request, and later ones none."""
    with SchemaRegistry(server.url) as writer:
        schema_id = writer.register("s", parse_schema("int"))
    targets: list[str] = []

    def slow(request: Request) -> Answer | None:
        waiters.await_all()
        targets.append(request.target)
        return None

    server.before = slow
    with SchemaRegistry(server.url) as registry:
        found: list[Schema] = []
        _in_threads(lambda: found.append(registry.schema_by_id(schema_id)))
        assert registry.schema_by_id(schema_id) is found[0]
    assert len({id(schema) for schema in found}) == 1
    assert targets == [f"/schemas/ids/{schema_id}"]


def test_an_id_that_this_client_registers_is_found_at_once(
    server: RegistryServer, registry: SchemaRegistry, pauses: list[float]
) -> None:
    """That an id was not there is forgotten when the client is given that very id."""
    with pytest.raises(errors.SchemaNotFoundError):
        registry.schema_by_id(1)
    registry.register("s", parse_schema("int"))
    assert registry.schema_by_id(1) == parse_schema("int")


def test_an_interrupt_anywhere_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at every place of a look-up: the next one of the same thread loads the value."""

    def wait_for_nobody(*_: object) -> None:
        raise AssertionError("it waits for a load that was broken off")

    monkeypatch.setattr(Future, "result", wait_for_nobody)
    places: list[Place] = []
    Interrupts(None, (NEVER,), places=places, folder="registry", opcodes=True).call(
        functools.partial(OnceCache[int, str]().get, 1, lambda: "loaded")
    )
    assert len(places) > 20
    for number in range(len(places)):
        once: OnceCache[int, str] = OnceCache()
        interrupts = Interrupts(None, (number,), folder="registry", opcodes=True)
        with pytest.raises(KeyboardInterrupt):
            interrupts.call(functools.partial(once.get, 1, lambda: "loaded"))
        assert once.get(1, lambda: "loaded") == "loaded", shown(places[number])
