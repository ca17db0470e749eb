"""A registry that is killed and ill while records with ever new schemas are produced and read."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import confluent_kafka

from reliability.gate import ILLNESSES, FaultyRegistry
from reliability.load import PRODUCER, Pace, client_config
from reliability.report import Report
from reliability.verdict import Verdict
from streamcontract import Codec, ContractConsumer, ContractProducer, SchemaRegistry, parse_schema
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.errors import RegistryError
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract import Schema

__all__ = ["FAULTS", "LONGEST", "judge_registry", "registry_faults"]

T = TypeVar("T")

FAULTS: Final = ("killed", *(name for name in ILLNESSES if name != "well"))
"""One after the other, with good health before and behind each."""

_TOPIC: Final = "reliability"
_TYPED, _PREPARED = 0, 1
_CLIENTS: Final = ("producer", "consumer")
_BATCH: Final = 100
_POLL: Final = 0.5
_PAUSE: Final = 0.05
_LIMIT: Final = 300.0
_CLIENT: Final[dict[str, Any]] = {
    "read_timeout": 1.0,
    "max_retries": 1,
    "backoff": 0.1,
    "deadline": 3.0,
}
"""Registry clients' settings: impatient, so that a fault is met many times."""

LONGEST: Final = 5.0
"""Seconds that a call may take: its deadline, half a second for messages, and a slow machine."""


def registry_faults(messages: int, minutes: float, seed: int) -> Report:
    """Kill the registry, and let it answer in every wrong way, under load."""
    del seed  # nothing is left to chance
    began = time.monotonic()
    verdict = Verdict()
    with (
        KafkaStack() as stack,
        tempfile.TemporaryDirectory() as folder,
        FaultyRegistry(Path(folder)) as registry,
    ):
        stack.create_topic(_TOPIC, 2)
        notes = judge_registry(
            client_config(stack), registry, _TOPIC, messages, minutes * 60, verdict
        )
    return Report("registry", verdict, notes, time.monotonic() - began)


def judge_registry(
    config: dict[str, Any],
    registry: FaultyRegistry,
    topic: str,
    messages: int,
    seconds: float,
    verdict: Verdict,
    rounds: int = 400,
) -> list[str]:
    """Produce and consume, with a new schema in each round, through all faults.

    Half of the records come from typed producers, which register their schemas as they go. The
    schemas of the other half were registered before, so that the consumer meets unknown ids while
    nobody can register any.

    Args:
        config: Client properties.
        registry: The registry.
        topic: The topic, which has two partitions and is empty.
        messages: How many records.
        seconds: How long they are to take, half of it without a fault.
        verdict: Gets what must not be.
        rounds: How many schemas each half has.

    Returns:
        What was done, and how it was taken.
    """
    verdict.expect("lost", "duplicated", "waits without bound", "not recovered")
    verdict.expect("faults that a client did not meet")
    half = messages // 2
    watch = _Watch()
    work = _Work(config, registry.url, topic, half, seconds, rounds, watch)
    schemas = work.register_prepared()
    with ThreadPoolExecutor(3) as threads:
        consuming = threads.submit(work.consume, verdict)
        producing = [threads.submit(work.produce_typed)]
        producing.append(threads.submit(work.produce_prepared, schemas))
        clients = [consuming, *producing]
        began, part = time.monotonic(), seconds / (2 * len(FAULTS) + 1)
        rests = []
        for number, fault in enumerate(FAULTS):
            ill = began + part * (2 * number + 1)
            rests.append(_strike(registry, fault, ill, ill + part, watch, clients))
        for each in (*producing, consuming):
            each.result()
    for fault, rest in zip(FAULTS, rests, strict=True):
        if rest is None:
            verdict.found("not recovered", fault)
    watch.judge(verdict)
    return [
        f"1 broker, 2 partitions; {2 * rounds:,} schemas",
        f"{2 * half:,} records over {seconds / 60:g} minutes or more",
        *(
            f"{watch.seen(fault)}; all went on {rest or _LIMIT:.1f} s after it"
            for fault, rest in zip(FAULTS, rests, strict=True)
        ),
    ]


@attrs.define
class _Watch:
    """What clients met, by the fault in which a call began, or else ended."""

    fault: str = "well"
    errors: dict[str, Counter[str]] = attrs.field(factory=dict)
    longest: dict[str, float] = attrs.field(factory=dict)
    progress: Counter[str] = attrs.field(factory=Counter)
    """By client, how many schemas it has got through."""

    def until_it_works(self, who: str, call: Callable[[], T]) -> T:
        """Make a call, again where the registry is at fault: as applications would."""
        while True:
            before, began = self.fault, time.monotonic()
            error: RegistryError | None = None
            try:
                return call()
            except RegistryError as caught:
                error = caught
            finally:
                self._note(who, before, error, time.monotonic() - began)
            time.sleep(_PAUSE)  # as applications would

    def _note(self, who: str, before: str, error: RegistryError | None, took: float) -> None:
        # A call that waits for messages may begin in good health, and meet a fault.
        fault = self.fault if before == "well" else before
        self.longest[fault] = max(took, self.longest.get(fault, 0.0))
        if error is not None:
            kind = f"{type(error).__name__} of the {who}"
            self.errors.setdefault(fault, Counter())[kind] += 1

    def seen(self, fault: str) -> str:
        """What there was to see of a fault."""
        errors = self.errors.get(fault, Counter())
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(errors.items()))
        return f"{fault}: {kinds or 'no errors'}; longest call {self.longest.get(fault, 0.0):.2f} s"

    def judge(self, verdict: Verdict) -> None:
        """Each fault was met, and no call waited for too long."""
        for fault, longest in self.longest.items():
            if longest > LONGEST:
                verdict.found("waits without bound", f"{longest:.1f} s while {fault}")
        for fault in FAULTS:
            for who in _CLIENTS:
                # What is merely slow is waited for.
                if fault != "slow" and not any(
                    kind.endswith(who) for kind in self.errors.get(fault, ())
                ):
                    verdict.found("faults that a client did not meet", f"{fault}: {who}")
        for kind, count in self.errors.get("well", Counter()).items():
            verdict.found("errors in good health", kind, count)


