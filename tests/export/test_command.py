"""``streamcontract export``: what it writes of a topic, how it goes on, and what it refuses."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import duckdb
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.export.fakes import names_in, read
from tests.messages.conftest import SALE, Commands, fill, sale

from streamcontract import (
    Codec,
    ContainerFileReader,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.errors import ConfigurationError
from streamcontract.export import Export
from streamcontract.messages.positions import Last
from streamcontract.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.messages.positions import Position
    from streamcontract.testing.fixtures.topics import TopicMaker

Sales = list[dict[str, Any]]
OTHERS = ("arrow", "csv", "avro", "duckdb")
OLDER = parse_schema({**SALE, "fields": SALE["fields"][:3]})


def export(commands: Commands, *options: str, code: int = 0) -> dict[str, Any]:
    """The document of an export into the folder or database ``out``."""
    found, document = commands.json("export", commands.topic, "--into", "out", *options)
    assert found == code, document
    return document


def rows_of(file_format: str) -> Sales:
    """The rows that were exported, in the order of partitions and offsets, as JSON has them."""
    if file_format == "duckdb":
        with duckdb.connect("out") as connection:
            (table,) = connection.execute("show tables").fetchall()[0]
            rows: Any = connection.sql(f'from "{table}" order by shop, count').to_arrow_table()
            return [_as_json(row) for row in rows.to_pylist()]
    rows = []
    for name in names_in(Path("out")):
        if file_format == "avro":
            with ContainerFileReader(Path("out", str(name))) as reader:
                rows += list(reader)
        else:
            rows += read(Path("out", str(name))).to_pylist()
    return [_as_json(row) for row in rows]


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, dt.date) else value
        for key, value in row.items()
    }


@pytest.mark.parametrize(
    "file_format",
    ["parquet", *(pytest.param(each, marks=pytest.mark.searching) for each in OTHERS)],
)
def test_rows_are_the_messages(
    commands: Commands,
    sales: Sales,
    streamcontract_config: dict[str, Any],
    send_raw: Callable[..., None],
    file_format: str,
) -> None:
    """Of several versions, without poison and tombstones; a rerun adds what came since."""
    with ContractProducer(streamcontract_config, topic=commands.topic, schema=OLDER) as producer:
        value = {"shop": "shop 0", "day": dt.date(2024, 5, 17), "count": 9}
        producer.produce(value, key="shop 0", partition=0)
    send_raw(b"poison", b"shop 0", partition=0)
    send_raw(None, b"shop 0", partition=0)
    first = export(commands, "--to", file_format, code=1)
    expected = sorted([*sales, sale("shop 0", 9)], key=lambda each: (each["shop"], each["count"]))
    assert rows_of(file_format) == expected
    assert first["complete"] is False
    assert [each["messages"] for each in first["partitions"]] == [3, 2, 2]
    assert first["partitions"][0]["end"] == 5
    assert [first["partitions"][0][what] for what in ("faults", "tombstones")] == [1, 1]

    more = [sale("shop 1", 10), sale("shop 1", 11)]
    fill(commands, streamcontract_config, more)
    second = export(commands, "--to", file_format)
    assert [each["start"] for each in second["partitions"]] == [5, 2, 2]
    assert [each["messages"] for each in second["partitions"]] == [0, 2, 0]
    again = sorted([*expected, *more], key=lambda each: (each["shop"], each["count"]))
    assert rows_of(file_format) == again
    third = export(commands, "--to", file_format)
    assert not any(each["files"] for each in third["partitions"])


def test_poison_is_beside_the_data(
    commands: Commands, sales: Sales, send_raw: Callable[..., None]
) -> None:
    """With its place, its error, and its bytes."""
    send_raw(b"poison", b"a key", partition=1)
    export(commands, "--to", "parquet", code=1)
    (file,) = Path("out").glob("_*.faults.jsonl")
    name = next(each for each in names_in(Path("out")) if each.partition == 1)
    assert file.name == name.of_faults
    (fault,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert (fault["topic"], fault["partition"], fault["offset"]) == (commands.topic, 1, 2)
    assert base64.b64decode(fault["value"]) == b"poison"
    assert base64.b64decode(fault["key"]) == b"a key"
    assert "not a message of this contract" in fault["error"]


@pytest.mark.searching
def test_columns_metadata_and_positions(commands: Commands, sales: Sales) -> None:
    """Only what is asked for; the next export goes on after it."""
    options = ("--to", "parquet", "--columns", "count", "--metadata", "partition, offset")
    export(commands, *options, "--partition", "2", "--from", "1", "--until", "2")
    assert rows_of("parquet") == [{"count": 5, "partition": 2, "offset": 1}]
    found = export(commands, *options, "--from", "-1")
    assert [each["start"] for each in found["partitions"]] == [1, 1, 2]
    assert [row["count"] for row in rows_of("parquet")] == [3, 4, 5]


@pytest.mark.parametrize(
    ("start", "until", "is_empty"),
    [(2, Last(2), True), (1, Last(1), False), (2, "latest", False), ("latest", Last(2), False)],
)
def test_a_range_that_is_empty_in_every_partition(
    commands: Commands,
    sales: Sales,
    streamcontract_config: dict[str, Any],
    start: Position,
    until: Position,
    is_empty: bool,
) -> None:
    """Whether there is something between positions of two kinds, the messages decide."""
    run = Export(
        topic=commands.topic,
        schema=parse_schema(SALE),
        into=Path("out"),
        format="csv",
        config=streamcontract_config,
        start=start,
        until=until,
    ).run
    if is_empty:
        with pytest.raises(ConfigurationError, match="in each partition 2 is after -2"):
            run()
    else:
        assert not any(each.messages for each in run().partitions)


@pytest.mark.parametrize("file_format", ["parquet", "duckdb"])
def test_a_position_at_the_end_is_that_of_the_first_run(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any], file_format: str
) -> None:
    """Messages that come between two runs are in the second, though the first had none."""
    options = ("--to", file_format, "--from", "latest")
    assert [each["messages"] for each in export(commands, *options)["partitions"]] == [0, 0, 0]
    fill(commands, streamcontract_config, [sale("shop 1", 10)])
    assert [each["messages"] for each in export(commands, *options)["partitions"]] == [0, 1, 0]
    assert rows_of(file_format) == [sale("shop 1", 10)]


@pytest.mark.searching
def test_files_end_after_their_messages(commands: Commands, sales: Sales) -> None:
    """And their names say what they have."""
    found = export(commands, "--to", "csv", "--max-messages", "1", "--max-size", "inf")
    names = [name for each in found["partitions"] for name in each["files"]]
    assert names == [
        f"{commands.topic}-{partition:05}-{offset:020}-{offset:020}.csv"
        for partition in range(3)
        for offset in range(2)
    ]


@pytest.mark.searching
def test_for_people(commands: Commands, sales: Sales, send_raw: Callable[..., None]) -> None:
    """A table, and where the faults are."""
    send_raw(b"poison", partition=1)
    code, output, _ = commands.run("export", commands.topic, "--to", "csv", "--into", "out")
    assert code == 1
    assert "partition  from  until  messages  faults  tombstones  files" in output
    assert "messages that cannot be decoded: 1; they are in the files out/_*.faults.jsonl" in output


@pytest.mark.searching
def test_without_a_project(elsewhere: Commands, sales: Sales, topic: TopicMaker) -> None:
    """The registry's latest schema counts; a topic without one is an error."""
    export(elsewhere, "--to", "parquet")
    assert len(rows_of("parquet")) == 6
    bare = topic("bare")
    code, _, errors = elsewhere.run("export", bare, "--to", "csv", "--into", "other")
    assert (code, f"there is no schema for topic '{bare}'" in errors) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", "csv", "--metadata", "headers"), "headers: CSV has no nested columns"),
        (("--to", "avro", "--metadata", "offset"), "metadata has to be left out for avro"),
        (("--to", "csv", "--columns", "cuont"), "columns has to be a field of Sale"),
        (("--to", "csv", "--metadata", "ofset"), "metadata has to be one of key, topic"),
        (("--to", "csv", "--partition", "7"), "has no partition 7; it has 0 to 2"),
        (("--to", "csv", "--until", "soon"), "'soon' is no position"),
        (("--to", "csv", "--from", "10", "--until", "5"), "no message is from 10 on and before 5"),
        (("--to", "csv", "--until", "earliest"), "the end of the range has to be after its start"),
        (("--to", "csv", "--table", "a"), "--table is for --to duckdb"),
        (("--to", "csv", "--max-size", "nan"), "size has to be a number above 0"),
    ],
)
def test_refusals(commands: Commands, sales: Sales, options: tuple[str, ...], message: str) -> None:
    """One error each, and nothing is written."""
    code, _, errors = commands.run("export", commands.topic, "--into", "out", *options)
    assert (code, message in errors) == (2, True), errors
    assert not Path("out").exists() or not names_in(Path("out"))


