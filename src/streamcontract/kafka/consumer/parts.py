"""Parts that a consumer is made of, in signatures; loaded when an annotation is evaluated."""

from __future__ import annotations

from streamcontract.kafka.consumer.batch_delivery import BatchDelivery
from streamcontract.kafka.consumer.contact import Contact
from streamcontract.kafka.consumer.delivery import Delivery
from streamcontract.kafka.consumer.offsets import Offsets

__all__ = ["BatchDelivery", "Contact", "Delivery", "Offsets"]
