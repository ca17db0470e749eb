"""Run every benchmark side by side and print the tables: ``python -m benchmarks``."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click
from rich.console import Console
from rich.table import Table

from benchmarks import broker
from benchmarks.measure import Timing, in_turn
from benchmarks.peers import OURS, peers
from benchmarks.shapes import SHAPES, Shape
from streamcontract.devstack import DevStack

_PEERS = ("fastavro", "cavro", "avro", "confluent-kafka", "dataclasses-avroschema")


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Rounds that count, for the codecs.")
@click.option("--broker-rounds", default=5, show_default=True, help="The same, for the broker.")
@click.option("--only", type=click.Choice(["codec", "broker"]), help="Leave the other out.")
def main(rounds: int, broker_rounds: int, only: str | None) -> None:
    """Measure streamcontract against its peers, in one process and in turn.

    Ratios are medians over the rounds with the extremes in brackets; each round compares
    neighbours in time, so they hold when the machine's speed drifts. Absolute times are medians.
    """
    console = Console(width=110)
    versions = ", ".join(f"{name} {version(name)}" for name in _PEERS)
    console.print(f"Python {platform.python_version()} on {platform.machine()}; {versions}")
    if only != "broker":
        for shape in SHAPES:
            console.print(_codec_table(shape, rounds))
    if only != "codec":
        with DevStack(brokers=1) as stack:
            for shape in SHAPES:
                console.print(_broker_table(stack, shape, broker_rounds))


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
