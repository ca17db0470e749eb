"""Bulk production of records, with back-pressure, progress, and a report of failures."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from streamcontract.errors import ArgumentError
from streamcontract.guards import call_back, whole_number
from streamcontract.kafka.connection.waits import SLICE
from streamcontract.kafka.errors import MessageEncodeError, ProduceError
from streamcontract.kafka.message import Delivery
from streamcontract.kafka.producer.deliveries import calls_on_delivery
from streamcontract.kafka.producer.plain_records import reporter
from streamcontract.kafka.producer.produce_report import (
    ProduceFailure,
    ProduceProgress,
    ProduceReport,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import confluent_kafka

    from streamcontract.kafka.producer.deliveries import Deliveries
    from streamcontract.kafka.producer.options import ProduceOptions
    from streamcontract.kafka.producer.queue import ProducerQueue

__all__ = ["BulkProduce"]

T = TypeVar("T")

_PROGRESS_INTERVAL: Final = 0.5
_RECORDS_A_LOOK: Final = 100
"""The most records between two checks of the queue and the clock."""


class BulkProduce(Generic[T]):
    """One call of ``produce_all``: counts, and keeps the first failures.

    Args:
        queue: Queues records.
        deliveries: The deliveries of the producer.
        options: Returns the options of each record's message.
        progress: Called periodically.
        max_in_flight: The most messages in flight before more records are taken.
        max_failures: The most failures to keep.

    Raises:
        ArgumentError: A limit is invalid, or a callable is not callable.
    """

    def __init__(
        self,
        queue: ProducerQueue,
        deliveries: Deliveries,
        options: Callable[[T | None], ProduceOptions] | None,
        progress: Callable[[ProduceProgress], object] | None = None,
        max_in_flight: int = 50_000,
        max_failures: int = 1_000,
    ) -> None:
        whole_number(max_in_flight, "max_in_flight", 1, sys.maxsize, "a number of messages from 1")
        whole_number(max_failures, "max_failures", 0, sys.maxsize, "a number of failures from 0")
        if options is not None:
            call_back(options, "options", "(value) -> dict of options")
        if progress is not None:
            call_back(progress, "progress", "(progress)")
        self._queue = queue
        self._deliveries = deliveries
        self._options = options
        self._progress = progress
        self._max_in_flight = max_in_flight
        self._max_failures = max_failures
        self._untold = queue.failures
        self._progress_at = time.monotonic() + _PROGRESS_INTERVAL
        self._taken = 0
        self._delivered = 0
        self._failed = 0
        self._failures: list[ProduceFailure[T]] = []
        self._is_over = False

    def complete(self, take: Callable[[], None]) -> ProduceReport[T]:
        """Take the records, wait for all deliveries, and return the report.

        Args:
            take: Queues the records.
        """
        self._deliveries.poll(0)
        try:
            take()
            return self.finish()
        except BaseException:
            self.abandon()
            raise

    def take_all(self, values: Iterable[T | None]) -> None:
        """Queue every record, or note its error.

        Args:
            values: The records.

        Raises:
            ProduceError: The producer cannot continue.
            Exception: The registry does not answer, the producer is closed, ...
        """
        if not isinstance(values, Iterable):
            raise ArgumentError("values", values, "an iterable of records")
        send = self._queue.send_reported if self._options is None else _with_care
        report, failed = reporter(), self._told_of_failure
        # The number of records until the next check of the queue and the clock.
        left = 1
        index = -1
        for index, value in enumerate(values):
            if not send(value, report(failed, index, value)):
                self._take(index, value)
            left -= 1
            if not left:
                self._taken = index + 1
                self._show_progress_if_due()
                left = min(self._room(), _RECORDS_A_LOOK)
        self._taken = index + 1

    def _take(self, index: int, value: T | None) -> None:
        options: dict[str, Any] = {} if self._options is None else {**self._options(value)}
        told = options.pop("on_delivery", None)
        report: Callable[..., None] = reporter()(self._told_of_failure, index, value)
        if told is not None:
            call_back(told, "on_delivery", "(delivery)")
            report = functools.partial(self.tell, index, value, told)
        try:
            self._queue.put_taken(value, report, **options)
        except (MessageEncodeError, ProduceError) as error:
            if isinstance(error, ProduceError) and error.fatal:
                raise  # the same for every record
            self._fail(ProduceFailure(index, value, error))

    def _room(self) -> int:
        """Wait until there is room for more records; return for how many."""
        slow = self._deliveries.waiting("messages in flight to be delivered")
        while (waiting := self._deliveries.in_flight()) >= self._max_in_flight:
            slow.note(waiting)
            self._deliveries.poll(SLICE)
        return self._max_in_flight - waiting

    def _show_progress_if_due(self) -> None:
        """Call ``progress`` if its interval has passed."""
        if self._progress is not None and time.monotonic() >= self._progress_at:
            self._show_progress(self._progress)

    def _show_progress(self, progress: Callable[[ProduceProgress], object]) -> None:
        self._progress_at = time.monotonic() + _PROGRESS_INTERVAL
        # Records that are neither in flight nor failed are delivered. Other messages may be in
        # flight.
        arrived = self._taken - self._failed - self._deliveries.in_flight()
        self._delivered = max(self._delivered, arrived)
        progress(ProduceProgress(self._taken, self._delivered, self._failed))

    def finish(self) -> ProduceReport[T]:
        """Wait for all deliveries; return the report."""
        while self._deliveries.drain(SLICE):
            self._deliveries.poll(0)
            self._show_progress_if_due()
        delivered = self._taken - self._failed
        if self._progress is not None:
            self._progress(ProduceProgress(self._taken, delivered, self._failed))
        return ProduceReport(delivered, self._failed, tuple(self._failures))

    def abandon(self) -> None:
        """Give up the report: past and future failures are raised by the producer."""
        self._is_over = True
        for failure in self._failures:
            error = failure.error
            if isinstance(error, ProduceError):
                never_sent = Delivery(error.topic, error.partition, None, error=error.error)
                self._untold.add(failure.delivery or never_sent)

    def _told_of_failure(
        self,
        index: int,
        value: T | None,
        error: confluent_kafka.KafkaError,
        raw: confluent_kafka.Message,
    ) -> None:
        if self._is_over:
            self._untold.report(error, raw)
        else:
            self._fail_delivery(index, value, Delivery.of(error, raw))

    @calls_on_delivery
    def tell(
        self,
        index: int,
        value: T | None,
        told: Callable[[Delivery], None],
        error: confluent_kafka.KafkaError | None,
        raw: confluent_kafka.Message,
    ) -> None:
        """Call an ``on_delivery``; ``failures`` identify the producer in this frame."""
        failures = self._untold  # noqa: F841 - see above
        delivery = Delivery.of(error, raw)
        if error is not None and not self._is_over:
            self._fail_delivery(index, value, delivery)
        told(delivery)

    def _fail_delivery(self, index: int, value: T | None, delivery: Delivery) -> None:
        assert delivery.error is not None  # noqa: S101 - it has failed
        reason = ProduceError(delivery.topic, delivery.error, delivery.partition)
        self._fail(ProduceFailure(index, value, reason, delivery))

    def _fail(self, failure: ProduceFailure[T]) -> None:
        self._failed += 1
        if len(self._failures) < self._max_failures:
            self._failures.append(failure)


def _with_care(value: object, report: object) -> bool:
    """Refuse the plain path, because each record has options."""
    del value, report
    return False
