"""Keyword arguments that several signatures share: of ``produce``, and of the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from streamcontract.kafka.consumer.start import Start
    from streamcontract.kafka.dead_letters.poison import Poison
    from streamcontract.kafka.message import Delivery, Headers
    from streamcontract.kafka.telemetry import Telemetry
    from streamcontract.registry import SchemaRegistry

__all__ = ["ConsumerOptions", "ProduceOptions", "ProducerOptions", "check_options"]


class ProducerOptions(TypedDict, total=False):
    """What a producer may be told beside its configuration, contract and topic.

    See :class:`streamcontract.kafka.producer.ContractProducer`.
    """

    registry: SchemaRegistry | None
    telemetry: Telemetry | None


class ConsumerOptions(TypedDict, total=False):
    """What a consumer may be told beside its configuration, contract and topic.

    See :class:`streamcontract.kafka.consumer.ContractConsumer`.
    """

    group: str | None
    registry: SchemaRegistry | None
    start: Start | Mapping[Any, Start] | None
    partitions: Sequence[Any] | None
    on_assign: Callable[[Any, tuple[Any, ...]], object] | None
    on_revoke: Callable[[Any, tuple[Any, ...]], object] | None
    on_lost: Callable[[Any, tuple[Any, ...]], object] | None
    poison: Poison
    telemetry: Telemetry | None


def check_options(given: Mapping[str, object], known: type[Any]) -> None:
    """Refuse keyword arguments that a signature does not have, as Python does.

    Raises:
        TypeError: One is not known.
    """
    for name in given:
        if name not in known.__annotations__:
            raise TypeError(f"got an unexpected keyword argument {name!r}")


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
