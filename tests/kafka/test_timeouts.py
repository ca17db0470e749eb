"""Timeouts and numbers of messages: each method refuses what is none, by the argument's name."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.counting import calls
from tests.kafka.applications import ScriptedRegistry
from tests.kafka.installed import HAS_SHARE_GROUPS

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    ContractShareConsumer,
    Stock,
)
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ArgumentError
from streamcontract.kafka.connection.waits import deadline_of
from streamcontract.kafka.consumer.queue import NOTHING
from streamcontract.kafka.consumer.until_end import UntilEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOWHERE: Final = {"bootstrap.servers": "127.0.0.1:9", "log_level": 0}
_OPTIONS: Final[dict[str, Any]] = {"record": Stock, "registry": ScriptedRegistry()}
_NO_NUMBERS: Final[tuple[object, ...]] = ("1", True, math.nan, 1j, [], b"1")
_WRONG: Final[dict[str, tuple[object, ...]]] = {
    "timeout": _NO_NUMBERS,
    "num_messages": (*_NO_NUMBERS, None, -1, 1.5, 10**400),
}

_OF_COLUMNS: Final = {"batches", "consume_batch"}


def _clients() -> dict[type[Any], Callable[[], Any]]:
    """What makes a client of each class, which reaches no broker."""
    grouped = {**_OPTIONS, "group": "g"}
    transactional = {**_NOWHERE, "transactional.id": "t"}
    shared = {ContractShareConsumer: lambda: ContractShareConsumer(_NOWHERE, **grouped)}
    return {
        ContractConsumer: lambda: ContractConsumer(_NOWHERE, **grouped),
        ContractProducer: lambda: ContractProducer(transactional, **_OPTIONS),
        AsyncContractConsumer: lambda: AsyncContractConsumer(_NOWHERE, **grouped),
        AsyncContractProducer: lambda: AsyncContractProducer(transactional, **_OPTIONS),
        **(shared if HAS_SHARE_GROUPS else {}),
    }


def _methods() -> Iterator[tuple[type[Any], str, str]]:
    """Each public method with such an argument."""
    for kind in _clients():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            for argument in inspect.signature(method).parameters.keys() & _WRONG.keys():
                if not name.startswith("_"):
                    yield kind, name, argument


_METHODS: Final = sorted(_methods(), key=lambda each: (each[0].__name__, *each[1:]))


def test_the_methods_are_found() -> None:
    """Some of each kind of argument, so that the test below is of something."""
    names = {(name, argument) for _, name, argument in _METHODS}
    assert {
        *(("poll", "timeout"), ("consume", "timeout"), ("consume", "num_messages")),
        *(("batches", "timeout"), ("committed", "timeout"), ("flush", "timeout")),
        *(("until_end", "timeout"), ("close", "timeout")),
    } <= names
    assert "num_messages" in inspect.signature(UntilEnd.batches).parameters


async def _called(make: Callable[[], Any], method: str, argument: str, value: object) -> None:
    """Call a method of a new client with one argument, and close the client."""
    client = make()
    try:
        found = getattr(client, method)(**{argument: value})
        if inspect.isasyncgen(found):
            await anext(found)
        elif inspect.isawaitable(found):
            await found
    finally:
        with contextlib.suppress(Exception):
            closed = client.close(0) if hasattr(client, "flush") else client.close()
            await closed if inspect.isawaitable(closed) else None


@pytest.mark.parametrize(("kind", "method", "argument"), _METHODS)
def test_a_wrong_number_is_refused_by_its_name(kind: type[Any], method: str, argument: str) -> None:
    """Before anything is waited for, by the synchronous clients and by those for asyncio."""
    if method in _OF_COLUMNS and os.environ.get(ENGINE_VARIABLE) == "portable":
        pytest.skip("columns are of the native engine")
    default = inspect.signature(getattr(kind, method)).parameters[argument].default
    wrong = (*_WRONG[argument], *([None] if default is not None else []))
    for value in wrong:
        with pytest.raises(ArgumentError) as error:
            asyncio.run(_called(_clients()[kind], method, argument, value))
        assert error.value.argument == argument, value


@pytest.mark.parametrize("timeout", [-1, -0.5, math.inf, 10**400, -(10**400)])
def test_a_deadline_may_be_never(timeout: float) -> None:
    """Negative seconds, and more than there are."""
    assert deadline_of(timeout) == math.inf


def test_a_number_of_seconds_takes_no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of messages that are fetched already there are hundreds of thousands in a second."""
    with ContractConsumer(_NOWHERE, **_OPTIONS) as consumer:
        monkeypatch.setattr(consumer, "_one", lambda _: (None, NOTHING, None))
        assert calls(lambda: consumer.poll(5.0)) == calls(lambda: consumer.poll(5))
