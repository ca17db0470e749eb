"""Types that several contracts use: one class for each, in modules that import each other."""

from __future__ import annotations

import itertools
import pickle
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codegen.cases import CASES, field, record
from tests.projects import SHOP_FILES, code_of, package_of, put, put_shop
from tests.searching import examples

from streamcontract import Codec
from streamcontract.codec.bindings import contracts_of
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.codegen import changes, make_modules, modules_of_contracts, write
from streamcontract.errors import ConfigurationError, EncodeError
from streamcontract.project import load_project
from streamcontract.schema import FixedType, Schema, parse_schema
from streamcontract.testing.strategies import records, schemas
from streamcontract.testing.suite.in_memory import InMemoryPackage

if TYPE_CHECKING:
    from tests.codegen.conftest import SharedGenerator

CONTRACTS = ("one", "three", "two")
TYPES = ("c.A", "a.B", "a.C", "a.b.D", "a_b.E", "b.A")
VERSIONS = st.sampled_from(["plain", "plain", "described", "other"])


def project(*contracts: str) -> str:
    """A project file of contracts, each of the schema of its name."""
    return "".join(f'[contracts.{name}]\nschema = "{name}.avsc"\n' for name in contracts)


class _World:
    """Types that lead to each other, of which each contract has a version of its own.

    Attributes:
        edges: The types that each type leads to.
        versions: The version of each type that each contract has.
        uses: The types that each contract's record has.
    """

    def __init__(
        self,
        edges: dict[str, set[str]],
        versions: dict[str, dict[str, str]],
        uses: dict[str, set[str]],
    ) -> None:
        self.edges = edges
        self.versions = versions
        self.uses = uses

    def __repr__(self) -> str:
        return f"_World({self.edges}, {self.versions}, {self.uses})"

    def reached(self, name: str) -> set[str]:
        """A type and all that it leads to."""
        found = {name}
        while more := {to for each in found for to in self.edges[each]} - found:
            found |= more
        return found

    def used(self, contract: str) -> set[str]:
        """The types that a contract uses."""
        return {each for name in self.uses[contract] for each in self.reached(name)}

    def are_alike(self, name: str, one: str, other: str) -> bool:
        """Whether two contracts mean the same by a name."""
        return all(
            (self.versions[one][each] == "other") == (self.versions[other][each] == "other")
            for each in self.reached(name)
        )

    def schema(self, contract: str) -> dict[str, Any]:
        """The schema of a contract, self-contained."""
        written = set[str]()

        def written_out(name: str) -> Any:
            if name in written:
                return name
            written.add(name)
            version = self.versions[contract][name]
            fields = [
                field(f"to_{number}", ["null", written_out(to)], default=None)
                for number, to in enumerate(sorted(self.edges[name]))
            ]
            words = {"doc": contract, "since": contract} if version == "described" else {}
            number = field("number", "int", default=int(version == "other"), **words)
            space, _, simple = name.rpartition(".")
            return record(simple, number, *fields, namespace=space, **words)

        fields = [
            field(f"f_{number}", written_out(name))
            for number, name in enumerate(sorted(self.uses[contract]))
        ]
        return record(f"Of{contract.title()}", *fields, namespace="top")


@st.composite
def worlds(draw: st.DrawFn) -> _World:
    """Three contracts of up to six types."""
    names = st.sampled_from(TYPES)
    return _World(
        {name: draw(st.sets(names, max_size=2)) for name in TYPES},
        {contract: {name: draw(VERSIONS) for name in TYPES} for contract in CONTRACTS},
        {contract: draw(st.sets(names, min_size=1, max_size=3)) for contract in CONTRACTS},
    )


