"""Production of Arrow rows: back-pressure, progress and report are those of ``produce_all``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, Literal

from streamcontract.guards import call_back
from streamcontract.kafka.contract.derived_key import DERIVED
from streamcontract.kafka.errors import MessageEncodeError, ProduceError
from streamcontract.kafka.producer.batch_messages import BatchMessages
from streamcontract.kafka.producer.plain_records import reporter
from streamcontract.kafka.producer.produce_all import BulkProduce
from streamcontract.kafka.producer.produce_report import ProduceFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from streamcontract.errors import EncodeError
    from streamcontract.kafka.message import Delivery, Headers
    from streamcontract.kafka.producer.deliveries import Deliveries
    from streamcontract.kafka.producer.queue import ProducerQueue
    from streamcontract.kafka.producer.topic_serializer import TopicSerializer

__all__ = ["BatchProduce"]

_ROWS_A_LOOK: Final = 100
"""The most rows between two checks of the queue and the clock."""


class BatchProduce(BulkProduce[None]):
    """One call of ``produce_batch``; the arguments are its options."""

    def __init__(  # noqa: PLR0913 - each is one option
        self,
        queue: ProducerQueue,
        deliveries: Deliveries,
        *,
        topic: str | None = None,
        columns: Sequence[str] | None = None,
        tombstones: Literal["null"] | None = None,
        key: object = DERIVED,
        partition: int | str | None = None,
        timestamp: datetime | int | str | None = None,
        headers: Headers | str | None = None,
        on_delivery: Callable[[Delivery], None] | None = None,
        **limits: Any,
    ) -> None:
        super().__init__(queue, deliveries, None, **limits)
        if on_delivery is not None:
            call_back(on_delivery, "on_delivery", "(delivery)")
        self._topic = topic
        self._columns = columns
        self._tombstones = tombstones
        self._key = key
        self._parts = {"partition": partition, "timestamp": timestamp, "headers": headers}
        self._on_delivery = on_delivery
        self._report = reporter()

    def take_rows(self, data: object) -> None:
        """Queue a message for every row, or note its error.

        Raises:
            Exception: As of ``produce_batch``.
        """
        serializer = self._queue.serializer_of_columns(self._topic)
        messages = BatchMessages(
            data, serializer, self._key, self._columns, self._tombstones, self._parts
        )
        left = 1
        for rows, faults, batch in messages.batches():
            begun = self._taken
            for fault in faults:
                self._refuse(serializer, fault.row, fault.error)
            for row, message in batch:
                self._queue_row(serializer, row, message)
                left -= 1
                if not left:
                    self._taken = row + 1
                    self._show_progress_if_due()
                    left = min(self._room(), _ROWS_A_LOOK)
            self._taken = begun + rows

    def _queue_row(self, serializer: TopicSerializer, row: int, message: Any) -> None:
        if not isinstance(message, tuple):
            self._refuse(serializer, row, message)
            return
        payload, key, options = message
        report: Callable[..., None]
        if self._on_delivery is None:
            report = self._report(self._told_of_failure, row, None)
        else:
            report = functools.partial(self.tell, row, None, self._on_delivery)
        try:
            self._queue.put_encoded(serializer, payload, key, report, **options)
        except ProduceError as error:
            if error.fatal:
                raise  # the same for every row
            self._fail(ProduceFailure(row, None, error))

    def _refuse(self, serializer: TopicSerializer, row: int, error: EncodeError) -> None:
        reason = MessageEncodeError(serializer.topic, error.faults)
        self._fail(ProduceFailure(row, None, reason))
