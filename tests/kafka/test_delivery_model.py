"""Producer, topic and consumer group against a model of them, through crashes and rebalances."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.kafka.delivery_model import Delivering, let_sessions_end_soon
from tests.searching import examples

from streamcontract import SchemaRegistry
from streamcontract.devstack import DevStack


@pytest.mark.searching
def test_nothing_is_lost_invented_or_out_of_order() -> None:
    """At least once, in order for each key, whatever members and their commits do."""
    with DevStack(brokers=1) as stack, SchemaRegistry(stack.registry_url) as registry:
        let_sessions_end_soon(stack)
        run_state_machine_as_test(
            lambda: Delivering(stack, registry),  # type: ignore[arg-type] # any maker of one will do
            settings=settings(
                max_examples=examples(10),  # each a second, most of it a crashed member's session
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_what_was_fetched_or_in_hand_comes_again() -> None:
    """The model's own moves: one of four fetched messages is worked on, the next is in hand."""
    with DevStack(brokers=1) as stack, SchemaRegistry(stack.registry_url) as registry:
        machine = Delivering(stack, registry)
        machine.found(automatic=True, interval=10)
        machine.produce("A", 4, tombstones=False, refused=False)
        machine.join()
        machine.read(0, 1)
        machine.leave(0)
        machine.join()
        machine.read(0, 1)
        machine.fail(0)
        machine.teardown()


def test_commits_by_hand_and_seeks() -> None:
    """The model's own moves: what was committed is where the next goes on, and so is a seek."""
    with DevStack(brokers=1) as stack, SchemaRegistry(stack.registry_url) as registry:
        machine = Delivering(stack, registry)
        machine.found(automatic=False, interval=10)
        machine.produce("A", 4, tombstones=False, refused=False)
        machine.join()
        machine.read(0, 1)
        machine.commit(0)
        machine.leave(0)
        machine.join()
        machine.read(0, 2)
        machine.poison("A")
        for where in (0, 2):
            for which in range(2):
                machine.seek(0, which, where)
            machine.read(0, 1)
        machine.teardown()


@pytest.mark.searching
def test_a_seek_counts_though_an_exception_leaves_the_block() -> None:
    """A run that was found: what was in hand before a seek does not come again after it."""
    with DevStack(brokers=1) as stack, SchemaRegistry(stack.registry_url) as registry:
        let_sessions_end_soon(stack)
        machine = Delivering(stack, registry)
        machine.found(automatic=True, count=None, interval=10)
        machine.join()
        machine.join()
        machine.commit(0)
        machine.crash(0)
        machine.seek(who=0, which=0, where=0)
        machine.fail(0)
        machine.produce("A", 1, tombstones=True, refused=False)
        machine.join()
        machine.poison("C")
        machine.commit(1)
        machine.seek(who=1, which=0, where=4)
        machine.seek(who=1, which=0, where=2)
        machine.fail(1)
        machine.teardown()
