"""The command line as a whole: help, exit codes, what it imports."""

from __future__ import annotations

import errno
import importlib
import itertools
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click import shell_completion
from click.testing import CliRunner

from streamcontract import __version__, cli
from streamcontract.cli._examples import examples_of
from streamcontract.errors import StreamContractError
from streamcontract.reporting.facts import FACTS_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).parents[2]


def invoke(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of a command."""
    result = CliRunner().invoke(cli.main, arguments)
    return result.exit_code, result.stdout, result.stderr


def in_new_process(*options: str) -> subprocess.CompletedProcess[str]:
    """A new interpreter with these options."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *options], capture_output=True, text=True, check=True
    )


def test_help_lists_every_command() -> None:
    """``--help`` shows each command with its summary, and the exit codes."""
    code, output, _ = invoke("--help")
    assert code == cli.EXIT_CLEAN
    assert all(name in output for name in ("generate", "register", "dev", "demo", "doctor"))
    assert "Exit codes: 0 clean, 1 findings, 2" in output


def test_version_is_the_packages() -> None:
    """``--version`` shows the version of the package."""
    assert __version__ in invoke("--version")[1]


def test_a_misspelt_command_is_answered_with_the_one_meant() -> None:
    """Wrong usage says what would be right."""
    code, _, errors = invoke("chek")
    assert code == cli.EXIT_ERROR
    assert "did you mean 'check'?" in errors


def test_each_summary_is_what_the_commands_own_help_says() -> None:
    """The summaries that are listed without imports are those of the commands themselves."""
    context = click.Context(cli.main)
    listed = " ".join(invoke("--help")[1].split())
    for name in cli.main.list_commands(context):
        command = importlib.import_module(f"streamcontract.cli.{name}").command
        assert isinstance(command, click.Command)
        summary = (command.help or "").splitlines()[0]
        assert f" {name} {summary}" in listed


