"""Telemetry: what the SDK's own exporter and reader saw is what happened, and harms no message."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any
from unittest import mock

import opentelemetry.semconv._incubating.attributes.messaging_attributes as conventions
import opentelemetry.semconv._incubating.metrics.messaging_metrics as metric_conventions
import pytest
from confluent_kafka import KafkaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, context, trace
from opentelemetry.metrics import NoOpMeter
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind, StatusCode
from tests.kafka.bars import volumes
from tests.kafka.dlq_io import letters, produce_raw, read_all
from tests.kafka.installed import SHARE_GROUPS
from tests.kafka.observed import Observed
from tests.searching import examples

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractShareConsumer,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import (
    DeadLetterError,
    DeadLetters,
    Delivery,
    DeliveryError,
    Message,
    MessageDecodeError,
    Skip,
)
from streamcontract.otel import Telemetry, names
from streamcontract.otel.counts import Count
from streamcontract.otel.instruments import StopWatch
from streamcontract.otel.propagation import extracted, inject, links_to
from streamcontract.otel.sending import _Outcome
from streamcontract.wire import header
from streamcontract.wire.formats import CONFLUENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

    from streamcontract.devstack import DevStack
    from streamcontract.testing.fixtures.faults import Faults

Config = dict[str, Any]
WAIT = 30.0
TOO_LARGE = KafkaError.MSG_SIZE_TOO_LARGE
BY_OFFSET = "messaging.kafka.offset"


@pytest.fixture
def observed() -> Observed:
    """Telemetry that goes to memory."""
    return Observed()


def _context_of(span: ReadableSpan) -> trace.SpanContext:
    found: trace.SpanContext | None = span.context
    assert found is not None
    return found


def _offsets(spans: list[ReadableSpan]) -> list[object]:
    return [(span.attributes or {}).get(BY_OFFSET) for span in spans]


def test_the_trace_goes_on_from_producer_to_consumer(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """Through a second topic, too; each receiving call is linked to what sent its message."""
    first, second = topic(partitions=1), topic(partitions=1)
    telemetry = observed.telemetry
    tracer = observed.tracers.get_tracer("application")
    with (
        StockProducer(config, topic=first, telemetry=telemetry) as producer,
        tracer.start_as_current_span("request") as request,
    ):
        producer.produce(bar(), headers={"tenant": "a"})
    with (
        StockConsumer(config, topic=first, telemetry=telemetry) as consumer,
        StockProducer(config, topic=second, telemetry=telemetry) as producer,
    ):
        for message in consumer.until_end():
            with telemetry.process(message, group="g") as present:
                assert trace.get_current_span() is present
                producer.produce(message.value, key=message.key)
            assert trace.get_current_span() is trace.INVALID_SPAN
            assert message.headers[0] == ("tenant", b"a")
    (sent,) = observed.spans(f"send {first}")
    (polled,) = observed.spans(f"poll {first}")
    (processed,) = observed.spans(f"process {first}")
    (forwarded,) = observed.spans(f"send {second}")
    trace_id = request.get_span_context().trace_id
    assert [_context_of(span).trace_id == trace_id for span in (sent, processed, forwarded)] == [
        True,
        True,
        True,
    ]
    assert sent.parent == request.get_span_context()
    assert processed.parent is not None
    assert processed.parent.span_id == _context_of(sent).span_id
    assert forwarded.parent == _context_of(processed)
    assert _context_of(polled).trace_id != trace_id
    for span in (polled, processed):
        assert [link.context.span_id for link in span.links] == [_context_of(sent).span_id]
    kinds = [span.kind for span in (sent, polled, processed)]
    assert kinds == [SpanKind.PRODUCER, SpanKind.CLIENT, SpanKind.CONSUMER]
    place = {
        conventions.MESSAGING_SYSTEM: "kafka",
        conventions.MESSAGING_DESTINATION_NAME: first,
        conventions.MESSAGING_DESTINATION_PARTITION_ID: "0",
        conventions.MESSAGING_KAFKA_OFFSET: 0,
    }
    for span, operation, kind, group in (
        (sent, "send", "send", {}),
        (polled, "poll", "receive", {}),
        (processed, "process", "process", {conventions.MESSAGING_CONSUMER_GROUP_NAME: "g"}),
    ):
        attributes = dict(span.attributes or {})
        assert isinstance(attributes.pop("streamcontract.schema.id"), int)
        assert attributes == {
            **place,
            **group,
            conventions.MESSAGING_OPERATION_NAME: operation,
            conventions.MESSAGING_OPERATION_TYPE: kind,
        }
        assert span.status.status_code is StatusCode.UNSET


def test_names_are_those_of_the_conventions() -> None:
    """Every name that looks like OpenTelemetry's is one; the others say whose they are."""
    known = {
        value
        for module in (conventions, metric_conventions)
        for name, value in vars(module).items()
        if name.isupper()
    }
    ours = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and "." in value
    }
    assert {name for name in ours if name.startswith("messaging.")} <= known
    others = {name for name in ours if not name.startswith(("messaging.", "streamcontract."))}
    assert others == {ERROR_TYPE, names.SCHEMA_URL}
    assert names.SCHEMA_URL in {schema.value for schema in Schemas}


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fails=st.lists(st.booleans(), max_size=8), told=st.booleans())
def test_what_a_producer_counts_is_what_happened(
    fails: list[bool],
    told: bool,
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    streamcontract_faults: Faults,
) -> None:
    """Delivered and failed together are what was queued; each is a span that says how it ended."""
    observed, name, reports = Observed(), topic(partitions=1), list[Delivery]()
    failed = 0
    with StockProducer(config, topic=name, telemetry=observed.telemetry) as producer:
        for volume, fail in enumerate(fails):
            streamcontract_faults.request_errors("Produce", TOO_LARGE if fail else 0)
            if told:
                producer.produce(bar(volume=volume), on_delivery=reports.append)
                producer.flush()
            else:
                producer.produce(bar(volume=volume))
                with pytest.raises(DeliveryError) if fail else contextlib.nullcontext():
                    producer.flush()
            failed += fail
    delivered = len(fails) - failed
    assert len(read_all(config, name)) == delivered
    if told:
        assert [not report.ok for report in reports] == fails
    assert observed.total(names.QUEUED_MESSAGES) == len(fails)
    assert observed.total(names.SENT_MESSAGES, error_type=None) == delivered
    assert observed.total(names.SENT_MESSAGES, error_type="MSG_SIZE_TOO_LARGE") == failed
    assert observed.total(names.OPERATION_DURATION, messaging_operation_name="send") == len(fails)
    spans = observed.spans(f"send {name}")
    assert [span.status.status_code is StatusCode.ERROR for span in spans] == fails
    assert _offsets(spans) == [
        None if fail else fails[:index].count(False) for index, fail in enumerate(fails)
    ]


