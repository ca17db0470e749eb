"""Typed consumer, and its parts."""

from streamcontract.kafka.consumer.contract_consumer import ContractConsumer

__all__ = ["ContractConsumer"]
