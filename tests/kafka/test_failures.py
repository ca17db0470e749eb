"""Failed deliveries, told of in several threads and asked for in others, are all told once."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from tests.kafka.installed import MAKES_MESSAGES

from streamcontract.kafka.producer.delivery_failures import Failures

if TYPE_CHECKING:
    from collections.abc import Iterator

ERROR = confluent_kafka.KafkaError(confluent_kafka.KafkaError._MSG_TIMED_OUT)
if not MAKES_MESSAGES:
    pytest.skip("this confluent-kafka makes no messages for tests", allow_module_level=True)
MESSAGE = confluent_kafka.Message(topic="t")


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as Python lets them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_no_failure_is_lost_between_threads(hasty: None) -> None:
    """What several threads report is what several threads take, to the last one."""
    failures, each, taken = Failures(), 5_000, list[Any]()

    def report() -> None:
        for _ in range(each):
            failures.report(ERROR, MESSAGE)

    reporters = [threading.Thread(target=report) for _ in range(3)]

    def take() -> None:
        while any(thread.is_alive() for thread in reporters):
            taken.append(failures.take())

    takers = [threading.Thread(target=take) for _ in range(2)]
    for thread in reporters + takers:
        thread.start()
    for thread in reporters + takers:
        thread.join()
    taken.append(failures.take())
    assert sum(error.count for error in taken if error) == 3 * each
    assert all(0 < len(error.failures) <= 100 for error in taken if error)
    assert failures.take() is None
