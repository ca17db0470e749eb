"""Clients for asyncio: the producer and the consumer, with the same names and types, awaited."""

from streamcontract.kafka.aio.consumer import AsyncContractConsumer
from streamcontract.kafka.aio.producer import AsyncContractProducer
from streamcontract.kafka.aio.until_end import AsyncUntilEnd

__all__ = ["AsyncContractConsumer", "AsyncContractProducer", "AsyncUntilEnd"]
