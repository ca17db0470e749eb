"""Projects of many contracts, and the embedded registry with many subjects."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from benchmarks.growth.curves import OURS, Curve, Work
from benchmarks.growth.schemas import record, union
from streamcontract import SchemaRegistry, parse_schema
from streamcontract.cli import main as command_line
from streamcontract.devstack.registry import RegistryServer

__all__ = ["CURVES"]


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


@contextmanager
def _registrations(size: int, *, kept: bool) -> Iterator[Work]:
    """Twenty registrations more, where there are so many subjects already."""
    with tempfile.TemporaryDirectory() as name:
        state = Path(name) / "state" if kept else None
        with RegistryServer(state=state) as server, SchemaRegistry(server.url) as registry:
            for index in range(size):
                registry.register(f"s{index}", record([{"name": f"f{index}", "type": "long"}]))
            more = [record([{"name": f"g{index}", "type": "long"}]) for index in range(20)]
            yield lambda: [registry.register(f"m{index}", each) for index, each in enumerate(more)]


@contextmanager
def _union_of(size: int) -> Iterator[Work]:
    """The second version of a union of so many records."""
    with RegistryServer() as server, SchemaRegistry(server.url, read_timeout=600) as registry:
        registry.register("s", parse_schema(union(size)))
        second = parse_schema(union(size + 1))
        yield lambda: registry.register("s", second)


CURVES: Final = (
    Curve("lint", "contracts", (100, 200, 500), {OURS: _contracts}),
    Curve(
        "20 registrations in memory",
        "subjects there",
        (100, 1_000, 2_000),
        {OURS: functools.partial(_registrations, kept=False)},
    ),
    Curve(
        "20 registrations into a state file",
        "subjects there",
        (100, 1_000, 2_000),
        {OURS: functools.partial(_registrations, kept=True)},
    ),
    Curve(
        "second version of a union in the registry",
        "records",
        (300, 1_000, 3_000),
        {OURS: _union_of},
    ),
)
"""Every curve."""
