"""The registry run holds where nothing is wrong, and finds what it is there to find."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import TYPE_CHECKING

import pytest

from reliability import registry
from reliability.gate import ILLNESSES, FaultyRegistry
from reliability.load import client_config
from reliability.verdict import Verdict
from streamcontract.devstack import DevStack
from streamcontract.errors import RegistryError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import RegistryUnreachableError
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.searching


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultyRegistry]:
    """A registry that can be killed."""
    with FaultyRegistry(tmp_path) as running:
        yield running


def test_what_was_registered_outlives_a_kill(faulty: FaultyRegistry) -> None:
    """At the same address, after refusing connections meanwhile."""
    with SchemaRegistry(faulty.url, max_retries=0) as client:
        schema_id = client.register("s", parse_schema("int"))
        faulty.kill()
        with pytest.raises(RegistryUnreachableError, match="refused"):
            client.subjects()
        faulty.restart()
        assert client.register("s", parse_schema("int")) == schema_id


@pytest.mark.parametrize("name", [name for name in ILLNESSES if name not in {"well", "slow"}])
def test_an_illness_is_felt_and_passes(faulty: FaultyRegistry, name: str) -> None:
    """An error as long as it lasts, and none behind it."""
    with SchemaRegistry(faulty.url, max_retries=0, deadline=0.2) as client:
        faulty.fall_ill(name)
        with pytest.raises(RegistryError):
            client.subjects()
    faulty.fall_ill("well")
    with urllib.request.urlopen(f"{faulty.url}/subjects") as answer:  # noqa: S310 - its own URL
        assert json.load(answer) == []


def test_clients_that_hold(faulty: FaultyRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed under load: nothing is lost, however slow this machine makes it."""
    monkeypatch.setattr(registry, "FAULTS", ("killed",))
    topic, verdict = uuid.uuid4().hex, Verdict()
    with DevStack() as stack:
        stack.create_topic(topic, 2)
        registry.judge_registry(client_config(stack), faulty, topic, 200, 1.5, verdict, rounds=20)
    kinds = ("lost", "duplicated", "not recovered")
    assert [verdict.counts[kind] for kind in kinds] == [0, 0, 0], verdict.lines()


def test_what_does_not_come_in_turn_is_found() -> None:
    """Lost ones are counted, and what comes again is."""
    due, verdict = {0: 0, 1: 0}, Verdict()
    for number in (0, 1, 4, 5, 4):
        registry._judge_number(0, {"number": number}, due, verdict)
    registry._judge_number(1, {"number": 0}, due, verdict)
    assert verdict.counts == {"lost": 2, "duplicated": 1}
    assert due == {0: 6, 1: 1}


def test_waits_faults_and_health_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait too long, a fault that one client was spared, an error without a fault."""
    monkeypatch.setattr(registry, "FAULTS", ("killed", "slow", "500"))
    watch = registry._Watch()
    error = RegistryError()
    watch.fault = "killed"
    watch._note("producer", "well", error, 0.1)
    watch._note("consumer", "killed", error, registry.LONGEST + 1)
    watch.fault = "500"
    watch._note("consumer", "500", error, 0.1)
    watch.fault = "well"
    watch._note("consumer", "500", error, 0.1)
    verdict = Verdict()
    watch.judge(verdict)
    assert verdict.counts == {
        "waits without bound": 1,
        "faults that a client did not meet": 1,
    }
    watch._note("consumer", "well", error, 0.1)
    watch.judge(verdict)
    assert verdict.counts["errors in good health"] == 1
