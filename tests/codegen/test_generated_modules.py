"""Modules of random schemas: checked by the tools of their users, and used."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.codegen.cases import CASES, field, logical, record
from tests.projects import code_of, put, put_shop
from tests.searching import examples

from streamcontract.codec import Codec
from streamcontract.errors import CodegenError
from streamcontract.schema import RecordType, parse_schema
from streamcontract.testing.strategies import keys, records, schemas

if TYPE_CHECKING:
    from pathlib import Path

    from tests.codegen.conftest import Generator, Importer, SharedGenerator

    from streamcontract.schema import Schema

SELECT_ALL = """\
select = ["ALL"]
ignore = [
    "INP001",           # whose package it is, is for its project to say
    "D420", "RUF105",   # previews that older versions, which a project may have, would warn of
]
"""

PACKAGE = '"""A package."""  # noqa: CPY001, RUF100\n'

WORDS = (
    *("lower case first.", "this is it", "This is it.", "Returns the x.", "returns: x", ".", "!"),
    *("Args:\n    a: b", "Parameters\n----------\na : int\n    b", "Attributes\n----------\nx"),
    *(
        "Attributes:\n    x: y\n",
        "Attributes:",
        "Yields:\n  x\n\nReturns:\n\n\n  y\n\n\nSee Also:\nz",
    ),
    *("Raises\n------\nValueError\n", "Note: x", "TODO: x", "FIXME fix (me)", "Title\n=====\n\nX."),
    *("a\n\nb", "1. a\n2. b", "``code``", f"https://example.org/{'x' * 120}", "trailing  "),
    *("ends with colon:", "ends with?", "dots...", "\u00fc lower.", "e.g. x", '"quoted"', "'q'"),
    *(
        " leading",
        "\tTab\n\tb",
        "a\\b",
        "# noqa",
        "type: ignore",
        "# fmt: on",
        "fmt: on\n# fmt: on\n",
    ),
    *("# isort: off", "-*- coding: latin-1 -*-", "Example::\n\n    x=1\n\n>>> x  =  1\n", "x = 1"),
    *("summary\n\n    indented", "A." * 60, "First. second.", f"The first line\n{'is long ' * 20}"),
    *("import os", "print(x)", "Examples:\n    >>> f( x )\n    1", "Deprecated: x", "self"),
)
"""Docs that some rule about docstrings or comments looks at."""


def described(words: str) -> dict[str, Any]:
    """A schema with these words in each place for words."""
    symbols = {"type": "enum", "name": "E", "symbols": ["A"], "doc": words}
    return record(
        "A",
        field("x", "int", doc=words),
        field("e", symbols, doc=words),
        field("at", logical("long", "timestamp-millis"), doc=words),
        field("o", ["null", "A"], default=None),
        doc=words,
    )


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    generate: Generator,
    generate_shared: SharedGenerator,
) -> Path:
    """A folder with the modules of many random schemas and of all odd cases.

    Of the odd cases also as packages, in which several contracts share all or many types.
    """
    drawn: list[tuple[Schema, Schema]] = []

    @settings(
        max_examples=examples(80),
        derandomize=True,  # each tool runs once, over all of them: nothing to shrink
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas(only_records=True), schemas())
    def draw(schema: Schema, key_schema: Schema) -> None:
        drawn.append((schema, key_schema))

    draw()
    path = tmp_path_factory.mktemp("modules")
    for index, (schema, key_schema) in enumerate(drawn):
        (path / f"random_{index}.py").write_text(generate(schema), encoding="utf-8")
        with contextlib.suppress(CodegenError):  # both define a type of one name
            text = generate(schema, key_schema=key_schema)
            (path / f"keyed_{index}.py").write_text(text, encoding="utf-8")
    for name, case in CASES.items():
        (path / f"odd_{name}.py").write_text(generate(case, topic="a.topic"), encoding="utf-8")
        text = generate(case, key_schema=parse_schema({"type": "array", "items": case}))
        (path / f"odd_keyed_{name}.py").write_text(text, encoding="utf-8")
    for index, words in enumerate(WORDS):
        (path / f"words_{index}.py").write_text(generate(described(words)), encoding="utf-8")
    for name, case in CASES.items():
        package = path / f"shared_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(PACKAGE, encoding="utf-8")
        within = record("Within", field("of_another", case), field("Within", "int"))
        changed = record("Changed", field("of_another", {**case, "aliases": ["OfNoOther"]}))
        for module, text in generate_shared(case, case, within, changed, changed).items():
            (package / f"{module}.py").write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def unmarked(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same modules without the comments that keep formatters and sorters of imports away."""
    path = tmp_path_factory.mktemp("unmarked")
    for module in folder.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        head, tail = "\n# fmt: off\n# isort: skip_file\n", "\n"
        assert text.count(head) == (module.name != "__init__.py")
        copy = path / module.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text.replace(head, tail), encoding="utf-8")
    return path


