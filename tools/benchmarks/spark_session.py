"""A local Spark with its Kafka source and its Avro functions, for benchmarks and tests."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from streamcontract.devstack.kafka.distribution import fetch
from streamcontract.devstack.kafka.java import find_java

__all__ = ["local_spark", "spark_jars"]


def spark_jars() -> str:
    """The files that Spark needs beside its own, as its setting ``spark.jars`` takes them.

    Raises:
        StackError: They could not be fetched.
    """
    folder = fetch(Path(__file__).with_name("spark.pom.xml"))
    return ",".join(map(str, sorted(folder.iterdir())))


def local_spark() -> Any:
    """A session on two threads, whose executors run this Python.

    Raises:
        ImportError: PySpark is not installed.
        StackError: There is no Java, or the files could not be fetched.
    """
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["JAVA_HOME"] = str(find_java().path.resolve().parents[1])
    settings: dict[str, Any] = {
        "spark.jars": spark_jars(),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark's own imports
        from pyspark.sql import SparkSession  # noqa: PLC0415 - few environments have it

        return SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
