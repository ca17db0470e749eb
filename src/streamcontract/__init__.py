"""Data contracts for Redpanda and Kafka topics.

One ``.avsc`` file is the contract of one topic. From it the library registers the schema,
generates typed record classes, and gives a producer and a consumer that cannot disagree.

Every public name is loaded on its first use, so that ``import streamcontract`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names
from streamcontract._version import __version__

if TYPE_CHECKING:
    from streamcontract.codec import Codec, Contract, Duration, Limits
    from streamcontract.compatibility import Finding, check_level, find_incompatibilities
    from streamcontract.container_files import ContainerFileReader, ContainerFileWriter
    from streamcontract.contracts.stock import Stock, StockConsumer, StockProducer
    from streamcontract.errors import StreamContractError
    from streamcontract.json_codec import JsonCodec
    from streamcontract.kafka import ContractConsumer, ContractProducer, ContractShareConsumer
    from streamcontract.kafka.aio import AsyncContractConsumer, AsyncContractProducer
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema, parse_schema

__all__ = [
    "AsyncContractConsumer",
    "AsyncContractProducer",
    "Codec",
    "ContainerFileReader",
    "ContainerFileWriter",
    "Contract",
    "ContractConsumer",
    "ContractProducer",
    "ContractShareConsumer",
    "Duration",
    "Finding",
    "JsonCodec",
    "Limits",
    "Schema",
    "SchemaRegistry",
    "Stock",
    "StockConsumer",
    "StockProducer",
    "StreamContractError",
    "__version__",
    "check_level",
    "find_incompatibilities",
    "parse_schema",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AsyncContractConsumer": "kafka.aio",
            "AsyncContractProducer": "kafka.aio",
            "Codec": "codec",
            "ContainerFileReader": "container_files",
            "ContainerFileWriter": "container_files",
            "Contract": "codec",
            "ContractConsumer": "kafka",
            "ContractProducer": "kafka",
            "ContractShareConsumer": "kafka",
            "Duration": "codec",
            "Finding": "compatibility",
            "JsonCodec": "json_codec",
            "Limits": "codec",
            "Schema": "schema",
            "SchemaRegistry": "registry",
            "Stock": "contracts.stock",
            "StockConsumer": "contracts.stock",
            "StockProducer": "contracts.stock",
            "StreamContractError": "errors",
            "check_level": "compatibility",
            "find_incompatibilities": "compatibility",
            "parse_schema": "schema",
        },
    )
