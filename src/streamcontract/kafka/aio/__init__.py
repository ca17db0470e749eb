"""Clients for asyncio: the producer and the consumer, with the same names and types, awaited."""

from streamcontract.kafka.aio.consumer import AsyncContractConsumer, AsyncUntilEnd
from streamcontract.kafka.aio.producer import AsyncContractProducer

__all__ = ["AsyncContractConsumer", "AsyncContractProducer", "AsyncUntilEnd"]