def test_what_is_given_up_counts_as_failed(
    config: Config, bar: Callable[..., Stock], observed: Observed
) -> None:
    """What closing discards was queued and not delivered."""
    nowhere = {**config, "bootstrap.servers": "localhost:1", "log_level": 0}
    producer = StockProducer(nowhere, topic=uuid.uuid4().hex, telemetry=observed.telemetry)
    for volume in range(3):
        producer.produce(bar(volume=volume))
    with pytest.raises(DeliveryError):
        producer.close(0)
    assert observed.total(names.QUEUED_MESSAGES) == 3
    assert observed.total(names.SENT_MESSAGES, error_type="_PURGE_QUEUE") == 3
    assert len(observed.spans("send")) == 3


def test_a_full_queue_makes_no_second_span(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """A message that has to wait for room is queued once, and counted once."""
    name = topic(partitions=1)
    small = {**config, "queue.buffering.max.messages": 2, "linger.ms": 0}
    with StockProducer(small, topic=name, telemetry=observed.telemetry) as producer:
        for volume in range(9):
            producer.produce(bar(volume=volume))
    assert len(read_all(config, name)) == 9
    assert observed.total(names.QUEUED_MESSAGES) == 9
    assert observed.total(names.SENT_MESSAGES, error_type=None) == 9
    assert len(observed.spans("send")) == 9


@pytest.mark.searching
def test_counts_outlive_what_counted(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """Also of a second ``Telemetry`` of the same provider, which the SDK calls nothing of."""
    name = topic(partitions=1)
    for count in (1, 2):
        telemetry = Telemetry(observed.tracers, observed.meters)
        with StockProducer(config, topic=name, telemetry=telemetry) as producer:
            producer.produce(bar())
        if count == 2:
            assert observed.total(names.QUEUED_MESSAGES) == 2
            with StockProducer(config, topic=name, telemetry=telemetry) as producer:
                producer.produce(bar())
        del producer, telemetry
        gc.collect()
    assert observed.total(names.QUEUED_MESSAGES) == 3
    assert observed.total(names.SENT_MESSAGES, error_type=None) == 3


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1))
def test_a_batch_is_measured_by_its_first(times: list[tuple[int, int]]) -> None:
    """Every message was reported within 5 ms of one that was measured, and queued before that."""
    outcome = _Outcome({}, {}, Count(NoOpMeter("none").create_counter("none"), {}))
    measured: list[int] = []
    reported = 0
    for queued, passed in times:
        reported += passed
        watch = StopWatch()
        watch.begun = max(0, reported - queued) * 1_000_000 + 1
        elapsed = reported * 1_000_000 + 1 - watch.begun
        if outcome.begins_batch(watch, elapsed):
            measured.append(reported)
        else:
            assert reported - measured[-1] < 5
            assert max(0, reported - queued) <= measured[-1]
    assert measured[0] == times[0][1]


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(0, 3).map(lambda number: header(number) + b"\2a"),
            st.sampled_from([None, [], {"trace": "x"}]),
            st.sampled_from([-1, 0, 7]),
        ),
        max_size=12,
    )
)
def test_a_span_says_the_schema_of_its_own_message(
    messages: list[tuple[bytes | None, Any, int]],
) -> None:
    """What is kept of one message for the next does not show in it."""
    observed = Observed()
    queued: list[Callable[..., None]] = []

    def produce(*message: Any) -> None:
        queued.append(message[4])

    send = observed.telemetry.sending(produce, "client", CONFLUENT.value)
    for value, headers, partition in messages:
        send("topic", value, None, partition, lambda *_: None, None, 0, headers)
    for report in queued:
        report(KafkaError(TOO_LARGE), mock.Mock(partition=lambda: None))
    for span, (value, _, partition) in zip(observed.spans(), messages, strict=True):
        attributes = span.attributes or {}
        assert attributes.get(names.TOMBSTONE, False) is (value is None)
        expected = None if value is None else int.from_bytes(value[1:5], "big")
        assert attributes.get(names.SCHEMA_ID) == expected
        assert attributes.get(names.PARTITION) == (None if partition < 0 else str(partition))
        assert attributes[names.CLIENT_ID] == "client"


