"""``streamcontract init``: what it makes is sound, and nothing that was there is changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mypy.api
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract.cli import main
from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.project import PROJECT_FILE, load_project
from streamcontract.registry import SchemaReference, SchemaRegistry
from streamcontract.scaffold import draft_of_registry, make_project
from streamcontract.schema import parse_schema
from streamcontract.testing.strategies import schemas

if TYPE_CHECKING:
    pass

SAMPLE = {
    "schemas/order.avsc",
    "contracts/__init__.py",
    "contracts/order.py",
    "tests/test_contracts.py",
    ".github/workflows/contracts.yml",
    ".gitignore",
    PROJECT_FILE,
}


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def init(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of ``streamcontract init``."""
    code, output = run("init", "--format", "json", *arguments)
    return code, json.loads(output)


def files(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def record(name: str, **fields: Any) -> str:
    """The text of a record."""
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return json.dumps({"type": "record", "name": name, "fields": listed})


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def require_sound() -> None:
    """What every project that was made passes."""
    assert run("lint")[0] == 0, run("lint")
    assert run("generate", "--check") == (0, "")


def git(*arguments: str) -> None:
    """Run git."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


def test_from_nothing() -> None:
    """A sample contract with all around it; a dry run writes nothing and says the same."""
    code, planned = init("--dry-run")
    assert (code, files(Path())) == (0, {})
    code, made = init()
    assert (code, made) == (0, {**planned, "dry_run": False})
    assert set(made["created"]) == set(files(Path())) == SAMPLE
    assert (made["kept"], made["left_out"], made["lint_off"]) == ([], [], [])
    assert made["contracts"] == [
        {"contract": "order", "schema": "schemas/order.avsc", "topic": "orders"}
    ]
    require_sound()


def test_text() -> None:
    """Each file that was written, or was not."""
    Path(".gitignore").write_text("mine\n")
    _, output = run("init")
    lines = output.splitlines()
    assert {line for line in lines if line.startswith("wrote ")} == {
        f"wrote {path}" for path in SAMPLE - {".gitignore"}
    }
    assert "kept .gitignore: it is there, and was not changed" in lines


def test_in_another_folder() -> None:
    """One that is not there yet."""
    assert init("new/shop", "-o", "src/shop/contracts")[0] == 0
    assert load_project(Path("new/shop")).output == Path.cwd() / "new/shop/src/shop/contracts"
    assert run("generate", "--check", "--project", "new/shop") == (0, "")


@given(st.sets(st.sampled_from(sorted(SAMPLE - {"schemas/order.avsc", PROJECT_FILE})), min_size=1))
def test_nothing_is_overwritten(
    tmp_path_factory: pytest.TempPathFactory, present: set[str]
) -> None:
    """Whichever files are there: they stay as they are and are named, the others are written."""
    folder = tmp_path_factory.mktemp("project")
    for path in present:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("mine\n")
    _, made = init(str(folder))
    assert set(made["kept"]) == present
    assert set(made["created"]) == SAMPLE - present
    assert {path for path, text in files(folder).items() if text == b"mine\n"} == present


def test_a_link_to_nothing_is_something(root: Path) -> None:
    """It is not written through."""
    (root / ".gitignore").symlink_to("../elsewhere")
    assert init("--dry-run")[1]["kept"] == [".gitignore"]
    assert "kept .gitignore: it is there, and was not changed" in run("init")[1].splitlines()
    assert not (root.parent / "elsewhere").exists()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("path", ["src", "src/contracts", "schemas", "tests", ".github"])
def test_a_file_in_the_place_of_a_folder(
    root: Path, path: str, link: bool, options: tuple[str, ...]
) -> None:
    """Nothing is written beside it; a dry run says so too."""
    (root / path).parent.mkdir(exist_ok=True)
    if link:
        (root / path).symlink_to("nowhere")
    else:
        (root / path).write_text("mine\n")
    before = files(root)
    code, said = run("init", "-o", "src/contracts", *options)
    assert (code, files(root)) == (2, before)
    assert f"{root / path} is not a folder" in said


def test_a_project_is_not_made_twice(root: Path) -> None:
    """Nor one of pyproject.toml; a project in a folder above is another one."""
    assert init()[0] == 0
    before = files(root)
    code, output = run("init")
    assert (code, files(root)) == (2, before)
    assert f"there is a project already: {root / PROJECT_FILE}" in output
    assert init("inner")[0] == 0
    Path("other").mkdir()
    Path("other/pyproject.toml").write_text("[tool.streamcontract]\n")
    assert run("init", "other")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--schemas", ".", "--from-registry"], "not both"),
        (["--registry", "http://localhost"], "--registry goes with --from-registry"),
        (["-o", "../x"], "--output is a path below FOLDER"),
        (["-o", "/x"], "--output is a path below FOLDER"),
        (["--schemas", "nowhere"], "does not exist"),
        (["file"], "is a file"),
        (["--schemas", "empty"], "there is nothing that can be a contract"),
        (["--schemas", "wrong"], 'wrong/a.avsc: line 1: unknown type "strng"'),
    ],
)
def test_what_cannot_be_made(root: Path, arguments: list[str], message: str) -> None:
    """Exit code 2, one message, and nothing is written."""
    for name, text in {"file": "", "empty/a.txt": "", "wrong/a.avsc": '"strng"'}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    before = files(root)
    code, output = run("init", *arguments)
    assert (code, files(root)) == (2, before)
    assert message in output


def test_from_schemas_that_are_there(root: Path) -> None:
    """Records that nothing uses are contracts; shared types, keys and mistakes are not."""
    written = {
        "orders/shop-orders-value.avsc": record("shop.Order", shipTo="shop.Address"),
        "orders/shop-orders-key.avsc": '"string"',
        "common/Address.avsc": record("shop.Address", cityName="string"),
        "parcels/class.avsc": record("shop.Parcel", sentTo="shop.Address", ts="long"),
        "parcels/more/class.avsc": record("shop.Other", n="int").replace("{", '{"docs": "", ', 1),
        "parcels/kind.avsc": '{"type": "enum", "name": "Kind", "symbols": ["A"]}',
        "parcels/wrong.avsc": '{"type": "recrod"}',
        ".hidden/wrong.avsc": "{",
    }
    for path, text in written.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    code, made = init()
    assert code == 1
    assert {each["schema"]: each["reason"] for each in made["left_out"]}.keys() == {
        "parcels/kind.avsc",
        "parcels/wrong.avsc",
    }
    project = load_project(root)
    orders, other, parcel = sorted(project.contracts, key=lambda each: each.topic or each.name)[
        ::-1
    ]
    assert (orders.name, orders.topic) == ("shop_orders", "shop-orders")
    assert orders.key_schema == root / "orders/shop-orders-key.avsc"
    assert {parcel.name, other.name} == {"parcels_class", "more_class"}
    assert project.folders.paths == (root,)
    assert project.lint.field_names == "camelCase"
    assert made["lint_off"] == ["misspelt-attribute"]
    assert {path: text for path, text in files(root).items() if path in written} == {
        path: text.encode() for path, text in written.items()
    }
    require_sound()


def test_schemas_of_installed_packages() -> None:
    """They become no contracts, define no types, and what is wrong with them does not count."""
    Path("common").mkdir()
    Path("common/address.avsc").write_text(record("shop.Address", city="string"))
    for below in ("", "lib/deep/"):
        Path(f"{below}mine").mkdir(parents=True)
        own = record(f"Order{len(below)}", to="shop.Address")
        Path(f"{below}mine/order{len(below)}.avsc").write_text(own)
        for path in (
            "venv/lib/python3/avro",
            "any name/avro",
            "site-packages/avro",
            "node_modules/avsc/test",
            ".tox/avro",
        ):
            Path(below, path).mkdir(parents=True)
            Path(below, path, "theirs.avsc").write_text(record("Theirs"))
            Path(below, path, "wrong.avsc").write_text("{")
            Path(below, path, "address.avsc").write_text(record("shop.Address", theirs="int"))
        for environment in ("venv", "any name"):
            Path(below, environment, "pyvenv.cfg").touch()
    code, made = init()
    assert (code, {each["contract"] for each in made["contracts"]}) == (0, {"order0", "order9"})
    assert not any("theirs" in file.read_text() for file in Path("contracts").iterdir())
    require_sound()


def test_an_environment_that_is_asked_for(root: Path) -> None:
    """The folder of ``--schemas`` itself is looked at, whatever its name."""
    Path("site-packages").mkdir()
    Path("site-packages/order.avsc").write_text(record("Order"))
    code, made = init("--schemas", "site-packages")
    assert (code, [each["contract"] for each in made["contracts"]]) == (0, ["order"])


def test_what_is_left_out_shares_no_types(root: Path) -> None:
    """A contract without a module does not put another's types into a module of their own."""
    kind = {"type": "enum", "name": "Kind", "symbols": ["A"]}
    (root / "good.avsc").write_text(record("Good", kind=kind))
    bad = json.loads(record("Bad", kind=kind, day={"type": "int", "logicalType": "date"}))
    bad["fields"][1]["default"] = 2**31 - 1
    (root / "bad.avsc").write_text(json.dumps(bad))
    code, made = init()
    assert (code, [each["contract"] for each in made["contracts"]]) == (1, ["good"])
    assert "class Kind" in Path("contracts/good.py").read_text()
    require_sound()


def test_a_folder_elsewhere(root: Path) -> None:
    """The schemas stay there; types of the same folder need no word."""
    for name, text in {"a": record("A", b="B"), "b": record("B")}.items():
        (root.parent / "schemas").mkdir(exist_ok=True)
        (root.parent / "schemas" / f"{name}.avsc").write_text(text)
    code, made = init("--schemas", "../schemas")
    assert (code, made["contracts"]) == (
        0,
        [{"contract": "a", "schema": "../schemas/a.avsc", "topic": None}],
    )
    assert "schemas = [" not in Path(PROJECT_FILE).read_text()
    require_sound()


@settings(max_examples=examples(20))
@given(st.lists(schemas(), min_size=1, max_size=4))
def test_any_schemas(tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]) -> None:
    """Whatever there is: what becomes a project is sound, and the rest is said."""
    folder = tmp_path_factory.mktemp("project")
    for number, schema in enumerate(drawn):
        text = schema.json if hasattr(schema, "json") else json.dumps(schema)
        (folder / f"s{number}.avsc").write_text(text, "utf-8")
    code, output = run("init", str(folder), "--format", "json")
    if code == 2:
        assert "there is nothing that can be a contract" in output
        return
    made = json.loads(output)
    assert code == bool(made["left_out"])
    lint = run("lint", "--project", str(folder))
    assert lint[0] == 0, lint[1]
    assert run("generate", "--check", "--project", str(folder)) == (0, "")


