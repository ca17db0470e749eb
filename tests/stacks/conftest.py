"""Servers that are no part of this project, for tests that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamcontract.devstack.kafka import ApicurioRegistry, KafkaStack
from streamcontract.testing.plugin import stack_kind

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real_servers(pytestconfig: pytest.Config) -> None:
    """Skip where Apache Kafka was not asked for."""
    if stack_kind(pytestconfig) != "kafka":
        pytest.skip("needs --streamcontract-stack=kafka (make test-kafka)")


@pytest.fixture(scope="session")
def cluster(real_servers: None) -> Iterator[KafkaStack]:
    """Three brokers of Apache Kafka; a test leaves them up."""
    with KafkaStack(brokers=3) as stack:
        yield stack


@pytest.fixture(scope="session")
def apicurio(real_servers: None) -> Iterator[ApicurioRegistry]:
    """Apicurio Registry, for tests with subjects of their own names."""
    with ApicurioRegistry() as registry:
        yield registry