def run(*command: str, root: Path) -> str:
    """The complaints of a tool, none if it has none."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.searching
@pytest.mark.hypothesis
def test_layout_is_that_of_the_formatter(unmarked: Path, pytestconfig: pytest.Config) -> None:
    """``ruff format`` with this project's settings would lay the modules out as they are."""
    options = ["--no-cache", "--config", "pyproject.toml", "--check", "--diff"]
    assert run("ruff", "format", *options, str(unmarked), root=pytestconfig.rootpath) == ""


@pytest.mark.searching
@pytest.mark.hypothesis
def test_imports_are_sorted(unmarked: Path, pytestconfig: pytest.Config) -> None:
    """As ruff sorts them in a project that has streamcontract installed."""
    options = ["--no-cache", "--isolated", "--select", "I"]
    assert run("ruff", "check", *options, str(unmarked), root=pytestconfig.rootpath) == ""


@pytest.mark.hypothesis
def test_linter_finds_nothing(folder: Path, pytestconfig: pytest.Config) -> None:
    """``ruff check`` with this project's settings finds nothing."""
    options = ["--no-cache", "--config", "pyproject.toml"]
    assert run("ruff", "check", *options, str(folder), root=pytestconfig.rootpath) == ""


@pytest.mark.searching
@pytest.mark.hypothesis
@pytest.mark.parametrize("version", ["py310", "py314"])
@pytest.mark.parametrize("convention", ["", "google", "numpy", "pep257"])
def test_linter_finds_nothing_in_other_projects(
    folder: Path, tmp_path: Path, convention: str, version: str
) -> None:
    """All rules of ruff, and all of its preview, with each convention of docstrings, or none."""
    config = tmp_path / "ruff.toml"
    chosen = f'pydocstyle.convention = "{convention}"\n' if convention else ""
    config.write_text(f"preview = true\n[lint]\n{SELECT_ALL}{chosen}", encoding="utf-8")
    options = ["--no-cache", "--config", str(config), "--target-version", version]
    assert run("ruff", "check", *options, str(folder), root=folder) == ""


@pytest.mark.hypothesis
@pytest.mark.parametrize("ignored", ["D211,D212", "D203,D213", "D211,D213", "D203,D212"])
def test_rules_that_contradict_each_other(folder: Path, ignored: str) -> None:
    """A project has one of each pair, and chooses which."""
    options = ["--no-cache", "--isolated", "--select", "D", "--ignore", ignored]
    assert run("ruff", "check", *options, str(folder), root=folder) == ""


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "settings",
    [
        "",
        "preview = true\n",
        "line-length = 60\n",
        "line-length = 200\nindent-width = 2\nformat.indent-style = 'tab'\n",
        "format.quote-style = 'single'\nformat.docstring-code-format = true\n",
        "format.skip-magic-trailing-comma = true\nlint.isort.split-on-trailing-comma = false\n",
    ],
)
def test_formatter_changes_nothing_in_other_projects(
    folder: Path, tmp_path: Path, settings: str
) -> None:
    """Whatever their settings: what it changed, ``generate --check`` would find changed."""
    config = tmp_path / "ruff.toml"
    config.write_text(settings, encoding="utf-8")
    options = ["--no-cache", "--config", str(config), "--check"]
    assert run("ruff", "format", *options, str(folder), root=folder) == ""


@pytest.mark.hypothesis
def test_imports_are_not_sorted_in_other_projects(folder: Path, tmp_path: Path) -> None:
    """Nor is one added, nor any moved."""
    config = tmp_path / "ruff.toml"
    config.write_text(
        'lint.select = ["I"]\n[lint.isort]\nforce-single-line = true\n'
        'force-sort-within-sections = true\nknown-local-folder = ["streamcontract", "attrs"]\n'
        'required-imports = ["from __future__ import annotations"]\n',
        encoding="utf-8",
    )
    options = ["--no-cache", "--config", str(config)]
    assert run("ruff", "check", *options, str(folder), root=folder) == ""


