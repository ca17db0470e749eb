"""Options of producers, of ``produce`` and of ``produce_all``, as keyword arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Generic, Literal

    from typing_extensions import TypeVar  # PEP 696, for type checkers alone

    from streamcontract.kafka.message import Delivery, Headers
    from streamcontract.kafka.producer.produce_report import ProduceProgress
    from streamcontract.kafka.telemetry import Telemetry
    from streamcontract.registry import SchemaRegistry

    K = TypeVar("K", default=Any)

__all__ = [
    "BatchOptions",
    "BulkOptions",
    "ClientOptions",
    "KeyedProduceOptions",
    "MessageOptions",
    "ProduceOptions",
    "ProducerOptions",
]


class ClientOptions(TypedDict, total=False):
    """The options of a producer besides configuration, contract and topic.

    See :class:`streamcontract.kafka.producer.ContractProducer`.
    """

    registry: SchemaRegistry | None
    telemetry: Telemetry | None


class ProducerOptions(ClientOptions, total=False):
    """The same with the topic, which a contract may have too."""

    topic: str | None


class MessageOptions(TypedDict, total=False):
    """The keyword arguments of ``produce`` besides ``key``; each may be left out.

    They are not parameters of their own, because Python takes 0.1 µs to fill in six defaults, a
    tenth of the time to produce a small record.

    Attributes:
        topic: The topic, instead of the producer's.
        headers: Names with text, bytes or None.
        timestamp: The message's own time: an aware datetime (rounded down to Kafka's
            milliseconds) or milliseconds since the epoch; the time of the call if left out.
        partition: The partition; chosen by the key's hash if left out (or -1).
        on_delivery: Called with the :class:`Delivery` during a later call of the producer, after
        success or failure (only after failure with ``delivery.report.only.error``, which is
        faster). That call raises its error.
    """

    topic: str | None
    headers: Headers | None
    timestamp: datetime | int | None
    partition: int | None
    on_delivery: Callable[[Delivery], None] | None


if TYPE_CHECKING:

    class ProduceOptions(MessageOptions, Generic[K], total=False):
        """All keyword arguments of ``produce``; each may be left out.

        Attributes:
            key: The key, of the contract's type, or None for no key, if the contract allows that.
            If left out, it is taken from the record's key field.
        """

        key: K

    class KeyedProduceOptions(MessageOptions, Generic[K]):
        """The same with a key, for tombstones and contracts without a key field."""

        key: K

else:  # Python 3.10 has no generic ones
    ProduceOptions = KeyedProduceOptions = dict


class BulkOptions(TypedDict, total=False):
    """The keyword arguments of ``produce_all`` besides ``options``; each may be left out."""

    progress: Callable[[ProduceProgress], object] | None
    max_in_flight: int
    max_failures: int


class BatchOptions(BulkOptions, total=False):
    """The keyword arguments of ``produce_batch``; each may be left out.

    For ``key``, ``partition``, ``timestamp`` and ``headers``, text is the name of a column with one
    for each row. Such a column is part of the value too if it is one of its fields.

    Attributes:
        topic: The topic, instead of the producer's.
        columns: The columns of the value; the others are not looked at, unless another option names
            them. If left out, all columns are of the value, except the metadata columns of a
            consumed batch.
        tombstones: With ``"null"`` a row whose columns of the value are all null is a message
            without a value, as it is in a batch that was consumed with ``tombstones="null"``;
            ``key`` has to name a column. If left out, such a row is checked like others.
        key: The column of the keys, in the contract's type, or of text or bytes if it has none;
            None for no keys, if the contract allows that. If left out, keys are taken from the
            values' key field.
        partition: The partition, or a column of integers; null is the one by the key.
        timestamp: As for ``produce``; or a column of timestamps with a time zone (rounded down to
            milliseconds) or of integers; null is the time of the call.
        headers: As for ``produce``; or a column of maps, or of lists of structs, of names and
            values.
        on_delivery: As for ``produce``, called for each message.
    """

    topic: str | None
    columns: Sequence[str] | None
    tombstones: Literal["null"] | None
    key: str | None
    partition: int | str | None
    timestamp: datetime | int | str | None
    headers: Headers | str | None
    on_delivery: Callable[[Delivery], None] | None