@settings(max_examples=examples(100))
@given(world=worlds(), data=st.data())
def test_classes_are_shared_exactly_where_definitions_are_alike(
    world: _World, data: st.DataObject
) -> None:
    """Whatever circles the types and their namespaces make; and records go to each contract."""
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{name}.avsc": world.schema(name) for name in CONTRACTS}
        put(Path(folder), {**files, "streamcontract.toml": project(*CONTRACTS)})
        package = package_of(Path(folder))
    types = {name: package.load(name).CONTRACT.types for name in CONTRACTS}
    for contract in CONTRACTS:
        assert types[contract].keys() == world.used(contract) | {f"top.Of{contract.title()}"}
    for one, other in itertools.combinations(CONTRACTS, 2):
        for name in sorted(world.used(one) & world.used(other)):
            cls = types[one][name]
            assert (cls is types[other][name]) == world.are_alike(name, one, other)
            assert cls().number == int(world.versions[one][name] == "other")
    contract = data.draw(st.sampled_from(CONTRACTS))
    top = types[contract][f"top.Of{contract.title()}"]
    value = data.draw(records(top))
    assert Codec(top).decode(Codec(top).encode(value)) == value


def _generated(root: Path) -> tuple[dict[str, str], set[str]]:
    """The modules of a project's folder after they were generated, and which have errors."""
    project, folder = load_project(root), root / "contracts"
    made = make_modules(project.contracts, root, folder=folder)
    write(changes(folder, made.texts, complete=True, kept=[*made.errors, *made.kept]))
    texts = {path.stem: path.read_text("utf-8") for path in folder.glob("[a-z]*.py")}
    return texts, {*made.errors}


