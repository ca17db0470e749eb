"""librdkafka's log lines: each fault once in a while, and all else as it is."""

from __future__ import annotations

import logging

import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaException, Producer
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.cli import main
from streamcontract.kafka.connection.librdkafka_log import LibrdkafkaLog

REFUSED = "%s [%s] %s", "FAIL", "rdkafka#producer-1", "refused (after {}ms in state CONNECT)"
# Nothing listens on the lowest port of a machine that runs tests.
NOBODY = "127.0.0.1:1"


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self.texts.append(record.getMessage())


def logger_to(lines: Lines) -> logging.Logger:
    """A logger of no name and no parent."""
    logger = logging.Logger("alone")
    logger.addHandler(lines)
    return logger


def test_what_the_consumer_logs_itself_is_not_written_twice() -> None:
    """That the application did not poll in time."""
    lines = Lines()
    log = LibrdkafkaLog(logger_to(lines))
    log.log(logging.WARNING, "%s [%s] %s", "MAXPOLL", "rdkafka#consumer-1", "exceeded by 1ms")
    log.log(logging.WARNING, "%s [%s] %s", "OTHER", "rdkafka#consumer-1", "MAXPOLL")
    assert lines.texts == ["OTHER [rdkafka#consumer-1] MAXPOLL"]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 40),
            st.sampled_from([logging.DEBUG, logging.WARNING, logging.ERROR, logging.CRITICAL]),
            st.sampled_from(["refused (after 0ms in state CONNECT)", "timed out"]),
        )
    )
)
def test_an_error_is_written_at_most_every_thirty_seconds(
    events: list[tuple[float, int, str]],
) -> None:
    """Against a model that remembers all that was written, and when."""
    now = 0.0
    lines = Lines()
    log = LibrdkafkaLog(logger_to(lines), clock=lambda: now)
    written: list[tuple[float, int, str]] = []
    for pause, level, text in events:
        now += pause
        if level < logging.ERROR or not any(
            before >= logging.ERROR and same == text and now - at < 30
            for at, before, same in written
        ):
            written.append((now, level, text))
        log.log(level, "%s", text)
    assert lines.texts == [text for _, _, text in written]


def test_how_long_an_attempt_took_makes_no_other_line() -> None:
    """Each line says it."""
    lines = Lines()
    log = LibrdkafkaLog(logger_to(lines))
    form, *words, text = REFUSED
    for duration in (0, 0, 12):
        log.log(logging.ERROR, form, *words, text.format(duration))
    suppressed = text.format(0).replace(")", ", 1 identical error(s) suppressed)")
    log.log(logging.ERROR, form, *words, suppressed)
    assert len(lines.texts) == 1


def test_it_is_what_confluent_kafka_takes_as_a_logger() -> None:
    """A client that finds nobody tells it, and is heard once."""
    lines = Lines()
    producer = Producer({"bootstrap.servers": NOBODY, "logger": LibrdkafkaLog(logger_to(lines))})
    attempts = 0
    while attempts < 3 or not lines.texts:
        with pytest.raises(KafkaException):
            producer.list_topics(timeout=0.1)
        producer.poll(0)
        attempts += 1
    assert len(lines.texts) == 1
    assert "Connection refused" in lines.texts[0]


def test_a_command_that_finds_no_broker_says_so_in_two_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reason, by librdkafka, and the error that says what to do."""
    command = ["topics", "list", "--timeout", "0.3", "-X", f"bootstrap.servers={NOBODY}"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert len(caplog.messages) <= 1  # none, if the time was up before the first attempt
