"""A local Spark with its Kafka connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.spark_session import local_spark
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session, whose executors run the Python of the tests."""
    pytest.importorskip("pyspark", reason="make test-guides installs PySpark")
    try:
        session = local_spark()
    except StackError as error:
        pytest.skip(f"Spark's Kafka connector: {error}")
    session.conf.set("spark.sql.session.timeZone", "America/New_York")  # UTC would hide mistakes
    yield session
    session.stop()