def test_produce_all_is_observed_too(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """Its report and the counters agree."""
    with StockProducer(config, topic=topic(), telemetry=observed.telemetry) as producer:
        report = producer.produce_all(bar(volume=volume) for volume in range(20))
    assert report.delivered == 20 == observed.total(names.SENT_MESSAGES, error_type=None)


def _iterate(consumer: StockConsumer) -> list[Message[Stock]]:
    return [next(consumer) for _ in range(10)]


def _poll(consumer: StockConsumer) -> list[Message[Stock]]:
    found = [consumer.poll(WAIT) for _ in range(10)]
    assert consumer.poll(0) is None
    return [message for message in found if message is not None]


def _consume(consumer: StockConsumer) -> list[Message[Stock]]:
    found = consumer.consume(4, WAIT)
    while len(found) < 10:
        found += consumer.consume(10 - len(found), WAIT)
    assert consumer.consume(1, 0) == []
    return found


def _until_end(consumer: StockConsumer) -> list[Message[Stock]]:
    return list(consumer.until_end())


@pytest.mark.parametrize("read", [_iterate, _poll, _consume, _until_end])
def test_off_and_on_give_the_same_messages(
    config: Config,
    filled: Callable[..., str],
    observed: Observed,
    read: Callable[[StockConsumer], list[Message[Stock]]],
) -> None:
    """Whichever way they are read; and each one that was returned is counted, and no other."""
    name = filled(5, partitions=2)

    def places(consumer: StockConsumer) -> list[tuple[Any, ...]]:
        found = [
            (message.partition, message.offset, message.key, message.value, message.headers)
            for message in read(consumer)
        ]
        assert consumer.positions() == {0: 5, 1: 5}
        return sorted(found, key=lambda place: place[:2])

    with StockConsumer(config, topic=name) as consumer:
        expected = places(consumer)
    with StockConsumer(config, topic=name, telemetry=observed.telemetry) as consumer:
        assert places(consumer) == expected
        assert [lag for _, lag in observed.points(names.LAG)] == [0, 0]
    assert observed.points(names.LAG) == []
    for partition in ("0", "1"):
        assert (
            observed.total(names.CONSUMED_MESSAGES, messaging_destination_partition_id=partition)
            == 5
        )
    spans = observed.spans("poll")
    sizes = [int(str((span.attributes or {}).get(names.BATCH_COUNT, 1))) for span in spans]
    assert sum(sizes) == 10
    measured = observed.total(names.OPERATION_DURATION)
    # Of single messages that were fetched together only the first is measured.
    assert measured == len(spans) if read is _consume else 1 <= measured <= len(spans)
    assert observed.total(names.DECODED_MESSAGES) == 10
    ((attributes, seen),) = observed.points(names.SCHEMA_VERSIONS)
    assert seen == 1
    assert attributes[names.SCHEMA_ID] == expected_schema(config, name)


def expected_schema(config: Config, topic: str) -> int:
    """The schema id in the topic's first message, read without the library."""
    value = read_all(config, topic)[0].value()
    assert isinstance(value, bytes)
    return int.from_bytes(value[1:5], "big")


def test_a_batch_is_linked_to_each_of_its_messages(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """In their order, with the place of each; the number is told where a list was asked for."""
    name = topic(partitions=1)
    with StockProducer(config, topic=name, telemetry=observed.telemetry) as producer:
        for volume in range(3):
            producer.produce(bar(volume=volume))
        producer.produce(None, key="AAPL")
    with StockConsumer(config, topic=name, telemetry=observed.telemetry) as consumer:
        messages = list[Message[Stock]]()
        while len(messages) < 4:
            messages += consumer.consume(4 - len(messages), WAIT)
    sent = observed.spans("send")
    links = [link for span in observed.spans("poll") for link in span.links]
    assert [link.context.span_id for link in links] == [_context_of(span).span_id for span in sent]
    assert [(link.attributes or {})[BY_OFFSET] for link in links] == [0, 1, 2, 3]
    tombstones = [(span.attributes or {}).get(names.TOMBSTONE) for span in sent]
    assert tombstones == [None, None, None, True]
    assert observed.total(names.DECODED_MESSAGES) == 3


def test_dead_letters_are_counted_when_they_are_safe(
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    observed: Observed,
    streamcontract_faults: Faults,
) -> None:
    """Not when they are refused; and their headers are the original's, without any of ours."""
    name, target = topic(partitions=1), topic(partitions=1)
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar(volume=0))
        producer.flush()
        produce_raw(config, name, (b"poison", b"k", [("traceparent", b"\xff")], 0))
        producer.produce(bar(volume=2))
    options: Any = {
        "topic": name,
        "group": name,
        "poison": DeadLetters(topic=target),
        "telemetry": observed.telemetry,
    }
    with StockConsumer(config, **options) as consumer:
        messages, refused = list[Message[Stock]](), 0
        streamcontract_faults.request_errors("Produce", KafkaError.TOPIC_AUTHORIZATION_FAILED)
        while len(messages) < 2 or not refused:
            try:
                messages += consumer.consume(2 - len(messages) or 1, 1.0)
            except DeadLetterError:  # noqa: PERF203 - it happens once
                refused += 1
                assert observed.total(names.DEAD_LETTERED_MESSAGES) == 0
        consumer.commit()
    assert volumes(messages) == [0, 2]
    ((attributes, count),) = observed.points(names.DEAD_LETTERED_MESSAGES)
    assert count == 1 == len(letters(config, target))
    assert letters(config, target)[0].headers == (("traceparent", b"\xff"),)
    assert attributes == {
        names.SYSTEM: "kafka",
        names.TOPIC: name,
        names.GROUP: name,
        ERROR_TYPE: "streamcontract.errors.FrameError",
    }
    assert observed.total(names.CONSUMED_MESSAGES) == 2
    failed = observed.total(
        names.OPERATION_DURATION, error_type="streamcontract.kafka.errors.DeadLetterError"
    )
    assert failed == refused == 1


def test_a_message_that_is_not_of_the_contract(
    config: Config, topic: Callable[..., str], observed: Observed
) -> None:
    """It is a failed call, linked to who sent it; passed over, it is nothing that was consumed."""
    name = topic(partitions=1)
    sender = observed.tracers.get_tracer("other").start_span("send elsewhere")
    headers: list[tuple[str, str | bytes | None]] = []
    inject(headers, trace.set_span_in_context(sender, context.Context()))
    produce_raw(config, name, (b"poison", None, headers, 0))
    options: Any = {"topic": name, "telemetry": observed.telemetry}
    with StockConsumer(config, **options) as consumer, pytest.raises(MessageDecodeError):
        consumer.poll(WAIT)
    (span,) = observed.spans("poll")
    assert [link.context for link in span.links] == [
        trace.SpanContext(
            sender.get_span_context().trace_id,
            sender.get_span_context().span_id,
            is_remote=True,
            trace_flags=sender.get_span_context().trace_flags,
        )
    ]
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[ERROR_TYPE] == "streamcontract.kafka.errors.MessageDecodeError"
    assert _offsets([span]) == [0]
    passed = list[MessageDecodeError]()
    with StockConsumer(config, poison=Skip(passed.append), **options) as consumer:
        assert list(consumer.until_end()) == []
    assert len(passed) == 1
    assert observed.total(names.CONSUMED_MESSAGES) == 0


def test_lag_is_what_is_left(
    config: Config, filled: Callable[..., str], observed: Observed
) -> None:
    """For each partition, from the first message on, until the consumer is closed."""
    name = filled(6, partitions=2)

    def lag() -> dict[object, float]:
        points = observed.points(names.LAG)
        assert all(found[names.GROUP] == name for found, _ in points)
        return {found[names.PARTITION]: value for found, value in points}

    with StockConsumer(config, topic=name, group=name, telemetry=observed.telemetry) as consumer:
        assert lag() == {}
        handed = dict.fromkeys(("0", "1"), 0)
        for message in consumer.until_end():
            handed[str(message.partition)] += 1
            now = lag()
            known = {partition: 6 - count for partition, count in handed.items() if count}
            assert {key: now[key] for key in known} == known
        assert lag() == {"0": 0, "1": 0}
        consumer.seek(0, 2)
        assert lag() == {"0": 4, "1": 0}
    assert lag() == {}


def test_a_forgotten_consumer_is_not_kept_for_its_lag(
    config: Config, filled: Callable[..., str], observed: Observed
) -> None:
    """Whoever does not close a consumer does not get its lag forever."""
    consumer = StockConsumer(config, topic=filled(2), telemetry=observed.telemetry)
    consumer.poll(WAIT)
    assert observed.total(names.LAG) == 1
    del consumer
    gc.collect()
    assert observed.points(names.LAG) == []


@settings(max_examples=examples(50))
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(["traceparent", "tracestate", "baggage", "other"]),
            st.none()
            | st.binary(max_size=60)
            | st.from_regex(
                r"0[0-9a-f]-[0-9a-f]{31,33}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True
            ).map(str.encode),
        ),
        max_size=4,
    )
)
def test_any_headers_can_be_read(headers: list[tuple[str, bytes | None]]) -> None:
    """What is no trace context is none, and raises nothing; an application's is never changed."""
    with trace.use_span(trace.INVALID_SPAN):
        extracted(headers, context.Context())
        assert len(links_to(headers)) <= 1
        mine = trace.SpanContext(1, 2, is_remote=False)
        sent: list[tuple[str, Any]] = [*headers]
        inject(sent, trace.set_span_in_context(trace.NonRecordingSpan(mine), context.Context()))
        assert sent[: len(headers)] == headers
        if all(name == "other" for name, _ in headers):
            assert [link.context.span_id for link in links_to(sent)] == [2]
        else:
            assert sent == headers


