"""Produces records and counts what brokers acknowledge; faults strike at given counts."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from reliability.records import record
from streamcontract import StockProducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.verdict import Verdict
    from streamcontract.devstack import DevStack
    from streamcontract.devstack.kafka import KafkaStack
    from streamcontract.kafka import Delivery

__all__ = ["PRODUCER", "Faults", "Load", "Pace", "client_config"]

PRODUCER: Final[dict[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    # A broker that stands still keeps requests unanswered for a minute by default.
    "socket.timeout.ms": 10_000,
}
"""The producer's properties on top of the addresses."""

_POLL_SECONDS: Final = 0.05


def client_config(stack: KafkaStack | DevStack) -> dict[str, Any]:
    """What leads clients to a stack; that brokers cannot be reached is no news here."""
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
        "log_level": 0,
    }


class Pace:
    """A steady rate, beginning now.

    Args:
        messages: How many messages.
        seconds: How long they are to take; 0 for as fast as it goes.
    """

    def __init__(self, messages: int, seconds: float) -> None:
        self.messages = messages
        self.seconds = seconds
        self._began = time.monotonic()

    def keep(self, number: int, meanwhile: Callable[[], object]) -> None:
        """Wait until it is time for the message of a number; call ``meanwhile`` before that."""
        ahead = self._began + self.seconds * number / self.messages - time.monotonic()
        if ahead > _POLL_SECONDS:
            meanwhile()
            time.sleep(ahead)  # to keep the rate


class Load:
    """Records that are produced at a steady rate, and how many of them brokers have acknowledged.

    Args:
        config: Client properties.
        topic: The topic.
        messages: How many records.
        seconds: How long they are to take; more where brokers do not keep up.
    """

    def __init__(
        self, config: dict[str, Any], topic: str, messages: int, seconds: float = 0.0
    ) -> None:
        self.messages = messages
        self._seconds = seconds
        self.acknowledged = 0
        self._failed: list[str] = []
        self._config = {**config, **PRODUCER}
        self._topic = topic

    def produce(self, verdict: Verdict, limit: float) -> None:
        """Produce all records, and wait until each is acknowledged or has failed."""
        verdict.expect("not delivered")
        with StockProducer(self._config, topic=self._topic) as producer:
            pace = Pace(self.messages, self._seconds)
            for number in range(self.messages):
                producer.produce(record(number), on_delivery=self._told)
                pace.keep(number, producer.poll)
            left = producer.flush(limit)
        if left:
            verdict.found("not delivered", "still on their way at the end", left)
        for failure in self._failed:
            verdict.found("not delivered", failure)

    def _told(self, delivery: Delivery) -> None:
        if delivery.error is None:
            self.acknowledged += 1
        else:
            self._failed.append(str(delivery.error))


class Faults:
    """What is done to a cluster at which part of the load; runs beside it in a thread.

    Args:
        load: The load.
        limit: Seconds that a part of the load may take before a fault strikes all the same.
    """

    def __init__(self, load: Load, limit: float) -> None:
        self.notes: list[str] = []
        self._load = load
        self._limit = limit
        self._steps: list[tuple[float, str, Callable[[], None]]] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="faults")

    def at(self, part: float, what: str, action: Callable[[], None]) -> None:
        """Do something when that part of the records, 0 to 1, has been acknowledged."""
        self._steps.append((part, what, action))

    def start(self) -> None:
        """Begin to watch the load."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last one.

        Raises:
            StackError: One of them could not be done.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for part, what, action in self._steps:
                self._wait_for(part)
                acknowledged, began = self._load.acknowledged, time.monotonic()
                action()
                took = time.monotonic() - began
                self.notes.append(f"{what} at {acknowledged:,} acknowledged ({took:.1f} s)")
        except BaseException as error:  # noqa: BLE001 - raised by finish()
            self._error = error

    def _wait_for(self, part: float) -> None:
        deadline = time.monotonic() + self._limit
        while self._load.acknowledged < part * self._load.messages:
            if time.monotonic() > deadline:
                self.notes.append(f"{part:.0%} were not acknowledged in {self._limit:g} s")
                return
            time.sleep(_POLL_SECONDS)  # between two questions
