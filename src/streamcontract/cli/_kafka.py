"""Client properties, for commands that connect to the brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streamcontract.kafka.connection.config import split_config

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["brokers_of", "config_option", "properties_of", "timeout_option"]

config_option = click.option(
    "--config",
    "-X",
    "properties",
    multiple=True,
    metavar="NAME=VALUE",
    help="A client property, such as bootstrap.servers=broker:9092; repeatable.",
)


timeout_option = click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that each question to the brokers may take.",
)


def properties_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE pairs as a dict."""
    for pair in pairs:
        if not pair.partition("=")[1]:
            # Not shown, because it may be a secret without its name.
            raise click.BadParameter("one of those given is not NAME=VALUE")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def brokers_of(properties: Mapping[str, Any]) -> str:
    """The brokers of client properties, else those of the environment or the default.

    Args:
        properties: Client properties.
    """
    client = split_config(properties).client
    return str(client.get("bootstrap.servers") or client.get("metadata.broker.list"))
