"""Export of topics into files and databases, so that a rerun goes on exactly where the last ended.

A target is a folder of Parquet, Arrow, CSV or Avro files, or a table of a DuckDB database. Each
records with its rows which offsets it has; nothing is committed to the brokers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
    from streamcontract.export.job import Export, ExportReport, PartitionReport
    from streamcontract.export.rotation import Rotation

__all__ = ["Export", "ExportReport", "PartitionReport", "Rotation"]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Export": "export.job",
            "ExportReport": "export.job",
            "PartitionReport": "export.job",
            "Rotation": "export.rotation",
        },
    )
