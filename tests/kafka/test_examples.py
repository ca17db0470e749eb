"""The examples in the docstrings of clients and telemetry run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import streamcontract.kafka
import streamcontract.otel

MODULES = sorted(
    module.name
    for package in (streamcontract.kafka, streamcontract.otel)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of a module prints what its docstring shows; none of them needs a broker."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
