"""``streamcontract consume``: which messages it shows, how, and how it ends."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from tests.messages.conftest import SALE, Commands, sale

from streamcontract import ContractProducer, parse_schema
from streamcontract.kafka import describe_groups, describe_topics
from streamcontract.messages import reading

if TYPE_CHECKING:
    from collections.abc import Callable

Sales = list[dict[str, Any]]


def counts(found: list[dict[str, Any]]) -> list[int]:
    """The counts of the sales in messages."""
    return sorted(each["value"]["count"] for each in found)


def test_each_message_is_a_line(commands: Commands, sales: Sales) -> None:
    """With its place, its key and its value by the contract."""
    found = commands.consume()
    assert [each["value"] for each in found] == sorted(sales, key=lambda each: each["shop"])
    for each in found:
        assert list(each) == [
            "@type",
            "topic",
            "partition",
            "offset",
            "timestamp",
            "key",
            "headers",
            "schema_id",
            "value",
        ]
        assert (each["@type"], each["topic"]) == ("message", commands.topic)
        assert each["key"] == each["value"]["shop"] == f"shop {each['partition']}"
        assert isinstance(each["schema_id"], int)


def test_values_alone(commands: Commands, sales: Sales) -> None:
    """In either encoding of JSON."""
    _, output, _ = commands.run("consume", commands.topic, "--lines", "values", "--json", "avro")
    found = [json.loads(line) for line in output.splitlines()]
    assert sorted(each["count"] for each in found) == list(range(6))
    assert {each["day"] for each in found} == {19860}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from", "-1"), [3, 4, 5]),
        (("--from", "1"), [3, 4, 5]),
        (("--from", "99"), []),
        (("--from", "latest"), []),
        (("--from", "earliest", "--partition", "1", "--partition", "2"), [1, 2, 4, 5]),
        (("--key", "shop 1"), [1, 4]),
        (("--where", "count > 3 or shop = 'shop 0'"), [0, 3, 4, 5]),
        (("--where", "count > 0", "--key", "shop 0"), [3]),
        (("--where", "day < '2024-05-17'"), []),
    ],
)
def test_only_what_is_asked_for(
    commands: Commands, sales: Sales, options: tuple[str, ...], expected: list[int]
) -> None:
    """By position, partition, key and value."""
    assert counts(commands.consume(*options)) == expected


def test_a_limit_counts_what_is_shown(commands: Commands, sales: Sales) -> None:
    """Messages that are passed over do not count."""
    assert len(commands.consume("--limit", "4")) == 4
    assert counts(commands.consume("--where", "count = 5", "--limit", "1")) == [5]


def test_a_time(commands: Commands, sales: Sales, is_embedded: bool) -> None:
    """The first messages from then on; the embedded broker says that it cannot."""
    if is_embedded:
        code, _, errors = commands.run("consume", commands.topic, "--from", "2024-05-17T09:30:00Z")
        assert code == 2
        assert "cannot look offsets up by time" in errors
        return
    assert len(commands.consume("--from", "2024-05-17")) == 6
    assert commands.consume("--from", "2200-01-01T00:00:00+01:00") == []


def test_tombstones_headers_and_poison_are_shown(
    commands: Commands, sales: Sales, send_raw: Callable[..., None]
) -> None:
    """What cannot be read is no end, and is there in full."""
    send_raw(None, b"shop 0", partition=0)
    send_raw(b"no frame", b"\xff", partition=0, headers=[("a", b"1"), ("a", b"\xff"), ("b", None)])
    code, output, errors = commands.run("consume", commands.topic, "--partition", "0")
    assert (code, errors) == (0, "messages that cannot be read: 1 of 4\n")
    *_, tombstone, poison = sorted(map(json.loads, output.splitlines()), key=lambda m: m["offset"])
    assert (tombstone["key"], tombstone["value"], tombstone["tombstone"]) == ("shop 0", None, True)
    assert "value" not in poison
    assert (poison["key"], poison["payload"]) == ({"base64": "/w=="}, "bm8gZnJhbWU=")
    assert poison["error"]["reason"].startswith("the message starts with byte 0x6e")
    assert poison["headers"] == [
        {"name": "a", "value": "1"},
        {"name": "a", "value": {"base64": "/w=="}},
        {"name": "b", "value": None},
    ]


def test_a_tombstone_meets_no_condition(
    commands: Commands, sales: Sales, send_raw: Callable[..., None]
) -> None:
    """It has no value; what cannot be read may have one, so it is shown."""
    send_raw(None, b"shop 0", partition=0)
    send_raw(b"no frame", b"shop 0", partition=0)
    found = commands.consume("--where", "price = null", "--partition", "0")
    assert ["value" in each for each in found] == [True, True, False]


def test_on_a_terminal_json_is_ascii_alone(
    commands: Commands, send_raw: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing in a message can steer it; in a pipe it stays as it is."""
    send_raw(None, "\u202ené".encode(), partition=0)
    arguments = ("consume", commands.topic, "--format", "json")
    assert "\u202e" in commands.run(*arguments)[1]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    _, output, _ = commands.run(*arguments)
    assert output.isascii()
    assert json.loads(output)["key"] == "\u202ené"
    table = commands.run("consume", commands.topic)[1]
    assert table.startswith("partition")


