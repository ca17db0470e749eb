"""The examples in the docstrings of lint, diff and reporting run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import streamcontract.diff
import streamcontract.lint
import streamcontract.reporting

MODULES = sorted(
    module.name
    for package in (streamcontract.diff, streamcontract.lint, streamcontract.reporting)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of a module prints what its docstring shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
