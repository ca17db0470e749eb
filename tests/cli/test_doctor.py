"""``streamcontract doctor``: versions, project and what answers."""

from __future__ import annotations

import json
import sys
import types
from typing import TYPE_CHECKING
from unittest import mock

import confluent_kafka
import pytest
from click.testing import CliRunner

from streamcontract import __version__
from streamcontract.cli import main
from streamcontract.codec import engine
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.project import PROJECT_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamcontract.devstack import DevStack

# Nothing listens on the lowest port of a machine that runs tests.
_NOBODY = {
    "STREAMCONTRACT_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "STREAMCONTRACT_REGISTRY_URL": "http://127.0.0.1:1",
}


_EXTENSION = "streamcontract.codec._native"
_NO_WISH = {ENGINE_VARIABLE: ""}


def run(environment: dict[str, str], timeout: float = 10) -> tuple[int, dict[str, str], str]:
    """Exit code, the line of each check by its subject, and the error output."""
    result = CliRunner().invoke(main, ["doctor", "--timeout", str(timeout)], env=environment)
    lines = {line.split()[1]: line for line in result.stdout.splitlines()}
    return result.exit_code, lines, result.stderr


@pytest.fixture
def no_memory() -> Iterator[None]:
    """What was found out about the native engine holds for a process; here, for one test."""
    engine._find_native.cache_clear()
    yield
    engine._find_native.cache_clear()


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_is_well(embedded_stack: DevStack) -> None:
    """With broker and registry there, everything is ok and the exit code 0."""
    code, lines, error = run(embedded_stack.environment)
    assert (code, error) == (0, "")
    assert all(line.startswith("ok ") for line in lines.values())
    assert __version__ in lines["streamcontract"]
    assert confluent_kafka.libversion()[0] in lines["librdkafka"]
    assert f"no {PROJECT_FILE}" in lines["project"]
    assert embedded_stack.bootstrap_servers in lines["broker"]
    assert "the embedded broker answers" in lines["broker"]
    assert embedded_stack.registry_url in lines["registry"]
    assert "AVRO" in lines["registry"]


def test_json(root: Path) -> None:
    """The same checks, each with its status; the place of what is wrong is in its state."""
    (root / PROJECT_FILE).write_text("[contracts.a]\nschem = 1\n")
    environment = {**_NOBODY, "STREAMCONTRACT_STAK": "1"}
    arguments = ["doctor", "--timeout", "0.2", "--format", "json"]
    result = CliRunner().invoke(main, arguments, env=environment)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["healthy"]) == (1, False)
    status = {each["subject"]: each["status"] for each in document["checks"]}
    assert (status["Python"], status["environment"], status["broker"]) == ("ok", "warn", "fail")
    [project] = [each["state"] for each in document["checks"] if each["subject"] == "project"]
    assert f"{root / PROJECT_FILE}:2:1: contracts.a.schem: is not a known key" in project


def test_nobody_answers() -> None:
    """Without them, each is a failure that names its address and what to do; exit code 1."""
    code, lines, error = run(_NOBODY, timeout=0.5)
    assert (code, error) == (1, "")
    assert lines["project"].startswith("ok ")
    for subject in ("broker", "registry"):
        assert lines[subject].startswith("FAIL ")
        assert "127.0.0.1:1" in lines[subject]
        assert "streamcontract dev" in lines[subject]
    assert "127.0.0.1:1: Failed to get metadata" in lines["broker"]  # of no topic


def test_engine_that_was_not_built(stack: DevStack, no_memory: None) -> None:
    """To have no native engine is no fault, and the line says how to get it."""
    with mock.patch.dict(sys.modules, {_EXTENSION: None}):
        code, lines, _ = run(stack.environment | _NO_WISH)
    assert code == 0
    assert lines["codec"].startswith("ok ")
    assert "portable (the native one was not built" in lines["codec"]


