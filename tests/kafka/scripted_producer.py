"""confluent_kafka's producer over a :class:`ScriptedBroker`."""

# ruff: noqa: D102, ARG002 - the methods and parameters are confluent_kafka's, documented there

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
import confluent_kafka
from confluent_kafka import KafkaError
from tests.kafka.scripted_broker import ROUND_TRIP, ScriptedBroker
from tests.kafka.scripted_calls import INVALID, bytes_of, client_call, exception_of, metadata_of

__all__ = ["ScriptedProducer"]


@attrs.frozen
class _Report:
    """A delivery report, and when it is there."""

    ready_at: float
    tell: Callable[..., None] | None
    error: KafkaError | None
    message: confluent_kafka.Message


class ScriptedProducer:
    """``confluent_kafka.Producer``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._limit = int(config.get("queue.buffering.max.messages", 100_000))
        timeout = config.get("message.timeout.ms", config.get("delivery.timeout.ms", 300_000))
        self._timeout = int(timeout) / 1_000
        self._on_delivery = config.get("on_delivery")
        self._reports: deque[_Report] = deque()
        self._is_open = True

    def __len__(self) -> int:
        return len(self._reports)

    def __bool__(self) -> bool:
        return True

    @client_call
    def produce(
        self,
        topic: str,
        value: bytes | str | None = None,
        key: bytes | str | None = None,
        partition: int = -1,
        callback: Callable[..., None] | None = None,
        on_delivery: Callable[..., None] | None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        self._require_open()
        if len(self._reports) >= self._limit:
            raise BufferError("Local: Queue full")
        value, key = bytes_of(value), bytes_of(key)
        now = self.broker.clock.now
        code = self.broker.refused.get(topic)
        offset, ready_at, error = INVALID, now + ROUND_TRIP, None
        if topic not in self.broker.topics:
            ready_at = now + self._timeout
            error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic")
        elif code is not None or key in self.broker.refused_keys:
            error = KafkaError(code or KafkaError.INVALID_RECORD, "refused")
        else:
            if partition < 0:
                partition = zlib.crc32(key or b"") % len(self.broker.topics[topic])
            pairs = headers.items() if isinstance(headers, dict) else headers or ()
            listed = [(name, bytes_of(content)) for name, content in pairs]
            offset = self.broker.append(topic, partition, value, key, listed, timestamp)
        message = confluent_kafka.Message(
            topic=topic, partition=partition, offset=offset, key=key, value=value, error=error
        )
        tell = callback or on_delivery or self._on_delivery
        self._reports.append(_Report(ready_at, tell, error, message))
        self.broker.clock.call_at(ready_at, lambda: None)

    @client_call
    def poll(self, timeout: float | None = -1) -> int:
        self._require_open()
        return self._serve(timeout, until_empty=False)

    @client_call
    def flush(self, timeout: float | None = -1) -> int:
        self._require_open()
        self._serve(timeout, until_empty=True)
        return len(self._reports)

    def _serve(self, timeout: float | None, *, until_empty: bool) -> int:
        clock = self.broker.clock
        forever = timeout is None or timeout < 0
        deadline = float("inf") if forever else clock.now + (timeout or 0.0)
        served = 0
        raised: BaseException | None = None
        while self._reports:
            report = min(self._reports, key=lambda each: each.ready_at)
            if report.ready_at > clock.now:
                if clock.now >= deadline or (served and not until_empty):
                    break
                clock.pass_to_next(min(deadline, report.ready_at))
                continue
            self._reports.remove(report)
            served += 1
            try:
                if report.tell is not None:
                    report.tell(report.error, report.message)
            except BaseException as error:  # noqa: BLE001 - raised below
                raised = error  # poll() ends here, flush() goes on and raises the last one
                if not until_empty:
                    break
        if raised is not None:
            raise raised
        if not served and not until_empty and not forever:
            clock.pass_until(deadline)
        return served

    @client_call
    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        self._require_open()
        now = self.broker.clock.now
        gone = KafkaError(KafkaError._PURGE_QUEUE, "purged")
        self._reports = deque(
            each if each.ready_at <= now else attrs.evolve(each, ready_at=now, error=gone)
            for each in self._reports
        )

    @client_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        self._require_open()
        return metadata_of(self.broker, topic)

    @client_call
    def abort_transaction(self, timeout: float = -1) -> None:
        raise exception_of(KafkaError._NOT_CONFIGURED, "no transactional.id")

    @client_call
    def close(self, timeout: float | None = -1) -> bool:
        if self._is_open:
            self._serve(timeout, until_empty=True)
            self._is_open = False
        return True

    def _require_open(self) -> None:
        if not self._is_open:
            raise RuntimeError("Producer closed")
