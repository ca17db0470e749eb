"""Options of the registry and subjects of contracts, for commands that use the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from streamcontract.cli._options import stop_if_invalid
from streamcontract.errors import SchemaParseError
from streamcontract.registry.lock import KEY, VALUE
from streamcontract.registry.lock_file import ENVIRONMENT_VARIABLE, LOCK_FILE
from streamcontract.registry.subjects import topic_name_strategy
from streamcontract.reporting.invalid import project_fault_entry, schema_fault_entry
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.project import Project
    from streamcontract.schema import Schema

__all__ = ["ContractSubject", "environment_option", "registry_option", "sound_subjects"]

registry_option = click.option(
    "--registry",
    "url",
    metavar="URL",
    help="URL of the registry; by default that of STREAMCONTRACT_REGISTRY_URL.",
)
environment_option = click.option(
    "--environment",
    envvar=ENVIRONMENT_VARIABLE,
    metavar="NAME",
    help=f"Environment in {LOCK_FILE}; by default that of {ENVIRONMENT_VARIABLE}.",
)


@attrs.frozen
class ContractSubject:
    """One schema of a contract.

    Attributes:
        contract: The contract's name.
        side: ``value`` or ``key``.
        subject: The subject.
        schema: The schema.
        level: The contract's compatibility level, if any.
    """

    contract: str
    side: str
    subject: str
    schema: Schema
    level: str | None


def sound_subjects(
    command: str, project: Project, names: Sequence[str], output_format: str, consequence: str
) -> list[ContractSubject]:
    """The subjects of the named contracts, by default of all, or :func:`stop_if_invalid`.

    A contract without a topic has none, which is reported.

    Args:
        command: The command's name.
        project: The project.
        names: The contracts' names.
        output_format: The output format.
        consequence: The consequence of a fault.
    """
    entries: list[ContractSubject] = []
    findings = [project_fault_entry(each) for each in project.faults]
    for contract in project.chosen(names):
        if contract.topic is None:
            message = f"{contract.name}: not registered, because it has no topic for its subject"
            click.echo(message, err=True)
            continue
        for side, file in ((VALUE, contract.schema), (KEY, contract.key_schema)):
            if file is None:
                continue
            try:
                schema = parse_schema(file, folders=contract.folders)
            except SchemaParseError as error:
                findings += (schema_fault_entry(each, file, contract.name) for each in error.faults)
                continue
            subject = topic_name_strategy(contract.topic, is_key=side == KEY)
            level = contract.compatibility
            entries.append(ContractSubject(contract.name, side, subject, schema, level))
    stop_if_invalid(command, findings, output_format, consequence)
    return entries
