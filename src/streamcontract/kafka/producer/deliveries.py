"""Deliveries of one producer: reports, waits, and errors of failed ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.errors import ClientError
from streamcontract.guards import seconds
from streamcontract.kafka.connection.authentication_errors import authentication_advice
from streamcontract.kafka.connection.flushing import Flusher
from streamcontract.kafka.connection.waits import (
    SLICE,
    Waiting,
    deadline_of,
    interruptible,
    is_called_by,
)
from streamcontract.kafka.errors import BrokerError
from streamcontract.kafka.message import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    import confluent_kafka

    from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
    from streamcontract.kafka.connection.forks import ForkGuard
    from streamcontract.kafka.producer.delivery_failures import Failures

__all__ = ["Deliveries", "call_on_delivery", "calls_on_delivery"]

F = TypeVar("F", bound="Callable[..., None]")

_CALLERS: Final[set[CodeType]] = set()
"""The code objects of the functions that call an ``on_delivery``."""


def calls_on_delivery(function: F) -> F:
    """Mark a function that calls an ``on_delivery`` and has the producer's ``failures``."""
    _CALLERS.add(function.__code__)
    return function


@calls_on_delivery
def call_on_delivery(
    on_delivery: Callable[[Delivery], None],
    failures: Failures,  # noqa: ARG001 - see above
    error: confluent_kafka.KafkaError | None,
    raw: confluent_kafka.Message,
) -> None:
    """Call an ``on_delivery`` for the arguments of confluent_kafka's delivery callback."""
    on_delivery(Delivery.of(error, raw))


class Deliveries:
    """Deliveries of one producer.

    Args:
        client: The producer's client.
        topic: Its topic, for errors and logs.
        shown: The producer in words, such as ``"producer for topic 'stocks'"``.
        guard: Refuses calls in a forked process.
        authentication: The authentication errors of the client's ``error_cb``.
        failures: The failed deliveries that were not raised yet.

    Attributes:
        is_open: Whether the producer is open.
        in_flight: Returns the number of messages or events in flight.
        flusher: Flushes the client.
        check: Called before each wait; its exception ends the wait.
    """

    check: Callable[[], None] | None = None

    def __init__(
        self,
        client: confluent_kafka.Producer,
        topic: str,
        shown: str,
        guard: ForkGuard,
        authentication: AuthenticationErrors,
        failures: Failures,
    ) -> None:
        self._client = client
        self._topic = topic
        self._shown = shown
        self._guard = guard
        self._authentication = authentication
        self._failures = failures
        self.is_open = True
        self.in_flight: Callable[[], int] = client.__len__
        self.flusher = Flusher(client)

    @property
    def is_refused(self) -> bool:
        """Whether no broker accepts the client, so that waiting for deliveries does not help."""
        return self._authentication.is_refused

    def require_open(self) -> None:
        """Raise a ClientError if the producer is closed, or belongs to another process."""
        self._guard.check()
        if not self.is_open:
            raise self.closed()

    def closed(self) -> ClientError:
        """The error of calls of a closed producer."""
        return ClientError(f"this {self._shown} is closed")

    def refuse_callback(self, call: str) -> None:
        """Refuse a call that waits for all deliveries inside the report of one.

        Raises:
            ClientError: An ``on_delivery`` makes this call.
        """
        failures = self._failures
        if is_called_by(
            lambda frame: frame.f_code in _CALLERS and frame.f_locals.get("failures") is failures
        ):
            raise ClientError(
                f"{call} cannot be called by an on_delivery: it waits for all deliveries, and "
                f"this one ends when on_delivery returns. Call it afterwards"
            )

    def poll(self, timeout: float) -> int:
        """Serve reports; see ``ContractProducer.poll``."""
        if self.check is not None:
            self.check()
        if not self.is_open or self._guard.is_foreign:
            self.require_open()
        deadline = deadline_of(seconds(timeout))
        while True:
            left = deadline - time.monotonic()
            served = interruptible(self._client.poll, max(0.0, min(SLICE, left)))
            self.raise_failures()
            if served or left <= 0:
                return served

    def drain(self, timeout: float | None) -> int:
        """Flush; errors of callbacks are raised at the end, so that all of them are served.

        Args:
            timeout: Seconds to wait; None, or negative, as long as librdkafka tries.

        Returns:
            The number of messages that are not delivered yet.

        Raises:
            Exception: The first error of a callback.
        """
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout
        raised: Exception | None = None
        slow = self.waiting("what was produced to be delivered")
        while True:
            left = SLICE if deadline is None else deadline - time.monotonic()
            try:
                waiting = self.flusher.flush(left)
            except Exception as error:  # noqa: BLE001 - raised below
                raised = raised or error
                waiting = self.in_flight()
            if not waiting or left <= 0 or self._authentication.is_refused:
                break
            slow.note(waiting)
        if raised is not None:
            raise raised
        return waiting

    def raise_failures(self) -> None:
        """Raise failed deliveries, once.

        Raises:
            BrokerError: The brokers do not accept this client. Its ``__cause__`` has the failed
            deliveries, if there are any.
            DeliveryError: Messages without an ``on_delivery`` were not delivered.
        """
        refusal = self._authentication.take()
        self._failures.raise_all(
            None
            if refusal is None
            else BrokerError(self._topic, refusal, advice=authentication_advice(refusal))
        )

    def waiting(self, what: str) -> Waiting:
        """A wait for deliveries, for the log.

        Args:
            what: The awaited thing, in words.
        """
        return Waiting(what, self._topic, self._authentication.state)