@pytest.mark.parametrize(
    ("width", "of_value"), [(70, ["value"]), (200, ["shop", "day", "count", "price"])]
)
def test_a_table_for_people(
    commands: Commands,
    sales: Sales,
    send_raw: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    of_value: list[str],
) -> None:
    """A row for each message, and a column for each field where there is room.

    What could steer a terminal is written out.
    """
    monkeypatch.setenv("COLUMNS", str(width))
    send_raw(b"\x1b[2J", "\u202e".encode(), partition=0)
    code, output, _ = commands.run("consume", commands.topic, "--format", "text")
    assert code == 0
    header, *rows = output.splitlines()
    place = ["partition", "offset", "timestamp", "schema", "key", "headers"]
    assert header.split() == [*place, *of_value]
    assert len(rows) == 7
    assert sum("2024-05-17" in row for row in rows) == 6
    [poison] = [row for row in rows if "cannot be read" in row]
    assert "payload 1b 5b 32 4a" in poison
    assert r"\u202e" in poison


def test_a_group_that_starts_at_the_end_gets_what_comes_after_it(
    commands: Commands, sales: Sales
) -> None:
    """Also if its first run found nothing: the ends are committed."""
    options = ("--group", commands.topic, "--from", "latest")
    assert commands.consume(*options) == []
    line = json.dumps(sale("late", 7))
    assert commands.run("produce", commands.topic, stdin=line)[0] == 0
    assert [each["value"] for each in commands.consume(*options)] == [sale("late", 7)]


def test_a_group_goes_on_where_it_stopped(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> None:
    """And what a limit left is not committed."""
    first = commands.consume("--group", commands.topic, "--limit", "4")
    second = commands.consume("--group", commands.topic)
    assert (len(first), counts([*first, *second])) == (4, list(range(6)))
    assert commands.consume("--group", commands.topic) == []
    [state] = describe_topics([commands.topic], streamcontract_config).topics
    [group] = describe_groups(state, [commands.topic], streamcontract_config)
    assert group.total_lag == 0


def test_without_a_contract_each_message_is_read_as_it_was_written(
    elsewhere: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> None:
    """With the registry's schemas: here of two versions."""
    newer = {**SALE, "fields": [*SALE["fields"], {"name": "note", "type": "string", "default": ""}]}
    import datetime as dt

    value = {**sale("shop 0", 9), "day": dt.date(2024, 5, 17), "note": "new"}
    with ContractProducer(
        streamcontract_config, topic=elsewhere.topic, schema=parse_schema(newer)
    ) as producer:
        producer.produce(value, key=b"\xff", partition=0)
    *_, last = elsewhere.consume("--partition", "0")
    assert (last["value"], last["key"]) == (sale("shop 0", 9, note="new"), {"base64": "/w=="})
    assert len({each["schema_id"] for each in elsewhere.consume()}) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--where", "cuont > 1"), "Sale has no field 'cuont': did you mean 'count'?"),
        (("--where", "count >"), "the condition is wrong at column 8"),
        (("--partition", "3"), "has no partition 3; it has 0 to 2"),
        (("--from", "yesterday"), "'yesterday' is no position: expected earliest, latest"),
        (("--from", "2024-05-17T09:30:00"), "names no moment: write 2024-05-17T09:30:00Z"),
    ],
)
def test_what_is_wrong_is_one_error(
    commands: Commands, arguments: tuple[str, ...], message: str
) -> None:
    """Before anything is read."""
    code, output, errors = commands.run("consume", commands.topic, *arguments)
    assert (code, output) == (2, "")
    assert message in errors


