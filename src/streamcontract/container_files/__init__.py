"""Avro object container files: a schema, then blocks of records ("Object Container Files").

Source: Apache Avro 1.12, Specification, "Object Container Files". Reading and writing use the
codec: the values, the errors and the plans are those of :class:`~streamcontract.Codec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
    from streamcontract.container_files.compression import COMPRESSIONS
    from streamcontract.container_files.reader import Block, ContainerFileReader
    from streamcontract.container_files.writer import ContainerFileWriter

__all__ = ["COMPRESSIONS", "Block", "ContainerFileReader", "ContainerFileWriter"]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "COMPRESSIONS": "container_files.compression",
            "Block": "container_files.reader",
            "ContainerFileReader": "container_files.reader",
            "ContainerFileWriter": "container_files.writer",
        },
    )
