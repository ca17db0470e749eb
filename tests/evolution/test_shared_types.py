"""Contracts of several folders that share types: every command finds them, then and now."""

from __future__ import annotations

import json
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from tests.evolution.scratch import Scratch

from streamcontract.cli import main
from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry import SchemaRegistry
from streamcontract.reporting.formats import format_names
from streamcontract.testing.suite.contracts import find_contracts

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """\
schemas = ["common"]

[contracts.order]
schema = "orders/order.avsc"
topic = "orders"

[contracts.parcel]
schema = "shipping/parcel.avsc"
topic = "parcels"
compatibility = "BACKWARD_TRANSITIVE"
"""


def record(type_name: str, **fields: str) -> str:
    """The text of a record."""
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    schema = {"type": "record", "namespace": "shop", "name": type_name, "fields": listed}
    return json.dumps(schema, indent=2)


def run(*arguments: str) -> Result:
    """Run a command in the current folder."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(autouse=True)
def started(scratch: Scratch) -> None:
    """Two teams' folders and a common one are committed on main."""
    scratch.put("streamcontract.toml", PROJECT)
    scratch.put("common/address.avsc", record("Address", city="string", country="Country"))
    scratch.put("common/geo/country.avsc", record("Country", code="string"))
    scratch.put("orders/order.avsc", record("Order", id="string", to="Address"))
    scratch.put("shipping/parcel.avsc", record("Parcel", to="shop.Address", via="Country"))
    scratch.commit()


def test_code_is_generated(scratch: Scratch) -> None:
    """For contracts, and for a file by itself in the project."""
    assert run("generate").exit_code == 0
    assert run("generate", "--check").exit_code == 0
    for module in ("order", "parcel"):
        text = (scratch.folder / f"contracts/{module}.py").read_text()
        assert "from .shop_types import Address, Country" in text
    assert "class Country" in (scratch.folder / "contracts/shop_types.py").read_text()
    assert run("generate", "orders/order.avsc", "-o", "by_file").exit_code == 0
    assert "class Address" in (scratch.folder / "by_file/order.py").read_text()


def test_nothing_changed(scratch: Scratch) -> None:
    """All contracts, and a file."""
    assert scratch.check().output == "clean: 2 contracts against git:main\n"
    assert scratch.check("orders/order.avsc").code == 0


@pytest.mark.parametrize("output_format", format_names())
def test_a_shared_type_that_changes_breaks_all_who_use_it(
    scratch: Scratch, output_format: str
) -> None:
    """In each format, with the file of the type."""
    scratch.put("common/geo/country.avsc", record("Country", code="string", name="string"))
    outcome = scratch.check("--format", output_format)
    assert outcome.code == 1
    assert "common/geo/country.avsc" in outcome.output
    assert (
        scratch.found()
        == [("READER_FIELD_MISSING_DEFAULT_VALUE", "common/geo/country.avsc:10:5")] * 2
    )


def test_a_type_may_move_below_the_folders(scratch: Scratch) -> None:
    """Its name is the same, so nothing breaks, in any version."""
    (scratch.folder / "common/places").mkdir()
    for name in ("address.avsc", "geo/country.avsc"):
        source = scratch.folder / "common" / name
        source.rename(scratch.folder / "common/places" / source.name)
    assert scratch.found() == []
    assert "moved-type" in scratch.notes()
    scratch.commit()
    scratch.put("common/places/country.avsc", record("Country", code="long"))
    assert {rule for rule, _ in scratch.found(against="git:main~1")} == {"TYPE_MISMATCH"}
    assert {rule for rule, _ in scratch.found()} == {"TYPE_MISMATCH"}


def test_the_old_tree_has_folders_of_its_own(scratch: Scratch) -> None:
    """As the project file of then names them, which may have been otherwise, or none."""
    (scratch.folder / "common").rename(scratch.folder / "types")
    scratch.put("streamcontract.toml", PROJECT.replace('"common"', '"types"'))
    assert scratch.found() == []
    assert scratch.notes().keys() == {"moved-type"}
    scratch.put("types/geo/country.avsc", record("Country", code="long"))
    assert {rule for rule, _ in scratch.found()} == {"TYPE_MISMATCH"}


def test_folders_are_introduced(scratch: Scratch) -> None:
    """A flat folder, in which all found all, becomes several."""
    for file in sorted(scratch.folder.rglob("*.avsc")):
        (scratch.folder / "schemas").mkdir(exist_ok=True)
        shutil.copy(file, scratch.folder / "schemas" / file.name)
    flat = PROJECT.replace('schemas = ["common"]', "").replace("orders/", "schemas/")
    (scratch.folder / "streamcontract.toml").write_text(flat.replace("shipping/", "schemas/"))
    shutil.move(scratch.folder / "common", scratch.folder / "common.old")
    scratch.commit()
    assert scratch.found() == []
    shutil.rmtree(scratch.folder / "schemas")
    shutil.move(scratch.folder / "common.old", scratch.folder / "common")
    scratch.put("streamcontract.toml", PROJECT)
    scratch.put("common/geo/country.avsc", record("Country", code="long"))
    assert {rule for rule, _ in scratch.found()} == {"TYPE_MISMATCH"}


