"""The typed consumer, and what it is made of."""

from streamcontract.kafka.consumer.contract_consumer import ContractConsumer

__all__ = ["ContractConsumer"]