def test_from_a_registry(root: Path, registry: SchemaRegistry) -> None:
    """The texts of the latest versions as they are stored, keys, levels and references."""
    address = '{"type":  "record", "name": "shop.Address", "doc": "Wo?  é", "fields": []}'
    registry.register("shop.Address", parse_schema(address))
    order = (
        '{ "type": "record", "name": "shop.Order",  "fields": [{"name": "to", "type": "Address"}] }'
    )
    for text in (order.replace("[{", '[{"name": "n", "type": "int", "default": 0}, {'), order):
        schema = parse_schema(text, references=[parse_schema(address)])
        registry.register_with_references("shop.orders-value", schema)
    registry.register("shop.orders-key", parse_schema('"string"'))
    registry.set_compatibility("FULL", "shop.orders-value")
    registry.register("shop.Event", parse_schema(record("shop.Event", at="long")))
    registry.register("numbers-value", parse_schema('"int"'))
    registry.register("lonely-key", parse_schema('"int"'))
    code, made = init("--from-registry", "--registry", registry.urls[0])
    assert code == 1
    reasons = {each["schema"]: each["reason"] for each in made["left_out"]}
    assert reasons.keys() == {"lonely-key", "numbers-value"}
    assert reasons["lonely-key"] == "there is no subject lonely-value beside it"
    assert reasons["numbers-value"].startswith("a contract's schema is a record")
    project = load_project(root)
    event, orders = sorted(project.contracts, key=lambda each: each.name)
    assert (event.topic, event.compatibility) == (None, None)
    assert (orders.name, orders.topic, orders.compatibility) == (
        "shop_orders",
        "shop.orders",
        "FULL",
    )
    for file, subject in (
        (orders.schema, "shop.orders-value"),
        (orders.key_schema, "shop.orders-key"),
        (root / "schemas/shop.Address.avsc", "shop.Address"),
    ):
        assert file is not None
        stored = registry.version(subject).schema
        assert file.read_text("utf-8") == stored.json
        assert parse_schema(file) == stored
    require_sound()
    registry_again = run(
        "register", "--registry", registry.urls[0], "--format", "json", "shop_orders"
    )
    changes = {each["change"] for each in json.loads(registry_again[1])["subjects"]}
    assert (registry_again[0], changes) == (0, {"unchanged"})


