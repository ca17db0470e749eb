"""Flushing of producers, without the delay of the first delivery.

An idempotent producer sends nothing before the brokers have assigned a producer id. librdkafka
requests one when it gets the cluster's metadata, and at that time it closes the connection to the
bootstrap address. If no other connection is up, it retries after 500 ms, or as soon as it gets
metadata (2.16: rdkafka_idempotence.c, rdkafka_metadata.c). So metadata are requested here.
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

# The first slices are shorter, with a request for metadata after each, until all messages were
# delivered once.
_FIRST_SLICE: Final = 0.01


class Flusher:
    """Flushes one producer.

    Args:
        client: The producer.
        topic: One of the topics that are produced to; None if not known yet.
    """

    def __init__(self, client: _Client, topic: str | None = None) -> None:
        self._client = client
        self._slice = _FIRST_SLICE
        self._ask_at = 0.0
        self.topic = topic

    def flush(self, timeout: float = SLICE) -> int:
        """Wait at most ``timeout`` seconds until every message is delivered or has failed.

        Returns:
            The number of messages that are not delivered yet.

        Raises:
            Exception: An error of a delivery callback.
        """
        span = self._slice
        waiting = interruptible(self._client.flush, max(0.0, min(span, timeout)))
        if not waiting:
            self._slice = SLICE
        # A very short wait counts only if a slice has passed since the last request.
        elif span < SLICE and (timeout >= span or time.monotonic() >= self._ask_at):
            self._slice = min(2 * span, SLICE)
            self._ask_at = time.monotonic() + span
            if self.topic is not None:
                # Without waiting: the answer is for librdkafka. There may be no connection yet.
                with contextlib.suppress(confluent_kafka.KafkaException):
                    self._client.list_topics(self.topic, 0)
        return waiting


def close_producer(client: confluent_kafka.Producer) -> None:
    """Close a producer whose messages were delivered or have failed.

    The brokers abort an open transaction after ``transaction.timeout.ms``: ``close()`` would wait
    for it without end (confluent_kafka 2.16), so the client is left to the garbage collector
    instead. Closing twice is harmless.

    Raises:
        KafkaException: A fatal error, again.
    """
    if not hasattr(client, "close"):  # older versions
        return
    try:
        client.abort_transaction(_CLOSING)
    except RuntimeError:  # closed before
        return
    except confluent_kafka.KafkaException as error:
        if kafka_error_of(error).retriable():
            return
    client.close()
