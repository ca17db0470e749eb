"""Dead letters sent back after a fix: each once, as it was, and those that still fail kept."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kafka.dlq_io import WAIT, Headers, Raw, produce_raw, read_all
from tests.searching import examples

from streamcontract import Codec, ContractConsumer, SchemaRegistry, parse_schema
from streamcontract.cli import main
from streamcontract.devstack import DevStack
from streamcontract.kafka import DeadLetters, ProduceError
from streamcontract.kafka.connection import flushing
from streamcontract.kafka.contract.binding import Binding, bind
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.dead_letter import (
    FIRST_HEADER,
    ORIGIN_HEADER,
    SETTLED_HEADER,
    DeadLetter,
    settled_before,
)
from streamcontract.kafka.dead_letters.replay import Replayed, _Replay, replay_dead_letters
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from streamcontract.testing.fixtures.faults import Faults
    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]

pytestmark = pytest.mark.usefixtures("own_producer_ids")  # a replay is a transaction


def schema(kind: object) -> dict[str, Any]:
    """A record with one field of that type."""
    return {"type": "record", "name": "Item", "fields": [{"name": "a", "type": kind}]}


WRITER = parse_schema(schema("string"))
BEFORE = schema("int")  # cannot read what the writer writes
AFTER = schema(["int", "string"])  # can


class Case:
    """A topic whose messages the contract of before cannot read, and its dead letter topic.

    Args:
        config: Client properties.
        topic: The topic; it has one partition.
        registry: The registry, which knows the writer's schema.
    """

    def __init__(self, config: Config, topic: str, registry: SchemaRegistry) -> None:
        self.config = config
        self.topic = topic
        self.dead = f"{topic}.dlq"
        self.registry = registry
        self.schema_id = registry.register(f"{topic}-value", WRITER)

    def value(self, text: str) -> bytes:
        """A message's value that the fixed contract can read."""
        return frame(self.schema_id, Codec(WRITER).encode({"a": text}))

    def put_aside(self, *messages: Raw) -> None:
        """Publish messages, and read them with the contract of before."""
        produce_raw(self.config, self.topic, *messages)
        begin = len(read_all(self.config, self.topic)) - len(messages)
        with ContractConsumer[Any](
            self.config, schema=BEFORE, topic=self.topic, poison=DeadLetters(), start=begin
        ) as consumer:
            assert list(consumer.until_end()) == []

    def replay(self, contract: dict[str, Any] = AFTER, **options: Any) -> Replayed:
        """Replay with a contract."""
        binding: Binding[Any] = bind(None, topic=self.topic, record=None, schema=contract)
        readers = {self.topic: TopicDeserializer(binding, self.registry)}
        return replay_dead_letters(self.dead, readers, self.config, **options)

    def open(self) -> list[DeadLetter]:
        """What is open."""
        with DeadLetterTopic(self.dead, self.config) as found:
            return [
                entry.letter
                for batch in found.open()
                for entry in batch
                if isinstance(entry.letter, DeadLetter) and not entry.is_copy
            ]

    def sent_back(self) -> list[Any]:
        """What was replayed into the topic."""
        return [
            raw
            for raw in read_all(self.config, self.topic)
            if ORIGIN_HEADER in dict(raw.headers() or [])
        ]


@pytest.fixture
def case(config: Config, topic: Callable[..., str], registry: SchemaRegistry) -> Case:
    """One of them."""
    return Case(config, topic(partitions=1), registry)


def test_a_replay_after_the_fix_empties_it(case: Case) -> None:
    """What can be read now is sent back once; a second replay finds nothing."""
    case.put_aside(*[(case.value(str(number)), b"k", [], 0) for number in range(5)])
    assert len(case.open()) == 5
    assert case.replay() == Replayed(replayed=5)
    assert case.open() == []
    assert case.replay() == Replayed()
    with ContractConsumer[Any](case.config, schema=AFTER, topic=case.topic) as consumer:
        values = [(message.value or {})["a"] for message in consumer.until_end()]
    assert values == ["0", "1", "2", "3", "4"] * 2


