"""Reports of ``produce_all``: progress on the way, and what failed and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from streamcontract.kafka.errors import ProduceFailuresError

if TYPE_CHECKING:
    from streamcontract.kafka.errors import MessageEncodeError, ProduceError
    from streamcontract.kafka.message import Delivery

__all__ = ["ProduceFailure", "ProduceProgress", "ProduceReport"]

T = TypeVar("T")


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