def _code(texts: dict[str, str]) -> dict[str, list[str]]:
    """Their lines without comments, which name the contracts of other definitions."""
    return {
        name: [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        for name, text in texts.items()
    }


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds(), other=worlds(), data=st.data())
def test_classes_stay_shared_beside_broken_contracts(
    world: _World, other: _World, data: st.DataObject
) -> None:
    """Modules of contracts that stay as they are take each other's records, and those of others."""
    broken = data.draw(st.sets(st.sampled_from(CONTRACTS), min_size=1, max_size=2))
    changed = data.draw(st.sets(st.sampled_from(CONTRACTS))) - broken
    later = _World(
        world.edges,
        {name: (other if name in changed else world).versions[name] for name in CONTRACTS},
        {name: (other if name in changed else world).uses[name] for name in CONTRACTS},
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {f"{name}.avsc": world.schema(name) for name in CONTRACTS}
        put(root, {**files, "streamcontract.toml": project(*CONTRACTS)})
        before, _ = _generated(root)
        put(root, {f"{name}.avsc": later.schema(name) for name in changed})
        put(root, {f"{name}.avsc": "{" for name in broken})
        after, wrong = _generated(root)
        put(root, {f"{name}.avsc": world.schema(name) for name in broken})
        mended, _ = _generated(root)
        assert mended == code_of(root).texts
    if not changed:
        assert (_code(after), wrong) == (_code(before), broken)
    assert broken <= wrong
    assert {name: after[name] for name in before if name in after and name not in CONTRACTS} == {
        name: text for name, text in before.items() if name not in CONTRACTS
    }
    current = _World(
        world.edges,
        {name: (world if name in wrong else later).versions[name] for name in CONTRACTS},
        {name: (world if name in wrong else later).uses[name] for name in CONTRACTS},
    )
    package = InMemoryPackage(after)
    types = {name: package.load(name).CONTRACT.types for name in CONTRACTS}
    for contract in CONTRACTS:
        top = types[contract][f"top.Of{contract.title()}"]
        value = data.draw(records(top))
        assert Codec(top).decode(Codec(top).encode(value)) == value
    for one, two in itertools.combinations(CONTRACTS, 2):
        if {one, two} & changed and {one, two} & wrong:
            continue
        for name in current.used(one) & current.used(two):
            is_one = types[one][name] is types[two][name]
            assert is_one == current.are_alike(name, one, two)


def _shares_all(package: InMemoryPackage, one: str, other: str, schema: Schema) -> None:
    """Two contracts have one class for each type of a schema."""
    types, others = (package.load(each).CONTRACT.types for each in (one, other))
    classes = {n for n, node in schema.named_types.items() if not isinstance(node, FixedType)}
    assert classes <= types.keys() & others.keys()
    assert all(types[name] is others[name] for name in classes)


@settings(max_examples=examples(60))
@given(schema=schemas(only_records=True), data=st.data())
def test_all_types_of_drawn_schemas_are_shared(
    schema: Schema, data: st.DataObject, generate_shared: SharedGenerator
) -> None:
    """By two contracts of one schema, and by a third that has its record in its own."""
    within = record("With", field("it", ["null", schema.name], default=None))
    texts = generate_shared(schema, schema, parse_schema(within, references=[schema]))
    package = InMemoryPackage(texts)
    _shares_all(package, "contract_0", "contract_1", schema)
    _shares_all(package, "contract_0", "contract_2", schema)
    cls = package.load("contract_0").CONTRACT.types[schema.name]
    value = data.draw(records(cls))
    payload = Codec(cls).encode(value)
    assert Codec(cls).encode(Codec(cls).decode(payload)) == payload
    assert Codec(package.load("contract_1").CONTRACT).encode(value) == payload
    assert set(contracts_of(cls)) == {"contract_0", "contract_1"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_odd_types_are_shared(case: dict[str, Any], generate_shared: SharedGenerator) -> None:
    """Whatever their names are, those of their fields, and the circles they make."""
    within = record("Within", field("of_another", case), field("Within", "int"))
    package = InMemoryPackage(generate_shared(case, case, within, within))
    for other in ("contract_1", "contract_2", "contract_3"):
        _shares_all(package, "contract_0", other, parse_schema(case))


def test_two_teams_share_a_class(tmp_path: Path) -> None:
    """Either contract takes the other's address, by either engine, with a schema of its own."""
    package = package_of(put_shop(tmp_path))
    order, parcel = package.load("order"), package.load("parcel")
    assert order.Address is parcel.Address
    assert order.Country is parcel.Country
    assert order.Address.__doc__.startswith("Where somebody lives.")
    address = order.Address(street="s")
    sent = parcel.Parcel(to=address, weight=parcel.Weight(grams=1))
    for engine in ("portable", "native"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(ENGINE_VARIABLE, engine)
            codec = Codec(parcel.Parcel)
            assert codec.decode(codec.encode(sent)) == sent
            assert codec.decode(codec.encode(sent)).to == address
    assert [each.name for each in parcel.CONTRACT.schema.references] == ["shop.common.Address"]


def test_contracts_of_one_schema_share_all_classes(tmp_path: Path) -> None:
    """Each has clients of its own; and all can be imported from either."""
    package = package_of(put_shop(tmp_path))
    order, retry = package.load("order"), package.load("order_retry")
    assert order.__all__ == retry.__all__
    assert order.Order is retry.Order
    assert order.OrderProducer is not retry.OrderProducer
    assert list(contracts_of(order.Order).values()) == [order.CONTRACT, retry.CONTRACT]
    assert Codec(order.Order).schema is order.CONTRACT.schema


def test_a_class_alone_finds_its_contract(tmp_path: Path) -> None:
    """Also where no contract's module was imported before."""
    types = package_of(put_shop(tmp_path)).load("shop_common_types")
    address = types.Address(street="s", country=types.Country.DE)
    assert Codec(types.Address).decode(Codec(types.Address).encode(address)) == address
    assert contracts_of(types.Address) == {}


@pytest.mark.parametrize(
    ("change", "is_shared"),
    [
        ({"doc": "Somewhere."}, True),
        ({"since": "1.2"}, True),
        ({"fields": [field("x", {"type": "int", "more": 1})]}, True),
        ({"fields": [field("x", "int", doc="A number.")]}, True),
        ({"fields": [field("x", "int", default=0)]}, False),
        ({"fields": [field("x", "int", aliases=["y"])]}, False),
        ({"fields": [field("x", "int", order="ignore")]}, False),
        ({"fields": [field("x", "long")]}, False),
        ({"fields": [field("x", {"type": "int", "logicalType": "date"})]}, False),
        ({"fields": [field("y", "int")]}, False),
        ({"fields": [field("x", ["int"])]}, False),
        ({"fields": []}, False),
        ({"aliases": ["Place"]}, False),
        ({"type": "error"}, False),
    ],
)
def test_what_makes_another_type(
    tmp_path: Path, change: dict[str, Any], *, is_shared: bool
) -> None:
    """All that Avro acts on; words and attributes that it does not know make no difference."""
    place = record("Place", field("x", "int"), namespace="n")
    files = {
        "one.avsc": record("One", field("place", place)),
        "two.avsc": record("Two", field("place", {**place, **change})),
    }
    code = code_of(put(tmp_path, {**files, "streamcontract.toml": project("one", "two")}))
    assert ("n_types" in code.texts) is is_shared
    remark = (
        "# Another n.Place than that of two, which define it in another way.\n@CONTRACT.record("
    )
    assert (remark in code.texts["one"]) is not is_shared


@pytest.mark.parametrize(
    ("change", "is_shared"),
    [({"doc": "x"}, True), ({"default": "B"}, False), ({"symbols": ["B", "A"]}, False)],
)
def test_what_makes_another_enum(
    tmp_path: Path, change: dict[str, Any], *, is_shared: bool
) -> None:
    """Its symbols, their order, and the default of readers."""
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    files = {
        "one.avsc": record("One", field("e", enum)),
        "two.avsc": record("Two", field("e", {**enum, **change})),
    }
    code = code_of(put(tmp_path, {**files, "streamcontract.toml": project("one", "two")}))
    assert ("shared_types" in code.texts) is is_shared


def test_words_are_those_of_the_file_of_the_type(tmp_path: Path) -> None:
    """Before those of a copy within a contract, whatever the contracts are called."""
    place = record("Place", namespace="n")
    files = {
        "types/place.avsc": {**place, "doc": "Of the file."},
        "copies/a.avsc": record("A", field("place", {**place, "doc": "Of the copy."})),
        "b/b.avsc": record("B", field("place", "n.Place")),
        "streamcontract.toml": 'schemas = ["types"]\n'
        '[contracts.a]\nschema = "copies/a.avsc"\n[contracts.b]\nschema = "b/b.avsc"\n',
    }
    code = code_of(put(tmp_path, files))
    assert '"""Of the file."""' in code.texts["n_types"]
    package = package_of(tmp_path)
    assert package.load("a").Place is package.load("b").Place
    assert "Of the copy." in package.load("a").CONTRACT.schema.json
    assert package.load("a").CONTRACT.schema.references == ()


def test_names_of_modules(tmp_path: Path) -> None:
    """Contracts keep theirs; namespaces that would have one name get numbers."""
    types = ("a_b.X", "a.b.Y", "class.Z", "Nothing")
    fields = [field(f"f_{n}", record(name)) for n, name in enumerate(types)]
    files = {f"{name}.avsc": record(f"O{name}", *fields) for name in ("shared_types", "two")}
    code = code_of(put(tmp_path, {**files, "streamcontract.toml": project("shared_types", "two")}))
    modules = {"a_b_types", "a_b_types_2", "class_types", "shared_types_2"}
    assert code.texts.keys() == {"shared_types", "two", *modules}
    assert "class Y:" in code.texts["a_b_types"]
    assert "class X:" in code.texts["a_b_types_2"]


def test_two_types_of_one_simple_name(tmp_path: Path) -> None:
    """A contract's module calls them as it would its own; each keeps its name in its own module."""
    fields = [field("a", record("a.Item")), field("b", record("b.Item", field("a", "a.Item")))]
    files = {f"{name}.avsc": record(f"top.{name.title()}", *fields) for name in ("one", "two")}
    package = package_of(put(tmp_path, {**files, "streamcontract.toml": project("one", "two")}))
    one = package.load("one")
    assert one.Item is package.load("a_types").Item
    assert one.BItem is package.load("b_types").Item
    assert one.__all__ == ["CONTRACT", "BItem", "Item", "One", "OneConsumer", "OneProducer"]


def test_namespaces_that_need_each_other(tmp_path: Path) -> None:
    """Are one module."""
    inner = record("b.Mid", field("x", record("a.Inner")))
    files = {
        f"{name}.avsc": record(
            f"top.{name.title()}", field("o", record("a.Outer", field("m", inner)))
        )
        for name in ("one", "two")
    }
    code = code_of(put(tmp_path, {**files, "streamcontract.toml": project("one", "two")}))
    assert code.texts.keys() == {"one", "two", "a_types"}
    assert (
        "Types of the namespaces ``a`` and ``b`` that several contracts use."
        in code.texts["a_types"]
    )


def test_versions_that_several_contracts_share(tmp_path: Path) -> None:
    """Each has a module, and so has what is made of it; nothing else has."""

    def schema(name: str, default: int) -> dict[str, Any]:
        place = record("n.Place", field("x", "int", default=default))
        fields = [field("home", record("n.Home", field("place", place))), field("k", record("n.K"))]
        return record(f"top.{name.upper()}", *fields)

    names = {"a": 0, "b": 0, "c": 1, "d": 1}
    files = {f"{name}.avsc": schema(name, default) for name, default in names.items()}
    code = code_of(put(tmp_path, {**files, "streamcontract.toml": project(*names)}))
    apart = {"n_place_types", "n_place_types_2", "n_home_types", "n_home_types_2"}
    assert code.texts.keys() == {*names, *apart, "n_types"}
    assert "# Another n.Place than that of c, d, which" in code.texts["n_place_types"]
    package = package_of(tmp_path)
    assert package.load("a").Home is package.load("b").Home
    assert package.load("a").Home is not package.load("c").Home
    assert package.load("a").K is package.load("d").K


def test_a_record_of_one_contract_within_others(tmp_path: Path) -> None:
    """Is the record of that one contract."""
    files = {
        "invoice.avsc": record("Invoice", field("order", "Order")),
        "order.avsc": record("Order", field("id", "string")),
    }
    put(tmp_path, {**files, "streamcontract.toml": project("invoice", "order")})
    package = package_of(tmp_path)
    order, invoice = package.load("order"), package.load("invoice")
    assert invoice.Order is order.Order
    assert contracts_of(order.Order) == {"order": order.CONTRACT}


def test_modules_that_were_not_generated_together(tmp_path: Path) -> None:
    """A class whose definition is not its contract's is refused, not filled by position."""
    before = code_of(put_shop(tmp_path)).texts
    address = {**SHOP_FILES["common/address.avsc"]}
    address["fields"] = [field("town", "string"), *address["fields"][1:]]
    put(tmp_path, {"common/address.avsc": address})
    after = code_of(tmp_path).texts
    mixed = InMemoryPackage({**before, "order": after["order"], "order_retry": after["order"]})
    with pytest.raises(
        ConfigurationError, match=r"shop_common_types.Address was generated from ano"
    ):
        Codec(mixed.load("order").Order).encode(None)
    alone = {name: text for name, text in after.items() if name.endswith("_types")}
    missing = InMemoryPackage(alone)
    with pytest.raises(
        ConfigurationError, match=r"there is no module .*order: run `streamcontract"
    ):
        Codec(missing.load("shop_types").Order)


def test_a_record_of_another_contract_is_refused(tmp_path: Path) -> None:
    """As before: what is not shared tells contracts apart."""
    package = package_of(put_shop(tmp_path))
    order, parcel = package.load("order"), package.load("parcel")
    wrong = parcel.Parcel(to=parcel.Weight(grams=1), weight=parcel.Weight(grams=1))
    with pytest.raises(EncodeError, match=r"Parcel.to: expected .*Address"):
        Codec(parcel.Parcel).encode(wrong)
    with pytest.raises(EncodeError):
        Codec(order.Order).encode(wrong)


def test_records_from_before_a_type_was_shared_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pickled under the name in the contract's module comes back as the shared class."""
    put_shop(tmp_path)
    facts = load_project(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    pickled = b""
    for contracts in (facts.contracts[:1], facts.contracts):
        for name, text in modules_of_contracts(contracts, tmp_path).items():
            put(
                tmp_path,
                {f"pickled_contracts/{name}.py": text, "pickled_contracts/__init__.py": ""},
            )
        for name in [each for each in sys.modules if each.startswith("pickled_contracts")]:
            monkeypatch.delitem(sys.modules, name)
        module = __import__("pickled_contracts.order", fromlist=["Order"])
        order = module.Order(id="1", to=module.Address(street="s"))
        pickled = pickled or pickle.dumps(order)
        assert pickle.loads(pickled) == order  # noqa: S301 - our own
    assert b"pickled_contracts.order" in pickled
    assert module.Order.__module__ == "pickled_contracts.shop_types"