def test_what_no_module_can_be_made_of(server: RegistryServer, registry: SchemaRegistry) -> None:
    """Of other types, and what only a lenient reader takes; other contexts are not looked at."""
    registry.register("good-value", parse_schema(record("Good")))
    registry.register(":.staging:other-value", parse_schema(record("Other")))
    held = {
        "json-value": {"schemaType": "JSON", "schema": "{}"},
        "lenient-value": {"schema": "/* a comment */" + record("Lenient")},
        "broken-value": {"schema": "{"},
    }

    def answer(request: Request) -> Answer | None:
        if request.target == "/subjects":
            names = ["good-value", *held, ":.staging:other-value"]
            return Answer(200, json.dumps(names).encode())
        subject = request.target.split("/")[2] if request.target.startswith("/subjects/") else ""
        if subject in held:
            facts = {"subject": subject, "version": 1, "id": 7, **held[subject]}
            return Answer(200, json.dumps(facts).encode())
        return None

    server.before = answer
    code, made = init("--from-registry", "--registry", server.url)
    assert (code, [each["contract"] for each in made["contracts"]]) == (1, ["good"])
    assert {each["schema"] for each in made["left_out"]} == held.keys()
    reasons = {each["schema"]: each["reason"] for each in made["left_out"]}
    assert "it can only be read leniently: " in reasons["lenient-value"]
    require_sound()


