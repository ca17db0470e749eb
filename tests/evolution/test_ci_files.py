"""Workflow, GitLab job and pre-commit hooks do what they say: their commands are run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
import yaml
from tests.evolution.scratch import ADDRESS, ORDER, PROJECT, Scratch

REPOSITORY: Final = Path(__file__).parents[2]
EXAMPLES: Final = REPOSITORY / "examples" / "ci"
HOOKS: Final = REPOSITORY / ".pre-commit-hooks.yaml"

REQUIRED = ORDER.replace(
    '{"name": "id", "type": "string"},',
    '{"name": "id", "type": "string", "doc": "Number."},\n'
    '    {"name": "note", "type": "string", "doc": "A remark."},',
)


@pytest.fixture
def change(scratch: Scratch) -> Scratch:
    """A branch in a clone, whose origin has the project on main; nothing is changed yet."""
    scratch.write(order=ORDER, address=ADDRESS, toml=PROJECT)
    # The environment of the tests has streamcontract, so that there is nothing to install.
    scratch.put("requirements.txt", "# streamcontract\n")
    scratch.generate()
    scratch.commit()
    clone = scratch.folder.parent / "clone"
    scratch.git("clone", "--quiet", scratch.folder.as_uri(), str(clone))
    change = Scratch(clone)
    change.git("config", "user.name", "Test")
    change.git("config", "user.email", "test@example.com")
    change.git("checkout", "--quiet", "-b", "change")
    return change


def run(scratch: Scratch, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as CI does: in a shell, in the folder."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(  # noqa: S603 - the project's own files
        ["bash", "-e", "-c", command],  # noqa: S607 - whichever bash there is
        cwd=scratch.folder,
        env={**os.environ, "PATH": os.pathsep.join(folders), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read(file: Path) -> Any:
    """The YAML of a file."""
    return yaml.safe_load(file.read_text("utf-8"))


def break_the_contract(scratch: Scratch) -> None:
    """Commit a change that breaks readers, with the code generated for it."""
    scratch.write(order=REQUIRED)
    scratch.generate()
    scratch.commit("a break")


@pytest.mark.searching
def test_github_workflow(change: Scratch) -> None:
    """Its last step fails on a break, with an annotation of the line; the others still pass."""
    workflow = read(EXAMPLES / "github-workflow.yml")
    assert workflow[True] == "pull_request"  # YAML 1.1 takes the key "on" for true
    [job] = workflow["jobs"].values()
    steps = job["steps"]
    [checkout] = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["fetch-depth"] == 0
    commands = [step["run"] for step in steps if "run" in step]
    assert run(change, commands[0]).returncode == 0  # install
    *others, check = commands[1:]
    assert run(change, check, GITHUB_BASE_REF="main").returncode == 0
    for file in ("order", "address"):
        schema = change.folder / "schemas" / f"{file}.avsc"
        schema.write_text(_documented(schema.read_text()))
    change.generate()
    for command in (*others, check):
        done = run(change, command, GITHUB_BASE_REF="main")
        assert done.returncode == 0, done.stdout + done.stderr
    break_the_contract(change)
    done = run(change, check, GITHUB_BASE_REF="main")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=schemas/order.avsc,line=7,col=5,title=READER_")


def _documented(text: str) -> str:
    """A schema that ``streamcontract lint`` has nothing to say about."""
    text = re.sub(r'("name": "(\w+)", "type": (?!"record"))', r'"doc": "The \2 of it.", \1', text)
    text = text.replace('"namespace"', '"doc": "What it is about.",\n  "namespace"')
    return text.replace(
        '"symbols": ["OPEN", "DONE"]',
        '"doc": "How far it is.", "symbols": ["OPEN", "DONE"], "default": "OPEN"',
    )


@pytest.mark.searching
def test_gitlab_job(change: Scratch) -> None:
    """It fails on a break, and leaves both reports behind."""
    [job] = read(EXAMPLES / "gitlab-ci.yml").values()
    base = change.git("rev-parse", "origin/main").strip()
    script = "\n".join(job["script"])
    reports = job["artifacts"]["reports"]
    assert run(change, script, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode == 0
    assert json.loads((change.folder / reports["codequality"]).read_text()) == []
    break_the_contract(change)
    assert run(change, script, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode == 1
    [entry] = json.loads((change.folder / reports["codequality"]).read_text())
    assert entry["location"]["path"] == "schemas/order.avsc"
    suites = ET.parse(change.folder / reports["junit"])  # noqa: S314 - it was written just now
    assert [failure.get("type") for failure in suites.iter("failure")] == [entry["check_name"]]


def test_pre_commit_hooks_have_what_pre_commit_demands() -> None:
    """Each has an id of its own, a name, a command and a language; ``files`` finds the files."""
    hooks = read(HOOKS)
    assert len({hook["id"] for hook in hooks}) == len(hooks)
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"
        pattern = re.compile(hook["files"])
        assert pattern.search("schemas/order.avsc")
        assert not pattern.search("docs/avsc.md")


@pytest.mark.searching
def test_pre_commit_check_hook(change: Scratch) -> None:
    """It compares what is about to be committed with the last commit."""
    [hook] = [hook for hook in read(HOOKS) if hook["id"] == "streamcontract-check"]
    command = " ".join([hook["entry"], *hook["args"]])
    assert run(change, command).returncode == 0
    change.write(order=REQUIRED)
    change.git("add", "--all")
    assert run(change, command).returncode == 1
    change.commit()
    assert run(change, command).returncode == 0


@pytest.mark.searching
def test_pre_commit_generate_and_lint_hooks(change: Scratch) -> None:
    """One fails where code was not generated again, the other takes the files of the commit."""
    hooks = {hook["id"]: hook for hook in read(HOOKS)}
    generate = hooks["streamcontract-generate"]
    lint = f"{hooks['streamcontract-lint']['entry']} --tier standard"
    assert run(change, generate["entry"]).returncode == 0
    assert run(change, f"{lint} schemas/order.avsc").returncode == 1
    change.write(order=_documented(ORDER), address=_documented(ADDRESS))
    assert run(change, generate["entry"]).returncode == 1
    done = run(change, f"{lint} schemas/order.avsc schemas/address.avsc")
    assert done.returncode == 0, done.stdout + done.stderr
