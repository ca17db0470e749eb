"""Pages of the console: a cluster with many topics, a long topic, and a live tail under load.

``python -m benchmarks.console`` fills Apache Kafka and the embedded registry, starts
``streamcontract console`` as a process of its own, and loads each page over HTTP. It prints the
wall time until the page is whole, the CPU time that the server used for it, and its size. With
``--chromium`` it opens the pages in that browser too and prints the time until the page is shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from rich.console import Console

from benchmarks.tables import Table
from streamcontract import ContractProducer, SchemaRegistry, parse_schema
from streamcontract.devstack.kafka.cluster import KafkaCluster, kafka_program
from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CHUNK: Final = 500
"""Topics that one request creates."""

_LONG: Final = "long"
_SCHEMA: Final = parse_schema(
    {"type": "record", "name": "Reading", "fields": [{"name": "n", "type": "long"}]}
)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@attrs.frozen
class _Server:
    """``streamcontract console`` in a process of its own.

    Attributes:
        url: Its address.
        pid: Its process.
    """

    url: str
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Its resident memory in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@click.command()
@click.option("--topics", type=int, default=10_000, show_default=True)
@click.option("--subjects", type=int, default=10_000, show_default=True)
@click.option("--messages", type=int, default=1_000_000, show_default=True)
@click.option("--rounds", type=int, default=5, show_default=True)
@click.option("--tail", type=int, default=0, show_default=True, help="Seconds of a live tail.")
@click.option("--rate", type=int, default=1_000, show_default=True, help="Its messages a second.")
@click.option("--chromium", type=click.Path(exists=True, dir_okay=False), help="A browser.")
def main(
    topics: int,
    subjects: int,
    messages: int,
    rounds: int,
    tail: int,
    rate: int,
    chromium: str | None,
) -> None:
    """Measure the console's pages on a cluster of this size."""
    out = Console(width=110)
    with _stack() as config:
        _register(config, subjects)
        _fill(config, messages)
        _create(config["bootstrap.servers"], topics)
        pages = {
            "overview": "/",
            "topics": "/topics",
            "topics, one found": f"/topics?q={_name(topics - 1)}",
            "topics, last page": "/topics?page=1000000",
            "subjects": "/subjects",
            "subjects, last page": "/subjects?page=1000000",
            f"{messages:,} messages, newest first": f"/topic?name={_LONG}",
            f"{messages:,} messages, from the beginning": f"/topic?name={_LONG}&from=earliest",
            f"{messages:,} messages, from a time": f"/topic?name={_LONG}&from=2020-01-01",
        }
        with _console(config) as server:
            rows = tuple((name, *_loaded(server, at, rounds)) for name, at in pages.items())
            columns = ("", "s, first", "s", "s, longest", "s of CPU", "kB")
            out.print(Table(f"{topics:,} topics, {subjects:,} subjects", columns, rows).rich())
            if chromium is not None:
                shown = _shown(server, pages, rounds, chromium)
                out.print(Table("in the browser", ("", "s", "rows"), shown).rich())
            if tail:
                out.print(_tail(server, config, tail, rate).rich())
            if tail and chromium is not None:
                out.print(_tail_shown(server, config, tail, rate, chromium).rich())


@contextlib.contextmanager
def _stack() -> Iterator[Mapping[str, str]]:
    """The configuration of clients of Apache Kafka and a registry, while they run."""
    program = kafka_program()
    # With the heap of tests, 256 MB, Kafka stalls in its garbage collector at 10,000 topics.
    large = attrs.evolve(program, options=(*program.options, "-Xmx1g"))
    with KafkaCluster(program=large) as cluster, RegistryServer() as registry:
        yield {
            "bootstrap.servers": cluster.bootstrap_servers,
            "schema.registry.url": registry.url,
        }


def _name(number: int) -> str:
    return f"topic-{number:06}"


def _create(servers: str, topics: int) -> None:
    admin = AdminClient({"bootstrap.servers": servers})
    there = set(admin.list_topics(timeout=60).topics)
    names = [each for each in map(_name, range(topics)) if each not in there]
    for first in range(0, len(names), _CHUNK):
        asked = [NewTopic(each, 1, 1) for each in names[first : first + _CHUNK]]
        for future in admin.create_topics(
            asked, request_timeout=300, operation_timeout=300
        ).values():
            future.result()
        click.echo(f"{first + len(asked):,} topics", err=True)
    # Kafka answers when the controller has the topics; the broker lists them some time later.
    while set(map(_name, range(topics))) - set(admin.list_topics(timeout=60).topics):
        time.sleep(1)


def _register(config: Mapping[str, Any], subjects: int) -> None:
    with SchemaRegistry.from_config(config) as registry:
        for number in range(subjects):
            registry.register(topic_name_strategy(_name(number), is_key=False), _SCHEMA)


def _fill(config: Mapping[str, Any], messages: int) -> None:
    _create_one(config, _LONG)
    producer: ContractProducer[Any]
    with ContractProducer(config, topic=_LONG, schema=_SCHEMA) as producer:
        producer.produce_all({"n": each} for each in range(messages))


