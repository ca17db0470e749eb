"""The examples in the docstrings of ``streamcontract.schema`` run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import streamcontract.schema

MODULES = sorted(
    f"streamcontract.schema.{module.name}"
    for module in pkgutil.iter_modules(streamcontract.schema.__path__)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of a module prints what its docstring shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
