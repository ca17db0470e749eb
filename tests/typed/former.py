"""A module as versions before typed keys generated it: its clients name no type of keys."""

from typing import Final

import attrs

from streamcontract.codec import Contract
from streamcontract.kafka import ContractConsumer, ContractProducer

CONTRACT: Final = Contract(
    '{"type": "record", "name": "Order", "fields": [{"name": "lines", "type": "int"}]}',
    topic="former-orders",
    key_schema='{"type": "record", "name": "K", "fields": [{"name": "number", "type": "int"}]}',
)


@CONTRACT.record("Order")
@attrs.frozen(kw_only=True)
class Order:
    """The Avro record ``Order``."""

    lines: int


class OrderProducer(ContractProducer[Order]):
    """Sends :class:`Order` records to the topic ``former-orders``."""

    contract = CONTRACT


class OrderConsumer(ContractConsumer[Order]):
    """Receives :class:`Order` records from the topic ``former-orders``."""

    contract = CONTRACT
