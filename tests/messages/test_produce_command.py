"""``streamcontract produce``: what is sent, what is refused, and what is said of it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.messages.conftest import SALE, Commands, sale

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.kafka import describe_topics
from streamcontract.messages.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.messages.spool import Row
    from streamcontract.testing.fixtures.topics import TopicMaker

Sales = list[dict[str, Any]]


def lines(*documents: Any) -> str:
    """A line of JSON for each."""
    return "".join(f"{json.dumps(each)}\n" for each in documents)


BAD = sale("a", 2**31)


def test_values_are_sent_with_the_keys_of_their_contract(commands: Commands) -> None:
    """From standard input; empty lines are none."""
    code, output, errors = commands.run(
        "produce", commands.topic, stdin=f"\n{lines(sale('a', 1), sale('b', 2))}\n"
    )
    assert (code, output, errors) == (0, f"2 messages sent to {commands.topic}\n", "")
    found = commands.consume()
    assert sorted((each["key"], each["value"]["count"]) for each in found) == [("a", 1), ("b", 2)]


def test_a_mark_at_the_beginning_is_no_part_of_the_first_line(commands: Commands) -> None:
    """PowerShell writes one."""
    text = f"\ufeff{lines(sale('a', 1))}"
    assert commands.run("produce", commands.topic, "--dry-run", stdin=text)[0] == 0
    again = f"{lines(sale('a', 1))}{text}"
    assert commands.run("produce", commands.topic, "--dry-run", stdin=again)[0] == 1


def test_a_bar_shows_the_progress_on_a_terminal(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that the output stays what it is."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    file = tmp_path / "sales.jsonl"
    file.write_text(lines(sale("a", 1)), "utf-8")
    code, output, errors = commands.run("produce", commands.topic, str(file))
    assert (code, output) == (0, f"1 message sent to {commands.topic}\n")
    assert "checking" in errors
    assert "sending" in errors
    assert "100%" in errors


def test_nothing_is_sent_unless_all_lines_fit(commands: Commands, tmp_path: Path) -> None:
    """Every fault is reported, with line and path."""
    file = tmp_path / "sales.jsonl"
    file.write_text(f"{lines(sale('a', 1), BAD)}{{\n{lines({'shop': 1})}", "utf-8")
    code, output, errors = commands.run("produce", commands.topic, str(file))
    assert (code, output) == (1, "lines that do not fit: 3 of 4\nnothing was sent\n")
    said = errors.splitlines()
    assert [each.partition(":")[0] for each in said] == ["line 2", "line 3", *["line 4"] * 3]
    assert said[0].startswith("line 2: Sale.count: expected an integer from -2147483648 to")
    assert commands.consume() == []


def test_the_others_are_sent_where_that_is_asked_for(commands: Commands) -> None:
    """The exit code says that there were some."""
    code, document = commands.json(
        "produce", commands.topic, "--skip-bad", stdin=lines(BAD, sale("a", 1), BAD)
    )
    assert code == 1
    assert [each["line"] for each in document["faults"]] == [1, 3]
    assert {each["path"] for each in document["faults"]} == {"Sale.count"}
    counted = {"lines": 3, "faulty": 2, "delivered": 1, "failed": 0, "contract": "sale"}
    assert {key: document[key] for key in counted} == counted
    assert [each["value"] for each in commands.consume()] == [sale("a", 1)]


def test_a_dry_run_changes_nothing(
    commands: Commands, streamcontract_config: dict[str, Any]
) -> None:
    """No message, and no schema."""
    code, output, _ = commands.run(
        "produce", commands.topic, "--dry-run", stdin=lines(sale("a", 1))
    )
    assert (code, output) == (0, f"1 message would be sent to {commands.topic}\n")
    assert commands.run("produce", commands.topic, "--dry-run", stdin=lines(BAD))[0] == 1
    [state] = describe_topics([commands.topic], streamcontract_config).topics
    assert state.messages == 0
    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        assert registry.subjects(prefix=commands.topic) == []


def test_messages_go_from_one_topic_to_another(
    commands: Commands, sales: Sales, topic: TopicMaker, send_raw: Callable[..., None]
) -> None:
    """Keys, headers and tombstones too; a topic without a schema begins with the other's."""
    send_raw(None, b"shop 0", headers=[("why", b"\xff"), ("why", None)], partition=0)
    copies = topic("copies", partitions=2)
    _, output, _ = commands.run("consume", commands.topic)
    code, said, errors = commands.run("produce", copies, stdin=output)
    assert (code, errors) == (0, "")
    assert said == (
        f"{copies} has no schema yet: that of {commands.topic} is taken\n"
        f"7 messages sent to {copies}\n"
    )

    def content(topic: str) -> list[Any]:
        parts = ("key", "headers", "value")
        found = commands.consume(topic=topic)
        return sorted(json.dumps([each[part] for part in parts]) for each in found)

    assert content(copies) == content(commands.topic)
    # From now on it has one.
    code, said, _ = commands.run("produce", copies, stdin=output)
    assert said == f"7 messages sent to {copies}\n"


