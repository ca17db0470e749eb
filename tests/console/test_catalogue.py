"""The catalogue: pages that lead to each other, from a folder, without a server."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import count
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.console.markup import Page
from tests.console.shop import ORDER, write_project
from tests.console.versions import commit
from tests.console.warehouse import HIDDEN, write_warehouse

from streamcontract import parse_schema
from streamcontract.cli import main
from streamcontract.codegen import make_modules
from streamcontract.console.pages.fields import field_rows
from streamcontract.console.pages.shown import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _docs(project: Path, target: Path, *arguments: str) -> dict[str, Page]:
    result = CliRunner().invoke(
        main, ["docs", str(target), "--project", str(project), *arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return {
        str(each.relative_to(target)): Page.parse(each.read_text("utf-8"))
        for each in target.rglob("*.html")
    }


def _assert_links_lead_somewhere(target: Path, pages: Mapping[str, Page]) -> None:
    """To a file, and to the one place in it that has this name."""
    ids = {
        name: Counter(re.findall('<[^>]* id="([^"]*)"', (target / name).read_text("utf-8")))
        for name in pages
    }
    assert [each for found in ids.values() for each in found.items() if each[1] > 1] == []
    for name, page in pages.items():
        for address in page.addresses:
            file, _, anchor = address.partition("#")
            led = normpath((target / name).parent / unquote(file)) if file else target / name
            assert Path(led).is_file(), (name, address)
            there = Path(led).relative_to(target).as_posix()
            assert not anchor or unquote(anchor) in ids[there], (name, address)


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
    _assert_links_lead_somewhere(tmp_path / "out", pages)
    assert "lines[].count" in pages["fields.html"].text
    assert "com.example.shop.Line" in pages["types.html"].text


def test_pages_of_keys_shared_types_and_an_invalid_schema(tmp_path: Path) -> None:
    """What keys have is found as what values have, and no page names a folder of the machine."""
    project = write_warehouse(tmp_path / "warehouse")
    pages = _docs(project, tmp_path / "out")
    _assert_links_lead_somewhere(tmp_path / "out", pages)
    fields, types = pages["fields.html"].text, pages["types.html"].text
    assert "parcel_id of the key parcel string" in fields
    assert "com.example.ParcelKey parcel of the key" in types
    assert "paid_by(Card).number" in fields
    assert "paid_by(Account).number" in fields
    assert "AR AS AT" in fields
    shown = pages["contracts/parcel.html"].text
    assert "Card.number string required Without spaces." in shown
    assert "Account.number string required Its IBAN." in shown
    assert "Versions" not in shown
    invalid = pages["contracts/invalid.html"].text
    assert " schemas/invalid.avsc:1:10: at /type" in invalid
    assert "No findings" not in invalid
    assert "Record string" in pages["contracts/text.html"].text
    assert pages["index.html"].text.count("invalid schema") == 1
    for name, page in pages.items():
        assert str(tmp_path) not in page.text, name
        assert "\u202e" not in page.text, name
    assert visible(HIDDEN) in shown
    assert visible(HIDDEN) in fields


def test_a_project_without_contracts(tmp_path: Path) -> None:
    """Each page says so."""
    project = tmp_path / "streamcontract.toml"
    project.write_text('output = "contracts"\n', "utf-8")
    pages = _docs(project, tmp_path / "out")
    assert "No contracts yet" in pages["index.html"].text
    assert "No contract has fields." in pages["fields.html"].text
    assert "No contract has named types." in pages["types.html"].text


def test_what_is_printed(tmp_path: Path) -> None:
    """How many pages, and where to begin."""
    project = write_project(tmp_path / "shop")
    project.write_text('[contracts.order]\nschema = "schemas/order.avsc"\n', "utf-8")
    result = CliRunner().invoke(main, ["docs", str(tmp_path / "out"), "--project", str(project)])
    assert "4 pages of 1 contract: " in result.output


def _records(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Records whose fields have few names, so that records have the same ones."""
    types = st.dictionaries(st.sampled_from("ab"), inner, min_size=1)
    fields = types.map(lambda found: [{"name": each, "type": found[each]} for each in found])
    return fields.map(lambda found: {"type": "record", "fields": found})


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    records = _records(inner)
    unions = st.tuples(st.lists(records, min_size=1, max_size=3), st.lists(inner, max_size=1))
    arrays = inner.map(lambda items: {"type": "array", "items": items})
    return records | arrays | unions.map(lambda found: [*found[0], *found[1]])


def _named(node: Any, numbers: Iterator[int]) -> Any:
    """A schema with a name for each record, of which some differ in the namespace alone."""
    if isinstance(node, list):
        flat = [each for each in node if not isinstance(each, list)]
        return [_named(each, numbers) for each in flat]
    if isinstance(node, dict) and node["type"] == "record":
        number = next(numbers)
        name = f"n{number}.R{number % 2}"
        fields = [{**each, "type": _named(each["type"], numbers)} for each in node["fields"]]
        return {"type": "record", "name": name, "fields": fields}
    return {**node, "items": _named(node["items"], numbers)} if isinstance(node, dict) else node


@given(_records(st.recursive(st.just("int"), _nested, max_leaves=8)))
def test_each_field_has_a_path_of_its_own(shape: Any) -> None:
    """Links lead by it, also to those of several records in a union."""
    paths = [row.path for row in field_rows(parse_schema(_named(shape, count())))]
    assert len(set(paths)) == len(paths)


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
    commit(project.parent)
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
