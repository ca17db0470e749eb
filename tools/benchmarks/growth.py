"""How costs grow with the work: each curve at several sizes, and the exponent that fits them.

An exponent of 1 is a cost that grows as the work does, of 2 one that grows with its square.
"""

from __future__ import annotations

import functools
import json
import math
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from click.testing import CliRunner

from benchmarks.tables import Table
from streamcontract import Codec, Schema, SchemaRegistry, check_level, parse_schema
from streamcontract.cli import main as command_line
from streamcontract.compatibility import find_incompatibilities
from streamcontract.devstack.registry import RegistryServer

__all__ = ["CURVES", "LIMIT", "Curve", "exponent", "tables"]

LIMIT: Final = 1.2
"""The exponent from which on a cost counts as growing faster than the work."""

Work = Callable[[], object]


@attrs.frozen
class Curve:
    """A cost over the size of the work.

    Attributes:
        name: What is done, and of what the size counts how many.
        sizes: The sizes, ascending.
        prepared: Called with a size: a block that gives the work to be timed, which is done once.
    """

    name: str
    sizes: tuple[int, ...]
    prepared: Callable[[int], Any]


def tables(rounds: int) -> list[Table]:
    """One table; what grows faster than :data:`LIMIT` is marked."""
    return [
        Table(
            "growth: size of the work, milliseconds, peak of the memory that Python takes for it",
            ("", "size: ms, MB", "exponent"),
            tuple(_row(curve, rounds) for curve in CURVES),
        )
    ]


def exponent(points: list[tuple[int, float]]) -> float:
    """The slope of the line through the points on logarithmic scales, by least squares.

    Example:
        >>> round(exponent([(10, 1.0), (20, 4.0), (40, 16.0)]), 3)
        2.0
    """
    sizes = [math.log(size) for size, _ in points]
    costs = [math.log(cost) for _, cost in points]
    return statistics.linear_regression(sizes, costs).slope


def _row(curve: Curve, rounds: int) -> tuple[str, str, str]:
    times = [(size, min(_seconds(curve, size) for _ in range(rounds))) for size in curve.sizes]
    cells = [
        f"{size:,}: {seconds * 1e3:,.1f}, {_peak(curve, size) / 1e6:,.1f}"
        for size, seconds in times
    ]
    slope = exponent(times)
    return curve.name, "\n".join(cells), f"{slope:.2f}{' (!)' if slope > LIMIT else ''}"


def _seconds(curve: Curve, size: int) -> float:
    with curve.prepared(size) as work:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start


def _peak(curve: Curve, size: int) -> int:
    """Bytes; measured apart from the time, which it takes a multiple of."""
    with curve.prepared(size) as work:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


# ---- verdicts

_TYPES: Final = (
    ("long", 0),
    ("double", 0.0),
    (["null", "string"], None),
    ({"type": "long", "logicalType": "timestamp-millis"}, 0),
)


def _record(fields: list[dict[str, Any]]) -> Schema:
    return parse_schema({"type": "record", "name": "Wide", "fields": fields})


@contextmanager
def _renamed(size: int, *, defaults: bool) -> Iterator[Work]:
    """A check in which every field but one has another name, with every counterexample."""

    def version(suffix: str) -> Schema:
        fields: list[dict[str, Any]] = [{"name": "id", "type": "long"}]
        for index in range(size):
            kind, default = _TYPES[index % len(_TYPES)]
            field = {"name": f"field_{index}{suffix}", "type": kind}
            fields.append({**field, "default": default} if defaults else field)
        return _record(fields)

    writer, reader = version(""), version("_x")

    def check() -> None:
        for finding in find_incompatibilities(reader=reader, writer=writer, drift=True):
            finding.counterexample  # noqa: B018 - worked out when it is asked for

    yield check


@contextmanager
def _versions(size: int) -> Iterator[Work]:
    """FULL_TRANSITIVE, from text, against versions that add and take fields, all different."""
    most = [{"name": f"f{i}", "type": ["null", "long"], "default": None} for i in range(500)]
    texts = [
        json.dumps({"type": "record", "name": "Wide", "doc": str(index), "fields": most[:fields]})
        for index in range(size)
        for fields in [500 - index % 250]
    ]

    def check() -> None:
        *history, candidate = [parse_schema(text) for text in texts]
        check_level("FULL_TRANSITIVE", candidate=candidate, history=history)

    yield check


