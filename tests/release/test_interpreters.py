"""One interpreter of each minor version is used, and what is not used has a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.debian import NotAvailableError
from release.interpreters import ROOT, Interpreter, ask, candidates, choose, claimed, find

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

VERSIONS = st.tuples(st.just(3), st.integers(8, 16), st.integers(0, 20))
INTERPRETERS = st.builds(
    Interpreter,
    version=VERSIONS,
    path=st.sampled_from([Path("/a/python3"), Path("/b/python3")]),
    implementation=st.sampled_from(["cpython", "cpython", "pypy"]),
    has_gil=st.sampled_from([True, True, False]),
)


@given(st.lists(INTERPRETERS), st.lists(st.sampled_from(["3.10", "3.14"])))
def test_the_newest_of_each_minor_version(interpreters: list[Interpreter], only: list[str]) -> None:
    """It is the newest usable one, every usable version has one, and the rest has a reason."""
    found = choose(interpreters, only)
    in_scope = {
        each
        for each in interpreters
        if each.version >= (3, 10) and (each.minor in only or not only)
    }
    usable = {each for each in in_scope if each.implementation == "cpython" and each.has_gil}
    assert found.chosen == [
        max(each for each in usable if each.minor == minor)
        for minor in sorted({each.minor for each in usable}, key=lambda minor: int(minor[2:]))
    ]
    assert len(found.unused) == len(in_scope) - len(found.chosen)


def test_an_interpreter_describes_itself() -> None:
    """In a virtual environment, the one that it was made with."""
    here = ask(Path(sys.executable))
    assert here is not None
    assert here.version == tuple(sys.version_info[:3])
    assert here.path != Path(sys.executable) or sys.prefix == sys.base_prefix


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """A maker of programs in ``bin``, from their lines for the shell."""

    def make(name: str, lines: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n", "utf-8")
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize("lines", ["exit 127", "echo Python 3.12.1", "kill -9 $$", "echo '{}'"])
def test_what_is_no_interpreter(lines: str, script: Callable[[str, str], Path]) -> None:
    """Such as a shim of pyenv for a version that is not switched on."""
    assert ask(script("python3.12", lines)) is None


def test_where_interpreters_are_looked_for(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    """On the path, in pyenv's versions and in uv's, by their names alone."""
    on_path = [script("python3", ""), script("python3.12", "")]
    others = [script(name, "") for name in ("python", "python3.12-config", "python3.12t", "pip3")]
    of_tools = []
    for folder in (".pyenv/versions/3.13.0/bin", ".local/share/uv/python/cpython-3.14.0/bin"):
        of_tools.append(tmp_path / folder / "python3")
        of_tools[-1].parent.mkdir(parents=True)
        of_tools[-1].touch()
    found = set(candidates({"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:/nonexistent"}))
    assert found >= {*on_path, *of_tools}
    assert not found & set(others)


def test_a_claimed_version_that_cannot_be_had_is_skipped_with_its_reason(
    script: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure that a machine lacks one; it is said."""

    def fetch(minor: str, home: Path) -> Path:
        if minor == "3.14":
            raise NotAvailableError("the archive is not reachable")
        answer = {"path": "/d/python", "implementation": "cpython", "has_gil": True}
        described = json.dumps(answer | {"version": [3, int(minor[2:]), 0]})
        return script(f"python{minor}", f"echo '{described}'")

    monkeypatch.setattr("release.interpreters.candidates", lambda _: iter(()))
    monkeypatch.setattr("release.interpreters.fetch", fetch)
    found = find()
    assert [each.minor for each in found.chosen] == ["3.10", "3.11", "3.12", "3.13"]
    [why] = found.skipped
    assert why == "3.14: no interpreter on this machine, and the archive is not reachable"


def test_a_wanted_version_alone(
    script: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that one is looked for."""
    asked: list[str] = []

    def fetch(minor: str, home: Path) -> Path:
        asked.append(minor)
        raise NotAvailableError("there is none")

    monkeypatch.setattr("release.interpreters.candidates", lambda _: iter(()))
    monkeypatch.setattr("release.interpreters.fetch", fetch)
    assert [line.partition(":")[0] for line in find(["3.99"]).skipped] == ["3.99"]
    assert asked == ["3.99"]


def test_the_claims_agree() -> None:
    """The classifiers and the wheels of a release name the same versions."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    built = settings["tool"]["cibuildwheel"]["build"].split()
    assert built == [f"cp{minor.replace('.', '')}-*" for minor in claimed()]
    oldest, newest = claimed()[0], claimed()[-1]
    assert f"CPython {oldest} to {newest}" in (ROOT / "docs" / "releasing.md").read_text("utf-8")
