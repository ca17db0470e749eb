"""The examples in the docstrings of the test kit run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import streamcontract.testing.fixtures
import streamcontract.testing.suite

MODULES = [
    "streamcontract.testing.assertions",
    *(
        module.name
        for package in (streamcontract.testing.fixtures, streamcontract.testing.suite)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of a module prints what its docstring shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_some_examples_ran() -> None:
    """The comparisons show what they say."""
    module = importlib.import_module("streamcontract.testing.assertions")
    assert doctest.testmod(module).attempted >= 3