def put_aside_again(case: Case) -> None:
    """What a consumer does that crashed behind the dead letter, and before its commit."""
    raws = [raw for raw in read_all(case.config, case.dead) if settled_before(raw) is None]
    again = raws[0]
    produce_raw(
        case.config,
        case.dead,
        (again.value(), again.key(), list(again.headers() or []), again.timestamp()[1]),  # type: ignore[arg-type] # as they came
    )


@pytest.mark.searching
@pytest.mark.parametrize(
    "contracts", [[AFTER], [AFTER, AFTER], [BEFORE], [BEFORE, BEFORE], [BEFORE, AFTER]]
)
def test_a_message_that_is_put_aside_again_after_a_replay_is_sent_back_once(
    case: Case, contracts: list[dict[str, Any]]
) -> None:
    """Put-aside, crash, replay, put-aside: it is known as the one that was settled."""
    case.put_aside((case.value("0"), b"k", [], 0), (case.value("1"), None, [], 0))
    for contract in contracts:
        case.replay(contract)
        put_aside_again(case)
    case.replay()
    assert case.open() == []
    assert len(case.sent_back()) == 2
    assert case.replay() == Replayed()


NAMES = st.sampled_from(["a", "b", FIRST_HEADER, ORIGIN_HEADER, "streamcontract.dlq.topic"])
MESSAGES = st.tuples(
    st.text(max_size=20),
    st.none() | st.binary(max_size=10),
    st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=10)), max_size=4),
    st.integers(1, 1_700_000_000_000),
)


