"""The contract test kit: what a project tests its own contracts with.

    streamcontract.testing.strategies   Hypothesis strategies for schemas and their values
    streamcontract.testing.plugin       pytest fixtures: a stack, topics, clients, faults
    contract_suite                      ready property tests for every contract
    assert_messages, ...                comparisons of typed messages with readable differences

Needs the extra ``streamcontract[test]``. Every name is loaded on its first use, since pytest
loads the plugin, and so this package, in every project where streamcontract is installed.
"""

from __future__ import annotations
