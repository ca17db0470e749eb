"""The clients that are soaked: all that runs in the process whose memory is measured."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol

import confluent_kafka

from reliability.load import PRODUCER, Pace
from reliability.poisonous import BEFORE, GOOD, KINDS, Poisoner, good_record, kind_of
from reliability.verdict import Verdict
from streamcontract import ContractConsumer, ContractProducer, SchemaRegistry, parse_schema
from streamcontract.kafka import DeadLetters
from streamcontract.wire import frame

if TYPE_CHECKING:
    from streamcontract import Schema

__all__ = ["GROUP", "TERMS", "VERSIONS", "soaked"]

GROUP: Final = "soak"
TERMS: Final = 30
"""So many producers come one after the other, each for its share of the messages."""

VERSIONS: Final = 6
"""So many versions the schema has in the end, each in use for as many producers."""

_BATCH: Final = 200
_LOOKUP_SECONDS: Final = 1.0
_LIMIT: Final = 300.0


class Answers(Protocol):
    """A queue, between processes or within one."""

    def put(self, item: Verdict | str, /) -> None:
        """Put something into it."""


class _Consumer(ContractConsumer[Any]):
    contract = BEFORE


def soaked(
    config: dict[str, Any],
    topic: str,
    messages: int,
    seconds: float,
    answers: Answers,
) -> None:
    """Produce and consume at a steady rate; ``answers`` gets what was found.

    One consumer, member of a group, lasts for all of it. Producers come and go, each with a
    registry client, while the schema evolves. A tenth of the messages is poison.
    """
    verdict = Verdict()
    try:
        with ThreadPoolExecutor(1) as threads:
            producing = threads.submit(_produce, config, topic, Pace(messages, seconds))
            deadline = time.monotonic() + seconds + _LIMIT
            _consume(config, topic, messages, producing, deadline, verdict)
            producing.result()
    except Exception as error:  # noqa: BLE001 - another process judges it
        answers.put(f"{type(error).__name__}: {error}")
    else:
        answers.put(verdict)


def _produce(config: dict[str, Any], topic: str, pace: Pace) -> None:
    """Produce every message, typed ones and poison, and ask the registry once a second."""
    with SchemaRegistry.from_config(_registry_of(config)) as lasting:
        poisoner = Poisoner(lasting, topic)
        for term in range(TERMS):
            begin, end = (pace.messages * each // TERMS for each in (term, term + 1))
            version = term * VERSIONS // TERMS
            schema = _schema(version)
            with (
                SchemaRegistry.from_config(_registry_of(config)) as fresh,
                ContractProducer(
                    {**config, **PRODUCER}, topic=topic, schema=schema, registry=fresh
                ) as producer,
            ):
                asked = time.monotonic()
                for number in range(begin, end):
                    if kind_of(number) is not None:
                        # What no typed producer would send; delivered by the same client.
                        confluent_kafka.Producer.produce(
                            producer.client, topic, _poison(poisoner, number), str(number)
                        )
                        continue
                    record = {**good_record(number), **dict.fromkeys(_more(version), number)}
                    producer.produce(record, key=str(number))
                    if time.monotonic() - asked > _LOOKUP_SECONDS:
                        asked = time.monotonic()
                        for registry in (lasting, fresh):
                            registry.lookup(f"{topic}-value", schema)
                            registry.versions(f"{topic}-value")
                    pace.keep(number, producer.poll)


def _consume(
    config: dict[str, Any],
    topic: str,
    messages: int,
    producing: Future[None],
    deadline: float,
    verdict: Verdict,
) -> None:
    """Consume and commit until every good message was seen."""
    verdict.expect("good never processed", "good processed twice", "altered")
    # There in full from the beginning, so that it is no growth.
    seen = bytearray(messages)
    left = sum(1 for number in range(messages) if kind_of(number) is None)
    reader = {**config, "enable.auto.commit": False}
    with _Consumer(reader, topic=topic, group=GROUP, poison=DeadLetters()) as consumer:
        while left and time.monotonic() < deadline:
            if producing.done():
                producing.result()
            for message in consumer.consume(_BATCH, 0.5):
                number = message.value["id"] if message.value else -1
                if not 0 <= number < messages or message.value != good_record(number):
                    verdict.found("altered", f"{message.partition}/{message.offset}")
                elif seen[number]:
                    verdict.found("good processed twice", number)
                else:
                    seen[number] = 1
                    left -= 1
            consumer.commit()
    for number, was_seen in enumerate(seen):
        if not was_seen and kind_of(number) is None:
            verdict.found("good never processed", number)


def _more(version: int) -> list[str]:
    """The fields that a version of the schema has on top of those of the first."""
    return [f"more_{number}" for number in range(version)]


def _schema(version: int) -> Schema:
    plain = json.loads(GOOD)
    more = [{"name": name, "type": "int", "default": 0} for name in _more(version)]
    return parse_schema(json.dumps({**plain, "fields": [*plain["fields"], *more]}))


def _poison(poisoner: Poisoner, number: int) -> bytes:
    kind = kind_of(number)
    assert kind is not None  # noqa: S101 - only such numbers are asked for
    if kind is KINDS[0]:  # the id that is registered late, which an evolved schema has here
        return frame(2**31 - 1, b"")
    return kind.make(poisoner, number)


def _registry_of(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key.startswith("schema.registry.")}
