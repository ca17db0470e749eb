"""Lines of JSON sent to a topic: all checked first, then produced."""

from __future__ import annotations

import codecs
import contextlib
import functools
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka

from streamcontract.kafka.connection.cluster import Cluster, advice_on
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.errors import ProduceError, kafka_error_of
from streamcontract.kafka.producer import ContractProducer
from streamcontract.kafka.timeouts import BROKER_TIMEOUT
from streamcontract.messages.lines import LineEncoder, LineError, source_of
from streamcontract.messages.spool import Spool
from streamcontract.messages.topics import no_schema, writer_of
from streamcontract.messages.values import Form
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from typing_extensions import Self

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.kafka.message import Delivery
    from streamcontract.kafka.producer.produce_report import ProduceProgress
    from streamcontract.messages.lines import LineKind
    from streamcontract.messages.spool import Row
    from streamcontract.messages.topics import TopicSchemas
    from streamcontract.project import Project

__all__ = ["Plan", "SendReport", "Undelivered", "Writing"]

_MOST_FAILURES = 1_000


@attrs.frozen(kw_only=True)
class Plan:
    """How lines are made messages.

    Attributes:
        topic: The topic.
        contract: The name of the contract, instead of the topic's, or None.
        key: The field of the value that gives the key, instead of the contract's, or None.
        headers: Headers for each message.
        partition: The partition of each message, or None for the one by its key.
        encoding: The JSON encoding of the values.
        kind: What the lines are.
    """

    topic: str
    contract: str | None = None
    key: str | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None
    encoding: Encoding = "plain"
    kind: LineKind = None


@attrs.frozen
class Undelivered:
    """A message that did not arrive.

    Attributes:
        line: The number of its line, from 1.
        reason: Why.
    """

    line: int
    reason: str


@attrs.frozen
class SendReport:
    """What became of the messages.

    Attributes:
        delivered: How many the brokers acknowledged.
        failed: How many did not arrive.
        failures: The first thousand of them.
        stopped_after: Where :meth:`Writing.stop` ended it, the last line that counts: of the lines
            after it nothing was sent. None otherwise.
    """

    delivered: int
    failed: int
    failures: tuple[Undelivered, ...] = ()
    stopped_after: int | None = None