@pytest.mark.searching
def test_a_topic_that_was_created_anew(commands: Commands, sales: Sales) -> None:
    """What was exported is of another topic."""
    export(commands, "--to", "csv")
    (name, *_) = names_in(Path("out"))
    later = str(name).replace(f"{name.last:020}", f"{99:020}")
    Path("out", str(name)).rename(Path("out", later))
    code, _, errors = commands.run("export", commands.topic, "--to", "csv", "--into", "out")
    assert code == 2
    assert "up to offset 100, and the partition ends at 2" in errors


def test_a_topic_that_was_deleted(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any], is_embedded: bool
) -> None:
    """One created anew has another id, though it has as many messages."""
    if is_embedded:
        pytest.skip("the embedded broker has no ids of topics")
    export(commands, "--to", "csv")
    admin = AdminClient({"bootstrap.servers": streamcontract_config["bootstrap.servers"]})
    admin.delete_topics([commands.topic])[commands.topic].result()
    code = 1
    while code:  # the brokers forget the old one after their answer
        code, _, _ = commands.run("topics", "create", commands.topic, "--partitions", "3")
    fill(commands, streamcontract_config, sales)
    code, _, errors = commands.run("export", commands.topic, "--to", "csv", "--into", "out")
    assert (code, "which was deleted since" in errors) == (2, True), errors


