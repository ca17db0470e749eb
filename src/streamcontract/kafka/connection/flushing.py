"""Waits for deliveries, without the pause before the first one.

An idempotent producer sends nothing before the brokers gave it a producer id. librdkafka asks for
one when it hears of the cluster, and just then it closes the connection it heard through, which
leads to a bootstrap address. If no other is up by then, it tries again after 500 ms, or as soon as
it gets metadata (2.16: rdkafka_idempotence.c, rdkafka_metadata.c). So metadata are asked for.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

import confluent_kafka

from streamcontract.kafka.connection.waits import SLICE, interruptible
from streamcontract.kafka.errors import kafka_error_of

if TYPE_CHECKING:
    from typing import Protocol

    class _Client(Protocol):
        def flush(self, timeout: float) -> int: ...

        def list_topics(self, topic: str, timeout: float) -> object: ...


__all__ = ["Flusher", "close_producer"]

_CLOSING: Final = 1.0
"""Seconds to wait for the end of a transaction while a producer is closed."""

# The first slices are shorter, with a question for metadata behind each, until all was delivered
# once.
_FIRST_SLICE: Final = 0.01


class Flusher:
    """Flushes one producer.

    Args:
        client: The producer.
        topic: One of the topics that are produced to; None while that is not known.
    """

    def __init__(self, client: _Client, topic: str | None = None) -> None:
        self._client = client
        self._slice = _FIRST_SLICE
        self._ask_at = 0.0
        self.topic = topic

    def flush(self, timeout: float = SLICE) -> int:
        """Wait a moment, at most ``timeout`` seconds, for everything to be delivered or to fail.

        Returns:
            How many messages are still on their way.

        Raises:
            Exception: What a delivery callback raised.
        """
        span = self._slice
        waiting = interruptible(self._client.flush, max(0.0, min(span, timeout)))
        if not waiting:
            self._slice = SLICE
        # A look that hardly waits counts only if a slice has passed since the last question.
        elif span < SLICE and (timeout >= span or time.monotonic() >= self._ask_at):
            self._slice = min(2 * span, SLICE)
            self._ask_at = time.monotonic() + span
            if self.topic is not None:
                # Not waited for: the answer is for librdkafka. There may be nobody to ask yet.
                with contextlib.suppress(confluent_kafka.KafkaException):
                    self._client.list_topics(self.topic, 0)
        return waiting


def close_producer(client: confluent_kafka.Producer) -> None:
    """Let go of a producer whose messages were delivered or given up.

    A transaction that the brokers do not end now is theirs to abort, after
    ``transaction.timeout.ms``: ``close()`` would wait for it without end (confluent_kafka 2.16),
    and the client is left to the garbage collector instead. Closing twice is harmless.

    Raises:
        KafkaException: A fatal error, once more.
    """
    if not hasattr(client, "close"):  # older ones have none
        return
    try:
        client.abort_transaction(_CLOSING)
    except RuntimeError:  # closed before
        return
    except confluent_kafka.KafkaException as error:
        if kafka_error_of(error).retriable():
            return
    client.close()