@settings(
    max_examples=examples(5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(MESSAGES, min_size=1, max_size=10))
def test_what_is_sent_back_is_what_came(
    config: Config,
    topic: Callable[..., str],
    registry: SchemaRegistry,
    messages: list[tuple[str, bytes | None, Headers, int]],
) -> None:
    """Key, value, headers and timestamp as they were, and one header more: where it comes from."""
    case = Case(config, topic(partitions=1), registry)
    raws: list[Raw] = [(case.value(text), *rest) for text, *rest in messages]  # type: ignore[misc] # mypy cannot follow the star
    case.put_aside(*raws)
    assert case.replay() == Replayed(replayed=len(raws))
    sent = read_all(config, case.topic)[len(raws) :]
    for offset, (raw, (value, key, headers, timestamp)) in enumerate(zip(sent, raws, strict=True)):
        assert (raw.value(), raw.key(), raw.timestamp()[1]) == (value, key, timestamp)
        origin = f"{case.topic}/0/{offset}".encode()
        assert raw.headers() == [*headers, (ORIGIN_HEADER, origin)]


def test_what_still_fails_stays_open(case: Case) -> None:
    """Bytes unchanged, the new reason, one attempt more; the others do not wait for it."""
    garbage: Raw = (b"\x01\x02", b"k", [("h", b"1")], 7)
    case.put_aside((case.value("good"), b"k", [], 0), garbage)
    assert case.replay() == Replayed(replayed=1, failing=1)
    for attempt in (2, 3):
        [letter] = case.open()
        assert (letter.value, letter.key, list(letter.headers)) == garbage[:3]
        assert (letter.source.offset, letter.attempt) == (1, attempt)
        assert letter.source.timestamp_ms == 7
        assert case.replay() == Replayed(failing=1)
    assert len(case.sent_back()) == 1


def test_discarding_what_will_never_be_read(case: Case) -> None:
    """It is not open any more, and still in the topic."""
    case.put_aside((b"\x01\x02", b"k", [], 0))
    assert case.replay(discard=True) == Replayed(discarded=1)
    assert case.open() == []
    [raw, _] = read_all(case.config, case.dead)  # and the mark behind it
    assert raw.value() == b"\x01\x02"


@pytest.mark.searching
def test_copies_count_once(case: Case) -> None:
    """Whether the copy was there before the replay or comes after it."""
    case.put_aside((case.value("a"), b"k", [], 0))
    [raw] = read_all(case.config, case.dead)
    headers: Any = raw.headers()
    copy: Raw = raw.value(), raw.key(), list(headers), raw.timestamp()[1]
    produce_raw(case.config, case.dead, copy)
    assert len(case.open()) == 1
    assert case.replay() == Replayed(replayed=1, copies=1)
    produce_raw(case.config, case.dead, copy)
    assert case.open() == []
    assert case.replay() == Replayed(copies=1)
    assert len(case.sent_back()) == 1


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_parts_from_the_end_have_what_the_whole_has(case: Case, most: int) -> None:
    """Marks of replays end them, also those that are in another part than what they settle."""
    garbage: Raw = (b"\x01\x02", b"k", [], 0)
    case.put_aside(*[(case.value(str(number)), b"k", [], 0) for number in range(3)], garbage)
    assert case.replay() == Replayed(replayed=3, failing=1)
    case.put_aside((case.value("later"), b"k", [], 0))
    found: list[DeadLetter] = []
    with DeadLetterTopic(case.dead, case.config) as letters:
        end = letters.cluster.end_offsets(case.dead, [0])[0]
        rest: Mapping[int, tuple[int, int]] = {0: (0, end)}
        scanned = 0
        while rest:
            part = letters.newest(rest, most)
            batch = [entry.letter for entries in part.batches for entry in entries]
            found = [*(each for each in batch if isinstance(each, DeadLetter)), *found]
            scanned += part.scanned
            assert part.scanned <= most
            rest = part.rest
    assert found == case.open()
    assert scanned < end or most >= end  # what is settled is not read


@pytest.mark.searching
def test_what_others_put_there_stays(case: Case) -> None:
    """A message that is no dead letter is never dropped."""
    case.put_aside((case.value("a"), b"k", [], 0))
    produce_raw(case.config, case.dead, (b"what is this", None, [], 0))
    assert case.replay() == Replayed(replayed=1, foreign=1)
    assert case.replay() == Replayed(foreign=1)


@pytest.mark.searching
@pytest.mark.parametrize("discard", [False, True])
def test_a_source_without_a_contract(case: Case, discard: bool) -> None:
    """Another project's: it stays open as it is, and is not in the way of the others."""
    case.put_aside((case.value("a"), b"k", [("h", b"1")], 0))
    [before] = case.open()
    produce_raw(case.config, case.dead, other_source(case, b"elsewhere"))
    for attempt in (2, 3):
        done = case.replay(discard=discard)
        assert (done.left, done.unknown) == (1, {"elsewhere": 1})
        [after] = case.open()
        assert after.source == attrs.evolve(before.source, topic="elsewhere")
        assert after.attempt == attempt
        assert (after.error, after.text, after.value, after.headers) == (
            before.error,
            before.text,
            before.value,
            before.headers,
        )
    assert len(case.sent_back()) == 1


def other_source(case: Case, value: bytes, name: str = "topic") -> Raw:
    """A copy of the first dead letter with one of its headers changed."""
    raw = read_all(case.config, case.dead)[0]
    found: Any = raw.headers()
    headers = [(key, value if key == f"streamcontract.dlq.{name}" else text) for key, text in found]
    return raw.value(), raw.key(), headers, 0


@pytest.mark.searching
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partition", b"-1"),
        ("partition", b"2147483648"),
        ("offset", b"-1"),
        ("timestamp", b"9" * 30),
        ("timestamp", b"9" * 5000),
        ("attempt", b"0"),
        ("attempt", b"\xff"),
    ],
)
def test_numbers_that_kafka_has_no_room_for(case: Case, name: str, value: bytes) -> None:
    """Somebody made them up: no dead letter, and not in the way of the others."""
    case.put_aside((case.value("a"), b"k", [], 0))
    produce_raw(case.config, case.dead, other_source(case, value, name))
    assert case.replay() == Replayed(replayed=1, foreign=1)


@pytest.mark.searching
@pytest.mark.parametrize("text", [b"", b"x", b"-1", b"9" * 5000, b"\xff"])
def test_a_mark_that_is_none(case: Case, text: bytes) -> None:
    """It settles nothing."""
    case.put_aside((case.value("a"), b"k", [], 0))
    produce_raw(case.config, case.dead, (None, None, [(SETTLED_HEADER, text)], 0))
    assert case.replay() == Replayed(replayed=1, foreign=1)