def every_command(
    group: click.Group, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The commands of a group and of the groups in it, each with its path."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, *path, name)


def required(command: click.Command) -> list[click.Parameter]:
    """What a command cannot be called without."""
    return [param for param in command.params if param.required]


def test_what_is_missing_is_answered_with_a_call_that_works() -> None:
    """Of every command that needs something: its first example, and what an option takes."""
    needy = [(path, each) for path, each in every_command(cli.main) if required(each)]
    assert ("dlq", "show") in {path for path, _ in needy}
    for path, command in needy:
        code, _, errors = invoke(*path)
        assert code == cli.EXIT_ERROR
        assert f"For example:\n\n  {examples_of(command)[0]}" in errors
        for param in required(command):
            if isinstance(param, click.Option):
                # Arguments are asked for first.
                given = ["x" for each in required(command) if isinstance(each, click.Argument)]
                errors = invoke(*path, *given)[2]
                assert str(param.help).rstrip(".") in " ".join(errors.split())


# A command that begins with another verb is a row more here.
VERBS = {
    *("Check", "Create", "Delete", "Describe", "Export", "Find", "Generate", "List", "Move"),
    *("Publish", "Query", "Register", "Run", "Send", "Show", "Write"),
}


def test_every_help_text_begins_with_a_verb() -> None:
    """In the imperative, as "Check contracts ..."."""
    for path, command in [((), cli.main), *every_command(cli.main)]:
        first = (command.help or "").split(maxsplit=1)[0].rstrip(",")
        assert first in VERBS, path
        assert command.get_short_help_str(200).split()[0].rstrip(",") in VERBS, path


def test_every_help_text_ends_with_examples() -> None:
    """On lines of their own, each as it is typed, within 80 columns."""
    for path, command in [((), cli.main), *every_command(cli.main)]:
        shown = invoke(*path, "--help")[1].rstrip()
        listed = shown.rpartition("Examples:\n")[2].splitlines()
        assert [line.strip() for line in listed] == examples_of(command) != [], path
        assert max(map(len, listed)) <= 80, path


def test_examples_are_of_their_command() -> None:
    """A command's first example is a call of itself, that of a group one of its commands."""
    for path, command in every_command(cli.main):
        for example in examples_of(command):
            assert f"streamcontract {' '.join(path)}" in example


def example_calls() -> list[tuple[str, ...]]:
    """The calls of streamcontract in all examples, which may be parts of a pipe."""
    commands = [cli.main, *(command for _, command in every_command(cli.main))]
    calls: dict[tuple[str, ...], None] = {}
    for example in itertools.chain.from_iterable(map(examples_of, commands)):
        words = shlex.shlex(example, posix=True, punctuation_chars="|")
        words.whitespace_split = True
        for _, part in itertools.groupby(words, "|".__eq__):
            call = list(part)
            if "streamcontract" in call:  # after variables of the environment
                calls[tuple(call[call.index("streamcontract") + 1 :])] = None
    return list(calls)


@pytest.mark.parametrize("call", example_calls(), ids=" ".join)
def test_an_example_can_be_called(
    call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options, choices and numbers of arguments are right, where the named files are there."""
    name, arguments = "streamcontract", list(call)
    command: click.Command = cli.main
    while isinstance(command, click.Group):
        name, *arguments = arguments
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    monkeypatch.chdir(tmp_path)
    for word in map(Path, arguments):
        if word.suffix:
            word.parent.mkdir(parents=True, exist_ok=True)
            word.touch()
        elif ":" not in str(word):
            word.mkdir(parents=True, exist_ok=True)
    assert command.make_context(name, arguments).params.keys() >= {
        param.name for param in required(command)
    }


def test_an_option_without_its_value_is_answered_with_what_it_takes() -> None:
    """Of every option of every command: its help, and its choices."""
    tried = 0
    for path, command in every_command(cli.main):
        for param in command.params:
            if (
                not isinstance(param, click.Option)
                or param.is_flag
                or isinstance(command, click.Group)
            ):
                continue
            tried += 1
            code, _, errors = invoke(*path, param.opts[0])
            said = " ".join(errors.split())
            assert code == cli.EXIT_ERROR
            assert f"{param.opts[0]}' requires an argument: {str(param.help).rstrip('.')}" in said
            if isinstance(param.type, click.Choice):
                assert f"({', '.join(param.type.choices)})" in said
    assert tried > 30


MAY_BE_EMPTY = {
    ("consume", "--key"): "the key of a message",
    ("dev", "arguments"): "those of another command",
    ("export", "--columns"): "none, with --metadata",
    ("export", "--metadata"): "none",
    ("sql", "--prefix"): "none",
    ("test", "arguments"): "those of pytest; the path is checked by the command",
}


_NO_TEXTS = (
    click.Choice,
    click.types.BoolParamType,
    click.types.FloatParamType,
    click.types.IntParamType,
)


def test_an_empty_value_is_refused() -> None:
    """A path would be the current folder, and a source of earlier versions what is compared."""
    found = set()
    for path, command in every_command(cli.main):
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        for param in command.params:
            if isinstance(param.type, _NO_TEXTS):
                continue
            if param.type is click.UNPROCESSED:
                found.add((" ".join(path), param.opts[0]))
                continue
            given: Sequence[str] = param.opts[:1]
            if isinstance(param, click.Argument):
                given = [__file__] * arguments.index(param)
            code, output, errors = invoke(*path, *given, "")
            assert (code, output) == (cli.EXIT_ERROR, ""), (path, param.opts)
            assert "it is empty" in errors
    assert found == {*MAY_BE_EMPTY}
    assert "Invalid value for PATH: it is empty" in invoke("test", "")[2]


def test_no_help_cuts_a_summary_short() -> None:
    """On 80 columns."""
    for path, command in every_command(cli.main):
        if isinstance(command, click.Group):
            lines = invoke(*path, "--help")[1].splitlines()
            assert not any(line.startswith("  ") and line.endswith("...") for line in lines), path


FACTS = {"consume", "doctor", "export", "init", "lock", "produce", "register"}
FACTS |= {"dlq list", "dlq show", "dlq replay", "groups list", "groups describe", "groups reset"}
FACTS |= {"subjects list", "subjects show", "subjects diff", "subjects delete"}
FACTS |= {"topics list", "topics describe", "topics create", "topics delete"}
"""The commands that print facts, as docs/command-line.md lists them."""


def test_every_command_that_prints_facts_has_them_in_json() -> None:
    """And the page says so."""
    formats = {
        " ".join(path): tuple(param.type.choices)
        for path, command in every_command(cli.main)
        for param in command.params
        if param.name == "output_format" and isinstance(param.type, click.Choice)
    }
    assert {name for name, choices in formats.items() if choices == FACTS_FORMATS} == FACTS
    assert {*formats} - FACTS == {"check", "diff", "generate", "lint", "sql"}
    page = (REPOSITORY / "docs" / "command-line.md").read_text("utf-8")
    assert {name for name in FACTS if f"| `{name}` |" in page} == FACTS


def test_completion() -> None:
    """Each shell gets its script, by the variable that docs/command-line.md names."""
    page = (REPOSITORY / "docs" / "command-line.md").read_text("utf-8")
    for shell in ("bash", "zsh", "fish"):
        assert f"_STREAMCONTRACT_COMPLETE={shell}_source streamcontract >" in page
        source = shell_completion.get_completion_class(shell)
        assert source is not None
        completion = source(cli.main, {}, "streamcontract", "_STREAMCONTRACT_COMPLETE")
        assert {each.value for each in completion.get_completions(["topics"], "")} == {
            "create",
            "delete",
            "describe",
            "list",
        }


def test_help_imports_no_command() -> None:
    """``--help`` answers without the libraries that only commands need."""
    done = in_new_process("-X", "importtime", "-m", "streamcontract", "--help")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"confluent_kafka", "requests", "rich", "streamcontract.schema"})


@pytest.mark.parametrize("arguments", [["generat"], ["--frobnicate"], ["generate", "--nope"]])
def test_wrong_usage_exits_with_2(arguments: Sequence[str]) -> None:
    """An unknown command or option is wrong usage."""
    assert invoke(*arguments)[0] == cli.EXIT_ERROR


def test_errors_of_the_library_are_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A StreamContractError is a message on standard error and exit code 2, no traceback."""

    def fail() -> None:
        raise StreamContractError("the broker is on fire")

    command = click.Command("generate", callback=fail)
    module = importlib.import_module("streamcontract.cli.generate")
    monkeypatch.setattr(module, "command", command)
    assert invoke("generate") == (cli.EXIT_ERROR, "", "Error: the broker is on fire\n")


def test_a_closed_standard_output_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has None for it."""
    written: list[int] = []

    def write() -> None:
        written.append(sys.stdout.buffer.write(b"a line\n"))
        assert not sys.stdout.isatty()

    module = importlib.import_module("streamcontract.cli.generate")
    monkeypatch.setattr(module, "command", click.Command("generate", callback=write))
    monkeypatch.setattr("sys.stdout", None)
    cli.main(["generate"], standalone_mode=False)
    assert written == [7]


def test_a_command_that_is_stopped_has_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: no traceback, and an exit code that is none of the documented ones."""

    def stop() -> None:
        raise KeyboardInterrupt

    module = importlib.import_module("streamcontract.cli.check")
    monkeypatch.setattr(module, "command", click.Command("check", callback=stop))
    assert invoke("check") == (cli.EXIT_INTERRUPTED, "", "\nstopped\n")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "generated.py"), "Error: [Errno 28]"),
        (ZeroDivisionError("division by zero"), "This is a bug in streamcontract"),
    ],
)
def test_what_could_not_run_has_found_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception, shown: str
) -> None:
    """A full disk, or a bug of ours: exit code 2, where Python's own is that of findings."""

    def fail() -> None:
        raise error

    module = importlib.import_module("streamcontract.cli.check")
    monkeypatch.setattr(module, "command", click.Command("check", callback=fail))
    code, _, told = invoke("check")
    assert code == cli.EXIT_ERROR
    assert shown in told
    assert str(error) in told


def test_module_runs_as_a_program() -> None:
    """``python -m streamcontract`` is the same command."""
    done = in_new_process("-m", "streamcontract", "--version")
    assert __version__ in done.stdout