def test_a_misspelt_topic_is_not_created(
    commands: Commands, streamcontract_config: dict[str, Any]
) -> None:
    """The error names the nearest one."""
    code, _, errors = commands.run("consume", f"{commands.topic}s")
    assert code == 2
    assert f"did you mean '{commands.topic}'?" in errors
    names = {each.name for each in describe_topics(None, streamcontract_config).topics}
    assert f"{commands.topic}s" not in names


def _started(commands: Commands, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "streamcontract", "consume", commands.topic, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **commands.environment},
    )


@pytest.mark.searching
def test_a_reader_that_ends_early_is_no_failure(commands: Commands, sales: Sales) -> None:
    """As behind ``| head -1``: no message, exit code 0."""
    with _started(commands, "--follow") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        code, output, _ = commands.run(
            "produce", commands.topic, stdin="\n".join(map(json.dumps, sales))
        )
        assert (code, output.startswith("6 messages sent")) == (0, True)
        assert (running.wait(30), running.stderr.read()) == (0, b"")


@pytest.mark.searching
def test_ctrl_c_ends_a_read_that_follows(
    commands: Commands, sales: Sales, signals_end: None
) -> None:
    """Without a word, with the exit code of shells."""
    with _started(commands, "--follow") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for _ in sales:
            assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert (running.wait(30), running.stderr.read()) == (130, b"")


@pytest.mark.parametrize(
    ("options", "remark"),
    [
        (("--where", "count > 9"), "there are no such messages (6 others were passed over)\n"),
        (("--from", "latest"), "there are no such messages\n"),
        (("--group", "report", "--from", "latest"), "group report has read everything\n"),
    ],
)
def test_a_person_is_told_that_there_is_nothing(
    commands: Commands,
    sales: Sales,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    remark: str,
) -> None:
    """On a terminal; a pipe gets nothing."""
    assert commands.run("consume", commands.topic, *options) == (0, "", "")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    assert commands.run("consume", commands.topic, *options) == (0, "", remark)


def test_the_key_of_what_cannot_be_read_counts_too(
    commands: Commands, sales: Sales, send_raw: Callable[..., None]
) -> None:
    """Whether it is plain or has a schema of its own."""
    send_raw(b"no frame", b"shop 0", partition=0)
    send_raw(b"no frame", b"shop 10", partition=0)
    assert ["value" in each for each in commands.consume("--key", "shop 0")] == [True, True, False]


def test_reading_ends_while_messages_come(
    commands: Commands, sales: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last offset before an end is no message, such as a transaction's marker."""
    take = reading._take
    taken: list[Any] = []
    batches = itertools.count()

    def without_the_last(consumer: Any) -> list[Any]:
        assert next(batches) < 1_000, "it does not end"
        while len(taken) < len(sales):
            taken.extend(take(consumer))
        ends = {each.partition: each.offset + 1 for each in taken}
        later = [
            attrs.evolve(each, offset=each.offset + next(batches))
            for each in taken
            if each.offset + 1 == ends[each.partition]
        ]
        return [each for each in taken if each.offset + 1 < ends[each.partition]] + later

    expected = len(sales) - len({each["partition"] for each in commands.consume()})
    monkeypatch.setattr(reading, "_take", without_the_last)
    assert len(commands.consume("--group", commands.topic)) == expected