@contextmanager
def _again(size: int) -> Iterator[Work]:
    """FULL_TRANSITIVE against versions of which four each are the same, parsed before."""
    most = [{"name": f"f{i}", "type": ["null", "long"], "default": None} for i in range(500)]
    distinct = [_record(most[: 250 + index]) for index in range(size // 4)]
    history, candidate = distinct * 4, _record(most)
    yield functools.partial(check_level, "FULL_TRANSITIVE", candidate=candidate, history=history)


# ---- unions


def _union(size: int) -> list[dict[str, Any]]:
    return [
        {"type": "record", "name": f"R{i}", "fields": [{"name": f"f{i}", "type": "long"}]}
        for i in range(size)
    ]


@contextmanager
def _decoder(size: int) -> Iterator[Work]:
    schema = parse_schema(_union(size))
    yield lambda: Codec[Any](schema).decoder()


@contextmanager
def _branch(size: int) -> Iterator[Work]:
    """A dict for each branch, without a tag."""
    encode = Codec[Any](parse_schema(_union(size))).encoder()
    values = [{f"f{i}": i} for i in range(size)]
    encode(values[0])
    yield lambda: [encode(value) for value in values]


@contextmanager
def _nested_branches(size: int) -> Iterator[Work]:
    """A dict that holds dicts, at each depth in a union of two records alike at the top."""
    b: dict[str, Any] = {"type": "record", "name": "B"}
    b["fields"] = [{"name": "next", "type": ["null", "A", "B"]}, {"name": "b", "type": "long"}]
    a: dict[str, Any] = {"type": "record", "name": "A"}
    a["fields"] = [{"name": "next", "type": ["null", "A", b]}, {"name": "a", "type": "long"}]
    schema = parse_schema(a)
    encode = Codec[Any](schema).encoder()
    value: Any = None
    for depth in range(size):
        value = {"next": value, "ba"[depth % 2]: depth}
    yield lambda: encode({"next": value, "a": size})


# ---- projects


@contextmanager
def _contracts(size: int) -> Iterator[Work]:
    """A project of so many contracts of eight fields."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "schemas").mkdir()
        lines = []
        for index in range(size):
            fields = [{"name": f"f{i}", "type": "long", "doc": "A number."} for i in range(8)]
            document = {"type": "record", "name": f"R{index}", "doc": "One.", "fields": fields}
            (folder / "schemas" / f"r{index}.avsc").write_text(json.dumps(document), "utf-8")
            lines += [f"[contracts.r{index}]", f'schema = "schemas/r{index}.avsc"']
            lines += [f'topic = "t{index}"', ""]
        (folder / "streamcontract.toml").write_text("\n".join(lines), "utf-8")
        arguments = ["lint", "--project", str(folder / "streamcontract.toml")]
        yield lambda: CliRunner().invoke(command_line, arguments, catch_exceptions=False)


# ---- the embedded registry


@contextmanager
def _registrations(size: int, *, kept: bool) -> Iterator[Work]:
    """Twenty registrations more, where there are so many subjects already."""
    with tempfile.TemporaryDirectory() as name:
        state = Path(name) / "state" if kept else None
        with RegistryServer(state=state) as server, SchemaRegistry(server.url) as registry:
            for index in range(size):
                registry.register(f"s{index}", _record([{"name": f"f{index}", "type": "long"}]))
            more = [_record([{"name": f"g{index}", "type": "long"}]) for index in range(20)]
            yield lambda: [registry.register(f"m{index}", each) for index, each in enumerate(more)]


@contextmanager
def _union_of(size: int) -> Iterator[Work]:
    """The second version of a union of so many records."""
    with RegistryServer() as server, SchemaRegistry(server.url, read_timeout=600) as registry:
        registry.register("s", parse_schema(_union(size)))
        second = parse_schema(_union(size + 1))
        yield lambda: registry.register("s", second)


CURVES: Final = (
    Curve(
        "check, renamed fields without defaults",
        (100, 300, 500, 1_000),
        functools.partial(_renamed, defaults=False),
    ),
    Curve(
        "check, renamed fields with defaults",
        (100, 300, 500, 1_000),
        functools.partial(_renamed, defaults=True),
    ),
    Curve("FULL_TRANSITIVE from text, versions", (250, 500, 1_000), _versions),
    Curve("FULL_TRANSITIVE, versions, each four times", (250, 500, 1_000), _again),
    Curve("first decoder of a union, branches", (10, 50, 100, 200, 400), _decoder),
    Curve("a dict for each branch of a union", (10, 50, 100, 200, 400), _branch),
    Curve("dicts within dicts, in unions of two records", (10, 30, 100, 300), _nested_branches),
    Curve("lint, contracts", (100, 200, 500), _contracts),
    Curve(
        "20 registrations in memory, subjects there",
        (100, 1_000, 2_000),
        functools.partial(_registrations, kept=False),
    ),
    Curve(
        "20 registrations into a state file, subjects there",
        (100, 1_000, 2_000),
        functools.partial(_registrations, kept=True),
    ),
    Curve("second version of a union in the registry, records", (300, 1_000, 3_000), _union_of),
)
"""Every curve."""