KILLED = """
    import os, signal, sys
    import streamcontract.kafka.dead_letters.replay as replay
    from streamcontract import SchemaRegistry
    from streamcontract.kafka.contract.binding import bind
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

    servers, url, topic, schema, after = sys.argv[1:]
    config = {"bootstrap.servers": servers, "schema.registry.url": url}
    sent = 0
    plain = replay._Replay._send

    def send(self, entry):
        global sent
        done = plain(self, entry)
        sent += 1
        if sent == int(after):
            self._producer.flush(10)  # on the broker, and not committed
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    replay._Replay._send = send
    binding = bind(None, topic=topic, record=None, schema=schema)
    reader = TopicDeserializer(binding, SchemaRegistry(url))
    replay.replay_dead_letters(f"{topic}.dlq", {topic: reader}, config)
"""


@pytest.mark.parametrize("after", [1, 499, 700, 1200])
def test_a_replay_that_is_killed_publishes_nothing_twice(
    case: Case, stack: Stack, after: int
) -> None:
    """SIGKILL with half a transaction on the broker; the next replay sends each exactly once."""
    if isinstance(stack, DevStack):
        pytest.skip("on the embedded broker aborted messages stay readable")
    case.put_aside(*[(case.value(str(number)), b"k", [], 0) for number in range(1200)])
    script = textwrap.dedent(KILLED)
    arguments = (stack.bootstrap_servers, stack.registry_url, case.topic, json.dumps(AFTER))
    command = [sys.executable, "-c", script, *arguments, str(after)]
    killed = subprocess.run(command, check=False, timeout=120)  # noqa: S603 - our own script
    assert killed.returncode == -signal.SIGKILL
    case.replay()
    assert case.open() == []
    sent = [raw.value() for raw in case.sent_back()]
    assert sorted(sent) == sorted(case.value(str(number)) for number in range(1200))


def test_a_second_replay_fences_the_first(case: Case, stack: Stack) -> None:
    """The first is told so, and each message is published once all the same."""
    if isinstance(stack, DevStack):
        pytest.skip("on the embedded broker aborted messages stay readable")
    case.put_aside(*[(case.value(str(number)), b"k", [], 0) for number in range(1200)])
    calls: list[Replayed] = []

    def other(done: Replayed) -> None:
        if not calls:
            calls.append(done)
            case.replay()

    with pytest.raises(ProduceError, match="Another replay"):
        case.replay(on_progress=other)
    assert case.open() == []
    assert len(case.sent_back()) == 1200


