"""Error codes that this library distinguishes: librdkafka's own, and sets of them with Kafka's.

confluent_kafka has all of them as attributes of ``KafkaError``. Kafka's, which a broker sends, are
in capitals (``KafkaError.PRODUCER_FENCED``); librdkafka's own begin with an underscore. Both are
public: ``rd_kafka_resp_err_t`` in ``rdkafka.h`` documents them. Only this module reads them; others
use :class:`LocalErrorCode`.
"""
# ruff: noqa: SLF001 - the underscore is part of librdkafka's names, see above

from __future__ import annotations

import enum
from typing import Final

from confluent_kafka import KafkaError

__all__ = [
    "FENCED",
    "LEADER_MOVES",
    "NO_SHARE_GROUPS",
    "NO_SUCH_TOPIC",
    "TOO_LARGE",
    "UNREACHABLE",
    "LocalErrorCode",
]


class LocalErrorCode(enum.IntEnum):
    """The codes of librdkafka's own errors, each equal to the ``int`` that ``KafkaError`` has.

    Example:
        >>> error = KafkaError(LocalErrorCode.TIMED_OUT, "no answer within 5 s")
        >>> error.code() == LocalErrorCode.TIMED_OUT, error.name()
        (True, '_TIMED_OUT')
    """

    ALL_BROKERS_DOWN = KafkaError._ALL_BROKERS_DOWN
    ASSIGNMENT_LOST = KafkaError._ASSIGNMENT_LOST
    AUTHENTICATION = KafkaError._AUTHENTICATION
    AUTO_OFFSET_RESET = KafkaError._AUTO_OFFSET_RESET
    FENCED = KafkaError._FENCED
    MAX_POLL_EXCEEDED = KafkaError._MAX_POLL_EXCEEDED
    PARTITION_EOF = KafkaError._PARTITION_EOF
    QUEUE_FULL = KafkaError._QUEUE_FULL
    SSL = KafkaError._SSL
    STATE = KafkaError._STATE
    TIMED_OUT = KafkaError._TIMED_OUT
    TRANSPORT = KafkaError._TRANSPORT
    UNKNOWN_PARTITION = KafkaError._UNKNOWN_PARTITION
    UNKNOWN_TOPIC = KafkaError._UNKNOWN_TOPIC
    UNSUPPORTED_FEATURE = KafkaError._UNSUPPORTED_FEATURE


FENCED: Final = frozenset(
    {
        LocalErrorCode.FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,  # of brokers before KIP-588
        KafkaError.PRODUCER_FENCED,
    }
)
"""Another producer was started with this one's ``transactional.id``."""

LEADER_MOVES: Final = frozenset(
    {
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
"""A partition has no leader yet, or another one than the client knows; both are temporary."""

NO_SHARE_GROUPS: Final = frozenset(
    {LocalErrorCode.UNSUPPORTED_FEATURE, KafkaError.UNSUPPORTED_VERSION}
)
"""The cluster has no share groups."""

NO_SUCH_TOPIC: Final = frozenset({LocalErrorCode.UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART})
"""The cluster has no such topic."""

TOO_LARGE: Final = KafkaError.MSG_SIZE_TOO_LARGE
"""A message is larger than the maximum of the client or of the topic."""

UNREACHABLE: Final = frozenset(
    {LocalErrorCode.ALL_BROKERS_DOWN, LocalErrorCode.TIMED_OUT, LocalErrorCode.TRANSPORT}
)
"""No broker was reached."""