def test_the_latest_schema_of_the_registry_counts_without_a_contract(
    elsewhere: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> None:
    """And none is registered for it."""
    value = sale("shop 1", 9)
    code, _, errors = elsewhere.run("produce", elsewhere.topic, stdin=lines(value, {"shop": 1}))
    assert (code, "line 2: Sale.day: missing" in errors) == (1, True)
    options = ("--key", "shop", "--header", "a=b=c", "--header", "d=")
    assert elsewhere.run("produce", elsewhere.topic, *options, stdin=lines(value))[0] == 0
    [found] = elsewhere.consume("--where", "count = 9")
    assert (found["key"], found["value"]) == ("shop 1", value)
    assert found["headers"] == [{"name": "a", "value": "b=c"}, {"name": "d", "value": ""}]
    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        assert registry.versions(f"{elsewhere.topic}-value") == [1]


def test_keys_with_a_schema_of_their_own(
    commands: Commands, tmp_path: Path, streamcontract_config: dict[str, Any]
) -> None:
    """They are Avro, and are in the envelope."""
    (tmp_path / "key.avsc").write_text('{"type": "fixed", "name": "Shop", "size": 1}', "utf-8")
    project = tmp_path / "streamcontract.toml"
    project.write_text(project.read_text().replace('key = "shop"', 'key_schema = "key.avsc"'))
    value = sale("a", 1)
    code, _, errors = commands.run("produce", commands.topic, stdin=lines(value))
    assert code == 1
    assert "line 1: key: the contract's key has a schema of its own" in errors
    line = {"@type": "message", "key": "YQ==", "value": value}
    assert commands.run("produce", commands.topic, stdin=lines(line))[0] == 0
    [found] = commands.consume("--key", "YQ==")
    assert (found["key"], found["value"]) == ("YQ==", value)
    assert commands.run("consume", commands.topic, "--key", "a")[0] == 2
    # Without the contract, the registry says what the key is.
    project.unlink()
    assert commands.consume() == [found]


def test_a_topic_of_which_nothing_is_known_is_one_error(elsewhere: Commands, sales: Sales) -> None:
    """It names the nearest topic with a schema."""
    code, output, errors = elsewhere.run("produce", f"{elsewhere.topic}s", stdin=lines({}))
    assert (code, output) == (2, "")
    assert f"the registry has no subject {elsewhere.topic}s-value" in errors
    assert f"did you mean topic '{elsewhere.topic}'?" in errors
    assert "register a schema for it" in errors


def test_several_contracts_of_a_topic_are_chosen_between(
    commands: Commands, tmp_path: Path
) -> None:
    """By name; reading tells them apart by itself."""
    other = {"type": "record", "name": "Refund", "fields": [{"name": "shop", "type": "string"}]}
    (tmp_path / "refund.avsc").write_text(json.dumps(other), "utf-8")
    with (tmp_path / "streamcontract.toml").open("a") as project:
        project.write(f'[contracts.refund]\nschema = "refund.avsc"\ntopic = "{commands.topic}"\n')
        project.write('key = "shop"\n')
    code, _, errors = commands.run("produce", commands.topic, stdin=lines({"shop": "a"}))
    assert code == 2
    assert "has several contracts (sale, refund): choose one with --contract" in errors
    strategy = ("-X", "subject.name.strategy=topic-record")
    for name, value in (("sale", sale("a", 1)), ("refund", {"shop": "b"})):
        options = ("--contract", name, *strategy)
        assert commands.run("produce", commands.topic, *options, stdin=lines(value))[0] == 0
    found = commands.consume(*strategy)
    assert sorted(len(each["value"]) for each in found) == [1, 4]


def test_messages_that_do_not_arrive_are_reported(commands: Commands) -> None:
    """With their lines; the others arrive."""
    large = sale("x" * 2_000_000, 2)
    code, document = commands.json(
        "produce", commands.topic, stdin=lines(sale("a", 1), large, sale("b", 3))
    )
    assert (code, document["delivered"], document["failed"]) == (1, 2, 1)
    [failure] = document["failures"]
    assert failure["line"] == 2
    assert "MSG_SIZE_TOO_LARGE" in failure["message"]
    assert len(commands.consume()) == 2


@pytest.mark.parametrize("option", [("--header", "a"), ("--header", "=b")])
def test_a_header_has_a_name_and_a_value(commands: Commands, option: tuple[str, ...]) -> None:
    """Or it is wrong usage."""
    code, _, errors = commands.run("produce", commands.topic, *option)
    assert code == 2
    assert "is not NAME=VALUE" in errors


def test_a_schema_is_the_contracts(commands: Commands, streamcontract_config: Any) -> None:
    """It is registered as the contract has it."""
    assert commands.run("produce", commands.topic, stdin=lines(sale("a", 1)))[0] == 0
    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        registered = registry.version(f"{commands.topic}-value").schema
    assert registered.canonical_form == parse_schema(SALE).canonical_form


def test_an_interrupt_says_what_was_sent(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, signals_end: None
) -> None:
    """Nothing after it is taken, and what was taken arrives."""
    rows_of = Spool.__iter__

    def interrupted(spool: Spool) -> Iterator[Row]:
        for number, row in enumerate(rows_of(spool)):
            if number == 2:
                signal.raise_signal(signal.SIGINT)
            yield row

    monkeypatch.setattr(Spool, "__iter__", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    text = f"\n{lines(*(sale('a', count) for count in range(5)))}"
    code, output, _ = commands.run("produce", commands.topic, stdin=text)
    assert signal.getsignal(signal.SIGINT) is handler
    assert (code, output.splitlines()) == (
        130,
        [
            f"2 messages sent to {commands.topic}",
            "stopped after line 3: nothing of the later ones was sent",
        ],
    )
    assert [each["value"]["count"] for each in commands.consume()] == [0, 1]


def test_brokers_that_do_not_answer_are_one_error(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A producer by itself would go on trying for minutes."""
    monkeypatch.setattr("streamcontract.messages.writing.BROKER_TIMEOUT", 0.2)
    nobody = ("-X", "bootstrap.servers=127.0.0.1:1")
    code, output, errors = commands.run(
        "produce", commands.topic, *nobody, stdin=lines(sale("a", 1))
    )
    assert (code, output) == (2, "")
    assert "Are the brokers running" in errors


def test_messages_of_several_schemas_are_not_copied_in_silence(
    elsewhere: Commands, topic: TopicMaker, streamcontract_config: dict[str, Any]
) -> None:
    """Two records of one shape would become one; the report says so."""
    source, copies = topic("moves"), topic("copies")
    fields = [{"name": "amount", "type": "int"}]
    ids = []
    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        registry.set_compatibility("NONE", f"{source}-value")
        for name in ("Deposit", "Withdrawal"):
            schema = parse_schema({"type": "record", "name": name, "fields": fields})
            ids.append(registry.register(f"{source}-value", schema))
            assert elsewhere.run("produce", source, stdin=lines({"amount": 1}))[0] == 0
    _, written, _ = elsewhere.run("consume", source)
    code, said, errors = elsewhere.run("produce", copies, stdin=written)
    assert (code, errors) == (0, "")
    assert f"several schemas (ids {ids[0]}, {ids[1]}): all get one here" in said
    first = written.splitlines()[0]
    code, document = elsewhere.json("produce", copies, stdin=first)
    assert (code, document["written_with"]) == (0, ids[:1])
    assert "several schemas" not in elsewhere.run("produce", copies, stdin=first)[1]


def test_a_terminal_is_asked_for_lines(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the command would wait in silence."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    code, output, errors = commands.run("produce", commands.topic, stdin=lines(sale("a", 1)))
    assert (code, output) == (0, f"1 message sent to {commands.topic}\n")
    assert "Ctrl-D ends" in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_one_error(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which disk, and nothing is sent."""
    full = Path("/dev/full")
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", lambda **_: full.open("r+b", 0))
    text = lines(*(sale("a", count) for count in range(1_000)))
    code, output, errors = commands.run("produce", commands.topic, stdin=text)
    assert (code, output) == (2, "")
    assert "No space left on device" in errors
    assert "set TMPDIR" in errors
    assert commands.consume() == []


def test_a_value_in_another_encoding_is_refused(commands: Commands, sales: Sales) -> None:
    """Bytes of the one may be text of the other."""
    _, written, _ = commands.run("consume", commands.topic, "--json", "avro", "--limit", "1")
    code, _, errors = commands.run("produce", commands.topic, stdin=written)
    assert code == 1
    assert "line 1: value: the value is in another JSON encoding: give --json avro" in errors
    odd = lines({"@type": "message", "value": sale("a", 1), "json": []})
    assert commands.run("produce", commands.topic, stdin=odd)[0] == 1
    same = ("--json", "avro")
    assert commands.run("produce", commands.topic, *same, stdin=written)[0] == 0