def test_two_versions_of_a_referred_type(registry: SchemaRegistry) -> None:
    """One project has one definition of a name: the second contract is left out."""
    for number, name in enumerate(("a", "b")):
        text = json.dumps({"type": "record", "name": "T", "doc": str(number), "fields": []})
        using = parse_schema(record(f"R{name}", t="T"), references=[parse_schema(text)])
        registry.register_with_references(f"{name}-value", using)
    code, made = init("--from-registry", "--registry", registry.urls[0])
    assert (code, [each["contract"] for each in made["contracts"]]) == (1, ["a"])
    [left_out] = made["left_out"]
    assert left_out["schema"] == "b-value"
    assert "another version of T" in left_out["reason"]
    require_sound()


@pytest.mark.parametrize("home", ["s.T", "t-value", "types/T"])
@pytest.mark.parametrize("side", ["value", "key"])
def test_what_register_would_add(registry: SchemaRegistry, home: str, side: str) -> None:
    """``init`` names the subjects that ``register`` calls new, and no others."""
    kind = parse_schema(record("s.T", n="int"))
    registry.register(home, kind)
    schema = parse_schema(record("s.R", t="s.T"), references=[kind])
    references = [SchemaReference("s.T", home, 1)]
    registry.register(f"orders-{side}", schema, references=references)
    if side == "key":
        registry.register("orders-value", parse_schema(record("s.Order", n="int")))
    arguments = ("--registry", registry.urls[0])
    assert init("--from-registry", "--dry-run", *arguments)[1]["to_register"] == (
        [] if home == "s.T" else ["s.T", f"orders-{side}"]
    )
    _, said = run("init", "--from-registry", *arguments)
    _, answer = run("register", "--dry-run", "--format", "json", *arguments)
    new = set()
    for each in json.loads(answer)["subjects"]:
        new |= {one["subject"] for one in (each, *each["references"]) if one["change"] == "new"}
    assert new == (set() if home == "s.T" else {"s.T", f"orders-{side}"})
    line = f"`streamcontract register` would add versions to s.T, orders-{side}: "
    assert (line in said) == bool(new)


TOPICS = ("T", "T-key", "T-key-key", "T-value", "t", "T_2", "s.T", "s.T-key", "s_T")


@settings(max_examples=examples(15))
@given(
    st.dictionaries(st.sampled_from(TOPICS), st.tuples(st.booleans(), st.booleans()), min_size=1)
)
def test_names_of_files_that_clash(drawn: dict[str, tuple[bool, bool]]) -> None:
    """Topics, keys and types of one name all have files, with the texts that are theirs."""
    stored: dict[str, str] = {}
    kind = parse_schema(record("s.T", n="int"))
    with RegistryServer() as server, SchemaRegistry(server.url) as registry:
        for number, (topic, (has_key, refers)) in enumerate(drawn.items()):
            text = record(f"R{number}", f="s.T" if refers else "int")
            schema = parse_schema(text, references=[kind] if refers else [])
            registry.register_with_references(f"{topic}-value", schema)
            stored[f"{topic}-value"] = text
            if has_key:
                stored[f"{topic}-key"] = record(f"K{number}", f="int")
                registry.register(f"{topic}-key", parse_schema(stored[f"{topic}-key"]))
        draft = draft_of_registry(registry)
    assert draft.left_out == {}
    found = {}
    for contract in draft.contracts:
        found[f"{contract.topic}-value"] = draft.schemas[contract.schema]
        if contract.key_schema is not None:
            found[f"{contract.topic}-key"] = draft.schemas[contract.key_schema]
    assert found == stored
    types = [text for text in draft.schemas.values() if text not in stored.values()]
    assert types == [kind.json] * any(refers for _, refers in drawn.values())
    # Where the file system takes a letter's two cases for one, files are still that many.
    assert len({path.lower() for path in draft.schemas}) == len(stored) + len(types)


