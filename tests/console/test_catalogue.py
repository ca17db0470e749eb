"""The catalogue: pages that lead to each other, from a folder, without a server."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from tests.console.markup import Page
from tests.console.shop import ORDER, write_project

from streamcontract.cli import main
from streamcontract.codegen import make_modules

if TYPE_CHECKING:
    from pathlib import Path


def _git(folder: Path, *arguments: str) -> None:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    command = ["git", "-C", str(folder), *own, *arguments]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - of this test


def _docs(project: Path, target: Path, *arguments: str) -> dict[str, Page]:
    result = CliRunner().invoke(
        main, ["docs", str(target), "--project", str(project), *arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return {
        str(each.relative_to(target)): Page.parse(each.read_text("utf-8"))
        for each in target.rglob("*.html")
    }


def test_documentation_with_controls_of_direction(tmp_path: Path) -> None:
    """Is shown with escapes on every page: as it is, it would be read as another text."""
    project = write_project(tmp_path / "shop")
    doc = "pays 100\u202e000\u202c or \u2067more\u2069, \u200fnever less"
    order = json.loads(json.dumps(ORDER))
    order["doc"] = order["fields"][0]["doc"] = doc
    (project.parent / "schemas" / "order.avsc").write_text(json.dumps(order), "utf-8")
    pages = _docs(project, tmp_path / "out")
    for name in ("index.html", "contracts/order.html", "fields.html", "types.html"):
        assert "pays 100\\u202e000\\u202c or \\u2067more\\u2069, \\u200fnever" in pages[name].text
    for file in (tmp_path / "out").rglob("*.html"):
        assert not set("\u202e\u202c\u2067\u2069\u200f") & set(file.read_text("utf-8"))


def test_its_pages_lead_to_each_other(tmp_path: Path) -> None:
    """Every link leads to a file, and to a place in it."""
    project = write_project(tmp_path / "shop")
    pages = _docs(project, tmp_path / "out")
    assert sorted(pages) == [
        "contracts/order.html",
        "contracts/stock.html",
        "fields.html",
        "index.html",
        "types.html",
    ]
    for name, page in pages.items():
        folder = (tmp_path / "out" / name).parent
        for address in page.addresses:
            file, _, anchor = address.partition("#")
            target = folder / unquote(file) if file else tmp_path / "out" / name
            assert target.is_file(), (name, address)
            ids = target.read_text("utf-8")
            assert not anchor or f'id="{unquote(anchor)}"' in ids, (name, address)
    assert "lines[].count" in pages["fields.html"].text
    assert "com.example.shop.Line" in pages["types.html"].text


def test_modules_are_generated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for the page of each contract; snippets import them from where they are."""
    calls: list[Any] = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return make_modules(*arguments)

    monkeypatch.setattr("streamcontract.console.pages.contracts.make_modules", counted)
    project = write_project(tmp_path / "shop")
    text = project.read_text("utf-8").replace('"contracts"', '"src/shop/records"')
    project.write_text(text, "utf-8")
    pages = _docs(project, tmp_path / "out")
    assert len(calls) == 1
    assert (
        "from shop.records.order import Order, OrderProducer" in pages["contracts/order.html"].text
    )


@pytest.mark.searching
def test_versions_of_git_are_compared(tmp_path: Path) -> None:
    """Each version with the one before, and who upgrades first."""
    project = write_project(tmp_path / "shop")
    _git(project.parent, "init", "--quiet")
    _git(project.parent, "add", ".")
    _git(project.parent, "commit", "--quiet", "--message", "first")
    changed = {**ORDER, "fields": [*ORDER["fields"], {"name": "paid", "type": "boolean"}]}
    (project.parent / "schemas" / "order.avsc").write_text(json.dumps(changed), "utf-8")
    pages = _docs(project, tmp_path / "out", "--versions", "git:HEAD")
    shown = pages["contracts/order.html"].text
    assert "Order.paid field added" in shown
    assert "Producers upgrade first" in shown
    assert "The first one that is known." in shown


@pytest.mark.searching
def test_an_invalid_schema_is_shown_with_its_faults(tmp_path: Path) -> None:
    """The other contracts are written all the same."""
    project = write_project(tmp_path / "shop")
    (project.parent / "schemas" / "order.avsc").write_text('{"type": "recrd"}', "utf-8")
    pages = _docs(project, tmp_path / "out")
    assert "The schema is not valid Avro" in pages["contracts/order.html"].text
    assert "invalid schema" in pages["index.html"].text


@pytest.mark.parametrize("name", ["../out", "a/b", "/out", "..", "a%2Fb", "<b>", "a b", "CON"])
def test_no_name_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    """A contract's name is the name of a file: others are refused before anything is written."""
    project = write_project(tmp_path / "shop")
    table = f'[contracts."{name}"]\nschema = "schemas/order.avsc"\n'
    project.write_text(table, "utf-8")
    target = tmp_path / "out"
    result = CliRunner().invoke(main, ["docs", str(target), "--project", str(project)])
    assert result.exit_code != 0
    assert not list(tmp_path.rglob("*.html"))