USES_OF_SHARED_TYPES = """
from shop_code.order import Address, Country, Order, OrderConsumer, OrderProducer
from shop_code.order import Weight  # type: ignore[attr-defined]
from shop_code.order_retry import OrderProducer as RetryProducer
from shop_code.parcel import Address as AddressOfParcel, Parcel, ParcelProducer, Weight as Grams

from streamcontract import Codec, ContractProducer

address: AddressOfParcel = Address(street="s", country=Country.DE)
order = Order(id="1", to=address)
parcel = Parcel(to=order.to, weight=Grams(grams=1))
Order(id="1", to=Grams(grams=1))  # type: ignore[arg-type]
OrderProducer().produce(order)
RetryProducer().produce(order)
RetryProducer().produce(parcel)  # type: ignore[call-overload]
ParcelProducer().produce(order)  # type: ignore[call-overload]
ContractProducer(record=Order, topic="orders").produce(order)
ContractProducer(record=Order, topic="orders").produce(order, key="2")
ContractProducer(record=Order, topic="orders").produce(order, key=2)  # type: ignore[call-overload]
ContractProducer(record=Order, topic="orders").produce(parcel)  # type: ignore[call-overload]
for message in OrderConsumer():
    assert message.value is not None
    Parcel(to=message.value.to, weight=Grams(grams=1))
    Parcel(to=message.value, weight=Grams(grams=1))  # type: ignore[arg-type]
country: Country = Codec(Address).decode(b"").country
"""


@pytest.mark.searching
@pytest.mark.hypothesis
def test_type_checker_finds_nothing(
    folder: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """``mypy --strict`` with this project's settings finds nothing, but for each misuse."""
    put_shop(tmp_path)
    put(tmp_path, {f"shop_code/{k}.py": text for k, text in code_of(tmp_path).texts.items()})
    put(tmp_path, {"shop_code/__init__.py": "", "uses.py": USES_OF_SHARED_TYPES})
    options = ["--strict", "--config-file", "pyproject.toml", "--cache-dir", str(folder / "cache")]
    assert run("mypy", *options, str(folder), str(tmp_path), root=pytestconfig.rootpath) == ""


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(60))
@given(data=st.data())
def test_records_go_round(data: st.DataObject, generate: Generator, load: Importer) -> None:
    """Records of any schema's classes come back from their bytes as they were."""
    schema = data.draw(schemas(only_records=True))
    module = load(generate(schema))
    record = module.CONTRACT.types[schema.name]
    codec: Codec[Any] = Codec(record)
    value = data.draw(records(record))
    payload = codec.encode(value)
    assert codec.encode(codec.decode(payload)) == payload
    assert type(codec.decode(payload)) is record


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(30))
@given(data=st.data())
def test_keys_go_round(data: st.DataObject, generate: Generator, load: Importer) -> None:
    """Keys of any schema come back as the classes of the module, or as what Python has for them."""
    schema, key_schema = data.draw(schemas(only_records=True)), data.draw(schemas())
    try:
        module = load(generate(schema, key_schema=key_schema))
    except CodegenError as error:
        assert "both define" in str(error)  # noqa: PT017 - most pairs are none
        return
    codec: Codec[Any] = Codec(module.CONTRACT.keys)
    key = data.draw(keys(module.CONTRACT.types[schema.name]))
    payload = codec.encode(key)
    back = codec.decode(payload)
    assert (codec.encode(back), type(back)) == (payload, type(key))
    for name in key_schema.named_types.keys() & schema.named_types.keys():
        of_key = module.CONTRACT.keys.types.get(name)
        assert module.CONTRACT.types.get(name) is of_key


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(60))
@given(schema=schemas(only_records=True))
def test_defaults_are_what_a_reader_fills_in(
    schema: Schema, generate: Generator, load: Importer
) -> None:
    """Fields left out in Python equal fields left out by an older writer, for any schema."""
    module = load(generate(schema))
    for full_name, record_class in module.CONTRACT.types.items():
        node = schema.named_types[full_name]
        if not isinstance(node, RecordType) or not all(f.has_default for f in node.fields):
            continue
        writer = parse_schema({"type": "record", "name": full_name, "fields": []})
        reader: Codec[Any] = Codec(record_class)
        filled = reader.decode(b"", writer=writer)
        for name in record_class.__slots__:
            if name != "__weakref__":
                assert same_deeply(getattr(filled, name), getattr(record_class(), name))


def same_deeply(left: Any, right: Any) -> bool:
    """The same values, inside records too."""
    if hasattr(type(left), "__attrs_attrs__"):
        return type(left) is type(right) and all(
            same_deeply(getattr(left, a.name), getattr(right, a.name))
            for a in type(left).__attrs_attrs__
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_deeply, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same_deeply(left[k], right[k]) for k in left)
    return same(left, right)
