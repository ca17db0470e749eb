"""Topics as tables: answers, what is fetched for them, and what is in no row."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import signal
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any

import attrs
import duckdb
import polars as pl
import pytest
from tests.kafka.interrupts import Interrupts
from tests.kafka.silent_client import SilentClient
from tests.sql.conftest import BARS, EACH, PARTITIONS, START, Bars, bar

from streamcontract import ContractProducer, parse_schema, sql
from streamcontract.errors import ArgumentError, ClientError, ConfigurationError
from streamcontract.kafka import TopicScan
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.errors import StalledError
from streamcontract.sql.table import TopicTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streamcontract.sql.connection import TopicConnection
    from streamcontract.testing.fixtures.topics import TopicMaker

ALL = PARTITIONS * EACH
_HIGHS = [("AAPL", bar(BARS - 2)["high"]), ("MSFT", bar(BARS - 1)["high"])]
_TWO = [(7,), (10,)]
_KEY = [(b"key 2", "BUY")]


def asked(topics: TopicConnection, query: str, bars: Bars) -> list[tuple[Any, ...]]:
    """The rows of a query, in which ``bars`` is the topic."""
    return topics.execute(query.replace("bars", bars.table)).fetchall()


def read(topics: TopicConnection, query: str, bars: Bars) -> None:
    """Read the rows of a query, to the error that is raised before or on the way."""
    topics.execute(query.replace("bars", bars.table))
    list(topics.rows())


def read_arrow(topics: TopicConnection, query: str, bars: Bars) -> None:
    """The same, as Arrow."""
    topics.query(query.replace("bars", bars.table)).read_all()


def fetched(topics: TopicConnection) -> int:
    """The messages that the last query fetched."""
    return sum(read.fetched for read in topics.reads)


_SELF_JOIN = """
    select count(*) from bars a join bars b using (volume)
    where a._offset < 2 and b._offset < 2 and b._partition = 0
"""
_SUBQUERY = """
    select volume from bars where _partition = 0 and _offset = 0 and volume not in
    (select volume from bars where _partition = 1 and _offset < 2)
"""
_STARS = """
    select bars.* exclude (day, _timestamp, _key, _headers, _schema_id), columns('hig.*') from bars
    where _offset = 0 and _partition = 1
"""


@pytest.mark.searching
@pytest.mark.parametrize(
    ("query", "expected", "expected_fetched"),
    [
        ("select symbol, max(high) from bars group by 1 order by 1", _HIGHS, ALL),
        ("select count(*) from bars", [(BARS,)], ALL),
        ("select volume from bars where _partition = 1 and _offset between 2 and 3", _TWO, 2),
        ("select sum(volume) from bars where _offset < 1", [(0 + 1 + 2,)], 3),
        ("select _key, side from bars where _partition = 2 and _offset = 0", _KEY, 1),
        ("select count(*) from bars where _offset > 7", [(0,)], 2 * PARTITIONS),
        ("select count(*) from bars where _offset > 99", [(0,)], 0),
        ("select count(*) from bars where _partition = 0 and _partition = 1", [(0,)], 0),
        (_SELF_JOIN, [(2,)], 2 * 2 * PARTITIONS),
        (_SUBQUERY, [(0,)], 2 * 3),
        ("select low, Low_1 from bars where _partition = 0 and _offset = 0", [(1.0, 0.5)], 1),
        (_STARS, [("MSFT", "BUY", 1.5, 101.0, 1.0, 0.5, 1, 1, 0, 101.0)], 1),
    ],
)
def test_answers_and_what_is_fetched(
    topics: TopicConnection,
    bars: Bars,
    query: str,
    expected: list[tuple[Any, ...]],
    expected_fetched: int,
) -> None:
    """Of a topic that is read several times, each scan fetches what any of them needs."""
    assert asked(topics, query, bars) == expected
    assert fetched(topics) == expected_fetched
    assert {read.messages for read in topics.reads} == {ALL}


@pytest.mark.searching
def test_what_is_in_no_row_is_counted(topics: TopicConnection, bars: Bars) -> None:
    """Poison and tombstones, in all partitions that are read."""
    asked(topics, "select count(*) from bars where _partition > 0", bars)
    (read,) = topics.reads
    assert (read.fetched, read.unreadable, read.tombstones) == (20, 2, 2)
    assert [(each.partition, each.offset) for each in read.faults] == [(1, 8), (2, 8)]
    assert "0x6e" in str(read.faults[0])


@pytest.mark.searching
def test_only_used_columns_are_decoded(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of eight, and no metadata but what is compared."""
    chosen: list[tuple[Any, Any]] = []
    scan = TopicTable.scan

    def noted(
        table: TopicTable, ranges: Any = (), columns: Any = None, metadata: Any = None
    ) -> Any:
        chosen.append((columns, metadata))
        return scan(table, ranges, columns, metadata)

    monkeypatch.setattr(TopicTable, "scan", noted)
    asked(topics, "select max(high) from bars where _offset < 3", bars)
    assert chosen[-1] == (["high"], {"offset": "_offset"})
    asked(topics, "select count(*) from bars", bars)
    assert chosen[-1] == (["symbol"], {})


