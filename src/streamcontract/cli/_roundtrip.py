"""Round trip of the demo: publish records, consume them, and compare.

The start offsets are committed before anything is published, for a group of the run's own, so that
records of earlier runs are not read. Each message has the run's name in a header, so that records
of other producers are skipped.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import attrs
import confluent_kafka

from streamcontract.contracts.stock import Stock, StockConsumer, StockProducer
from streamcontract.errors import StreamContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from streamcontract.kafka import Message

__all__ = ["Run", "Timed", "consume", "differences", "publish"]

Config = dict[str, str]

_HEADER: Final = "streamcontract-demo"
_REQUEST_TIMEOUT_S: Final = 30.0
# Longer than a group takes to form on a broker with Kafka's default settings (3 s, at times 6).
_SILENCE_S: Final = 30.0
_BATCH: Final = 500
_MAX_SHOWN: Final = 5


@attrs.frozen
class Timed:
    """Records, and the time they took.

    Attributes:
        records: The records, in the order they were sent or received.
        seconds: From the first record to the last.
    """

    records: list[Stock]
    seconds: float

    @property
    def per_second(self) -> float:
        """Records a second."""
        return len(self.records) / self.seconds if self.seconds else 0.0


@attrs.frozen
class Run:
    """One run of the demo against one cluster.

    Attributes:
        config: Client properties, ``schema.registry.url`` among them.
        topic: The topic.
        name: The name of the run, which its messages have in a header.
    """

    config: Config
    topic: str
    name: str = attrs.field(factory=lambda: uuid.uuid4().hex)

    @property
    def group(self) -> str:
        """The consumer group of this run."""
        return f"streamcontract-demo-{self.name}"

    def begin_here(self) -> None:
        """Commit the present end offsets of the topic for the run's group.

        Raises:
            StreamContractError: The cluster does not answer.
        """
        consumer = confluent_kafka.Consumer(
            {"bootstrap.servers": self.config["bootstrap.servers"], "group.id": self.group}
        )
        try:
            committed = consumer.commit(offsets=self._ends(consumer), asynchronous=False)
        except confluent_kafka.KafkaException as error:
            raise self._refused(error) from error
        finally:
            consumer.close()
        for place in committed:
            if place.error is not None:
                raise self._refused(place.error)

    def _ends(self, consumer: confluent_kafka.Consumer) -> list[confluent_kafka.TopicPartition]:
        """The present end offset of each partition."""
        ends = []
        found = consumer.list_topics(self.topic, timeout=_REQUEST_TIMEOUT_S).topics[self.topic]
        for number in found.partitions:
            place = confluent_kafka.TopicPartition(self.topic, number)
            _, place.offset = consumer.get_watermark_offsets(place, timeout=_REQUEST_TIMEOUT_S)
            ends.append(place)
        return ends

    def _refused(self, error: object) -> StreamContractError:
        return StreamContractError(
            f"the offsets of topic {self.topic!r} could not be marked for group {self.group!r} at "
            f"{self.config['bootstrap.servers']}: {error}"
        )


def publish(run: Run, records: Sequence[Stock], advance: Callable[[int], object]) -> Timed:
    """Publish the records, and wait until each one is delivered.

    Args:
        run: The run.
        records: The records, in order.
        advance: Called with the number of further queued records.

    Raises:
        StreamContractError: A record was not delivered.
    """
    headers = {_HEADER: run.name}
    with StockProducer(run.config, topic=run.topic) as producer:
        started = time.perf_counter()
        for begin in range(0, len(records), _BATCH):
            batch = records[begin : begin + _BATCH]
            for record in batch:
                producer.produce(record, headers=headers)
            advance(len(batch))
        producer.flush()
        return Timed([*records], time.perf_counter() - started)


def consume(run: Run, advance: Callable[[int], object]) -> Timed:
    """Consume the run's records, up to the present end of the topic.

    Args:
        run: The run.
        advance: Called with the number of further consumed records.

    Raises:
        StreamContractError: A message could not be read, or there was none for half a minute.
    """
    records: list[Stock] = []
    started = ended = 0.0
    with StockConsumer(run.config, topic=run.topic, group=run.group) as consumer:
        for message in consumer.until_end(_SILENCE_S):
            # From the first message on, without the time to join the group.
            started = started or time.perf_counter()
            if message.value is not None and _is_of(run, message):
                records.append(message.value)
                if len(records) % _BATCH == 0:
                    advance(_BATCH)
        ended = time.perf_counter()
    advance(len(records) % _BATCH)
    return Timed(records, ended - started)


def _is_of(run: Run, message: Message[Stock]) -> bool:
    return (_HEADER, run.name.encode()) in message.headers


def differences(published: Iterable[Stock], consumed: Iterable[Stock]) -> list[str]:
    """The differences between consumed and published records, symbol by symbol.

    Records of one symbol have one key, so they must be consumed in the order they were sent.

    Returns:
        One line for each difference, the first few of each symbol; empty if there is none.
    """
    sent, came = _by_symbol(published), _by_symbol(consumed)
    lines: list[str] = []
    for symbol in sorted({*sent, *came}):
        lines += _differences_of(symbol, sent.get(symbol, []), came.get(symbol, []))
    return lines


def _by_symbol(records: Iterable[Stock]) -> Mapping[str, list[Stock]]:
    by_symbol: dict[str, list[Stock]] = defaultdict(list)
    for record in records:
        by_symbol[record.symbol].append(record)
    return by_symbol


def _differences_of(symbol: str, sent: list[Stock], came: list[Stock]) -> list[str]:
    lines = []
    if len(sent) != len(came):
        lines.append(f"{symbol}: {len(sent):,} records published, {len(came):,} consumed")
    unlike = [place for place, (old, new) in enumerate(zip(sent, came)) if old != new]  # noqa: B905 - lengths may differ
    lines += [
        f"{symbol}, record {place + 1}: published {sent[place]}, consumed {came[place]}"
        for place in unlike[:_MAX_SHOWN]
    ]
    if len(unlike) > _MAX_SHOWN:
        lines.append(f"{symbol}: {len(unlike) - _MAX_SHOWN:,} more records differ")
    return lines
