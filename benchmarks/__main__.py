"""Run every benchmark side by side and print the tables: ``python -m benchmarks``."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click
from rich.console import Console
from rich.table import Table

from benchmarks import broker
from benchmarks.evolution import check_history, compile_seconds, evolved_decode
from benchmarks.measure import Timing, in_turn
from benchmarks.peers import OURS, peers
from benchmarks.shapes import SHAPES, Shape
from benchmarks.startup import startup_seconds
from streamcontract.devstack import DevStack

_PARTS = ("codec", "evolution", "broker", "startup")
_PEERS = ("fastavro", "cavro", "avro", "confluent-kafka", "dataclasses-avroschema")


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Rounds that count, for the codecs.")
@click.option("--broker-rounds", default=5, show_default=True, help="The same, for the broker.")
@click.option("--only", type=click.Choice(_PARTS), multiple=True, help="Leave the others out.")
def main(rounds: int, broker_rounds: int, only: tuple[str, ...]) -> None:
    """Measure streamcontract against its peers, in one process and in turn.

    Ratios are medians over the rounds with the extremes in brackets; each round compares
    neighbours in time, so they hold when the machine's speed drifts. Absolute times are medians.
    """
    console = Console(width=110)
    versions = ", ".join(f"{name} {version(name)}" for name in _PEERS)
    console.print(f"Python {platform.python_version()} on {platform.machine()}; {versions}")
    parts = only or _PARTS
    if "codec" in parts:
        for shape in SHAPES:
            console.print(_codec_table(shape, rounds))
    if "evolution" in parts:
        console.print(_evolution_table(rounds))
    if "broker" in parts:
        with DevStack(brokers=1) as stack:
            for shape in SHAPES:
                console.print(_broker_table(stack, shape, broker_rounds))
    if "startup" in parts:
        console.print(_startup_table(broker_rounds))


def _evolution_table(rounds: int) -> Table:
    table = Table("what", "cost", title="evolution")
    for shape in SHAPES:
        seconds = compile_seconds(shape, rounds)
        table.add_row(f"resolve and compile, {shape.name}", f"{seconds * 1e3:.1f} ms")
    for evolved in evolved_decode(SHAPES[0], rounds):
        what = f"decode stock, writer {evolved.change}"
        table.add_row(what, f"{evolved.ratio} of same-schema decode")
    history = check_history(fields=500, versions=1_000)
    table.add_row(
        f"FULL_TRANSITIVE, {history.fields} fields against {history.versions:,} versions",
        f"{history.seconds:.1f} s",
    )
    return table


def _startup_table(rounds: int) -> Table:
    table = Table("process", "ms", "over python alone", title="start-up")
    timings = startup_seconds(rounds)
    alone = timings["python alone"].median
    for name, timing in timings.items():
        more = timing.median - alone
        table.add_row(name, f"{timing.median * 1e3:.0f}", f"{more * 1e3:.0f} ms")
    return table


def _codec_table(shape: Shape, rounds: int) -> Table:
    ways = peers(shape)
    encode = in_turn({way.name: way.encode for way in ways}, rounds)
    payloads = {way.name: way.encode() for way in ways}
    decode = in_turn(
        {way.name: lambda way=way: way.decode(payloads[way.name]) for way in ways},  # type: ignore[misc]
        rounds,
    )
    table = Table(title=f"{shape.name}: {len(payloads[OURS])} bytes with the frame")
    for column in ("", "encode µs", "takes", "decode µs", "takes"):
        table.add_column(column, justify="left" if not column else "right")
    for way in ways:
        table.add_row(
            way.name,
            *_cells(encode[way.name], encode[OURS]),
            *_cells(decode[way.name], decode[OURS]),
        )
    return table


def _cells(timing: Timing, ours: Timing) -> tuple[str, str]:
    return f"{timing.median * 1e6:.2f}", str(timing.over(ours))


def _broker_table(stack: DevStack, shape: Shape, rounds: int) -> Table:
    produce = broker.produce_rates(stack, shape, rounds)
    consume = broker.consume_rates(stack, shape, rounds)
    table = Table(title=f"{shape.name}: {broker.MESSAGES:,} messages on the embedded broker")
    for column in ("", "produce msg/s", "takes", "consume msg/s", "takes"):
        table.add_column(column, justify="left" if not column else "right")
    for name in produce:
        table.add_row(
            name,
            f"{1 / produce[name].median:,.0f}",
            str(produce[name].over(produce[broker.OURS])),
            f"{1 / consume[name].median:,.0f}",
            str(consume[name].over(consume[broker.OURS])),
        )
    return table


if __name__ == "__main__":
    main()
