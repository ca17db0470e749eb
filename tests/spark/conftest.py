"""A local Spark with its Kafka connector, and Apache Kafka."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from tests.guides.jars import spark_jars

from streamcontract.devstack.kafka.java import find_java
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session of local Spark; the executors run the Python of the tests."""
    sql = pytest.importorskip("pyspark.sql", reason="make test-guides installs PySpark")
    try:
        java, jars = find_java(), spark_jars()
    except StackError as error:
        pytest.skip(f"Spark's Kafka connector: {error}")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["JAVA_HOME"] = str(java.path.resolve().parents[1])
    settings = {
        "spark.jars": jars,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark's own imports
        builder = sql.SparkSession.builder.master("local[2]")
        session = builder.config(map=settings).getOrCreate()
        yield session
        session.stop()
