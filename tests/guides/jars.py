"""Spark's Kafka connector, fetched once into the cache of the project's own servers."""

from __future__ import annotations

from pathlib import Path

from streamcontract.devstack.kafka.distribution import fetch

__all__ = ["spark_jars"]


def spark_jars() -> str:
    """The connector's files, as Spark's setting ``spark.jars`` takes them.

    Raises:
        StackError: They could not be fetched.
    """
    folder = fetch(Path(__file__).with_name("spark.pom.xml"))
    return ",".join(map(str, sorted(folder.iterdir())))