def _strike(
    registry: FaultyRegistry,
    fault: str,
    begin: float,
    end: float,
    watch: _Watch,
    clients: list[Future[None]],
) -> float | None:
    """Let it be ill between two times; gives after how many seconds all clients went on."""
    _sleep_until(begin)
    watch.fault = fault
    if fault == "killed":
        registry.kill()
        _sleep_until(end)
        registry.restart()
    else:
        registry.fall_ill(fault)
        _sleep_until(end)
        registry.fall_ill("well")
    ended = time.monotonic()
    before = watch.progress.copy()
    while not _is_done(clients) and any(watch.progress[who] == before[who] for who in _CLIENTS):
        if time.monotonic() - ended > _LIMIT or _has_failed(clients):
            return None
        time.sleep(_PAUSE)  # between two looks
    watch.fault = "well"
    return time.monotonic() - ended


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))  # so long it stays as it is


def _is_done(clients: list[Future[None]]) -> bool:
    return all(each.done() for each in clients)


def _has_failed(clients: list[Future[None]]) -> bool:
    return any(each.done() and each.exception() is not None for each in clients)


@attrs.frozen
class _Work:
    """The clients, each with a registry client of its own."""

    config: dict[str, Any]
    url: str
    topic: str
    half: int
    seconds: float
    rounds: int
    watch: _Watch

    def register_prepared(self) -> list[tuple[int, Codec[Any]]]:
        """Register the schemas of the half that needs no registry later."""
        with SchemaRegistry(self.url) as registry:
            schemas = [_schema(f"prepared_{each}") for each in range(self.rounds)]
            return [
                (registry.register(f"{self.topic}-prepared", each), Codec(each)) for each in schemas
            ]

    def produce_typed(self) -> None:
        """Produce a half: a producer for each round, whose first record registers its schema."""
        pace = Pace(self.half, self.seconds)
        with SchemaRegistry(self.url, **_CLIENT) as registry:
            for each in range(self.rounds):
                name = f"typed_{each}"
                with ContractProducer(
                    {**self.config, **PRODUCER},
                    topic=self.topic,
                    schema=_schema(name),
                    registry=registry,
                ) as producer:
                    for number in self._share(each):
                        record = {"number": number, name: 1}
                        send = partial(producer.produce, record, partition=_TYPED)
                        self.watch.until_it_works("producer", send)
                        pace.keep(number, producer.poll)
                self.watch.progress["producer"] += 1

    def produce_prepared(self, schemas: list[tuple[int, Codec[Any]]]) -> None:
        """Produce the other half, in frames that are known already."""
        pace = Pace(self.half, self.seconds)
        plain = {key: value for key, value in self.config.items() if "registry" not in key}
        producer = confluent_kafka.Producer({**plain, **PRODUCER})
        for each, (schema_id, codec) in enumerate(schemas):
            for number in self._share(each):
                record = {"number": number, f"prepared_{each}": 1}
                value = frame(schema_id, codec.encode(record))
                producer.produce(self.topic, value, partition=_PREPARED)
                pace.keep(number, lambda: producer.poll(0))
            producer.flush(_LIMIT)

    def consume(self, verdict: Verdict) -> None:
        """Read both partitions: every number of each, once and in order."""
        due = {_TYPED: 0, _PREPARED: 0}
        deadline = time.monotonic() + self.seconds + 2 * _LIMIT
        with (
            SchemaRegistry(self.url, **_CLIENT) as registry,
            ContractConsumer(
                self.config, topic=self.topic, schema=_schema(), registry=registry
            ) as consumer,
        ):
            met: set[object] = set()
            while min(due.values()) < self.half and time.monotonic() < deadline:
                for message in self.watch.until_it_works(
                    "consumer", lambda: consumer.consume(_BATCH, _POLL)
                ):
                    if message.schema_id not in met:
                        met.add(message.schema_id)
                        self.watch.progress["consumer"] += 1
                    _judge_number(message.partition, message.value, due, verdict)
        for partition, number in due.items():
            if number < self.half:
                verdict.found("lost", f"partition {partition} from {number}", self.half - number)

    def _share(self, each: int) -> range:
        """The numbers of a round."""
        return range(self.half * each // self.rounds, self.half * (each + 1) // self.rounds)


def _judge_number(partition: int, value: Any, due: dict[int, int], verdict: Verdict) -> None:
    number, expected = value["number"], due[partition]
    place = f"{number} in place of {expected} in partition {partition}"
    if number > expected:
        verdict.found("lost", place, number - expected)
    if number < expected:
        verdict.found("duplicated", place)
        return
    due[partition] = number + 1


def _schema(*more: str) -> Schema:
    """A record with its number and more fields, each of which has a default."""
    fields = [
        {"name": "number", "type": "long"},
        *({"name": name, "type": "int", "default": 0} for name in more),
    ]
    return parse_schema(json.dumps({"type": "record", "name": "Numbered", "fields": fields}))