def test_the_summary_and_the_progress(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> None:
    """A sum of all partitions; the number of offsets that were read, up to all."""
    for options, summary in (
        (("csv", "--into", "out"), "messages: 6, new files: 3"),
        (("csv", "--into", "out"), "nothing new"),
        (("duckdb", "--into", "b", "--table", "t"), "messages: 6, in the table t"),
    ):
        _, output, _ = commands.run("export", commands.topic, "--to", *options)
        assert summary in output
    steps: list[tuple[int, int]] = []
    run = Export(
        topic=commands.topic,
        schema=parse_schema(SALE),
        into=Path("c"),
        format="csv",
        config=streamcontract_config,
    ).run
    run(lambda done, total: steps.append((done, total)))
    assert steps == [(0, 6), (2, 6), (4, 6), (6, 6)]


@pytest.mark.parametrize(
    ("target", "message"),
    [("csv", "out is a file, and the format csv"), ("duckdb", "out is a folder, and the format")],
)
def test_a_file_for_a_folder(commands: Commands, sales: Sales, target: str, message: str) -> None:
    """And a folder for a file."""
    Path("out").write_text("", "utf-8") if target == "csv" else Path("out").mkdir()
    code, _, errors = commands.run("export", commands.topic, "--to", target, "--into", "out")
    assert (code, message in errors) == (2, True), errors


def test_a_field_with_a_name_of_ours(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> None:
    """It is a field as any other."""
    fields = [
        {"name": f"streamcontract_offset{each}", "type": "int", "default": 7} for each in ("", "_")
    ]
    Export(
        topic=commands.topic,
        schema=parse_schema({**SALE, "fields": fields}),
        into=Path("out"),
        format="parquet",
        config=streamcontract_config,
    ).run()
    assert rows_of("parquet") == [dict.fromkeys((each["name"] for each in fields), 7)] * len(sales)


def test_a_topic_that_is_not_there(commands: Commands, sales: Sales) -> None:
    """It is a topic that is missing, and no schema; the error has the right name."""
    code, _, errors = commands.run("export", f"{commands.topic}s", "--to", "csv")
    assert code == 2
    assert f"did you mean '{commands.topic}'" in errors


@pytest.mark.searching
def test_a_database_of_something_else(commands: Commands, sales: Sales) -> None:
    """A table that no export made, or that has other columns; one process at a time."""
    with duckdb.connect("out") as connection:
        connection.execute("create table mine (n integer)")
    for table, message in (("mine", "is there already, and not of this export"), ("a", "columns")):
        export(commands, "--to", "duckdb", "--table", "a") if table == "a" else None
        options = ("--to", "duckdb", "--table", table, "--columns", "shop")
        code, _, errors = commands.run("export", commands.topic, "--into", "out", *options)
        assert (code, message in errors) == (2, True), errors


def test_transactions_and_deleted_offsets(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any], is_embedded: bool
) -> None:
    """Aborted messages are no rows; what the broker deleted before it was exported is reported."""
    if is_embedded:
        pytest.skip("the embedded broker has no transactions, and deletes no records")
    servers = {"bootstrap.servers": streamcontract_config["bootstrap.servers"]}
    payload = Codec[Any](parse_schema(SALE)).encode(
        {"shop": "shop 0", "day": dt.date(2024, 5, 17), "count": 7, "price": None}
    )
    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        schema_id = registry.version(f"{commands.topic}-value").id
    producer = confluent_kafka.Producer({**servers, "transactional.id": commands.topic})
    producer.init_transactions()
    for is_committed in (False, True):
        producer.begin_transaction()
        producer.produce(commands.topic, header(schema_id) + payload, b"shop 0", partition=0)
        producer.flush()  # else it is aborted before it is sent
        producer.commit_transaction() if is_committed else producer.abort_transaction()
    found = export(commands, "--to", "parquet")
    assert [found["partitions"][0][what] for what in ("messages", "end")] == [3, 6]
    assert not any(each["files"] for each in export(commands, "--to", "parquet")["partitions"])

    fill(commands, streamcontract_config, [sale("shop 1", number) for number in range(4)])
    admin = AdminClient(servers)
    for future in admin.delete_records([TopicPartition(commands.topic, 1, 4)]).values():
        future.result()
    found = export(commands, "--to", "parquet", code=1)
    assert [found["partitions"][1][what] for what in ("missing", "messages")] == [2, 2]
    code, output, _ = commands.run("export", commands.topic, "--to", "parquet", "--into", "out")
    assert (code, "were deleted by the broker" in output) == (0, False)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.json", "rows.txt"])
def test_a_file_of_data_for_a_database(commands: Commands, sales: Sales, name: str) -> None:
    """DuckDB would read it as a table in memory, in which what is exported is lost."""
    Path(name).write_text('{"a": 1}\n', "utf-8")
    code, _, errors = commands.run("export", commands.topic, "--to", "duckdb", "--into", name)
    assert (code, "cannot be opened" in errors) == (2, True), errors
    assert Path(name).read_text("utf-8") == '{"a": 1}\n'


def test_the_folder_of_a_database_is_made(commands: Commands, sales: Sales) -> None:
    """As for files; and whatever the file's name is, the rows are in it."""
    into = ("--to", "duckdb", "--into", "some/folder/rows.csv", "--table", "t")
    code, _, errors = commands.run("export", commands.topic, *into)
    assert code == 0, errors
    with duckdb.connect() as other:
        other.execute("attach 'some/folder/rows.csv' as found (type duckdb, read_only)")
        assert other.execute("select count(*) from found.t").fetchall() == [(6,)]
