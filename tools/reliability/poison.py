"""A tenth of a topic is poison: the good is processed, the bad kept, mended and sent back."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from reliability.load import client_config
from reliability.poisonous import AFTER, BEFORE, KINDS, Message, Poisoner, kind_of
from reliability.report import Report
from reliability.topic import wait_until_decided
from reliability.verdict import Verdict
from streamcontract import ContractConsumer, SchemaRegistry
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import DeadLetters
from streamcontract.kafka.contract.binding import Binding, bind
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.dead_letter import ORIGIN_HEADER, DeadLetter
from streamcontract.kafka.dead_letters.replay import Replayed, replay_dead_letters
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["judge_poison", "open_letters", "poison"]

PARTITIONS: Final = 6
_TOPIC: Final = "reliability"
_LIMIT: Final = 300.0


class _Before(ContractConsumer[Any]):
    contract = BEFORE


class _After(ContractConsumer[Any]):
    contract = AFTER


def poison(messages: int, minutes: float, seed: int) -> Report:
    """Read a topic that is a tenth poison, then fix the contract and replay the dead letters."""
    del minutes, seed  # nothing fails here but the messages, and each follows from its number
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack() as stack:
        stack.create_topic(_TOPIC, PARTITIONS)
        notes = judge_poison(client_config(stack), _TOPIC, messages, verdict)
    return Report(
        "poison",
        verdict,
        [f"1 broker, {PARTITIONS} partitions", *notes],
        time.monotonic() - began,
    )


def judge_poison(config: dict[str, Any], topic: str, count: int, verdict: Verdict) -> list[str]:
    """Fill a topic, read it, fix the contract, replay; say what was done.

    Args:
        config: Client properties.
        topic: The topic, which is empty.
        count: How many messages, good and bad.
        verdict: Gets what must not be.
    """
    verdict.expect(
        "good never processed",
        "good processed twice",
        "bad not in the dead letter topic",
        "dead letters altered",
        "not sent back",
        "sent back twice",
        "sent back altered",
        "open at the end",
    )
    with SchemaRegistry.from_config(_registry_of(config)) as registry:
        poisoner = Poisoner(registry, topic)
        _produce(config, topic, poisoner, count)
        took = _judge_good(config, topic, count, verdict)
        bad = _judge_letters(config, topic, poisoner, count, verdict)
        poisoner.register_late()
    kinds = {number: kind for number in range(count) if (kind := kind_of(number))}
    fixable = {number for number, kind in kinds.items() if kind.is_fixable}
    hopeless = len(kinds) - len(fixable)
    first = _replay(config, topic)
    if first != Replayed(replayed=len(fixable), failing=hopeless):
        verdict.found("not sent back", first)
    _judge_sent_back(config, topic, poisoner, fixable, verdict)
    again = _replay(config, topic)
    if again != Replayed(failing=hopeless):
        verdict.found("sent back twice", again)
    last = _replay(config, topic, discard=True)
    if last != Replayed(discarded=hopeless):
        verdict.found("open at the end", last)
    for letter in open_letters(config, topic):
        verdict.found("open at the end", letter.source)
    _judge_sent_back(config, topic, poisoner, fixable, verdict)
    return [
        f"{count:,} messages, {bad:,} of them poison of {len(KINDS)} kinds",
        f"read in {took:.0f} s, {count / took:,.0f} messages a second, dead letters included",
        f"after the fix: {first.replayed:,} sent back, {first.failing:,} damaged for good",
        f"replayed again: {again.replayed:,} sent back; {last.discarded:,} discarded then",
    ]


def _registry_of(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key.startswith("schema.registry.")}


def _produce(config: dict[str, Any], topic: str, poisoner: Poisoner, count: int) -> None:
    properties = {key: value for key, value in config.items() if key not in _registry_of(config)}
    producer = confluent_kafka.Producer({**properties, "enable.idempotence": True})
    failed: list[object] = []

    def report(error: object, _: object) -> None:
        if error is not None:
            failed.append(error)

    for number in range(count):
        each, place = poisoner.message(number), number % PARTITIONS
        while True:
            try:
                producer.produce(
                    topic, each.value, each.key, place, report, None, each.timestamp, each.headers
                )
            except BufferError:  # noqa: PERF203 - a full queue is waited for
                producer.poll(0.1)
            else:
                break
    left = producer.flush(_LIMIT)
    if failed or left:
        raise RuntimeError(f"{len(failed)} messages failed, {left} are not delivered: {failed[:3]}")


def _judge_good(config: dict[str, Any], topic: str, count: int, verdict: Verdict) -> float:
    """Read everything with the contract of before; gives how many seconds that took."""
    seen = dict.fromkeys((number for number in range(count) if kind_of(number) is None), 0)
    began = time.monotonic()
    with _Before(config, topic=topic, group="reliability", poison=DeadLetters()) as consumer:
        for message in consumer.until_end(_LIMIT):
            number = (message.value or {}).get("id", -1)
            if number in seen and message.key == number:
                seen[number] += 1
            else:
                verdict.found("good never processed", f"something else came: {message}")
    took = time.monotonic() - began
    for number, times in seen.items():
        if times != 1:
            kind = "good never processed" if not times else "good processed twice"
            verdict.found(kind, number)
    return took


def _judge_letters(
    config: dict[str, Any], topic: str, poisoner: Poisoner, count: int, verdict: Verdict
) -> int:
    """Hold the dead letters against what was sent; gives how many there are."""
    missing = {number for number in range(count) if kind_of(number)}
    found_letters = 0
    for letter in open_letters(config, topic):
        found_letters += 1
        # Partition and offset follow from the number, as the number from them.
        number = letter.source.offset * PARTITIONS + letter.source.partition
        found = Message(
            letter.value, letter.key, list(letter.headers), letter.source.timestamp_ms or 0
        )
        if number not in missing or found.bytes != poisoner.message(number).bytes:
            verdict.found("dead letters altered", letter.source)
        missing.discard(number)
    for number in missing:
        verdict.found("bad not in the dead letter topic", number)
    return found_letters


def _judge_sent_back(
    config: dict[str, Any],
    topic: str,
    poisoner: Poisoner,
    fixable: set[int],
    verdict: Verdict,
) -> None:
    """Read the topic with the fixed contract: what was sent back is there once, as it was."""
    missing = set(fixable)
    wait_until_decided(config, topic)
    with _After(config, topic=topic, poison=DeadLetters(topic=f"{topic}.unread")) as consumer:
        for message in consumer.until_end(_LIMIT):
            headers = list(message.headers)
            if not headers or headers[-1][0] != ORIGIN_HEADER:
                continue
            number = int(json.loads(headers[0][1] or b"-1"))
            if number not in missing:
                kind = "sent back twice" if number in fixable else "sent back altered"
                verdict.found(kind, number)
                continue
            missing.discard(number)
            as_sent = (headers[:-1], message.timestamp_ms, message.key)
            was = poisoner.message(number)
            if as_sent != (was.headers, was.timestamp, number):
                verdict.found("sent back altered", number)
    for number in missing:
        verdict.found("not sent back", number)


def open_letters(config: dict[str, Any], topic: str) -> Iterator[DeadLetter]:
    """The open dead letters of a topic, copies left out."""
    with DeadLetterTopic(f"{topic}.dlq", config) as found:
        for batch in found.open():
            for entry in batch:
                if isinstance(entry.letter, DeadLetter) and not entry.is_copy:
                    yield entry.letter


def _replay(config: dict[str, Any], topic: str, *, discard: bool = False) -> Replayed:
    with SchemaRegistry.from_config(_registry_of(config)) as registry:
        binding: Binding[Any] = bind(AFTER, topic=topic, record=None, schema=None)
        readers = {topic: TopicDeserializer(binding, registry)}
        return replay_dead_letters(f"{topic}.dlq", readers, config, discard=discard)
