"""Keyword arguments that the producers share, and those of ``produce``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from streamcontract.kafka.message import Delivery, Headers
    from streamcontract.kafka.telemetry import Telemetry
    from streamcontract.registry import SchemaRegistry

__all__ = ["ProduceOptions", "ProducerOptions"]


class ProducerOptions(TypedDict, total=False):
    """What a producer may be told beside its configuration, contract and topic.

    See :class:`streamcontract.kafka.producer.ContractProducer`.
    """

    registry: SchemaRegistry | None
    telemetry: Telemetry | None


class ProduceOptions(TypedDict, total=False):
    """The keyword arguments of ``produce``; each may be left out.

    They are no parameters of their own since Python takes 0.1 µs to fill in defaults for six of
    them, a tenth of all that it costs to produce a small record.

    Attributes:
        key: The key, of the type the contract gives it, or None for no key. Left out, it is taken
            from the record's key field; a contract without one sends no key.
        topic: The topic, instead of the producer's.
        headers: Names with text, bytes or None.
        timestamp: The message's own time: an aware datetime (rounded down to Kafka's
            milliseconds) or milliseconds since the epoch; the time of the call if left out.
        partition: The partition; chosen by the key's hash if left out (or -1).
        on_delivery: Called with the :class:`Delivery` during a later call of the producer,
            whether it succeeded or not (only if not, where the configuration sets
            ``delivery.report.only.error``, which spares the work for the others). What it raises
            comes out of that call.
    """

    key: Any
    topic: str | None
    headers: Headers | None
    timestamp: datetime | int | None
    partition: int | None
    on_delivery: Callable[[Delivery], None] | None
