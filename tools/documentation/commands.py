"""The reference of the command line, from click's commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from streamcontract.cli import main
from streamcontract.cli._examples import examples_of

__all__ = ["reference"]


def reference() -> str:
    """A page with a section for each command, in the order of their names."""
    context = main.make_context("streamcontract", [], resilient_parsing=True)
    return "\n".join(["# Every command", "", *_section(context, "#")])


def _section(context: click.Context, level: str) -> Iterator[str]:
    command = context.command
    yield f"{level}# `{context.command_path}`"
    yield f"\n    {' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield from _options(context)
    if lines := examples_of(command):
        yield "\n".join(["```", *lines, "```", ""])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                nested = subcommand.make_context(name, [], parent=context, resilient_parsing=True)
                yield from _section(nested, "##" if context.parent else level)


def _options(context: click.Context) -> Iterator[str]:
    records = [
        record
        for parameter in context.command.get_params(context)
        if (record := parameter.get_help_record(context))
    ]
    yield "| option | meaning |\n| --- | --- |"
    for names, text in records:
        yield f"| {_cell(f'`{names}`')} | {_cell(text)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