@pytest.mark.searching
def test_a_time_range_reads_its_part_of_the_topic(
    bars: Bars, topics: TopicConnection, is_embedded: bool
) -> None:
    """From its lower bound on; and up to its upper one where the order of timestamps is known."""
    query = """
        select count(*), min(_timestamp) from bars
        where _timestamp between '2024-05-17T02:00:00Z' and '2024-05-17T04:30:00Z'
    """
    expected = [(3 * PARTITIONS, START + dt.timedelta(hours=2))]
    assert asked(topics, query, bars) == expected
    (read,) = topics.reads
    # The embedded broker looks no times up.
    assert (read.fetched, read.end_ignored) == ((30, False) if is_embedded else (24, True))
    with sql.connect(bars.config, project=bars.project, lateness=dt.timedelta(0)) as ordered:
        assert asked(ordered, query, bars) == expected
        assert fetched(ordered) == (30 if is_embedded else 9)


@pytest.mark.searching
def test_now_is_one_time(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the plan, from which comes what is fetched, and for the answer."""
    looked_up: list[int] = []

    def look_up(_: Cluster, topic: str, partitions: Any, milliseconds: int) -> dict[int, int]:
        looked_up.append(milliseconds)
        return dict.fromkeys(partitions, 0)

    monkeypatch.setattr(Cluster, "offsets_at_time", look_up)
    query = "select epoch_ms(now()) from bars where _timestamp < now() limit 1"
    assert asked(topics, query, bars)[0][0] in {looked_up[0], looked_up[0] - 1}


# ---- statements that write, and files


@pytest.mark.searching
def test_tables_and_files_of_topics(topics: TopicConnection, bars: Bars, tmp_path: Path) -> None:
    """They are there after the statement, and are joined with the topic."""
    database, file = tmp_path / "bars.duckdb", tmp_path / "bars.parquet"
    with sql.connect(bars.config, project=bars.project, database=database) as stored:
        asked(stored, "create table highs as select volume, high from bars where _offset < 2", bars)
        assert (stored.changed, fetched(stored)) == (6, 6)
        asked(stored, f"copy (select volume from bars where _offset = 0) to '{file}'", bars)
        assert (stored.changed, fetched(stored)) == (3, 3)
        asked(stored, "insert into highs select volume, 0 from bars where _offset = 2", bars)
        joined = f"""
            select sum(highs.high), count(_offset) from highs join '{file}' using (volume)
            join bars using (volume) where _partition < 2
        """
        assert asked(stored, joined, bars) == [(201.0, 2)]
        assert stored.changed is None
    with duckdb.connect(database) as other:
        assert other.execute("select count(*) from highs").fetchall() == [(9,)]


def test_a_file_that_is_missing(topics: TopicConnection, bars: Bars) -> None:
    """The error is DuckDB's, and the next statement is planned as before."""
    with pytest.raises(sql.SqlError, match=r"No files found .*missing\.parquet"):
        asked(topics, "select * from bars join 'missing.parquet' using (volume)", bars)
    assert asked(topics, "select count(*) from bars where _offset = 0", bars) == [(3,)]
    assert fetched(topics) == 3


@pytest.mark.searching
def test_several_statements(topics: TopicConnection, bars: Bars) -> None:
    """The rows are those of the last one; what was read is that of all."""
    query = "create table few as from bars where _offset < 2; set threads = 1; from few limit 1"
    assert len(asked(topics, query, bars)) == 1
    assert fetched(topics) == 6
    assert asked(topics, "select count(*) from few", bars) == [(6,)]
    assert topics.reads == ()


@pytest.mark.searching
def test_a_transaction_of_the_caller(topics: TopicConnection, bars: Bars) -> None:
    """It keeps what it has, and a statement that fails in it leaves no empty table."""
    asked(topics, "begin", bars)
    asked(topics, "create table kept as select volume from bars where _offset = 0", bars)
    with pytest.raises(sql.SqlError, match="nope"):
        asked(topics, "select nope from bars", bars)
    assert asked(topics, "select count(*) from bars where _offset = 0", bars) == [(3,)]
    asked(topics, "rollback", bars)
    with pytest.raises(sql.SqlError, match="no topic and no table 'kept'"):
        asked(topics, "from kept", bars)


@pytest.mark.searching
def test_a_statement_that_failed_leaves_the_connection_usable(
    topics: TopicConnection, bars: Bars
) -> None:
    """Whether it failed at once or while its rows were made."""
    for wrong in ("error('no')", "error(symbol)"):
        query = f"select {wrong} from bars where volume > 0"
        for reading in (read, read_arrow):
            with pytest.raises(sql.SqlError, match="the query failed: Invalid Input Error"):
                reading(topics, query, bars)
        assert asked(topics, "select count(*) from bars where _offset = 0", bars) == [(3,)]


def test_rows_as_arrow(topics: TopicConnection, bars: Bars) -> None:
    """They are made as they are read, by any reader of Arrow."""
    query = "set threads = 1; select symbol, volume from bars where _partition = 1 and _offset < 2"
    found = pl.DataFrame(topics.query(query.replace("bars", bars.table)))
    assert found.to_dicts() == [
        {"symbol": "MSFT", "volume": 1},
        {"symbol": "AAPL", "volume": 4},
    ]
    assert fetched(topics) == 2
    with pytest.raises(sql.SqlError, match="it gives no rows"):
        topics.query("create table one as select 1")


@pytest.mark.searching
def test_rows_of_arrow_end_with_the_next_statement(topics: TopicConnection, bars: Bars) -> None:
    """By an error: fewer rows would be taken for all."""
    reader = topics.query(f"from {bars.table}")
    assert asked(topics, "select count(*) from bars where _offset = 0", bars) == [(3,)]
    with pytest.raises(sql.SqlError, match="were not read before the next statement"):
        reader.read_all()


# ---- schemas


@pytest.mark.searching
def test_without_a_contract_the_latest_schema_counts(bars: Bars, topic: TopicMaker) -> None:
    """For messages of earlier versions too."""
    name = topic("versions")
    fields = [{"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": "none"}]
    for count in (1, 2):
        schema = {"type": "record", "name": "V", "fields": fields[:count]}
        with ContractProducer(bars.config, topic=name, schema=parse_schema(schema)) as producer:
            producer.produce({"a": count, "b": "some"} if count == 2 else {"a": 1})
    with sql.connect(bars.config) as topics:
        found = topics.execute(f'select a, b, _offset from "{name}" order by a').fetchall()
    assert found == [(1, "none", 0), (2, "some", 1)]


@pytest.mark.searching
def test_values_that_are_no_records(bars: Bars, topic: TopicMaker) -> None:
    """They are in the column ``value``, also where only metadata are read."""
    name = topic("numbers")
    with ContractProducer(bars.config, topic=name, schema=parse_schema("long")) as producer:
        producer.produce(5)
    with sql.connect(bars.config) as topics:
        assert topics.execute(f'select value, _offset from "{name}"').fetchall() == [(5, 0)]
        assert topics.execute(f'select _offset from "{name}"').fetchall() == [(0,)]


@pytest.mark.searching
def test_a_field_with_the_name_of_a_metadata_column(bars: Bars, topic: TopicMaker) -> None:
    """It is refused, until the metadata are named otherwise."""
    name = topic("clash")
    schema = {"type": "record", "name": "C", "fields": [{"name": "_Offset", "type": "int"}]}
    with ContractProducer(bars.config, topic=name, schema=parse_schema(schema)) as producer:
        producer.produce({"_Offset": 7})
    query = f'from "{name}" select _offset, k_offset'
    with sql.connect(bars.config) as topics, pytest.raises(ConfigurationError, match="--prefix"):
        topics.execute(query)
    with sql.connect(bars.config, prefix="k_") as topics:
        assert topics.execute(query).fetchall() == [(7, 0)]


@pytest.mark.searching
def test_topics_that_differ_in_case(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB would take them for one."""
    other = bars.topic.upper()
    monkeypatch.setattr(Cluster, "topics", lambda _: [bars.topic, other])
    with pytest.raises(sql.SqlError, match="differ only in case"):
        asked(topics, f'from bars a join "{other}" b using (_offset)', bars)


# ---- errors


@pytest.mark.searching
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select nope from bars", 'line 1, column 8: Referenced column "nope" not found'),
        ("select 1\n  frm barz where", "line 2, column 7: syntax error"),
        ("select * from barz", "column 15: there is no topic and no table 'barz'"),
        ("pivot bars on symbol", "PIVOT stocks ON symbol IN"),
        (
            "select 1 from my-topic.v1",
            'near "-"; if that is a topic, quote its name: "my-topic.v1"',
        ),
        ("from bars join a.b using (c)", 'exist; if that is a topic, quote its name: "a.b"'),
    ],
)
def test_a_wrong_query_is_one_error(
    topics: TopicConnection, bars: Bars, query: str, message: str
) -> None:
    """With its place."""
    with pytest.raises(sql.SqlError) as caught:
        asked(topics, query, bars)
    assert message in str(caught.value)


@pytest.mark.searching
def test_an_error_of_a_topic_is_raised_as_it_is(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB makes a text of it."""
    stalled = StalledError(bars.topic, 60.0, {0: (None, 10)})

    def stall(_: Any) -> Any:
        raise stalled

    monkeypatch.setattr(TopicScan, "__next__", stall)
    for reading in (read, read_arrow):
        with pytest.raises(StalledError):
            reading(topics, "from bars", bars)


_WITHOUT_END = """
    select max(a.i * b.i + press(1)) from range(1_000_000_000) a(i), range(1_000_000_000) b(i)
"""


@pytest.mark.usefixtures("signals_end")
def test_ctrl_c_ends_a_statement_at_which_duckdbs_threads_work(topics: TopicConnection) -> None:
    """And the connection goes on."""
    pressed = threading.Event()

    def press(value: int) -> int:
        main = threading.main_thread().ident
        assert main is not None
        if not pressed.is_set():
            pressed.set()
            signal.pthread_kill(main, signal.SIGINT)
        return value

    topics.connection.create_function("press", press, ["BIGINT"], "BIGINT")
    with pytest.raises(KeyboardInterrupt):
        topics.execute(_WITHOUT_END)
    assert topics.execute("select 7").fetchall() == [(7,)]


@pytest.mark.parametrize("is_queued", [True, False])
def test_ctrl_c_ends_a_statement_that_was_just_submitted(
    topics: TopicConnection, monkeypatch: pytest.MonkeyPatch, is_queued: bool
) -> None:
    """It may run already, or never will."""
    began = threading.Event()

    def begin(value: int) -> int:
        began.set()
        return value

    def submit(*call: Any) -> None:
        monkeypatch.undo()
        if is_queued:
            executor.submit(*call)
            assert began.wait(60)
        raise KeyboardInterrupt

    topics.connection.create_function("press", begin, ["BIGINT"], "BIGINT")
    executor: Any = topics._thread
    monkeypatch.setattr(executor, "submit", submit)
    with pytest.raises(KeyboardInterrupt):
        topics.execute(_WITHOUT_END)
    assert topics.execute("select 7").fetchall() == [(7,)]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> SilentClient:
    """The client of all scans."""
    client = SilentClient()
    monkeypatch.setattr("streamcontract.kafka.batches.scan.build_reader", lambda *_: client)
    return client


@pytest.mark.usefixtures("signals_end")
@pytest.mark.parametrize("reading", [read, read_arrow])
def test_ctrl_c_ends_a_scan_whose_brokers_do_not_answer(
    topics: TopicConnection,
    bars: Bars,
    silent: SilentClient,
    monkeypatch: pytest.MonkeyPatch,
    reading: Callable[..., None],
) -> None:
    """Not only the time after which it has stalled."""
    pressed = threading.Event()

    def press(_: float) -> None:
        main = threading.main_thread().ident
        assert main is not None
        if not pressed.is_set():
            pressed.set()
            signal.pthread_kill(main, signal.SIGINT)

    monkeypatch.setattr(silent, "poll", press)
    with pytest.raises(KeyboardInterrupt):
        reading(topics, "from bars", bars)
    (found,) = topics.reads
    assert isinstance(found.error, ClientError)
    assert "is closed" in str(found.error)
    assert topics.execute("select 7").fetchall() == [(7,)]


@attrs.frozen
class SilentRequest:
    """A request that is not answered before the end of the test."""

    begun: threading.Event = attrs.field(factory=threading.Event)
    end: threading.Event = attrs.field(factory=threading.Event)

    def __call__(self, *_: object) -> Any:
        """As a method of ``Cluster``."""
        self.begun.set()
        self.end.wait()
        raise AssertionError("the test has ended")


@pytest.fixture(params=["topics", "partitions", "bounds"])
def silent_request(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SilentRequest]:
    """Each request for the topics and offsets of a plan."""
    found = SilentRequest()
    monkeypatch.setattr(Cluster, request.param, found)
    yield found
    found.end.set()


@pytest.mark.parametrize("how", ["interrupt", "close"])
def test_another_thread_interrupts_a_plan(
    topics: TopicConnection,
    bars: Bars,
    silent_request: SilentRequest,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """It does not wait for the brokers, and the next statement asks them anew."""
    with futures.ThreadPoolExecutor(1) as threads:
        running = threads.submit(read, topics, "from bars", bars)
        assert silent_request.begun.wait(60)
        getattr(topics, how)()
        with pytest.raises(sql.SqlError, match="it was interrupted"):
            running.result()
    assert not silent_request.end.is_set()
    monkeypatch.undo()
    if how == "interrupt":
        assert asked(topics, "select count(*) from bars where _offset = 0", bars) == [(3,)]


@pytest.mark.usefixtures("signals_end")
def test_ctrl_c_ends_a_plan_whose_brokers_do_not_answer(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not only the time after which their requests fail."""
    silent = SilentRequest()

    def press(*_: object) -> Any:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        return silent()

    monkeypatch.setattr(Cluster, "topics", press)
    with pytest.raises(KeyboardInterrupt):
        read(topics, "from bars", bars)
    silent.end.set()
    assert topics.execute("select 7").fetchall() == [(7,)]


@pytest.mark.parametrize("reading", [read, read_arrow])
@pytest.mark.parametrize("how", ["interrupt", "close"])
def test_another_thread_interrupts_a_scan(
    topics: TopicConnection,
    bars: Bars,
    silent: SilentClient,
    reading: Callable[..., None],
    how: str,
) -> None:
    """By an error that says so."""
    with futures.ThreadPoolExecutor(1) as threads:
        running = threads.submit(reading, topics, "from bars", bars)
        assert silent.waits.wait(60)
        getattr(topics, how)()
        with pytest.raises(sql.SqlError, match="it was interrupted"):
            running.result()
    if how == "interrupt":
        assert topics.execute("select 7").fetchall() == [(7,)]


@pytest.mark.parametrize("fetch", ["fetchall", "df"])
def test_close_interrupts_rows_that_another_thread_fetches(bars: Bars, fetch: str) -> None:
    """By DuckDB's own call, while which it refuses to be closed."""
    topics = sql.connect(bars.config, project=bars.project)
    began = threading.Event()

    def begin(value: int) -> int:
        began.set()
        return value

    topics.connection.create_function("press", begin, ["BIGINT"], "BIGINT")
    with futures.ThreadPoolExecutor(1) as threads:
        found = topics.execute("select press(i) from range(1_000_000_000) as a(i)")
        began.clear()
        running = threads.submit(getattr(found, fetch))
        assert began.wait(60)
        topics.close()
        with pytest.raises(duckdb.Error):
            running.result()
    with pytest.raises(duckdb.ConnectionException, match="already closed"):
        topics.connection.execute("select 7")


@pytest.mark.parametrize("is_read", [True, False])
def test_close_with_an_open_result(bars: Bars, is_read: bool) -> None:
    """Of DuckDB's own connection."""
    topics = sql.connect(bars.config, project=bars.project)
    rows = topics.connection.sql("from range(1_000_000)").to_arrow_reader(10)
    if is_read:
        rows.read_next_batch()
    topics.close()
    with pytest.raises(duckdb.ConnectionException, match="already closed"):
        topics.connection.execute("select 7")


def test_a_closed_connection(bars: Bars) -> None:
    """Each use is one error."""
    topics = sql.connect(bars.config, project=bars.project)
    with pytest.raises(ClientError, match="no statement was executed"):
        next(topics.rows())
    rows = topics.query("select 7")
    topics.execute("select 7")
    topics.close()
    topics.close()
    topics.interrupt()
    uses: list[Callable[[], object]] = [
        lambda: topics.execute("select 7"),
        lambda: topics.query("select 7"),
        lambda: next(topics.rows()),
        lambda: topics.columns,
    ]
    for use in uses:
        with pytest.raises(ClientError, match="this connection to DuckDB is closed"):
            use()
    with pytest.raises(sql.SqlError, match="were not read"):
        rows.read_all()


def test_an_interrupt_spares_the_next_statement(
    topics: TopicConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which begins as soon as the interrupted one has ended."""
    running, next_one = futures.Future[None](), futures.Future[None]()
    running.set_running_or_notify_cancel()

    def wait(*_: object) -> None:
        running.set_result(None)
        topics._running = next_one

    monkeypatch.setattr(topics, "_running", running)
    monkeypatch.setattr(futures, "wait", wait)
    topics.interrupt()
    assert not next_one.cancelled()


def test_rows_of_arrow_that_are_interrupted_before_they_are_made(
    topics: TopicConnection, bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the same as after that."""
    rows = topics.query(f"from {bars.table}")
    submit: Any = topics._thread.submit

    def interrupted(*call: Any) -> Any:
        topics.interrupt()
        return submit(*call)

    monkeypatch.setattr(topics._thread, "submit", interrupted)
    with pytest.raises(sql.SqlError, match="it was interrupted"):
        rows.read_all()


def test_ctrl_c_where_a_statement_ends(topics: TopicConnection, bars: Bars) -> None:
    """What it has written is kept, and the next one reads the topic anew."""
    query = "insert into kept select volume from bars where _offset = {} returning n"
    topics.execute("create table kept (n integer)")
    for at in itertools.count():
        found = asked(topics, query.format(at % 2), bars)
        interrupts = Interrupts(None, (at,), folder="sql/statement.py")
        with contextlib.suppress(KeyboardInterrupt), pytest.raises(ArgumentError):
            interrupts.call(lambda: topics.execute(""))
        assert len(found) == PARTITIONS, "of another offset than before"
        kept = topics.execute("select count(*) from kept").fetchall()
        with pytest.raises(duckdb.TransactionException):  # there is none any more
            topics.connection.execute("commit")
        assert kept == [((at + 1) * PARTITIONS,)], interrupts.raised
        if not interrupts.raised:
            break


def test_ctrl_c_while_a_connection_is_closed(bars: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves nothing open."""
    topics = sql.connect(bars.config, project=bars.project)

    def press() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(topics, "_finish", press)
    with pytest.raises(KeyboardInterrupt):
        topics.close()
    with pytest.raises(duckdb.ConnectionException):
        topics.connection.execute("select 7")


@pytest.mark.parametrize("is_read", [True, False])
def test_rows_that_a_statement_has_written_are_returned(
    bars: Bars, tmp_path: Path, is_read: bool
) -> None:
    """And kept, whether they are fetched or not."""
    database = tmp_path / "bars.duckdb"
    with sql.connect(bars.config, project=bars.project, database=database) as topics:
        topics.execute(f"create table kept as from {bars.table} limit 0")
        topics.execute(f"insert into kept from {bars.table} returning symbol, volume")
        assert topics.changed is None
        assert [name for name, _ in topics.columns] == ["symbol", "volume"]
        if is_read:
            assert sum(len(rows) for rows in topics.rows()) == BARS
    with duckdb.connect(database) as kept:
        assert kept.execute("select count(*) from kept").fetchall() == [(BARS,)]


_MERGE = """
    merge into kept using (select 2 as n, 'b' as t) as more using (n)
    when not matched then insert returning n
"""
_RETURNING = {
    _MERGE: [2],
    "insert into kept values (2, 'b') returning n": [2],
    "with more as (select 2, 'b') insert into kept from more returning n as \"Count\"": [2],
    'update kept set n = 2 returning t as "Success"': ["a"],
    "delete from kept ReTurning n": [1],
    "copy kept to '{file}' (return_files)": [1],
    "copy kept to '{file}' (return_stats true)": ["{file}"],
}


@pytest.mark.parametrize(("query", "expected"), _RETURNING.items())
def test_what_a_statement_that_writes_returns(
    bars: Bars, tmp_path: Path, query: str, expected: list[Any]
) -> None:
    """As Arrow and as rows, whatever its columns are named."""
    file = str(tmp_path / "kept.parquet")
    for by_arrow in (True, False):
        with sql.connect(bars.config, project=bars.project) as topics:
            topics.execute("create table kept as select 1 as n, 'a' as t")
            called = query.replace("{file}", file)
            if by_arrow:
                found = topics.query(called).read_all().column(0).to_pylist()
            else:
                topics.execute(called)
                found = [row[0] for rows in topics.rows() for row in rows]
                assert topics.changed is None
        assert found == [each if each != "{file}" else file for each in expected]


@pytest.mark.parametrize(
    "query",
    [
        "insert into kept select 2 as \"returning\", 'returning' -- returning",
        "copy kept to '{file}'",
        "create table return_files as select 1",
    ],
)
def test_a_statement_that_gives_no_rows_is_not_executed_for_them(
    topics: TopicConnection, tmp_path: Path, query: str
) -> None:
    """Words within quotes and comments do not make it one that does."""
    file = tmp_path / "kept.parquet"
    called = query.replace("{file}", str(file))
    topics.execute("create table kept (n integer, t varchar)")
    with pytest.raises(sql.SqlError, match=r"it gives no rows: execute\(\)"):
        topics.query(called)
    assert topics.execute("select count(*) from kept").fetchall() == [(0,)]
    assert not file.exists()
    topics.execute(called)
    assert topics.changed is not None


def test_a_commit_that_fails_is_an_error(bars: Bars, tmp_path: Path) -> None:
    """Of rows that were returned too; the next statement raises it."""
    database = tmp_path / "a.duckdb"
    with sql.connect(bars.config, project=bars.project, database=database) as topics:
        topics.execute("create table kept (n integer primary key)")
        query = "insert into kept select volume from bars where _offset = 0 returning n"
        assert len(asked(topics, query, bars)) == PARTITIONS
        with duckdb.connect(database) as other:
            other.execute("insert into kept values (1)")
        with pytest.raises(sql.SqlError, match="Failed to commit"):
            topics.execute("select 7")
        assert topics.execute("from kept").fetchall() == [(1,)]


@pytest.mark.parametrize("query", ["", " \n", ";", "-- select 7", "/* a */ ;;", None, b"select 7"])
def test_a_query_without_a_statement(topics: TopicConnection, query: Any) -> None:
    """Is not one."""
    for call in (topics.execute, topics.query):
        with pytest.raises(ArgumentError, match="the query has to be one or more statements"):
            call(query)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.db"])
def test_a_file_of_data_is_no_database(bars: Bars, tmp_path: Path, name: str) -> None:
    """DuckDB would read it as a table in memory, in which what is created is lost."""
    (tmp_path / name).write_text('{"a": 1}\n', "utf-8")
    with pytest.raises(ConfigurationError, match=name):
        sql.connect(bars.config, project=bars.project, database=tmp_path / name)


@pytest.mark.parametrize("name", ["", ".", "missing/a.duckdb"])
def test_a_database_that_cannot_be_opened(bars: Bars, tmp_path: Path, name: str) -> None:
    """One error, and no database in memory in its place."""
    database = str(tmp_path / name) if name else name
    with pytest.raises(ConfigurationError, match="the database"):
        sql.connect(bars.config, project=bars.project, database=database)
