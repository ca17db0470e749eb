"""Run one or all: ``python -m reliability NAME``; exit code 1 where something did not hold."""

from __future__ import annotations

import platform
import random
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import click
import confluent_kafka

from reliability.brokers import broker_killed, cluster_faults
from reliability.consumers import consumers_killed
from streamcontract.devstack.kafka.java import find_java

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.report import Report

_RUNS: Final[dict[str, Callable[[int, float, int], Report]]] = {
    "broker-killed": broker_killed,
    "cluster-faults": cluster_faults,
    "consumers-killed": consumers_killed,
}


@click.command()
@click.argument("name", type=click.Choice([*_RUNS, "all"]))
@click.option("--messages", type=int, default=1_000_000, show_default=True)
@click.option("--minutes", type=float, default=10.0, show_default=True, help="Of consumers-killed.")
@click.option("--seed", type=int, help="When what is killed; chosen and printed if left out.")
def main(name: str, messages: int, minutes: float, seed: int | None) -> None:
    """Let servers and consumers fail under load, and judge what came by its content."""
    print(
        f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')},"
        f" librdkafka {confluent_kafka.libversion()[0]}, Java {find_java().build}"
    )
    chosen = seed if seed is not None else random.SystemRandom().randrange(2**31)
    failed = False
    for run in _RUNS if name == "all" else (name,):
        report = _RUNS[run](messages, minutes, chosen)
        print(report, flush=True)
        failed |= not report.verdict.holds
    sys.exit(failed)


if __name__ == "__main__":
    main()
