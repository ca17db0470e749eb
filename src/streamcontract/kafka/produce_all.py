"""Many records at once: back-pressure, progress, and a report of what failed and why."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.errors import MessageEncodeError, ProduceError, ProduceFailuresError
from streamcontract.kafka.message import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    import confluent_kafka

    from streamcontract.kafka.failures import Failures
    from streamcontract.kafka.options import ProduceOptions

__all__ = ["BulkProduce", "ProduceFailure", "ProduceProgress", "ProduceReport", "check_limits"]

T = TypeVar("T")

_PROGRESS_INTERVAL: Final = 0.5


@attrs.frozen
class ProduceFailure(Generic[T]):
    """A record that did not arrive.

    Attributes:
        index: Its place in the iterable, from 0.
        value: The record.
        error: Why: it does not fit the contract, the client refused the message, or the brokers
            did not take it.
        delivery: The report of its delivery; None if it was never sent.
    """

    index: int
    value: T | None
    error: MessageEncodeError | ProduceError
    delivery: Delivery | None = None

    def __str__(self) -> str:
        return f"record {self.index}: {self.error}"


@attrs.frozen
class ProduceProgress:
    """How far it has come.

    Attributes:
        taken: Records taken from the iterable.
        delivered: How many of them the brokers have acknowledged.
        failed: How many of them will not arrive.
    """

    taken: int
    delivered: int
    failed: int


@attrs.frozen
class ProduceReport(Generic[T]):
    """What became of all records of an iterable.

    Attributes:
        delivered: How many the brokers acknowledged.
        failed: How many did not arrive.
        failures: The first of them, with their reasons, in the order in which that was known.

    Example:
        >>> report = ProduceReport[object](delivered=2, failed=0)
        >>> report.ok
        True
        >>> report.raise_for_failures()
    """

    delivered: int
    failed: int
    failures: tuple[ProduceFailure[T], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all arrived."""
        return not self.failed

    def raise_for_failures(self) -> None:
        """Raise a ProduceFailuresError unless all arrived."""
        if self.failed:
            first = str(self.failures[0]) if self.failures else ""
            raise ProduceFailuresError(self.delivered, self.failed, first)


def check_limits(max_in_flight: int, max_failures: int) -> None:
    """Raise a ConfigurationError for limits that would never let anything through."""
    if max_in_flight < 1 or max_failures < 0:
        raise ConfigurationError(
            f"max_in_flight is at least 1 and max_failures at least 0, "
            f"not {max_in_flight} and {max_failures}"
        )


class BulkProduce(Generic[T]):
    """One call of ``produce_all``: counts, and keeps the first failures.

    Args:
        produce: Queues a record.
        options: What each record's message is to have beside it.
        max_failures: How many failures to keep.
        untold: Gets the deliveries that failed if nobody gets the report.
        progress: Called now and then.
    """

    def __init__(
        self,
        produce: Callable[..., None],
        options: Callable[[T | None], ProduceOptions] | None,
        max_failures: int,
        untold: Failures,
        progress: Callable[[ProduceProgress], object] | None,
    ) -> None:
        self._produce = produce
        self._options = options
        self._max_failures = max_failures
        self._untold = untold
        self._progress = progress
        self._progress_at = time.monotonic() + _PROGRESS_INTERVAL
        self._taken = 0
        self._delivered = 0
        self._failed = 0
        self._failures: list[ProduceFailure[T]] = []
        self._is_over = False

    def take(self, value: T | None) -> None:
        """Queue one record, or note why it cannot be.

        Raises:
            ProduceError: The producer cannot go on at all.
            Exception: The registry does not answer, the producer is closed, ...
        """
        index = self._taken
        options: dict[str, Any] = {} if self._options is None else {**self._options(value)}
        told = options.pop("on_delivery", None)
        try:
            self._produce(
                value, **options, callback=functools.partial(self._told, index, value, told)
            )
        except (MessageEncodeError, ProduceError) as error:
            if isinstance(error, ProduceError) and error.fatal:
                raise  # it is so for every record
            self._fail(ProduceFailure(index, value, error))
        self._taken += 1
        self.show_progress_if_due()

    def show_progress_if_due(self) -> None:
        """Call ``progress`` if its interval is over."""
        if self._progress is not None and time.monotonic() >= self._progress_at:
            self._show_progress(self._progress)

    def _show_progress(self, progress: Callable[[ProduceProgress], object]) -> None:
        self._progress_at = time.monotonic() + _PROGRESS_INTERVAL
        progress(ProduceProgress(self._taken, self._delivered, self._failed))

    def finish(self) -> ProduceReport[T]:
        """The report, when nothing is on its way any more."""
        # Counted from behind: with delivery.report.only.error nothing is told of what arrived.
        self._delivered = self._taken - self._failed
        if self._progress is not None:
            self._show_progress(self._progress)
        return ProduceReport(self._delivered, self._failed, tuple(self._failures))

    def abandon(self) -> None:
        """Nobody gets the report: what failed, and fails from here on, is told by the producer."""
        self._is_over = True
        for failure in self._failures:
            if failure.delivery is not None:
                self._untold.add(failure.delivery)

    def _told(
        self,
        index: int,
        value: T | None,
        told: Callable[[Delivery], None] | None,
        error: confluent_kafka.KafkaError | None,
        raw: confluent_kafka.Message,
    ) -> None:
        if error is None:
            self._delivered += 1
        elif self._is_over and told is None:
            self._untold.report(error, raw)
        else:
            delivery = Delivery.of(error, raw)
            reason = ProduceError(delivery.topic, error, delivery.partition)
            self._fail(ProduceFailure(index, value, reason, delivery))
        if told is not None:
            told(Delivery.of(error, raw))

    def _fail(self, failure: ProduceFailure[T]) -> None:
        self._failed += 1
        if len(self._failures) < self._max_failures:
            self._failures.append(failure)
