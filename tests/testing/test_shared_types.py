"""Test tools and classes that several contracts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import cattrs
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.projects import SHOP_FILES, code_of, package_of, put, put_shop
from tests.searching import examples

from streamcontract.codegen import changes, write
from streamcontract.integrations.cattrs import register_records
from streamcontract.integrations.pydantic import AsJson
from streamcontract.json_codec import JsonCodec
from streamcontract.testing.strategies import records
from streamcontract.testing.suite.checks import Failure, Suite, check_codec, check_generated
from streamcontract.testing.suite.contracts import find_contracts
from streamcontract.testing.suite.failing_tests import broker_test, round_trip_test

if TYPE_CHECKING:
    from pathlib import Path

SUITE = Suite(max_examples=5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shop's project, generated."""
    put_shop(tmp_path)
    write(changes(tmp_path / "contracts", code_of(tmp_path).texts, complete=True))
    return tmp_path


def test_the_suite_of_contracts_that_share_types(folder: Path) -> None:
    """Their modules are what they should be, and their records come back."""
    contracts = find_contracts(folder)
    assert [contract.name for contract in contracts] == ["order", "order_retry", "parcel"]
    for contract in contracts:
        check_generated(contract, SUITE)
        check_codec(contract, SUITE)
    generated = [contract.generated for contract in contracts]
    assert len({each.contract.types["shop.common.Address"] for each in generated if each}) == 1


@pytest.mark.parametrize(
    ("module", "failing"),
    [
        ("shop_common_types", ["order", "order_retry", "parcel"]),
        ("shop_types", ["order", "order_retry"]),
        ("parcel", ["parcel"]),
    ],
)
@pytest.mark.parametrize("is_missing", [True, False])
def test_modules_that_are_not_up_to_date(
    folder: Path, module: str, failing: list[str], *, is_missing: bool
) -> None:
    """Fail the contracts that import them."""
    file = folder / "contracts" / f"{module}.py"
    if is_missing:
        file.unlink()
    else:
        file.write_text(file.read_text("utf-8") + "# more\n", "utf-8")
    contracts = {each.name: each for each in find_contracts(folder)}
    for name in failing:
        said = f"{module}.py is {'missing' if is_missing else 'out of date'}"
        with pytest.raises(Failure, match=said):
            check_generated(contracts.pop(name), SUITE)
    for contract in contracts.values():
        check_generated(contract, SUITE)


def test_a_contract_beside_a_broken_one(folder: Path) -> None:
    """Is up to date with what is committed."""
    put(folder, {"orders/order.avsc": "{"})
    [parcel] = [each for each in find_contracts(folder) if each.name == "parcel"]
    check_generated(parcel, SUITE)
    check_codec(parcel, SUITE)


def test_what_is_pasted_has_the_names_of_the_contract(tmp_path: Path) -> None:
    """Where two classes have one name in modules of their own."""
    inner = {"type": "record", "name": "a.Item", "fields": []}
    outer = {"type": "record", "name": "b.Item", "fields": [{"name": "a", "type": inner}]}
    files = {
        f"{name}.avsc": {
            "type": "record",
            "name": f"top.{name.title()}",
            "fields": [{"name": "b", "type": outer}],
        }
        for name in ("one", "two")
    }
    toml = "".join(f'[contracts.{name}]\nschema = "{name}.avsc"\n' for name in ("one", "two"))
    put(tmp_path, {**files, "streamcontract.toml": toml})
    contract = find_contracts(tmp_path)[0]
    generated = contract.generated
    assert generated is not None
    value = find(records(generated.record), lambda _: True)
    pasted = round_trip_test(contract, generated, value)
    assert "from contracts.one import AItem, Item, One\n" in pasted
    assert "One(b=Item(a=AItem()))" in pasted
    pasted = broker_test(contract, generated, [(None, value)], "any")
    assert "from contracts.one import AItem, Item, One, OneConsumer, OneProducer\n" in pasted


@settings(max_examples=examples(20))
@given(st.data())
def test_values_of_a_shared_class(shop: Any, data: st.DataObject) -> None:
    """Are drawn by records(), st.from_type and st.builds, alone and within a contract's record."""
    order = shop.load("order")
    assert isinstance(data.draw(records(order.Address)), order.Address)
    assert isinstance(data.draw(st.from_type(order.Order)).to, order.Address)
    assert isinstance(data.draw(st.builds(order.Order)).to.country, order.Country)
    of_town = records(order.Order, {"to.street": st.just("s")})
    assert data.draw(of_town).to.street == "s"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The shop's code."""
    return package_of(put_shop(tmp_path_factory.mktemp("shop")))


def test_json(shop: Any) -> None:
    """Of a shared record and of a type inside, by JsonCodec, pydantic and cattrs."""
    order = shop.load("order")
    value = order.Order(id="1", to=order.Address(street="s"))
    document: Any = {"id": "1", "to": {"street": "s", "country": "CH"}, "billed": None}
    assert JsonCodec(order.Order).dump(value) == document
    assert JsonCodec(order.Order).load(document) == value
    assert JsonCodec(order.Address).dump(value.to) == document["to"]
    adapter: TypeAdapter[Any] = TypeAdapter(list[AsJson[order.Order]])  # type: ignore[name-defined]
    assert adapter.validate_python([document]) == [value]
    assert adapter.dump_python([value]) == [document]
    with pytest.raises(ValidationError, match=r"Order.to.street"):
        adapter.validate_python([{**document, "to": {"street": 1}}])
    converter = cattrs.Converter()
    register_records(converter)
    both = attrs.make_class(
        "Both", {"order": attrs.field(type=order.Order), "to": attrs.field(type=order.Address)}
    )
    held = both(value, value.to)
    assert converter.structure(converter.unstructure(held), both) == held


def test_schemas_travel_as_they_were_written(shop: Any) -> None:
    """A shared class changes nothing about what a contract registers."""
    for name in ("order", "order_retry"):
        schema = shop.load(name).CONTRACT.schema
        assert schema.inlined_json.count('"Where somebody lives."') == 1
        assert [each.name for each in schema.references] == ["shop.common.Address"]
        assert [field.name for field in schema.root.fields] == [
            field["name"] for field in SHOP_FILES["orders/order.avsc"]["fields"]
        ]
