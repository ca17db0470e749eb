"""A local Spark with its Kafka connector."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.spark_session import local_spark
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def executors_registry() -> Iterator[socket.socket]:
    """The registry in the environment of the executors; it accepts no connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="session")
def spark(executors_registry: socket.socket) -> Iterator[Any]:
    """A session, whose executors run the Python of the tests."""
    pytest.importorskip("pyspark", reason="make test-guides installs PySpark")
    with pytest.MonkeyPatch.context() as patch:
        port = executors_registry.getsockname()[1]
        patch.setenv("STREAMCONTRACT_REGISTRY_URL", f"http://127.0.0.1:{port}")
        try:
            session = local_spark()  # starts a Java, whose environment the executors inherit
        except StackError as error:
            pytest.skip(f"Spark's Kafka connector: {error}")
    session.conf.set("spark.sql.session.timeZone", "America/New_York")  # UTC would hide mistakes
    yield session
    session.stop()
