"""What commands that talk to the registry share: options, and the subjects of contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from streamcontract.registry.lock import KEY, VALUE
from streamcontract.registry.lockfile import ENVIRONMENT_VARIABLE, LOCK_FILE
from streamcontract.registry.subjects import topic_name_strategy
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.project import ContractConfig
    from streamcontract.schema import Schema

__all__ = ["ContractSubject", "environment_option", "registry_option", "subjects_of"]

registry_option = click.option(
    "--registry", "url", metavar="URL", help="The registry; else the environment's."
)
environment_option = click.option(
    "--environment",
    envvar=ENVIRONMENT_VARIABLE,
    metavar="NAME",
    help=f"Whose registry this is, in {LOCK_FILE}; else that of {ENVIRONMENT_VARIABLE}.",
)


@attrs.frozen
class ContractSubject:
    """One schema of a contract.

    Attributes:
        contract: The contract's name.
        side: ``value`` or ``key``.
        subject: The subject.
        schema: The schema.
        level: The compatibility level that the contract gives it, if any.
    """

    contract: str
    side: str
    subject: str
    schema: Schema
    level: str | None


def subjects_of(contract: ContractConfig) -> Iterator[ContractSubject]:
    """The value's and the key's subject of a contract; none, said aloud, without a topic."""
    if contract.topic is None:
        click.echo(f"{contract.name}: not registered, as it has no topic to be named by", err=True)
        return
    for side, file in ((VALUE, contract.schema), (KEY, contract.key_schema)):
        if file is not None:
            subject = topic_name_strategy(contract.topic, is_key=side == KEY)
            schema = parse_schema(file, folders=contract.folders)
            yield ContractSubject(contract.name, side, subject, schema, contract.compatibility)
