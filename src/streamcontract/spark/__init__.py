"""Contracts in Apache Spark: typed columns of Spark's own Kafka source, and the way back.

It needs the extra ``streamcontract[spark]``, on the driver and on the executors. No other module of
the library imports PySpark. docs/spark.md has the table of types, and guides for batch and
streaming.
"""

from __future__ import annotations

from streamcontract.errors import ConfigurationError

__all__ = ["DecodedFrame", "SparkMissingError", "from_contract", "to_contract"]


class SparkMissingError(ConfigurationError, ImportError):
    """PySpark or pyarrow is needed and not installed."""


try:
    from streamcontract.spark.reading import DecodedFrame, from_contract
    from streamcontract.spark.writing import to_contract
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"pyspark", "pyarrow"}:
        raise
    raise SparkMissingError(
        f"streamcontract.spark needs PySpark and pyarrow, and {error.name} is not installed: "
        f"pip install 'streamcontract[spark]'"
    ) from error
