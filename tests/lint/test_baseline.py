"""Baselines: what is known does not fail, what is new does, and what is mended is stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract.cli import main
from streamcontract.errors import ConfigurationError
from streamcontract.lint import RULES, Settings, lint_schema
from streamcontract.lint.baseline import (
    BASELINE_FILE,
    Baseline,
    BaselineEntry,
    read_baseline,
    write_baseline,
)
from streamcontract.project import PROJECT_FILE
from streamcontract.schema import Schema, parse_schema
from streamcontract.testing.strategies import schemas

ALL = Settings(tier="standard")

entries = st.builds(
    BaselineEntry,
    file=st.text(st.characters(exclude_categories=["Cs"])),
    rule=st.sampled_from([rule.id for rule in RULES]),
    path=st.text(st.characters(exclude_categories=["Cs"])),
)


def record(*fields: str, name: str = "Order", **attributes: Any) -> str:
    """A record with a field without a doc of each name, a line each."""
    lines = ",\n".join(json.dumps({"name": field, "type": "string"}) for field in fields)
    head = json.dumps({"type": "record", "name": name, "namespace": "shop", **attributes})
    return f'{head[:-1]}, "fields": [\n{lines}\n]}}'


@settings(max_examples=examples(100))
@given(st.lists(entries, max_size=8))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, listed: Any) -> None:
    """Any names, and equal entries as often as they are there."""
    file = tmp_path_factory.getbasetemp() / BASELINE_FILE
    write_baseline(file, Baseline(file.parent, tuple(listed)))
    assert file.exists() is bool(listed)
    assert read_baseline(file).entries == tuple(sorted(listed))


@settings(max_examples=examples(50))
@given(schemas(), schemas())
def test_a_baseline_hides_what_it_was_written_of(one: Schema, other: Schema) -> None:
    """All of it, and nothing in another file; no entry is stale before something is mended."""
    files = Path("one.avsc"), Path("other.avsc")
    found = {files[0]: lint_schema(one, ALL)}
    baseline = Baseline(Path.cwd()).renewed(found, "standard", complete=True)
    assert baseline.unknown(files[0], found[files[0]]) == []
    assert baseline.stale(found, "standard", complete=True) == []
    elsewhere = lint_schema(other, ALL)
    assert baseline.unknown(files[1], elsewhere) == elsewhere
    mended = baseline.stale({files[0]: []}, "standard", complete=False)
    assert mended == list(baseline.entries)
    assert baseline.stale({files[1]: []}, "standard", complete=False) == []
    assert baseline.stale({files[1]: []}, "standard", complete=True) == list(baseline.entries)
    spared = baseline.stale({}, "standard", complete=True, unjudged=files[:1])
    assert spared == []


def test_entries_hold_where_fields_move() -> None:
    """A field more in front is new by itself; another of the same kind is not covered twice."""
    file = Path("order.avsc")
    before = lint_schema(parse_schema(record("a", "b", doc="One.")), ALL)
    baseline = Baseline(Path.cwd()).renewed({file: before}, "standard", complete=True)
    assert [entry.path for entry in baseline.entries] == ["shop.Order.a", "shop.Order.b"]
    after = lint_schema(parse_schema(record("more", "b", "a", doc="One.")), ALL)
    assert [each.path for each in baseline.unknown(file, after)] == ["shop.Order.more"]


def test_equal_entries_are_counted() -> None:
    """One more finding of a kind than entries is new: the last one."""
    inner = {"type": "array", "items": ["null", "string"]}
    items = {"type": "array", "items": ["null", inner]}
    schema = parse_schema(
        {"type": "record", "name": "Order", "fields": [{"name": "lines", "type": items}]}
    )
    file, off = Path("order.avsc"), frozenset(rule.id for rule in RULES) - {"nullable-items"}
    found = lint_schema(schema, Settings(tier="standard", off=off))
    assert len(found) == 2
    baseline = Baseline(Path.cwd()).renewed({file: found[:1]}, "standard", complete=True)
    assert baseline.unknown(file, found) == found[1:]
    assert baseline.stale({file: found}, "standard", complete=True) == []


def test_paths() -> None:
    """The innermost name counts: of a type, a field, a symbol, or of nothing."""
    kind = {"type": "enum", "name": "Kind", "symbols": ["A", "b"]}
    line = {"type": "record", "name": "Line", "fields": [{"name": "kind", "type": kind}]}
    schema = parse_schema([{"type": "array", "items": line}])
    found = {(each.rule, each.path) for each in lint_schema(schema, ALL)}
    assert {
        ("union-too-small", "$"),
        ("record-doc", "Line"),
        ("field-doc", "Line.kind"),
        ("enum-doc", "Kind"),
        ("symbol-name-style", "Kind.b"),
    } <= found


# ---- on the command line


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two contracts with findings, and the current folder."""
    for name in ("order", "trade"):
        (tmp_path / f"{name}.avsc").write_text(record("a", name=name.capitalize()))
    (tmp_path / PROJECT_FILE).write_text(
        '[lint]\ntier = "standard"\n'
        '[contracts.order]\nschema = "order.avsc"\n[contracts.trade]\nschema = "trade.avsc"\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*arguments: str) -> Result:
    """``streamcontract lint``."""
    return CliRunner().invoke(main, ["lint", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    """Its JSON."""
    found: dict[str, Any] = json.loads(lint("--format", "json", *arguments).stdout)
    return found


def test_from_flood_to_clean(project: Path) -> None:
    """Written once, only what comes later fails; what is mended is stale until it is renewed."""
    assert lint().exit_code == 1
    written = lint("--write-baseline")
    assert (written.exit_code, written.output) == (0, f"wrote {BASELINE_FILE}: 4 findings\n")
    clean = lint()
    assert clean.exit_code == 0
    assert clean.output == "clean: 2 files; 4 known findings in the baseline\n"

    (project / "order.avsc").write_text(record("b", "a", doc="One."))
    found = document()
    assert [each["rule"] for each in found["findings"]] == ["field-doc"]
    stale = {"file": "order.avsc", "rule": "record-doc", "path": "shop.Order"}
    assert found["baseline"] == {"file": BASELINE_FILE, "known": 3, "stale": [stale]}
    assert "stale-baseline: record-doc finds nothing in shop.Order" in lint().output

    assert lint("--write-baseline", "trade").exit_code == 0
    assert document()["baseline"]["stale"] == [stale]  # of a contract that was not named
    assert lint("--write-baseline").exit_code == 0
    assert document()["baseline"] == {"file": BASELINE_FILE, "known": 4, "stale": []}
    for name in ("order", "trade"):
        (project / f"{name}.avsc").unlink()
    (project / PROJECT_FILE).write_text('[lint]\ntier = "standard"\n')
    assert len(document()["baseline"]["stale"]) == 4  # of files that no contract has
    assert lint("--write-baseline").output == f"{BASELINE_FILE} is not needed: no findings\n"
    assert not (project / BASELINE_FILE).exists()


@pytest.mark.usefixtures("project")
def test_a_smaller_tier_judges_no_other_entries() -> None:
    """Findings that were not looked for are neither known nor stale, and stay where they are."""
    lint("--write-baseline")
    assert document("--tier", "minimal")["baseline"]["stale"] == []
    lint("--write-baseline", "--tier", "minimal")
    assert document()["baseline"] == {"file": BASELINE_FILE, "known": 4, "stale": []}


def test_files_that_are_no_schemas(project: Path) -> None:
    """Their entries stay, the others are written, and the exit code says so."""
    lint("--write-baseline")
    before = read_baseline(project / BASELINE_FILE).entries
    (project / "order.avsc").write_text("{")
    result = lint("--write-baseline")
    assert result.exit_code == 2
    assert "order.avsc:1:2: error: invalid-schema" in result.output
    assert read_baseline(project / BASELINE_FILE).entries == before


def test_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is named; nothing is written where nobody said."""
    monkeypatch.chdir(tmp_path)
    Path("order.avsc").write_text(record("a"))
    assert "say where: --baseline FILE" in lint("order.avsc", "--write-baseline").stderr
    missing = lint("order.avsc", "--baseline", "known.toml")
    assert missing.exit_code == 2
    assert "there is no file known.toml; --write-baseline makes it" in missing.stderr
    arguments = ["order.avsc", "--baseline", "known.toml", "--tier", "standard"]
    assert lint(*arguments, "--write-baseline").exit_code == 0
    assert lint(*arguments).exit_code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "not TOML"),
        (f"x = {'[' * 3_000}{']' * 3_000}", "nested too deeply"),
        ("x = 1", "x: must be a table"),
        ('["a.avsc"]\nfield-doc = "a"', '["a.avsc"] field-doc: must be a list of names'),
        ('["a.avsc"]\nfield-docs = []', '["a.avsc"]: there is no rule "field-docs"; did you mean'),
    ],
)
def test_files_that_are_no_baselines(tmp_path: Path, text: str, message: str) -> None:
    """An error that names the file and the entry."""
    file = tmp_path / BASELINE_FILE
    file.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_baseline(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert message in str(raised.value)
