"""Command line: thin commands over the library.

A subcommand's module is imported when the subcommand is called, so that it does not import the
modules of others; ``--help`` shows the summaries in this module and imports none of them.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streamcontract._version import __version__
from streamcontract.cli._empty import refuse_empty
from streamcontract.cli._examples import examples, examples_of
from streamcontract.errors import StreamContractError
from streamcontract.reporting.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["EXIT_CLEAN", "EXIT_ERROR", "EXIT_FINDINGS", "EXIT_INTERRUPTED", "main"]

EXIT_CLEAN: Final = 0
EXIT_FINDINGS: Final = 1
EXIT_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130
"""The exit code of shells for a program that Ctrl-C ended; click's own 1 means findings here."""

_SUMMARIES: Final = {
    "check": "Check contracts for breaking changes against git, a registry or a folder.",
    "console": "Show topics, messages, schemas and contracts in the browser.",
    "consume": "Show a topic's messages, as a table or as JSON lines.",
    "demo": ("Publish 12,154 real stock bars as typed records and consume every one of them back."),
    "dev": "Run a Kafka broker and a schema registry on this machine, without Docker.",
    "diff": "Show what changed from one schema to another, without a verdict.",
    "dlq": "List, show and replay dead letters.",
    "docs": "Write a catalogue of the contracts as static pages.",
    "doctor": "Show versions, the project file, and whether broker and registry answer.",
    "export": "Export a topic into Parquet, Arrow, CSV or Avro files, or a DuckDB table.",
    "generate": "Generate the typed Python modules of the contracts.",
    "groups": "List, describe and reset consumer groups.",
    "init": "Create a project: project file, schemas, generated code, a test, a CI workflow.",
    "lint": "Find valid Avro that makes a poor contract.",
    "lock": "Write the contracts' ids and schemas into streamcontract.lock.",
    "produce": "Send JSON lines as messages, each checked against the contract.",
    "register": "Register the contracts' schemas in the schema registry.",
    "sql": "Query topics with SQL, through DuckDB.",
    "subjects": "List, show, compare and delete the registry's subjects.",
    "test": "Run property tests on every contract, without any test code.",
    "topics": "Create, list, describe and delete topics.",
}


class _LazyGroup(click.Group):
    """A group that imports ``streamcontract.cli.<name>`` when ``<name>`` is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_SUMMARIES)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _SUMMARIES:
            return None
        module: ModuleType = importlib.import_module(f"{__name__}.{cmd_name}")
        command: click.Command = module.command
        refuse_empty(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], _SUMMARIES, n=1)
        if args[0] not in _SUMMARIES and near:
            raise click.UsageError(f"No such command {args[0]!r}; did you mean {near[0]!r}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _standard_output():
                return super().invoke(ctx)
        except StreamContractError as error:
            raise _CommandError(error) from error
        except KeyboardInterrupt as error:
            click.echo("\nstopped", err=True)
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
        except (click.MissingParameter, click.BadOptionUsage) as error:
            raise _with_choices(error, ctx) from error
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # a closed pipe, such as of `head`: click exits without a message
            raise _CommandError(error) from error
        except Exception as error:
            # Python would exit with 1, which means findings.
            traceback.print_exc()
            click.echo(
                "\nThis is a bug in streamcontract; please report the lines above.", err=True
            )
            raise click.exceptions.Exit(EXIT_ERROR) from error


@contextlib.contextmanager
def _standard_output() -> Iterator[None]:
    """A standard output that takes and loses all, where the caller has closed it (``>&-``)."""
    # For such a one Python has None (documentation of sys.__stdout__), and print() does nothing.
    if sys.stdout is not None:
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as null, contextlib.redirect_stdout(null):
        yield


def _with_choices(
    error: click.MissingParameter | click.BadOptionUsage, group: click.Context
) -> click.UsageError:
    """The error, with the option's help, its choices, and an example."""
    message = error.format_message().rstrip(" .")
    command: click.Command | None
    if isinstance(error, click.MissingParameter):
        command = None if error.ctx is None else error.ctx.command
        param = error.param
    else:  # of an option without its value: the error does not name the command
        command = main.get_command(group, group.invoked_subcommand or "")
        param = _option(command, error.option_name)
    if isinstance(param, click.Option) and param.help:
        message += f": {param.help.rstrip('.')}"
    if param is not None and isinstance(param.type, click.Choice):
        message += f" ({', '.join(map(str, param.type.choices))})"
    if command is not None and not isinstance(command, click.Group):
        message += f". For example:\n\n  {examples_of(command)[0]}"
    return click.UsageError(message, error.ctx)


def _option(command: click.Command | None, name: str) -> click.Parameter | None:
    """The option of that name, of a command or of its subcommands."""
    if command is None:
        return None
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    found = (each for each in command.params if name in {*each.opts, *each.secondary_opts})
    return next(found, None) or next(filter(None, (_option(each, name) for each in inner)), None)


class _CommandError(click.ClickException):
    """Shows an error as one message on standard error; exit code 2."""

    exit_code = EXIT_ERROR

    def __init__(self, error: StreamContractError | OSError) -> None:
        super().__init__(printable(str(error)))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 clean, 1 findings, 2 wrong usage or could not run.\n\n"
    + examples(
        "streamcontract init weather",
        "streamcontract dev -- python weather.py",
        "streamcontract check --against git:origin/main",
    ),
)
@click.version_option(__version__, prog_name="streamcontract")
def main() -> None:
    """Generate, check and register the contracts of Kafka topics, one .avsc file each."""
