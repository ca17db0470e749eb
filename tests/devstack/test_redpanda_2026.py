"""The embedded registry answers as Redpanda's own tests of 2026 expect it of Redpanda's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.devstack.redpanda_2026 import PATH, checked

from streamcontract.devstack.registry import RegistryServer


def _scenarios() -> list[Any]:
    if not PATH.exists():
        reason = "../shared/conformance/redpanda_2026.json is not beside this checkout"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=PATH.name)]
    return [pytest.param(each, id=each["scenario"]) for each in json.loads(PATH.read_text("utf-8"))]


@pytest.mark.parametrize("scenario", _scenarios())
def test_every_expectation_is_met(scenario: dict[str, Any]) -> None:
    """Requests in order to an empty registry, each expectation compared with its answer."""
    with RegistryServer() as server:
        results = list(checked(server.url, scenario))
    assert results
    assert [each for each in results if each.found != each.expected] == []


def test_no_expectation_is_passed_over() -> None:
    """All 161 of the file's 24 scenarios are compared with an answer."""
    if not PATH.exists():
        pytest.skip("../shared/conformance/redpanda_2026.json is not beside this checkout")
    scenarios = json.loads(PATH.read_text("utf-8"))
    steps = [step for each in scenarios for step in each["steps"]]
    assert (len(scenarios), sum(len(step.get("expect", ())) for step in steps)) == (24, 161)
