"""Test kit for contracts: strategies, fixtures, ready property tests, and comparisons.

    streamcontract.testing.strategies   Hypothesis strategies for schemas and their values
    streamcontract.testing.plugin       pytest fixtures: a stack, topics, clients, faults
    contract_suite                      ready property tests for every contract
    assert_messages, ...                comparisons of typed messages with readable differences

It needs the extra ``streamcontract[test]``. Every name is loaded on its first use, because pytest
loads the plugin, and so this package, in every project with streamcontract installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamcontract.testing.assertions import assert_messages, assert_same, differences
    from streamcontract.testing.suite.cases import contract_suite

__all__ = ["assert_messages", "assert_same", "contract_suite", "differences"]

_HOME = {
    "assert_messages": "assertions",
    "assert_same": "assertions",
    "contract_suite": "suite.cases",
    "differences": "assertions",
}


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
