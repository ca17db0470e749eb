"""Reports of ``produce_all`` and ``produce_batch``: progress, and failures with their reasons."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from streamcontract.kafka.errors import MessageEncodeError, ProduceError, ProduceFailuresError
from streamcontract.kafka.message import Delivery

__all__ = ["ProduceFailure", "ProduceProgress", "ProduceReport"]

T = TypeVar("T")


@attrs.frozen
class ProduceFailure(Generic[T]):
    """A record that was not delivered.

    Attributes:
        index: Its index in the iterable, from 0.
        value: The record; None for a row of ``produce_batch``.
        error: The reason: it does not fit the contract, the client refused the message, or the
            brokers refused it.
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
    """The progress of ``produce_all``.

    Attributes:
        taken: The number of records taken from the iterable.
        delivered: The number of acknowledged records.
        failed: The number of failed records.
    """

    taken: int
    delivered: int
    failed: int


@attrs.frozen
class ProduceReport(Generic[T]):
    """The result of ``produce_all`` for all records.

    Attributes:
        delivered: The number of acknowledged records.
        failed: The number of failed records.
        failures: The first failures, in the order in which they became known.

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
        """Whether all were delivered."""
        return not self.failed

    def raise_for_failures(self) -> None:
        """Raise a ProduceFailuresError unless all were delivered."""
        if self.failed:
            first = str(self.failures[0]) if self.failures else ""
            raise ProduceFailuresError(self.delivered, self.failed, first)
