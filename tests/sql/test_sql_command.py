"""``streamcontract sql``: what it prints, and how it ends."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.sql.conftest import EACH, PARTITIONS, Bars

from streamcontract.cli import main

if TYPE_CHECKING:
    from pathlib import Path

ALL = PARTITIONS * EACH


def run(bars: Bars, query: str, *options: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, with ``bars`` as the topic."""
    arguments = ["sql", "--project", str(bars.project.file), "-X", "fetch.wait.max.ms=20"]
    arguments += [*options, query.replace("bars", bars.table)]
    result = CliRunner().invoke(main, arguments, env=bars.environment, input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_a_table(bars: Bars) -> None:
    """With what was fetched, and what is in no row, on standard error."""
    query = "select symbol, volume from bars where _partition = 1 and _offset in (0, 8)"
    code, output, errors = run(bars, query)
    assert code == 0
    assert output.splitlines() == ["symbol  volume", "MSFT         1"]
    assert errors.splitlines()[0] == f"{bars.topic}: fetched 2 of {ALL} messages"
    assert "messages that cannot be read: 1; the first is at offset 8 of partition 1" in errors


def test_json(bars: Bars) -> None:
    """One document, with each column once."""
    query = """
        select volume, volume, _timestamp, _key, [day] as days, high::decimal(9, 2) as high
        from bars where _partition = 0 and _offset = 0
    """
    code, output, _ = run(bars, query, "--format", "json")
    document = json.loads(output)
    assert code == 0
    assert document["rows"] == [
        {
            "volume": 0,
            "volume_1": 0,
            "_timestamp": "2024-05-17T00:00:00Z",
            "_key": "key 0",
            "days": ["2024-05-17"],
            "high": "100.00",
        }
    ]
    assert document["columns"][:2] == [
        {"name": "volume", "type": "INTEGER"},
        {"name": "volume_1", "type": "INTEGER"},
    ]
    (read,) = document["reads"]
    assert (read["topic"], read["fetched"], read["messages"]) == (bars.topic, 1, ALL)


@pytest.mark.searching
def test_json_of_what_cannot_be_read(bars: Bars) -> None:
    """It is not in the rows, and it is in the document."""
    query = "select count(*) as n from bars where _partition = 2"
    (read,) = json.loads(run(bars, query, "--format", "json")[1])["reads"]
    assert (read["unreadable"], read["tombstones"]) == (1, 1)
    (fault,) = read["faults"]
    assert (fault["partition"], fault["offset"], fault["path"]) == (2, EACH - 2, "")
    assert fault["message"].startswith("the message starts with byte 0x6e")


@pytest.mark.searching
def test_csv(bars: Bars) -> None:
    """As other programs read it: null is empty."""
    query = "select symbol, null as none, 'a,\"b' as text from bars where _offset < 1 order by _key"
    code, output, _ = run(bars, query, "--format", "csv")
    assert code == 0
    assert list(csv.reader(io.StringIO(output))) == [
        ["symbol", "none", "text"],
        ["AAPL", "", 'a,"b'],
        ["MSFT", "", 'a,"b'],
        ["AAPL", "", 'a,"b'],
    ]


def test_a_plan_is_in_lines(bars: Bars) -> None:
    """Without control characters; a line break in a value of a row stays within its line."""
    code, output, _ = run(bars, "explain select volume from bars")
    lines = output.splitlines()
    assert (code, len(lines) > 2, len({*map(len, lines)})) == (0, True, 1)  # boxes
    assert r"\x1b[2J" in run(bars, "explain from bars where symbol > '\x1b[2J'")[1]
    both = run(bars, "set explain_output = 'all'; explain select 1")[1].splitlines()
    assert {"logical_plan:", "physical_plan:"} < {*both}
    assert run(bars, "select 'a' || chr(10) || 'b' as t")[1] == "t\na\\nb\n"


@pytest.mark.searching
def test_many_rows(bars: Bars) -> None:
    """They are printed as they come."""
    query = "select range from range(2500)"
    assert len(run(bars, query)[1].splitlines()) == 2501
    assert len(run(bars, query, "--format", "csv")[1].splitlines()) == 2501


@pytest.mark.searching
def test_what_is_written(bars: Bars, tmp_path: Path) -> None:
    """The number of rows; a database keeps them."""
    database = ("--database", str(tmp_path / "bars.duckdb"))
    create = "create table few as from bars where _offset < 2"
    assert run(bars, create, *database)[:2] == (0, "rows written: 6\n")
    assert run(bars, "select count(*) as n from few", *database) == (0, "n\n6\n", "")
    code, output, _ = run(bars, "drop table few", *database, "--format", "json")
    assert (code, json.loads(output)["changed"]) == (0, 0)


def test_an_end_that_is_ignored_is_said(bars: Bars, is_embedded: bool) -> None:
    """With the option that changes it."""
    if is_embedded:
        pytest.skip("the embedded broker looks no times up")
    query = "select count(*) as n from bars where _timestamp < '2024-05-17T02:00:00Z'"
    assert "--lateness" in run(bars, query)[2]
    code, output, errors = run(bars, query, "--lateness", "1h")
    assert (code, output) == (0, "n\n6\n")
    assert errors == f"{bars.topic}: fetched {3 * PARTITIONS} of {ALL} messages\n"


@pytest.mark.parametrize(
    ("query", "options", "expected"),
    [
        ("select nope from bars", (), "line 1, column 8: Referenced column"),
        ("select 1", ("--lateness", "soon"), "'soon' is no duration, such as 30s, 10m, 2h or 1d"),
        ("select 1", ("--contract", "bat"), "no contract 'bat'; did you mean 'bar'?"),
        ("select '2024-05-17'::timestamp_ns as at", (), "as in at::varchar"),
        (" ", (), "Error: the query has to be one or more statements of SQL, such as"),
        ("insert into bars from bars", (), "`streamcontract produce` writes to them"),
        ("drop table bars", (), "`streamcontract produce` writes to them"),
    ],
)
def test_errors(bars: Bars, query: str, options: tuple[str, ...], expected: str) -> None:
    """One message, and nothing on standard output."""
    code, output, errors = run(bars, query, *options)
    assert (code, output) == (2, "")
    assert expected in errors


def test_standard_input(bars: Bars) -> None:
    """Is the query for ``-``, in UTF-8."""
    assert run(bars, "-", stdin="select 'é' as \"-\"".encode())[:2] == (0, "-\né\n")
    code, _, errors = run(bars, "-", stdin=b"select '\xe9'")
    assert code == 2
    assert "standard input is not UTF-8" in errors


@pytest.mark.searching
def test_the_contract_of_a_topic_with_several(bars: Bars, tmp_path: Path) -> None:
    """It has to be named."""
    schema: dict[str, Any] = {"type": "record", "name": "Bar", "fields": []}
    (tmp_path / "bar.avsc").write_text(json.dumps(schema), "utf-8")
    lines = [f'[contracts.{name}]\nschema = "bar.avsc"\ntopic = "{bars.topic}"' for name in "ab"]
    (tmp_path / "streamcontract.toml").write_text("\n".join(lines), "utf-8")
    project = ("--project", str(tmp_path))
    query = "select columns(*) from bars where _offset = 0 and _partition = 0"
    assert "choose one with --contract" in run(bars, query, *project)[2]
    code, output, _ = run(bars, query, *project, "--contract", "b", "--format", "json")
    assert code == 0
    assert json.loads(output)["columns"][0]["name"] == "_partition"
