"""Reasons why an interpreter cannot be taken from Debian; none is fetched here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from release.debian import NotAvailableError, fetch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts programs on the path, which has no others: each prints, says why, and exits."""
    folder = tmp_path / "bin"
    folder.mkdir()
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("release.debian._KEYRING", keyring)

    def put(name: str, printed: str = "", *, reason: str = "", code: int = 0) -> None:
        program = folder / name
        lines = ["#!/bin/sh", f"echo '{printed}'", f"echo '{reason}' >&2", f"exit {code}"]
        program.write_text("\n".join(lines), "utf-8")
        program.chmod(0o755)

    return put


def reason_of(home: Path) -> str:
    """Why there is no 3.14."""
    with pytest.raises(NotAvailableError) as raised:
        fetch("3.14", home)
    assert not home.exists()
    return str(raised.value)


def test_it_is_fetched_once(tmp_path: Path, tools: Callable[..., None]) -> None:
    """What is there is taken as it is, without any tool."""
    python = tmp_path / "home" / "usr" / "bin" / "python3.14"
    python.parent.mkdir(parents=True)
    python.touch()
    assert fetch("3.14", tmp_path / "home") == python


def test_a_machine_that_is_not_debians(tmp_path: Path, tools: Callable[..., None]) -> None:
    """The tools that are missing are named."""
    assert reason_of(tmp_path / "home") == "without apt-get and dpkg-deb none comes from Debian"


def test_no_keyring(
    tmp_path: Path, tools: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched that cannot be verified."""
    tools("apt-get")
    tools("dpkg-deb")
    monkeypatch.setattr("release.debian._KEYRING", tmp_path / "none.gpg")
    assert "none.gpg" in reason_of(tmp_path / "home")


def test_sources_without_debian(tmp_path: Path, tools: Callable[..., None]) -> None:
    """Such as those of another distribution."""
    tools("apt-get", "Ubuntu https://archive.example.org/ubuntu/")
    tools("dpkg-deb")
    assert reason_of(tmp_path / "home").endswith("have no Debian")


def test_an_archive_that_cannot_be_reached(tmp_path: Path, tools: Callable[..., None]) -> None:
    """The last line that apt says is the reason."""
    tools("apt-get", reason="W: one thing\nE: no route to the archive", code=100)
    tools("dpkg-deb")
    assert reason_of(tmp_path / "home").endswith("E: no route to the archive")