def test_an_application_s_own_context_is_kept(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """The message carries it, and the span of sending is linked to it; baggage travels."""
    name = topic(partitions=1)
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with StockProducer(config, topic=name, telemetry=observed.telemetry) as producer:
        producer.produce(bar(), headers=[("traceparent", own), ("a", b"1"), ("a", b"2")])
        producer.flush()
        token = context.attach(baggage.set_baggage("tenant", "x"))
        producer.produce(bar())
        context.detach(token)
    (first, second) = read_all(config, name)
    assert first.headers() == [("traceparent", own.encode()), ("a", b"1"), ("a", b"2")]
    assert [link.context.span_id for link in observed.spans("send")[0].links] == [
        0xB7AD6B7169203331
    ]
    assert ("baggage", b"tenant=x") in (second.headers() or ())


class _Broken:
    """A provider whose tracers and instruments raise whatever is asked of them."""

    def __getattr__(self, name: str) -> Any:
        return self if name.startswith(("get_", "create_")) else self._raise

    def __call__(self, *_: object, **__: object) -> Any:
        return self

    def _raise(self, *_: object, **__: object) -> Any:
        raise ZeroDivisionError


def test_telemetry_that_fails_loses_no_message(
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages arrive, callbacks are called, and the log tells of each kind of failure once."""
    name, told = topic(partitions=1), list[Delivery]()
    broken: Any = _Broken()
    telemetry = Telemetry(broken, broken)
    with StockProducer(config, topic=name, telemetry=telemetry) as producer:
        for volume in range(3):
            producer.produce(bar(volume=volume), on_delivery=told.append)
            producer.produce(bar(volume=volume))
    assert [report.ok for report in told] == [True] * 3
    with StockConsumer(config, topic=name, telemetry=telemetry) as consumer:
        messages = list(consumer.until_end())
        with telemetry.process(messages[0]):
            pass
    assert volumes(messages) == [0, 0, 1, 1, 2, 2]
    records = [record for record in caplog.records if record.name == "streamcontract.otel"]
    assert records
    assert len({record.getMessage() for record in records}) == len(records)


def test_processing_that_fails(
    observed: Observed, config: Config, filled: Callable[..., str]
) -> None:
    """The exception leaves the block as it is, and the span and the duration name it."""
    with StockConsumer(config, topic=filled(1)) as consumer:
        message = next(consumer)
    with pytest.raises(ZeroDivisionError), observed.telemetry.process(message):
        raise ZeroDivisionError
    (span,) = observed.spans("process")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[ERROR_TYPE] == "ZeroDivisionError"
    assert span.parent is None
    assert observed.total(names.PROCESS_DURATION, error_type="ZeroDivisionError") == 1


def test_asyncio(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str], observed: Observed
) -> None:
    """The trace of the task goes on, also where a thread of the producer's sends."""
    name = topic(partitions=1)
    tracer = observed.tracers.get_tracer("application")

    async def main() -> None:
        options: Any = {"record": Stock, "topic": name, "telemetry": observed.telemetry}
        async with AsyncContractProducer(config, **options) as producer:
            with tracer.start_as_current_span("task"):
                for volume in range(3):
                    await producer.produce(bar(volume=volume))
        async with AsyncContractConsumer(config, **options) as consumer:
            waiting = asyncio.create_task(consumer.consume(4, WAIT))
            while not observed.points(names.DECODED_MESSAGES):
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with tracer.start_as_current_span("reader"):
                messages = [message async for message in consumer.until_end()]
        assert volumes(messages) == [0, 1, 2]

    asyncio.run(asyncio.wait_for(main(), 2 * WAIT))
    (task,), (reader,) = observed.spans("task"), observed.spans("reader")
    assert [span.parent for span in observed.spans("send")] == [task.context] * 3
    assert [span.parent for span in observed.spans("poll")] == [reader.context] * 3
    assert observed.total(names.CONSUMED_MESSAGES) == 3


@SHARE_GROUPS
def test_share_consumers(
    embedded_stack: DevStack,
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    observed: Observed,
) -> None:
    """What a share consumer hands out is counted; it has no lag."""
    options: Any = {"record": Stock, "topic": topic(), "telemetry": observed.telemetry}
    handed_out = 0
    with (
        ContractShareConsumer(config, group=uuid.uuid4().hex, **options) as consumer,
        StockProducer({**config, "linger.ms": 0}, topic=consumer.topic) as producer,
    ):
        while not handed_out:  # a new group begins at the end
            producer.produce(bar())
            handed_out += consumer.poll(0.5) is not None
        assert observed.total(names.CONSUMED_MESSAGES) == 1
    assert observed.points(names.LAG) == []


def test_what_is_no_telemetry(config: Config) -> None:
    """It is refused before anything else is done."""
    wrong: Any = "otel"
    for client in (StockProducer, StockConsumer):
        with pytest.raises(ConfigurationError, match=r"telemetry= .* not 'otel'"):
            client(config, telemetry=wrong)
    with pytest.raises(ConfigurationError, match=r"telemetry="):
        ContractShareConsumer(config, record=Stock, group="g", telemetry=wrong)


_OFF = """
import sys
from streamcontract import StockConsumer, AsyncContractConsumer, ContractShareConsumer
import streamcontract.kafka, streamcontract.cli
servers, registry, topic = sys.argv[1:]
config = {"bootstrap.servers": servers, "schema.registry.url": registry}
with StockConsumer(config, topic=topic) as consumer:
    assert len(list(consumer.until_end())) == 2
print([name for name in sys.modules if name.startswith(("opentelemetry", "streamcontract.otel"))])
"""


def test_nothing_is_imported_when_it_is_off(config: Config, filled: Callable[..., str]) -> None:
    """A client without telemetry knows nothing of OpenTelemetry."""
    where = (config["bootstrap.servers"], config["schema.registry.url"], filled(2))
    found = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _OFF, *where], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_asking_for_what_is_not_installed() -> None:
    """One error, that says what to install; it is an ImportError too, for those who try."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "try: import streamcontract.otel\n"
        "except ImportError as error: print(type(error).__mro__[1].__name__, error)\n"
    )
    found = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("ConfigurationError ")
    assert "pip install 'streamcontract[otel]'" in found.stdout