@settings(max_examples=examples(15))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["record", "enum", "slash/record"]),
            st.sampled_from([None, "s.A1", "s.A2", "s.B"]),
            st.sampled_from([None, "s.A1", "s.A2", "s.B"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_subject_vanishes(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str | None, str | None]]
) -> None:
    """Each is part of a contract or is left out by its own name; no file is named that is not."""
    root = tmp_path_factory.mktemp("project")
    texts = {"s.A1": record("s.A", n="int"), "s.A2": record("s.A", n="long"), "s.B": record("s.B")}
    subjects = set()
    with RegistryServer() as server, SchemaRegistry(server.url) as registry:
        for number, (kind, of_value, of_key) in enumerate(drawn):
            topic = f"{kind.replace('record', 'topic')}{number}"
            own = record if kind != "enum" else _enum
            for side, name, make in (("value", of_value, own), ("key", of_key, record)):
                if name is None and side == "key":
                    continue
                references = []
                if name is not None and make is record:
                    registry.register(f"of-{name}", parse_schema(texts[name]))
                    references = [SchemaReference(name[:3], f"of-{name}", 1)]
                    subjects.add(f"of-{name}")
                subject = f"{topic}-{side}"
                text = make(f"{side.title()}{number}", f=name[:3] if references and name else "int")
                schema = parse_schema(
                    text, references=[parse_schema(texts[name])] if references and name else []
                )
                registry.register(subject, schema, references=references)
                subjects.add(subject)
        made = make_project(draft_of_registry(registry), root, "contracts")
    used = {subject for each in made.contracts for subject in each.subjects}
    # Versions of one type are all at home in subjects of that type's name.
    assert used | made.left_out.keys() == subjects
    assert {each.subjects[0] for each in made.contracts}.isdisjoint(made.left_out)
    reasons = " ".join(made.left_out.values())
    assert "None" not in reasons
    for path in re.findall(r"[\w./-]+\.avsc", reasons):
        assert f"schemas/{path.removeprefix('schemas/')}" in made.files


def _enum(name: str, **_fields: Any) -> str:
    return json.dumps({"type": "enum", "name": name, "symbols": ["A"]})


def test_a_name_that_is_too_long_for_a_file(registry: SchemaRegistry) -> None:
    """A topic's and a type's: the file's is cut."""
    kind = parse_schema(record(f"s.{'T' * 300}", n="int"))
    for topic in ("t" * 249, "t" * 248):
        schema = parse_schema(record("R", f=kind.name), references=[kind])
        registry.register_with_references(f"{topic}-value", schema)
        registry.register(f"{topic}-key", parse_schema('"string"'))
    code, made = init("--from-registry", "--registry", registry.urls[0])
    assert (code, len(made["contracts"])) == (0, 2)
    require_sound()


@pytest.mark.searching
def test_from_an_empty_folder_to_a_green_run_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the workflow, then ``mypy --strict`` of all that was made."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.delenv("STREAMCONTRACT_REGISTRY_URL", raising=False)
    git("init", "--quiet", "--initial-branch=main")
    assert run("init")[0] == 0
    git("add", "--all")
    git("commit", "--quiet", "-m", "the first contract")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    workflow = yaml.safe_load(Path(".github/workflows/contracts.yml").read_text())
    steps = workflow["jobs"]["contracts"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("streamcontract ")]
    assert [command.split()[1] for command in commands] == ["lint", "generate", "check", "test"]
    for command in commands:
        words = re.sub(r'"(.*?)"', r"\1", command).replace("$GITHUB_BASE_REF", "main").split()[1:]
        assert run(*words)[0] == 0, command
    config = Path("mypy.ini")
    config.write_text(f"[mypy]\nstrict = true\ncache_dir = {os.devnull}\n")
    output, errors, code = mypy.api.run(["--config-file", str(config), "contracts", "tests"])
    assert (code, errors) == (0, ""), output