@contextlib.contextmanager
def _console(config: Mapping[str, Any]) -> Iterator[_Server]:
    settings = [text for pair in config.items() for text in ("-X", "=".join(pair))]
    command = [sys.executable, "-m", "streamcontract", "console", "--port", "0", *settings]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603 - this package's own command
            command, cwd=folder, stdout=subprocess.PIPE, text=True
        )
        try:
            line = next(each for each in process.stdout or () if "http://" in each)
            yield _Server(line.split()[-1], process.pid)
        finally:
            process.terminate()
            process.wait()


def _loaded(server: _Server, address: str, rounds: int) -> tuple[str, ...]:
    """The first load, the median and the longest of the others, CPU time of one, and the size."""
    times, size, cpu = [], 0, 0.0
    for round_ in range(rounds + 1):
        before, start = server.cpu(), time.perf_counter()
        with urllib.request.urlopen(server.url + address) as answer:  # noqa: S310 - loopback
            size = len(answer.read())
        times.append(time.perf_counter() - start)
        if round_:
            cpu += server.cpu() - before
    first, *others = times
    found = (first, statistics.median(others), max(others), cpu / rounds)
    return (*(f"{each:.2f}" for each in found), f"{size / 1000:.0f}")


def _shown(
    server: _Server, pages: Mapping[str, str], rounds: int, chromium: str
) -> tuple[tuple[str, ...], ...]:
    """The time until the browser has loaded a page, by its own clock, and the table's rows."""
    rows = []
    with _page(chromium) as page:
        for name, address in pages.items():
            times = []
            for _ in range(rounds):
                page.goto(server.url + address, wait_until="load")
                page.wait_for_function(f"{_LOAD}.loadEventEnd > 0")
                times.append(page.evaluate(f"{_LOAD}.loadEventEnd") / 1000)
            count = page.locator(".scroll tbody tr, #rows > li").count()
            rows.append((name, f"{statistics.median(times):.2f}", str(count)))
    return tuple(rows)


@contextlib.contextmanager
def _page(chromium: str) -> Iterator[Any]:
    """A page of the browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only with --chromium

    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser.new_page()
        browser.close()


_LOAD: Final = "performance.getEntriesByType('navigation')[0]"


def _tail(server: _Server, config: Mapping[str, Any], seconds: int, rate: int) -> Table:
    """A live tail of a topic at a rate: messages sent and counted, and the server's memory."""
    topic = "tailed"
    _create_one(config, topic)
    address = f"{server.url}/topic/tail/events?name={topic}"
    sent = counted = 0
    with urllib.request.urlopen(address) as events:  # noqa: S310 - loopback
        _next(events)  # it waits for messages from here on
        before, early = server.memory(), ""
        for sent in _sent(config, topic, seconds, rate):
            while counted < sent:
                counted = _next(events).get("count", counted)
            if not early and sent >= 60 * rate:
                early = f"{server.memory():.0f}"
        after = server.memory()
    columns = ("", "sent", "counted", "MB before", "after a minute", "at the end")
    row = (f"{seconds} s", f"{sent:,}", f"{counted:,}", f"{before:.0f}", early, f"{after:.0f}")
    return Table(f"live tail at {rate:,} messages a second", columns, (row,))


def _tail_shown(
    server: _Server, config: Mapping[str, Any], seconds: int, rate: int, chromium: str
) -> Table:
    """The same in the browser: the memory of its JavaScript and its elements, minute by minute."""
    topic = "tailed-in-the-browser"
    _create_one(config, topic)
    rows = []
    with _page(chromium) as page:
        page.goto(f"{server.url}/topic/tail?name={topic}")
        page.get_by_text("Waiting for messages").wait_for()
        asked = page.context.new_cdp_session(page)
        asked.send("Performance.enable")
        minute = sent = 0
        for sent in _sent(config, topic, seconds, rate):
            if sent < (minute + 1) * 60 * rate and sent < seconds * rate:
                continue
            minute = sent // (60 * rate)
            page.get_by_text(f"{sent:,} so far").wait_for()
            asked.send("HeapProfiler.collectGarbage")
            found = asked.send("Performance.getMetrics")["metrics"]
            measured = {each["name"]: each["value"] for each in found}
            memory = f"{measured['JSHeapUsedSize'] / 1e6:.1f}"
            rows.append((f"{sent:,}", memory, f"{measured['Nodes']:,.0f}"))
    title = f"live tail at {rate:,} messages a second in the browser"
    return Table(title, ("counted", "MB of JavaScript", "nodes"), tuple(rows))


def _create_one(config: Mapping[str, Any], topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": config["bootstrap.servers"]})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result()


def _sent(config: Mapping[str, Any], topic: str, seconds: int, rate: int) -> Iterator[int]:
    """Send messages at a rate; gives their number every half a second."""
    producer: ContractProducer[Any]
    with ContractProducer(config, topic=topic, schema=_SCHEMA) as producer:
        start, sent = time.monotonic(), 0
        while sent < seconds * rate:
            for _ in range(rate // 2):
                producer.produce({"n": sent})
                sent += 1
            producer.flush()
            yield sent
            time.sleep(max(0, start + sent / rate - time.monotonic()))


def _next(events: Any) -> dict[str, Any]:
    for line in events:
        if line.startswith(b"data: "):
            found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return found
    raise RuntimeError("the tail has ended")


if __name__ == "__main__":
    main()
