"""Annotations of public names, which frameworks evaluate with ``typing.get_type_hints``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

import attrs
import confluent_kafka
import pytest

import streamcontract
from streamcontract._lazy import Later

EXTRAS: Final = {
    "streamcontract.console": "starlette",
    "streamcontract.otel": "opentelemetry",
    "streamcontract.spark": "pyspark",
    "streamcontract.sql": "duckdb",
    "streamcontract.testing": "hypothesis",
}
"""The packages that need more than the library itself."""


def packages() -> Iterator[ModuleType]:
    """The library and its packages, whose names are public, where what they need is installed."""
    yield streamcontract
    for module in pkgutil.walk_packages(streamcontract.__path__, "streamcontract."):
        if module.ispkg and "._" not in module.name:
            needed = EXTRAS.get(".".join(module.name.split(".")[:2]))
            if needed is None or importlib.util.find_spec(needed) is not None:
                yield importlib.import_module(module.name)


def public_names() -> dict[str, Any]:
    """The public classes and functions, by their full names."""
    found = {
        f"{value.__module__}.{value.__qualname__}": value
        for package in packages()
        for name in getattr(package, "__all__", ())
        if isinstance(value := getattr(package, name), type | FunctionType)
    }
    if not hasattr(confluent_kafka, "ShareConsumer"):
        del found["streamcontract.kafka.consumer.share_consumer.ContractShareConsumer"]
    return found


def annotated(value: Any) -> Iterator[Any]:
    """A function; or a class and its public methods, with the inherited ones."""
    yield value
    if not isinstance(value, type):
        return
    for name in dir(value):
        member = inspect.getattr_static(value, name)
        if isinstance(member, property):
            member = member.fget
        member = getattr(member, "__func__", member)
        if name.startswith("_") and not name.endswith("__"):
            continue
        # attrs evaluates in a copy of its module's names that ends where the class begins.
        if name == "__init__" and attrs.has(value):
            continue
        if isinstance(member, FunctionType) and member.__module__.startswith("streamcontract."):
            yield member


def fault_of(value: Any) -> str | None:
    """The reason why the annotations of a class or a function cannot be evaluated, if any."""
    try:
        typing.get_type_hints(value)
    except (NameError, AttributeError, ImportError, TypeError) as error:
        return f"{value.__module__}.{value.__qualname__}: {error}"
    return None


def test_annotations_can_be_evaluated() -> None:
    """Of every public class, of its methods and of every public function."""
    named = public_names()
    assert {"streamcontract.codec.codec.Codec", "streamcontract.schema.parse.parse_schema"} <= {
        *named
    }
    faults = {fault_of(each) for value in named.values() for each in annotated(value)}
    assert faults == {None}


def test_evaluated_annotations_are_the_types() -> None:
    """And not stand-ins: those of modules that an import does not load, too."""
    hints = typing.get_type_hints
    consumer, producer = streamcontract.ContractConsumer, streamcontract.ContractProducer
    assert hints(streamcontract.Codec.decode)["writer"] == streamcontract.Schema | None
    assert hints(consumer.consume_batch)["return"] is streamcontract.kafka.ConsumedBatch
    assert hints(consumer.seek)["start"] == streamcontract.kafka.Start
    assert hints(producer.transaction)["return"] is streamcontract.kafka.Transaction
    assert typing.get_origin(hints(consumer.until_end)["return"]) is streamcontract.kafka.UntilEnd


def test_a_module_is_loaded_when_one_of_its_names_is_needed() -> None:
    """A name that it does not have is refused by the module itself."""
    later = Later("streamcontract.schema")
    assert later.Schema is streamcontract.Schema
    with pytest.raises(AttributeError, match=r"'streamcontract\.schema' has no attribute 'Skema'"):
        _ = later.Skema
