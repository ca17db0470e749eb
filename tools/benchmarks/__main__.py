"""Run every benchmark side by side and print the tables: ``python -m benchmarks``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Final

import attrs
import click
from rich.console import Console

try:
    from benchmarks import (
        asyncio_clients,
        broker,
        codec,
        columns,
        consuming,
        dead_letters,
        evolution,
        exporting,
        growth,
        json,
        keeping,
        liveness,
        memory,
        messages,
        portable,
        spark,
        sql,
        startup,
        strategies,
        telemetry,
    )
    from benchmarks.plots import Picture, Plot
except ModuleNotFoundError as error:
    sys.exit(
        f"the peers are not all installed ({error.name}): pip install -e '.[bench]' -e tools, as"
        " `make bench` does"
    )
from benchmarks.report import dots, measured, rewrite
from benchmarks.tables import Table
from streamcontract.codec.engine import choose_engine

_PEERS = (
    *("fastavro", "cavro", "avro", "confluent-kafka", "dataclasses-avroschema"),
    *("pyarrow", "pyruhvro"),
)


@attrs.frozen
class _Part:
    """One part: what measures it, how many rounds count, and what is drawn and said of it then.

    The columns of its tables that have a unit are drawn, where one is named.
    """

    tables: Callable[[int], list[Table]]
    rounds: int
    plots: Callable[[], list[Plot]] = list
    remarks: Callable[[], list[str]] = list
    unit: str | None = None

    def pictures(self, name: str, tables: list[Table]) -> list[Picture]:
        """All that is drawn of its tables."""
        return [*self.plots(), *(dots(name, tables, self.unit) if self.unit else ())]


_PARTS: Final = {
    "codec": _Part(codec.tables, 15, unit="µs"),
    "portable": _Part(portable.tables, 7),
    "columns": _Part(columns.tables, 7, unit="µs"),
    "spark": _Part(spark.tables, 5, unit="µs"),
    "evolution": _Part(evolution.tables, 15),
    "json": _Part(json.tables, 15, unit="µs"),
    "memory": _Part(memory.tables, 3),
    "keeping": _Part(keeping.tables, 3),
    "broker": _Part(broker.tables, 7, unit="msg/s"),
    "messages": _Part(messages.tables, 5),
    "consuming": _Part(consuming.tables, 5, unit="µs"),
    "export": _Part(exporting.tables, 3),
    "asyncio": _Part(asyncio_clients.tables, 5),
    "liveness": _Part(liveness.tables, 3),
    "sql": _Part(sql.tables, 3),
    "startup": _Part(startup.tables, 5),
    "strategies": _Part(strategies.tables, 3),
    "dead letters": _Part(dead_letters.tables, 3),
    "telemetry": _Part(telemetry.tables, 5),
    "growth": _Part(growth.tables, 3, growth.plots, growth.remarks),
}


@click.command()
@click.option("--rounds", type=int, help="Rounds that count, instead of each part's own number.")
@click.option("--only", type=click.Choice(list(_PARTS)), multiple=True, help="Leave others out.")
@click.option(
    "--write",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put tables and plots into this document too, between the two marks of each part.",
)
@click.option(
    "--redraw",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measure nothing: draw the plots of this document's tables anew.",
)
def main(
    rounds: int | None, only: tuple[str, ...], write: Path | None, redraw: Path | None
) -> None:
    """Measure streamcontract against its peers, in one process and in turn.

    Ratios are medians over the rounds with the extremes in brackets; each round compares
    neighbours in time, so they hold when the machine's speed drifts. Absolute times are medians.
    """
    if redraw is not None:
        for name in only or _PARTS:
            if _PARTS[name].unit is not None:
                setting, tables = measured(redraw, name)
                rewrite(redraw, name, setting, tables, _PARTS[name].pictures(name, tables))
        return
    console = Console(width=110)
    versions = ", ".join(f"{name} {version(name)}" for name in _PEERS)
    setting = (
        f"Python {platform.python_version()} on {platform.machine()}, "
        f"{datetime.now(timezone.utc):%Y-%m-%d}; "
        f"{choose_engine().name} engine; {versions}"
    )
    console.print(setting)
    for name in only or _PARTS:
        part = _PARTS[name]
        tables = part.tables(rounds or part.rounds)
        for table in tables:
            console.print(table.rich())
        for remark in part.remarks():
            console.print(remark)
        if write is not None:
            rewrite(write, name, setting, tables, part.pictures(name, tables))


if __name__ == "__main__":
    main()
