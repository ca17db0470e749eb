"""Signatures of the asynchronous clients: those of the synchronous ones, to be awaited."""

from __future__ import annotations

import inspect
import typing
from typing import Any, Final

import pytest

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
)
from streamcontract.kafka import Transaction, UntilEnd
from streamcontract.kafka.aio import AsyncUntilEnd
from streamcontract.kafka.aio.transaction import AsyncTransaction

TWINS: Final = {
    AsyncContractConsumer: ContractConsumer,
    AsyncContractProducer: ContractProducer,
    AsyncTransaction: Transaction,
    AsyncUntilEnd: UntilEnd,
}

LESS: Final = {"take_back", "transaction_input", "contract", "union", "client", "log_fields"}
"""What only the synchronous clients have: attributes of the class, and what clients of this
package use of each other."""

MORE: Final = {"run", "synchronous"}
"""What only the asynchronous ones have, for calls in their threads."""


def public(cls: type) -> dict[str, Any]:
    """The public methods and properties of a class."""
    return {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_")}


def parameters(method: Any) -> list[tuple[str, Any, Any, str]]:
    """Name, kind, default and type of each parameter; types have the names of the synchronous."""
    hints = typing.get_type_hints(method)
    return [
        (each.name, each.kind, each.default, twin_of(hints.get(each.name)))
        for each in inspect.signature(method).parameters.values()
    ]


def twin_of(hint: object) -> str:
    """A type in words, with the synchronous class for the asynchronous one."""
    return str(hint).replace(".aio.consumer.Async", ".consumer.contract_consumer.")


@pytest.mark.parametrize("asynchronous", TWINS, ids=lambda cls: str(cls.__name__))
def test_methods_are_the_same(asynchronous: type) -> None:
    """Neither has a public method or property that the other lacks."""
    there, here = public(TWINS[asynchronous]).keys(), public(asynchronous).keys()
    assert there - here <= LESS
    assert here - there <= MORE


@pytest.mark.parametrize("asynchronous", TWINS, ids=lambda cls: str(cls.__name__))
def test_parameters_are_the_same(asynchronous: type) -> None:
    """In name, order, kind, default and type."""
    synchronous = public(TWINS[asynchronous])
    for name, method in public(asynchronous).items():
        if callable(method) and name in synchronous:
            assert parameters(method) == parameters(synchronous[name]), name


@pytest.mark.parametrize("asynchronous", TWINS, ids=lambda cls: str(cls.__name__))
def test_results_are_the_same(asynchronous: type) -> None:
    """They are awaited, or their iterators and context managers are asynchronous too."""
    synchronous = public(TWINS[asynchronous])
    for name, method in public(asynchronous).items():
        if not callable(method) or name not in synchronous:
            continue
        result = typing.get_type_hints(method)["return"]
        expected = typing.get_type_hints(synchronous[name])["return"]
        if inspect.iscoroutinefunction(method):
            assert twin_of(result) == twin_of(expected), name
        elif not inspect.isasyncgenfunction(method):
            assert TWINS[typing.get_origin(result) or result] in {
                expected,
                typing.get_origin(expected),
            }
