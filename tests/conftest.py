"""Fixtures for tests of the broker path, and how Hypothesis runs."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator

# On a fresh clone Hypothesis first builds its tables of Unicode, which takes seconds; and a machine
# that is busy with other things says nothing about the code.
settings.register_profile(
    "streamcontract", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("streamcontract")


class TopicMaker(Protocol):
    """Creates a topic of its own for one test."""

    def __call__(self, name: str = "topic", *, partitions: int = 1, replication: int = 1) -> str:
        """Create a topic and return its unique name, which starts with ``name``."""
        ...


@pytest.fixture(scope="session")
def stack() -> Iterator[DevStack]:
    """Three brokers and a registry for all tests of this process (each xdist worker has its own).

    Tests share it: they use topics and subjects of unique names, and leave the brokers up.
    """
    with DevStack(brokers=3) as stack:
        yield stack


@pytest.fixture
def topic(stack: DevStack) -> TopicMaker:
    """A maker of topics with unique names: ``topic("orders", partitions=3)``."""

    def create(name: str = "topic", *, partitions: int = 1, replication: int = 1) -> str:
        unique = f"{name}-{uuid.uuid4().hex[:12]}"
        stack.create_topic(unique, partitions, replication)
        return unique

    return create
