"""What the documentation shows is true: its Python runs, its files and commands exist."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.docs.markdown import (
    DOCUMENTS,
    GUIDES,
    REPOSITORY,
    blocks,
    python_of,
    relative_links,
)
from tests.in_one_test import in_one_test

from streamcontract.cli import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.devstack import DevStack

# What is promised to be printed: a comment behind a print call, or a line that is only a comment.
# "..." stands for anything.
_PRINTED = re.compile(r"(print\(.*\)\s+|^)# (?P<text>.+)$")


def _name(document: Path) -> str:
    return document.relative_to(REPOSITORY).as_posix()


# Groups that wait for the mock cluster to assign, large libraries, suites within the page.
_TAKE_SECONDS = {
    f"docs/{name}.md"
    for name in (
        "asyncio",
        "columns",
        "coming-from-confluent-kafka",
        "containers",
        "container-files",
        "database-sink",
        "export",
        "quick-start",
        "fastapi",
        "json",
        "observability",
        "pandas",
        "shared-types",
        "sql",
        "testing",
    )
}
with_python = pytest.mark.parametrize(
    "document",
    [
        pytest.param(document, marks=[pytest.mark.searching] * (_name(document) in _TAKE_SECONDS))
        for document in DOCUMENTS
        # The tutorial's pages are run as a whole, by test_tutorial.
        if python_of(document)
        and document.stem not in GUIDES
        and document.parent.name != "tutorial"
    ],
    ids=_name,
)
every_document = in_one_test(DOCUMENTS, _name)


def _run(arguments: list[str], folder: Path, stack: DevStack) -> str:
    result = subprocess.run(  # noqa: S603 - the project's own documentation
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | stack.environment | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, f"{arguments}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@with_python
def test_python_runs(
    document: Path, stack: DevStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document's files, ``generate`` commands and Python work, and print what it says."""
    monkeypatch.chdir(tmp_path)
    for block in blocks(document):
        if block.title is not None:
            path = tmp_path / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        for command in block.commands:
            if (
                command.startswith("streamcontract generate")
                and (tmp_path / "streamcontract.toml").exists()
            ):
                generated = CliRunner().invoke(main, command.split()[1:], env=stack.environment)
                assert generated.exit_code == 0, generated.output
    program = python_of(document)
    if re.search(r"^import pandas", program, re.MULTILINE):
        pytest.importorskip("pandas")  # which has no wheel for some interpreters
    (tmp_path / f"{document.stem}_md.py").write_text(program, "utf-8")
    printed = _run(["-W", "error", f"{document.stem}_md.py"], tmp_path, stack)
    for line in program.splitlines():
        if promised := _PRINTED.search(line):
            pattern = ".*".join(map(re.escape, promised["text"].split("...")))
            assert re.search(pattern, printed), f"{promised['text']!r} is not in:\n{printed}"


@every_document
def test_links_lead_to_files(document: Path) -> None:
    """Every relative link leads to a file of the repository."""
    missing = [link for link in relative_links(document) if not (document.parent / link).exists()]
    assert missing == []


@every_document
def test_commands_exist(document: Path) -> None:
    """Every ``streamcontract`` subcommand and ``make`` target that is shown exists."""
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    subcommands = set(
        main.list_commands(main.make_context("streamcontract", [], resilient_parsing=True))
    )
    for block in blocks(document):
        for command in block.commands:
            words = [word for word in command.split() if "=" not in word]
            if words[0] == "make":
                assert words[1] in targets, command
            if words[0] == "streamcontract":
                assert words[1] in subcommands or words[1].startswith("-"), command


def test_extras_exist() -> None:
    """Every extra that a page installs is one of the package."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg", "utf-8")
    for document in DOCUMENTS:
        for extras in re.findall(
            r"(?:streamcontract|\.)\[([a-z,]+)\]'", document.read_text("utf-8")
        ):
            assert set(extras.split(",")) <= set(setup["options.extras_require"]), _name(document)


def test_the_readme_is_short() -> None:
    """It is read in three minutes, and leads to the lesson and to the index of all pages."""
    readme = REPOSITORY / "README.md"
    assert len(readme.read_text("utf-8").split()) < 1000
    assert {"docs/tutorial/README.md", "docs/README.md"} <= set(relative_links(readme))


# In a project that init creates, and in the repositories of other registries.
_ELSEWHERE = {
    "tests/test_contracts.py",
    "tests/rptest/tests/schema_registry_test.py",
    "tests/schema_registry/_sync/test_avro_serdes.py",
}


@every_document
def test_named_tests_and_tools_exist(document: Path) -> None:
    """Every path below tests/ and tools/ that is named in prose is there."""
    named = set(re.findall(r"`((?:tests|tools)/[\w./-]+)`", document.read_text("utf-8")))
    assert {each for each in named - _ELSEWHERE if not (REPOSITORY / each).exists()} == set()


def test_every_page_is_in_the_index() -> None:
    """docs/README.md leads to every page beside it."""
    index = REPOSITORY / "docs" / "README.md"
    pages = {page.name for page in index.parent.glob("*.md")} - {index.name}
    pages.add("tutorial/README.md")
    assert pages - set(relative_links(index)) == set()


def test_the_pictures_of_the_layers() -> None:
    """docs/architecture.md draws the layers that lint-imports checks, those within kafka/ too."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    checked = [
        [layer.replace("streamcontract.", "") for layer in contract["layers"]]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    drawn = [
        block.text.split("\n")[:-1]
        for block in blocks(REPOSITORY / "docs" / "architecture.md")
        if block.language == "layers"
    ]
    assert drawn == checked


def test_the_files_named_in_the_architecture() -> None:
    """Every module that docs/architecture.md points to is there."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
    package = REPOSITORY / "src" / "streamcontract"
    named = set(re.findall(r"`(?!tests/)([\w/]+\.py)`", text))
    assert named
    assert sorted(name for name in named if not (package / name).is_file()) == []
