"""A scratch project: files, commits, and ``streamcontract check`` in it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import attrs
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.codegen import changes, modules_of_contracts, write
from streamcontract.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

ORDER = """{
  "type": "record",
  "name": "Order",
  "namespace": "com.example",
  "fields": [
    {"name": "id", "type": "string"},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["OPEN", "DONE"]}},
    {"name": "ship_to", "type": "Address"}
  ]
}
"""
ADDRESS = """{
  "type": "record",
  "name": "Address",
  "namespace": "com.example",
  "fields": [
    {"name": "city", "type": "string"}
  ]
}
"""
PROJECT = """
[contracts.order]
schema = "schemas/order.avsc"
topic = "orders"
compatibility = "BACKWARD"
"""


@attrs.frozen
class Outcome:
    """What a command did."""

    code: int
    output: str
    error: str

    @property
    def report(self) -> dict[str, Any]:
        """Its output as the JSON it is."""
        report: dict[str, Any] = json.loads(self.output)
        return report


@attrs.frozen
class Scratch:
    """A folder in a git repository.

    Attributes:
        folder: The folder.
    """

    folder: Path

    def git(self, *arguments: str) -> str:
        """Run git in the folder."""
        done = subprocess.run(  # noqa: S603 - a list of words, and no shell
            ["git", *arguments],  # noqa: S607 - whichever git there is
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def write(self, **files: str) -> None:
        """Write files: ``order`` is ``schemas/order.avsc``, ``toml`` the project file."""
        for name, text in files.items():
            path = "streamcontract.toml" if name == "toml" else f"schemas/{name}.avsc"
            self.put(path, text)

    def put(self, path: str, text: str) -> None:
        """Write one file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def remove(self, path: str) -> None:
        """Remove one file."""
        (self.folder / path).unlink()

    def commit(self, message: str = "a change") -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)

    def head(self) -> str:
        """The id of the newest commit."""
        return self.git("rev-parse", "HEAD").strip()

    def start(self) -> None:
        """Write and commit the project of this module."""
        self.write(order=ORDER, address=ADDRESS, toml=PROJECT)
        self.commit("the first contract")

    def generate(self) -> None:
        """Bring the generated code up to date."""
        project = load_project(self.folder)
        modules = modules_of_contracts(project.contracts, project.root)
        write(changes(project.output, modules, complete=True))

    def check(self, *arguments: str, against: str = "git:main") -> Outcome:
        """Run ``streamcontract check``."""
        result = CliRunner().invoke(main, ["check", *arguments, "--against", against])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def found(self, *arguments: str, against: str = "git:main") -> list[tuple[str, str]]:
        """The findings as (rule, place), from a run that exits as it should."""
        outcome = self.check(*arguments, "--format", "json", against=against)
        found = [
            (each["rule"], f"{each['now']['file']}:{each['now']['line']}:{each['now']['column']}")
            for each in outcome.report["findings"]
        ]
        assert outcome.code == (1 if found else 0)
        return found

    def notes(self, *arguments: str, against: str = "git:main") -> dict[str, str]:
        """The notes of a run by their kinds, but for the order of the rollout."""
        report = self.check(*arguments, "--format", "json", against=against).report
        notes = {note["kind"]: note["message"] for note in report["notes"]}
        notes.pop("rollout", None)
        return notes
