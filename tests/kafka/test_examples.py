"""The examples in the docstrings of the Kafka clients run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import streamcontract.kafka

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(
        streamcontract.kafka.__path__, f"{streamcontract.kafka.__name__}."
    )
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of a module prints what its docstring shows; none of them needs a broker."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
