"""The typed producer, and what it is made of."""

from streamcontract.kafka.producer.contract_producer import ContractProducer

__all__ = ["ContractProducer"]