@pytest.mark.searching
def test_a_replay_whose_brokers_go_away_ends(
    case: Case, streamcontract_faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it sent neither committed nor aborted, which it does not wait for without end."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    mark = _Replay._mark

    def go_away(replay: _Replay, settled: dict[int, int]) -> None:
        mark(replay, settled)
        assert replay._producer.flush(WAIT) == 0
        streamcontract_faults.broker_down()
        monkeypatch.setattr(f"{_Replay.__module__}._TIMEOUT", 0.1)
        monkeypatch.setattr(flushing, "_CLOSING", 0.1)
        raise confluent_kafka.KafkaException(KafkaError(KafkaError._TIMED_OUT))

    monkeypatch.setattr(_Replay, "_mark", go_away)
    with pytest.raises(ProduceError, match=r"topic .*\.dlq"):
        case.replay()


@pytest.fixture
def run(case: Case, tmp_path: Path) -> Callable[..., Result]:
    """Runs ``streamcontract dlq`` in a project whose contract can be changed."""

    def invoke(*arguments: str, contract: dict[str, Any] = AFTER, color: bool = False) -> Result:
        (tmp_path / "item.avsc").write_text(json.dumps(contract))
        project = tmp_path / "streamcontract.toml"
        project.write_text(f'[contracts.item]\nschema = "item.avsc"\ntopic = "{case.topic}"\n')
        options = ["-X", f"bootstrap.servers={case.config['bootstrap.servers']}"]
        options += ["-X", f"schema.registry.url={case.config['schema.registry.url']}"]
        command, *rest = arguments
        if command != "list":
            options += ["--project", str(project)]
        return CliRunner().invoke(main, ["dlq", command, *options, *rest], color=color)

    return invoke


def test_the_command_line_from_list_to_replay(case: Case, run: Callable[..., Result]) -> None:
    """1 while something is open, 0 when nothing is, and each step says what to do next."""
    case.put_aside((case.value("fine"), b"k", [("h", b"1")], 0), (b"\x01\x02", None, [], 0))
    listed = run("list", case.topic)
    assert listed.exit_code == 1
    for word in (case.dead, "ResolutionError", "FrameError"):
        assert word in listed.output
    shown = run("show", case.topic, "0", "0")
    assert shown.exit_code == 0
    assert "as today's contract reads it:\n  {'a': 'fine'}" in shown.output
    shown = run("show", case.topic, "0", "0", contract=BEFORE)
    assert "today's contract cannot read it" in shown.output
    assert "as it was written, with Item:\n  {'a': 'fine'}" in shown.output
    shown = run("show", case.topic, "0", "1")
    assert "reason: FrameError" in shown.output
    assert "00000000  01 02" in shown.output
    replayed = run("replay", case.topic)
    assert replayed.exit_code == 1
    assert "1 sent back, 1 still cannot be read, and stay open" in replayed.output
    assert run("list", case.dead).exit_code == 1
    assert run("replay", case.topic, "--discard").exit_code == 0
    assert run("list", case.dead).output == "no dead letters are open\n"
    assert "nothing was open" in run("replay", case.dead).output


@pytest.mark.searching
def test_the_command_line_in_json(case: Case, run: Callable[..., Result]) -> None:
    """What is open, one of them with its bytes and its value, and what a replay did."""
    value = case.value("fine")
    case.put_aside((value, b"k", [("h", b"1")], 0), (b"\x01\x02", None, [], 0))

    def found(*arguments: str, **options: Any) -> tuple[int, Any]:
        result = run(*arguments, "--format", "json", **options)
        return result.exit_code, json.loads(result.stdout)

    code, document = found("list", case.topic)
    assert (code, document["brokers"]) == (1, case.config["bootstrap.servers"])
    listed = {each["error"]: each for each in document["open"]}
    assert set(listed) == {"ResolutionError", "FrameError"}
    one = listed["FrameError"]
    assert (one["topic"], one["source"], one["count"]) == (case.dead, case.topic, 1)
    assert one["first"] == one["last"] == {"partition": 0, "offset": 1}
    code, shown = found("show", case.topic, "0", "0")
    assert (code, shown["error"], shown["source"]["topic"]) == (0, "ResolutionError", case.topic)
    assert base64.b64decode(shown["value"]) == value
    assert shown["headers"] == [{"name": "h", "value": "MQ=="}]
    assert shown["decoded"] == {"reader": "contract", "value": {"a": "fine"}, "errors": []}
    decoded = found("show", case.topic, "0", "0", contract=BEFORE)[1]["decoded"]
    assert (decoded["reader"], decoded["value"]) == ("writer", {"a": "fine"})
    assert len(decoded["errors"]) == 1
    decoded = found("show", case.topic, "0", "1")[1]["decoded"]
    assert (decoded["reader"], decoded["value"], len(decoded["errors"])) == (None, None, 1)
    code, replayed = found("replay", case.topic)
    assert (code, replayed["replayed"], replayed["failing"], replayed["left"]) == (1, 1, 1, 1)
    assert found("replay", case.topic, "--discard")[1]["discarded"] == 1
    assert found("list", case.dead) == (0, {"brokers": document["brokers"], "open": []})


@pytest.mark.searching
def test_a_dead_letter_cannot_steer_the_terminal(case: Case, run: Callable[..., Result]) -> None:
    """Whoever may write to the topic would otherwise write to the screen of whoever looks."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    evil = "\x1b]0;owned\x07[/b]\u202e"
    for name in ("error", "text", "path", "topic"):
        produce_raw(case.config, case.dead, other_source(case, evil.encode(), name))
    shown = [run("show", case.dead, "0", str(offset), color=True) for offset in range(5)]
    listed, replayed = run("list", case.dead, color=True), run("replay", case.topic, color=True)
    for result in (*shown, listed, replayed):
        assert not {"\x1b", "\x07", "\u202e"} & set(result.output)
    written_out = r"\x1b]0;owned\x07[/b]\u202e"
    assert [written_out in result.output for result in (*shown, listed, replayed)] == [
        False,
        *[True] * 6,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "{topic}", "0", "99"), "no dead letter in partition 0 at offset 99"),
        (("show", "{topic}", "7", "0"), "no dead letter in partition 7"),
        (("show", "no-such-topic", "0", "0"), "neither a topic"),
        (("replay", "no-such-topic"), "neither a topic"),
        (("list", "no-such-topic"), "neither a topic"),
    ],
)
def test_wrong_places(
    case: Case, run: Callable[..., Result], arguments: tuple[str, ...], message: str
) -> None:
    """2, and what is wrong."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    result = run(*(each.format(topic=case.topic) for each in arguments))
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.searching
def test_showing_needs_no_registry(case: Case, run: Callable[..., Result]) -> None:
    """Bytes, headers and reason are shown where it does not answer, and no credentials are."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    result = run(
        "show", "-X", "schema.registry.url=http://user:s3cr3t@127.0.0.1:9", case.topic, "0", "0"
    )
    assert result.exit_code == 0
    assert "reason: ResolutionError" in result.output
    assert "not even as it was written" in result.output
    assert "s3cr3t" not in result.output


@pytest.mark.searching
@pytest.mark.parametrize(
    "value",
    [b"no frame", frame(2**31 - 1, b"of an unknown schema")],
    ids=["no frame", "no schema"],
)
def test_a_reason_is_shown_once(case: Case, run: Callable[..., Result], value: bytes) -> None:
    """Where no schema can read the value, the same words are not said twice."""
    case.put_aside((value, b"k", [], 0))
    *_, first, second = run("show", case.topic, "0", "0").output.splitlines()
    assert first.startswith("today's contract cannot read it: ")
    assert second == "not even as it was written: for the same reason"


@pytest.mark.parametrize("options", [(), ("--discard",)], ids=["keep", "discard"])
def test_a_topic_that_has_no_dead_letter_topic_is_left_alone(
    case: Case, run: Callable[..., Result], options: tuple[str, ...]
) -> None:
    """Its own messages are no dead letters: nothing is open, and none is published twice."""
    produce_raw(case.config, case.topic, (case.value("fine"), b"k", [], 0), (None, b"k", [], 0))
    assert run("list", case.topic).output == "no dead letters are open\n"
    replayed = run("replay", case.topic, *options)
    assert (replayed.exit_code, replayed.output) == (0, f"{case.topic}: nothing was open\n")
    assert len(read_all(case.config, case.topic)) == 2


@pytest.mark.searching
def test_a_dead_letter_topic_of_any_name(
    case: Case, topic: Callable[..., str], run: Callable[..., Result]
) -> None:
    """What is in it tells it from a source: dead letters, or marks alone once they are settled."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    [raw] = read_all(case.config, case.dead)
    other = topic(partitions=1)
    headers: Any = raw.headers()
    produce_raw(case.config, other, (raw.value(), raw.key(), headers, 0))
    assert run("list", other).exit_code == 1
    assert run("replay", other).output == f"{other}: 1 sent back\n"
    assert run("list", other).exit_code == 0
    produce_raw(case.config, other, (b"what is this", None, [], 0))
    assert "1 are not dead letters, and stay" in run("replay", other).output


def test_parts_without_a_dead_letter_are_no_end(case: Case, topic: Callable[..., str]) -> None:
    """A topic of any name may have dead letters before other messages."""
    case.put_aside((case.value("fine"), b"k", [], 0))
    [raw] = read_all(case.config, case.dead)
    other = topic(partitions=1)
    foreign: Raw = (b"what is this", None, [], 0)
    headers: Any = raw.headers()
    produce_raw(case.config, other, (raw.value(), raw.key(), headers, 0), foreign, foreign)
    rest: Mapping[int, tuple[int, int]] = {0: (0, 3)}
    found: list[list[int | None]] = []
    with DeadLetterTopic(other, case.config) as letters:
        while rest:
            part = letters.newest(rest, 1)
            found.append([each.raw.offset() for entries in part.batches for each in entries])
            rest = part.rest
    assert found == [[], [], [0]]