class Writing:
    """One write to a topic: :meth:`check` every line, then :meth:`send`.

    What is checked is kept as it will be sent, so that nothing is encoded twice, in memory up to a
    few megabytes and in a temporary file beyond.

    Args:
        plan: How lines are made messages.
        config: Client properties.
        project: The project, if there is one.
        registry: The registry, which the caller closes; None for that of the properties.

    Attributes:
        schemas: The schemas they are written with; None before :meth:`check`, from the first line.
        borrowed_from: The topic whose schema is taken, since this one has none yet; or None.
        lines: How many lines were checked; empty ones do not count.
        faulty: How many of them are no messages of the topic.
        written_with: The ids of the schemas that the messages of envelopes were written with.

    Raises:
        ConfigurationError: The topic has several contracts, or the configuration is wrong.
        RegistryError: The registry did not answer.
    """

    def __init__(
        self,
        plan: Plan,
        config: Mapping[str, Any],
        project: Project | None = None,
        registry: SchemaRegistry | None = None,
    ) -> None:
        self._config = dict(config)
        self.lines = 0
        self.faulty = 0
        self.written_with: Set[int | str] = frozenset()
        settings = split_config(self._config)
        self._plan = plan
        self._writer_of = functools.partial(
            writer_of, plan.topic, project, settings=settings, form=Form(plan.encoding),
            contract=plan.contract, key=plan.key,
        )  # fmt: skip
        self.schemas: TopicSchemas | None = None
        self.borrowed_from: str | None = None
        with contextlib.ExitStack() as resources:
            self._registry = registry or resources.enter_context(
                SchemaRegistry.from_config(settings.registry)
            )
            self.schemas = self._writer_of(registry=self._registry)
            self._spool = resources.enter_context(Spool())
            self._resources = resources.pop_all()
        self._rows = _Rows(self._spool, plan.partition)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def count(self) -> int:
        """How many messages there are to send."""
        return len(self._spool)

    def check(self, lines: Iterable[bytes]) -> Iterator[LineError]:
        """Check lines and keep their messages; what is wrong with those that are none.

        Args:
            lines: The lines; empty ones count as lines and are no messages.

        Raises:
            ConfigurationError: There is no schema for the topic, nor for that of the first message.
            RegistryError: The registry did not answer.
        """
        encode, keep = None, self._spool.add
        for number, line in enumerate(lines, 1):
            # Some programs begin UTF-8 with a mark, which is no part of JSON (RFC 8259, 8.1).
            text = (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).strip()
            if not text:
                continue
            if encode is None:
                encoder = self._encoder(text)
                encode, self.written_with = encoder.encode, encoder.written_with
            self.lines += 1
            found = encode(number, text)
            if isinstance(found, LineError):
                self.faulty += 1
                yield found
            else:
                keep(found)

    def _encoder(self, first: bytes) -> LineEncoder:
        plan = self._plan
        if self.schemas is None:
            # A topic that is filled from another one begins with the other one's schema.
            source = None if plan.kind == "values" else source_of(first)
            if source is not None:
                self.schemas = self._writer_of(registry=self._registry, source=source)
                self.borrowed_from = source
            if self.schemas is None:
                raise no_schema(plan.topic, self._registry)
        return LineEncoder(self.schemas, plan.encoding, plan.kind, plan.headers)

    def require_brokers(self) -> None:
        """See that the brokers answer: :meth:`send` would wait in silence, for minutes.

        Raises:
            ProduceError: They do not.
        """
        cluster = Cluster(split_config(self._config).client, timeout=BROKER_TIMEOUT)
        try:
            cluster.admin().list_topics(timeout=cluster.timeout)
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            topic = self._plan.topic
            raise ProduceError(topic, reason, advice=advice_on(reason, topic)) from error

    def send(
        self,
        progress: Callable[[ProduceProgress], object] | None = None,
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> SendReport:
        """Produce the messages that were kept, and wait until each is delivered or has failed.

        Args:
            progress: Called every half second and at the end.
            on_delivery: Called with the delivery report of each message.

        Raises:
            RegistryError: The schema could not be registered or found.
            ProduceError: The producer cannot go on at all.
        """
        config, schemas = self._config, self.schemas
        if schemas is None:
            return SendReport(0, 0)  # no line was checked
        if schemas.is_registered:
            config = {"auto.register.schemas": False, **config}
        rows = self._rows
        rows.on_delivery = on_delivery
        binding: Any = schemas.binding  # of payloads and keys that are encoded already
        with ContractProducer(
            config, topic=schemas.topic, schema=binding, registry=self._registry
        ) as producer:
            report = producer.produce_all(
                rows.payloads(),
                options=rows.options,
                progress=progress,
                max_failures=_MOST_FAILURES,
            )
        reasons = {failure.index: str(failure.error) for failure in report.failures}
        undelivered = tuple(self._undelivered(reasons))
        return SendReport(report.delivered, report.failed, undelivered, rows.stopped_after)

    def stop(self) -> None:
        """Let :meth:`send`, which is under way, take no more messages and wait for the others."""
        self._rows.is_stopped = True

    def _undelivered(self, reasons: Mapping[int, str]) -> Iterator[Undelivered]:
        # Few fail, so that their lines are looked up instead of being kept for all.
        for index, row in enumerate(self._spool) if reasons else ():
            if index in reasons:
                yield Undelivered(row[0], reasons[index])


class _Rows:
    """Kept messages as ``produce_all`` takes them: a value, and the options of that value.

    Attributes:
        is_stopped: Whether no more are to be taken.
        on_delivery: Called with the delivery report of each, or None.
        stopped_after: The line of the last one that was taken, if there are more; else None.
    """

    def __init__(self, spool: Spool, partition: int | None) -> None:
        self._spool = spool
        self._options = {} if partition is None else {"partition": partition}
        self.is_stopped = False
        self.on_delivery: Callable[[Delivery], None] | None = None
        self.stopped_after: int | None = None
        self._row: Row = (0, None, None, ())

    def payloads(self) -> Iterator[bytes | None]:
        """The payloads, in order."""
        for row in self._spool:
            if self.is_stopped:
                self.stopped_after = self._row[0]
                return
            self._row = row
            yield row[1]

    def options(self, _payload: bytes | None) -> Any:
        """Key and headers of the payload that was taken last."""
        _, _, key, headers = self._row
        found: dict[str, Any] = {**self._options, "key": key}
        if headers:
            found["headers"] = list(headers)
        if self.on_delivery is not None:
            found["on_delivery"] = self.on_delivery
        return found
