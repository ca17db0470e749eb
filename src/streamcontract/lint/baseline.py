"""Baselines: known findings of a project, so that only new ones fail.

    ["schemas/order.avsc"]
    field-doc = [
      "com.example.Order.id",
    ]

An entry has the file, the rule and the name of the type, field or symbol. It has no line and no
index, so that it stays valid when something else in the file changes. Two findings of one rule in
one field are two equal entries.
"""

from __future__ import annotations

import collections
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.atomic_file import write_atomically
from streamcontract.errors import ConfigurationError
from streamcontract.lint.model import TIERS, Tier
from streamcontract.lint.rules import RULES, unknown_rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from streamcontract.lint.model import Finding

__all__ = ["BASELINE_FILE", "Baseline", "BaselineEntry", "read_baseline", "write_baseline"]

BASELINE_FILE: Final = "streamcontract-lint-baseline.toml"
"""The name of the file, which is beside ``streamcontract.toml``."""

_HEAD: Final = """\
# Known findings of `streamcontract lint`: they do not fail, others do. Remove an entry when its
# finding is fixed, or write the file again with `streamcontract lint --write-baseline`.
"""


@attrs.frozen(order=True)
class BaselineEntry:
    """One known finding.

    Attributes:
        file: The schema's file, from the folder of the baseline, with ``/``.
        rule: The id of the rule.
        path: The full name of the type, with that of the field or symbol, such as
            ``"com.example.Order.id"``; ``"$"`` if it is in none.
    """

    file: str
    rule: str
    path: str


@attrs.frozen
class Baseline:
    """Known findings.

    Attributes:
        folder: The folder that the entries' files are relative to, absolute.
        entries: The entries, one for each finding; equal ones may repeat.
    """

    folder: Path
    entries: tuple[BaselineEntry, ...] = ()

    def entry(self, file: Path, finding: Finding) -> BaselineEntry:
        """The entry of a finding in a file."""
        return BaselineEntry(self.name(file), finding.rule, finding.path)

    def name(self, file: Path) -> str:
        """The name of a file in entries."""
        return Path(os.path.relpath(file.resolve(), self.folder)).as_posix()

    def unknown(self, file: Path, findings: Iterable[Finding]) -> list[Finding]:
        """The findings in a file that have no entry.

        Args:
            file: The schema's file.
            findings: All findings in it, in the order of its text. If there are more equal ones
            than entries, the last ones have none.
        """
        left = collections.Counter(self.entries)
        unknown: list[Finding] = []
        for finding in findings:
            entry = self.entry(file, finding)
            if left[entry]:
                left[entry] -= 1
            else:
                unknown.append(finding)
        return unknown

    def stale(
        self,
        found: Mapping[Path, Iterable[Finding]],
        tier: Tier,
        *,
        complete: bool,
        unjudged: Iterable[Path] = (),
    ) -> list[BaselineEntry]:
        """The entries whose findings are fixed, sorted.

        Args:
            found: All findings in the files that were linted.
            tier: The tier of the rules; entries of other rules are not stale.
            complete: Whether these are all files, so that no other file has a finding.
            unjudged: Files that could not be linted.
        """
        left = collections.Counter(self.entries)
        for file, findings in found.items():
            left.subtract(self.entry(file, each) for each in findings)
        is_judged = self._judged(found, tier, complete=complete, unjudged=unjudged)
        return sorted(filter(is_judged, left.elements()))

    def renewed(
        self,
        found: Mapping[Path, Iterable[Finding]],
        tier: Tier,
        *,
        complete: bool,
        unjudged: Iterable[Path] = (),
    ) -> Baseline:
        """The baseline with the present findings in the files that were linted.

        Args:
            found: As for :meth:`stale`.
            tier: Likewise; entries of other rules stay.
            complete: Likewise.
            unjudged: Likewise; the entries of these files stay.
        """
        is_judged = self._judged(found, tier, complete=complete, unjudged=unjudged)
        kept = [each for each in self.entries if not is_judged(each)]
        new = [self.entry(file, each) for file, findings in found.items() for each in findings]
        return Baseline(self.folder, tuple(sorted([*kept, *new])))

    def _judged(
        self, found: Iterable[Path], tier: Tier, *, complete: bool, unjudged: Iterable[Path]
    ) -> Callable[[BaselineEntry], bool]:
        """Whether the findings decide if an entry is stale."""
        looked_at = {self.name(file) for file in found}
        spared = {self.name(file) for file in unjudged}
        rules = {rule.id for rule in RULES if TIERS.index(rule.tier) <= TIERS.index(tier)}
        return lambda entry: (
            entry.rule in rules
            and (entry.file in looked_at or (complete and entry.file not in spared))
        )


def read_baseline(file: Path) -> Baseline:
    """The baseline in a file; an empty one if there is no file.

    Raises:
        ConfigurationError: It cannot be read, or is not a baseline.
    """
    try:
        # Some editors write a byte order mark at the start, which TOML does not allow.
        document = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Baseline(file.resolve().parent)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file}: is nested too deeply to be read") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
    return Baseline(file.resolve().parent, tuple(_entries(file, document)))


def _entries(file: Path, document: Mapping[str, object]) -> Iterator[BaselineEntry]:
    for name, rules in document.items():
        for rule, paths in _table(file, name, rules).items():
            wrong = unknown_rule(rule)
            if wrong is not None:
                raise ConfigurationError(f"{file}: [{json.dumps(name)}]: {wrong}")
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                raise ConfigurationError(
                    f"{file}: [{json.dumps(name)}] {rule}: must be a list of names, such as"
                    ' ["com.example.Order.id"]; `streamcontract lint --write-baseline` writes it'
                )
            yield from (BaselineEntry(name, rule, path) for path in paths)


def _table(file: Path, name: str, rules: object) -> Mapping[str, object]:
    if isinstance(rules, dict):
        return rules
    raise ConfigurationError(
        f"{file}: {name}: must be a table of a schema's file, with rules and lists of names;"
        " `streamcontract lint --write-baseline` writes it"
    )


def write_baseline(file: Path, baseline: Baseline) -> None:
    """Write a baseline; one without entries removes the file.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        if baseline.entries:
            write_atomically(file, _rendered(baseline))
        else:
            file.unlink(missing_ok=True)
    except (OSError, UnicodeEncodeError) as error:
        raise ConfigurationError(f"{file}: cannot be written: {error}") from error


def _rendered(baseline: Baseline) -> str:
    lines = [_HEAD.rstrip("\n")]
    last: tuple[str, str] | None = None
    for entry in sorted(baseline.entries):
        if last is None or entry.file != last[0]:
            lines += ([] if last is None else ["]"]) + ["", f"[{_quoted(entry.file)}]"]
            lines.append(f"{entry.rule} = [")
        elif entry.rule != last[1]:
            lines += ["]", f"{entry.rule} = ["]
        lines.append(f"  {_quoted(entry.path)},")
        last = entry.file, entry.rule
    return "\n".join([*lines, "]", ""])


def _quoted(text: str) -> str:
    """A basic string of TOML, which is a JSON string except for the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
