"""Typed producer, and its parts."""

from streamcontract.kafka.producer.contract_producer import ContractProducer

__all__ = ["ContractProducer"]
