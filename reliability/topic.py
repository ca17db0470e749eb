"""Reads a whole topic and holds it against the records that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reliability.records import KEYS, key_of, number_of, record
from streamcontract import StockConsumer

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.verdict import Verdict
    from streamcontract import Stock

__all__ = ["judge_topic"]


def judge_topic(
    config: dict[str, Any],
    topic: str,
    sent: int,
    verdict: Verdict,
    *,
    expected: Callable[[int], Stock] = record,
) -> int:
    """Read a topic from its beginning to its end.

    Each of the records 0 to ``sent`` - 1 has to be there once, with its own key and content, and
    the records of a key in the order of their numbers.

    Args:
        config: Client properties.
        topic: The topic.
        sent: How many records.
        verdict: Gets what must not be.
        expected: What the record of a number has to be.

    Returns:
        How many messages there are.
    """
    verdict.expect("lost", "duplicated", "out of order", "altered")
    seen = bytearray(sent)
    last_of_key: dict[str, int] = {}
    count = 0
    with StockConsumer(config, topic=topic) as consumer:
        for message in consumer.until_end():
            count += 1
            place = f"partition {message.partition}, offset {message.offset}"
            found = message.value
            number = -1 if found is None else number_of(found)
            if not 0 <= number < sent or found != expected(number) or message.key != key_of(number):
                verdict.found("altered", place)
                continue
            if seen[number]:
                verdict.found("duplicated", f"record {number} again at {place}")
            seen[number] = 1
            before = last_of_key.get(message.key, number % KEYS - KEYS)
            if number != before + KEYS:
                verdict.found("out of order", f"record {number} behind {before} at {place}")
            last_of_key[message.key] = number
    for number, was_seen in enumerate(seen):
        if not was_seen:
            verdict.found("lost", f"record {number}")
    return count
