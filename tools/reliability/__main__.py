"""Run one or all: ``python -m reliability NAME``; exit code 1 where something did not hold."""

from __future__ import annotations

import platform
import random
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import attrs
import click
import confluent_kafka

from reliability.brokers import broker_killed, cluster_faults
from reliability.consumers import consumers_killed
from reliability.interrupts import interrupts
from reliability.poison import poison
from reliability.registry import registry_faults
from reliability.report import Report
from reliability.slow import slow_handlers
from reliability.soak import soak
from reliability.transactions import transactions_killed
from streamcontract.devstack.kafka.java import find_java


@attrs.frozen
class _Run:
    """One run: what it is, and over how many minutes its records are produced."""

    run: Callable[[int, float, int], Report]
    minutes: float


_RUNS: Final = {
    "broker-killed": _Run(broker_killed, 4),
    "cluster-faults": _Run(cluster_faults, 4),
    "consumers-killed": _Run(consumers_killed, 10),
    "transactions-killed": _Run(transactions_killed, 10),
    "poison": _Run(poison, 0),
    "registry": _Run(registry_faults, 4),
    "interrupts": _Run(interrupts, 0),
    "slow-handlers": _Run(slow_handlers, 4),
    "soak": _Run(soak, 30),
}


@click.command()
@click.argument("name", type=click.Choice([*_RUNS, "all"]))
@click.option("--messages", type=int, default=1_000_000, show_default=True)
@click.option("--minutes", type=float, help="Of load, instead of each run's own number.")
@click.option("--seed", type=int, help="When what is killed; chosen and printed if left out.")
def main(name: str, messages: int, minutes: float | None, seed: int | None) -> None:
    """Let servers and consumers fail under load, and judge what came by its content."""
    print(
        f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')},"
        f" librdkafka {confluent_kafka.libversion()[0]}, Java {find_java().build}"
    )
    chosen = seed if seed is not None else random.SystemRandom().randrange(2**31)
    failed = False
    for each in _RUNS.values() if name == "all" else (_RUNS[name],):
        report = each.run(messages, each.minutes if minutes is None else minutes, chosen)
        print(report, flush=True)
        failed |= not report.verdict.holds
    sys.exit(failed)


if __name__ == "__main__":
    main()