def test_a_folder_of_another_checkout(scratch: Scratch) -> None:
    """It has no past in this repository: that of now counts, and that is said."""
    outside = scratch.folder.parent / "shared"
    shutil.move(scratch.folder / "common", outside)
    scratch.put("streamcontract.toml", PROJECT.replace("common", "../shared"))
    scratch.commit()
    assert scratch.found() == []
    assert scratch.notes() == {
        "not-checked": f"git:main has no {outside}: its present definitions are used"
    }
    (outside / "geo/country.avsc").write_text(record("Country", code="long"))
    assert scratch.found("order") == []
    # In the history of a transitive level it was in the repository once.
    assert {rule for rule, _ in scratch.found("parcel")} == {"TYPE_MISMATCH"}
    scratch.put("orders/order.avsc", record("Order", id="long", to="Address"))
    assert scratch.found("order") == [("TYPE_MISMATCH", "orders/order.avsc:8:15")]


def test_a_folder_of_another_checkout_is_not_looked_for_elsewhere(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of its name beside the temporary files is another one, be it a link."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "of-somebody-else").mkdir()
    (temporary / "shared").symlink_to(tmp_path / "of-somebody-else")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    shutil.move(scratch.folder / "common", scratch.folder.parent / "shared")
    scratch.put("streamcontract.toml", PROJECT.replace("common", "../shared"))
    scratch.commit()
    assert scratch.found() == []
    assert scratch.notes().keys() == {"not-checked"}


def test_a_link_to_another_checkout(scratch: Scratch) -> None:
    """A folder that is a link out of the repository is one of another checkout."""
    outside = scratch.folder.parent / "shared"
    shutil.move(scratch.folder / "common", outside)
    (scratch.folder / "common").symlink_to(outside)
    scratch.commit()
    assert scratch.found() == []
    assert scratch.notes().keys() == {"not-checked"}


@pytest.mark.parametrize("link", ["address.avsc", "geo"])
def test_a_link_in_a_folder_to_another_checkout(scratch: Scratch, link: str) -> None:
    """A file or a folder that is a link out of the repository is that of now, and that is said."""
    outside = scratch.folder.parent / "shared" / link
    outside.parent.mkdir()
    shutil.move(scratch.folder / "common" / link, outside)
    (scratch.folder / "common" / link).symlink_to(outside)
    (scratch.folder / "orders" / "link.avsc").symlink_to(outside)
    scratch.commit()
    assert scratch.found() == []
    assert scratch.notes() == {
        "not-checked": f"git:main has no {outside}: its present definitions are used"
    }
    scratch.put("orders/order.avsc", record("Order", id="long", to="Address"))
    assert [rule for rule, _ in scratch.found()] == ["TYPE_MISMATCH"]


def test_a_copy_of_the_project(scratch: Scratch, tmp_path: Path) -> None:
    """Its own folders count."""
    old = tmp_path / "old"
    shutil.copytree(scratch.folder, old, ignore=shutil.ignore_patterns(".git"))
    scratch.put("common/geo/country.avsc", record("Country", code="long"))
    assert {rule for rule, _ in scratch.found(against=str(old))} == {"TYPE_MISMATCH"}
    assert scratch.found("order", against=str(old / "orders/order.avsc")) == []


def test_lint_and_diff(scratch: Scratch) -> None:
    """Lint reads the shared files of contracts; diff finds their types."""
    assert json.loads(run("lint", "order", "--format", "json").stdout)["files"] == [
        "orders/order.avsc",
        "common/address.avsc",
        "common/geo/country.avsc",
    ]
    assert run("lint", "--tier", "standard", "orders").exit_code == 1
    scratch.put("orders/order2.avsc", record("Order", to="Address"))
    result = run("diff", "orders/order.avsc", "orders/order2.avsc")
    assert (result.exit_code, "Order.id" in result.stdout) == (1, True), result.stdout


def test_types_are_registered_as_references() -> None:
    """Each under its full name, once, before those that use it."""
    with RegistryServer() as server, SchemaRegistry(server.url) as registry:
        assert run("register", "--registry", server.url).exit_code == 0
        assert registry.subjects() == [
            "orders-value",
            "parcels-value",
            "shop.Address",
            "shop.Country",
        ]
        order = registry.version("orders-value")
        assert [each.subject for each in order.references] == ["shop.Address"]
        again = run("register", "--registry", server.url)
        assert "Nothing to change" in again.stdout
        assert run("lock", "--environment", "prod", "--registry", server.url).exit_code == 0
        assert run("lock", "--check", "--offline").exit_code == 0


def test_the_property_tests_find_them(scratch: Scratch) -> None:
    """For contracts, and for files that are none."""
    scratch.put("orders/other.avsc", record("Other", to="Address"))
    found = find_contracts(scratch.folder / "orders")
    assert [each.schema.name for each in found] == ["shop.Order", "shop.Other"]
    assert all(each.generated for each in found)


def test_two_definitions(scratch: Scratch) -> None:
    """The message shows both files."""
    scratch.put("orders/country.avsc", record("Country", code="long"))
    scratch.put("orders/order.avsc", record("Order", to="Country"))
    outcome = scratch.check()
    assert outcome.code == 2
    assert "shop.Country is defined in two ways, in country.avsc and in " in outcome.output
    assert "common/geo/country.avsc (at /fields/0/type: " in outcome.output