def test_engine_that_is_broken(stack: DevStack, no_memory: None) -> None:
    """To have one that does not fit is a failure, though the portable engine serves."""
    stale = types.ModuleType(_EXTENSION)
    with mock.patch.dict(sys.modules, {_EXTENSION: stale}):
        code, lines, _ = run(stack.environment | _NO_WISH)
    assert code == 1
    assert lines["codec"].startswith("FAIL ")
    assert "portable (the native one is that of version unknown" in lines["codec"]
    assert "install streamcontract again" in lines["codec"]


@pytest.mark.parametrize("package", ["columns", "kafka"])
def test_engine_that_lacks_a_part(stack: DevStack, no_memory: None, package: str) -> None:
    """Its extensions are built together: an installation without one of them is at fault."""
    if engine.choose_engine().name != "native":
        pytest.skip("the native engine is not built here, or not asked for")
    with mock.patch.dict(sys.modules, {f"streamcontract.{package}._native": None}):
        code, lines, _ = run(stack.environment | _NO_WISH)
    assert code == 1
    assert lines["codec"].startswith("FAIL ")
    assert f"native, but the extension of {package} was not built" in lines["codec"]


def test_engine_that_there_is_not(stack: DevStack) -> None:
    """A misspelt engine is told like any other fault."""
    code, lines, _ = run(stack.environment | {ENGINE_VARIABLE: "fast"})
    assert code == 1
    assert "portable or native, not 'fast'" in lines["codec"]


def test_project_file_is_checked(root: Path, stack: DevStack) -> None:
    """Contracts are listed, and a project file that is wrong is a failure."""
    (root / "a.avsc").write_text("{}")
    (root / PROJECT_FILE).write_text('[contracts.a]\nschema = "a.avsc"\n')
    code, lines, _ = run(stack.environment)
    assert code == 0
    assert lines["project"].endswith(f"{PROJECT_FILE}: a")
    (root / PROJECT_FILE).write_text("contract = 1\n")
    code, lines, _ = run(stack.environment)
    assert code == 1
    assert "did you mean 'contracts'?" in lines["project"]


def test_wrong_settings_are_a_failure_too() -> None:
    """A registry URL that is none is told like any other fault."""
    code, lines, _ = run({**_NOBODY, "STREAMCONTRACT_REGISTRY_URL": "nonsense"}, timeout=0.5)
    assert code == 1
    assert lines["registry"].startswith("FAIL ")


def test_where_an_address_comes_from(stack: DevStack) -> None:
    """A variable by its name, or the default, which nobody may have meant."""
    _, lines, _ = run(stack.environment)
    assert "the address is that of STREAMCONTRACT_BOOTSTRAP_SERVERS" in lines["broker"]
    assert "the address is that of STREAMCONTRACT_REGISTRY_URL" in lines["registry"]
    none = {"STREAMCONTRACT_BOOTSTRAP_SERVERS": "", "STREAMCONTRACT_REGISTRY_URL": ""}
    _, lines, _ = run(none, timeout=0.2)
    assert "the default, as STREAMCONTRACT_BOOTSTRAP_SERVERS is not set" in lines["broker"]
    assert "the default, as STREAMCONTRACT_REGISTRY_URL is not set" in lines["registry"]


def test_a_misspelt_variable_is_warned_of(stack: DevStack) -> None:
    """With the one that was meant; that alone is no failure."""
    misspelt = {"STREAMCONTRACT_BOOTSTRAP_SERVER": "elsewhere:9092"}
    code, lines, _ = run(stack.environment | misspelt)
    assert code == 0
    assert lines["environment"].startswith("warn ")
    assert "nothing reads STREAMCONTRACT_BOOTSTRAP_SERVER" in lines["environment"]
    assert "did you mean STREAMCONTRACT_BOOTSTRAP_SERVERS?" in lines["environment"]


def test_variables_of_credentials_are_read(stack: DevStack) -> None:
    """Each property of librdkafka that is about them has one."""
    _, lines, _ = run(stack.environment | {"STREAMCONTRACT_SASL_USERNAME": ""})
    assert "environment" not in lines
