"""The suite in scratch projects: it passes what is right, and names each planted fault."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import requests
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.codegen import changes, modules_of_contracts, write
from streamcontract.errors import ConfigurationError
from streamcontract.project import load_project
from streamcontract.registry import SchemaRegistry
from streamcontract.schema import parse_schema
from streamcontract.testing.fixtures import clients, faults, registries, stacks, topics
from streamcontract.testing.suite import cases
from streamcontract.testing.suite.contracts import find_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from streamcontract.testing.fixtures.stacks import Stack

pytest_plugins = ["pytester"]

# pytester forgets what an inner run imported for the first time, which would then exist twice.
IMPORTED_BEFORE = (requests, cases, clients, faults, registries, stacks, topics)

LINE = """{
  "type": "record", "name": "Line", "namespace": "shop",
  "fields": [
    {"name": "sku", "type": "string", "example": "A-1"},
    {"name": "price",
     "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "weight", "type": "float"}
  ]
}
"""
ORDER = """{
  "type": "record", "name": "Order", "namespace": "shop",
  "fields": [
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"},
     "examples": ["5f0c2c4e-0f7e-4a55-8d0e-9a2b8a3f3a10"]},
    {"name": "amount", "type": "long", "doc": "In cents."},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["OPEN", "DONE"]}},
    {"name": "lines", "type": {"type": "array", "items": "Line"}, "default": []},
    {"name": "note", "type": ["null", "string"], "default": null, "examples": [null, "gift"]}
  ]
}
"""
TICK = """{
  "type": "record", "name": "Tick", "namespace": "shop",
  "fields": [{"name": "tags", "type": {"type": "map", "values": "int"}, "example": {"a": 1}}]
}
"""
PROJECT = """
output = "shop/contracts"

[contracts.order]
schema = "schemas/order.avsc"
topic = "orders"
key = "id"
partitions = 3
compatibility = "BACKWARD"

[contracts.tick]
schema = "schemas/tick.avsc"
topic = "ticks"
key_schema = "schemas/line.avsc"
partitions = 2
"""
SUITE = "from streamcontract.testing import contract_suite\ntest = contract_suite({})\n"


@attrs.frozen
class Scratch:
    """A scratch project in a git repository of its own."""

    pytester: pytest.Pytester

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.pytester.path

    def put(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """Replace a text that is in a file."""
        text = (self.folder / path).read_text("utf-8")
        assert old in text
        self.put(path, text.replace(old, new))

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "-m", "a change")

    def git(self, *arguments: str) -> None:
        """Run git."""
        subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)  # noqa: S603, S607

    def generate(self) -> None:
        """Bring the generated code up to date."""
        project = load_project(self.folder)
        modules = modules_of_contracts(project.contracts, project.root)
        write(changes(project.output, modules, complete=True))

    def streamcontract(self, *arguments: str) -> Result:
        """Run the command line, whose tests run in another process."""
        return CliRunner().invoke(main, arguments)

    def run(self, *options: str, suite: str = "max_examples=10") -> pytest.RunResult:
        """Run the suite from a test module of the project."""
        self.put("test_contracts.py", SUITE.format(suite))
        return self.pytester.runpytest_inprocess(
            "-p", "no:xdist", "-p", "no:cacheprovider", "-rs", *options
        )

    def failed(self, *options: str, suite: str = "max_examples=10") -> dict[str, str]:
        """Run the suite: what failed, by case, with what it said."""
        result = self.run(*options, suite=suite)
        said: dict[str, str] = {}
        name = None
        for line in result.outlines:
            if line.startswith("_____") and "test[" in line:
                name = line.strip("_ ").removeprefix("test[").removesuffix("]")
                said[name] = ""
            elif line.startswith("===="):
                name = None
            elif name is not None:
                said[name] += f"{line}\n"
        assert result.parseoutcomes().get("failed", 0) == len(said), result.outlines
        assert "errors" not in result.parseoutcomes()
        return said


@pytest.fixture(scope="session")
def hypothesis_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Hypothesis keeps its tables of Unicode, which takes it seconds to make."""
    return tmp_path_factory.mktemp("hypothesis")


@pytest.fixture
def files(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, hypothesis_folder: Path
) -> Scratch:
    """Three committed ``.avsc`` files and nothing else."""
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(hypothesis_folder))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.delenv("STREAMCONTRACT_REGISTRY_URL", raising=False)
    scratch = Scratch(pytester)
    scratch.git("init", "--quiet", "--initial-branch=main")
    scratch.git("config", "user.name", "Test")
    scratch.git("config", "user.email", "test@example.com")
    for name, text in {"line": LINE, "order": ORDER, "tick": TICK}.items():
        scratch.put(f"schemas/{name}.avsc", text)
    scratch.commit()
    return scratch


@pytest.fixture
def project(files: Scratch) -> Scratch:
    """The same as a project, its code generated."""
    files.put("streamcontract.toml", PROJECT)
    files.put("shop/__init__.py", "")
    files.generate()
    files.commit()
    return files


@pytest.mark.searching
def test_three_files_and_no_test_code(files: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    """One command gives all checks of all three, and all hold; exit code 0."""
    done = files.streamcontract("test", "--max-examples=10", "--", "-v")
    said = capfd.readouterr().out
    assert done.exit_code == 0, said
    checks = ["schema", "generated", "examples", "codec", "broker"]
    checks += [f"{check}-git:HEAD" for check in ("decodes", "level", "lossless")]
    for name in ("line", "order", "tick"):
        for check in checks:
            assert f"test[{name}-{check}] PASSED" in said


def test_a_whole_project(project: Scratch) -> None:
    """Contracts with keys by field and by schema, several partitions, and whole git history."""
    result = project.run(suite="max_examples=10, every_version=True")
    # schema, generated, examples, codec, broker and three against git for each of two, the same
    # without code and broker for the key, and one for contracts that are gone.
    result.assert_outcomes(passed=8 + 8 + 6 + 1)


DRIFTED = ("shop/contracts/order.py", "note: str", "note: int")
BREAKING = (
    "schemas/order.avsc",
    '"name": "note"',
    '"name": "remark", "type": "int"}, {"name": "note"',
)
SYMBOL = ("schemas/order.avsc", '"OPEN", "DONE"', '"OPEN"')
WRONG_DEFAULT = ("schemas/order.avsc", '"default": []', '"default": "none"')
WRONG_LOGICAL_DEFAULT = ("schemas/order.avsc", '"uuid"},', '"uuid"}, "default": "none",')
WRONG_EXAMPLE = ("schemas/order.avsc", '[null, "gift"]', "[null, 7]")
LOSSY = ("schemas/order.avsc", '"amount", "type": "long"', '"amount", "type": "double"')
LESS_SCALE = ("schemas/line.avsc", '"scale": 2', '"scale": 1')


@pytest.mark.searching
@pytest.mark.parametrize(
    ("fault", "cases", "words"),
    [
        (DRIFTED, {"order-generated"}, ["shop/contracts/order.py", "streamcontract generate"]),
        (
            BREAKING,
            {"order-generated", "order-decodes-git:HEAD", "order-level-git:HEAD"},
            ["READER_FIELD_MISSING_DEFAULT_VALUE", "schemas/order.avsc:9:", "'remark'"],
        ),
        (
            SYMBOL,
            {"order-generated", "order-decodes-git:HEAD", "order-level-git:HEAD"},
            ["MISSING_ENUM_SYMBOLS", "DONE"],
        ),
        (WRONG_DEFAULT, {"order-schema"}, ["schemas/order.avsc:8:", "/default", "not an array"]),
        (
            WRONG_LOGICAL_DEFAULT,
            {"order-generated", "order-examples"},
            ["the default of Order.id", "UUID"],
        ),
        (
            WRONG_EXAMPLE,
            {"order-generated", "order-examples"},
            ["schemas/order.avsc:9:86", "example 2 of Order.note", "the value 7"],
        ),
        (
            LOSSY,
            {"order-generated", "order-lossless-git:HEAD"},
            ["PRECISION_LOSS", "long is read as double", "9007199254740993"],
        ),
        (
            LESS_SCALE,
            {
                "order-generated",
                "order-decodes-git:HEAD",
                "order-lossless-git:HEAD",
                "tick-generated",
                "tick (key)-decodes-git:HEAD",
                "tick (key)-lossless-git:HEAD",
            },
            ["DECIMAL_SCALE_CHANGED", "schemas/line.avsc:6:"],
        ),
    ],
    ids=["drifted", "breaking", "symbol", "default", "uuid-default", "example", "lossy", "scale"],
)
def test_planted_faults(
    project: Scratch, fault: tuple[str, str, str], cases: set[str], words: list[str]
) -> None:
    """Each fails the checks it concerns and no other, and is named with its place."""
    project.change(*fault)
    failed = project.failed("-k", "not broker")
    assert set(failed) == cases
    said = "\n".join(failed.values())
    assert [word for word in words if word not in said] == []
    assert "During handling" not in said


def test_a_contract_that_is_gone(project: Scratch) -> None:
    """The project's own case says which, and what to do."""
    project.change("streamcontract.toml", PROJECT[PROJECT.index("[contracts.tick]") :], "")
    failed = project.failed("-k", "deleted")
    assert set(failed) == {"project-deleted-git:HEAD"}
    assert "the contract 'tick' (ticks-value) was deleted" in failed["project-deleted-git:HEAD"]


def test_a_wrong_project_file(project: Scratch) -> None:
    """It fails one case, with each fault and its place; the contracts that are right are tested."""
    project.change("streamcontract.toml", "[contracts.order]", '[contracts.order]\ntopci = "x"')
    result = project.run("-k", "not broker", suite="max_examples=1, against=[]")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["passed"] > 3
    output = "\n".join(result.outlines)
    assert "test[project-file]" in output
    assert "contracts.order.topci: is not a known key; did you mean 'topic'?" in output
    assert not any("order-schema" in line for line in result.outlines)


@pytest.mark.searching
def test_failures_can_be_pasted(project: Scratch) -> None:
    """The tests in the messages are modules that fail now, and pass when the fault is mended."""
    project.change(*BREAKING)
    project.change(*LOSSY)
    pasted = {
        case: said.partition("paste:\n\n")[2] for case, said in project.failed("-k", "HEAD").items()
    }
    assert {case for case, text in pasted.items() if text} == {
        "order-decodes-git:HEAD",
        "order-level-git:HEAD",
        "order-lossless-git:HEAD",
    }
    paths = [f"test_pasted_{index}.py" for index in range(len(pasted))]
    for path, text in zip(paths, pasted.values(), strict=True):
        project.put(path, text)
    run = project.pytester.runpytest_inprocess
    run("-p", "no:cacheprovider", *paths).assert_outcomes(failed=len(paths))
    project.git("checkout", "--quiet", "--", "schemas")
    # The lossy one is shown by its types alone, since no record can be read that far.
    run("-p", "no:cacheprovider", *paths[:-1]).assert_outcomes(passed=len(paths) - 1)


@pytest.mark.searching
def test_failures_against_a_stored_schema_can_be_pasted(project: Scratch) -> None:
    """An earlier version that no author may write is read in the pasted test as it is here."""
    right = (project.folder / "schemas" / "order.avsc").read_text("utf-8")
    project.put(
        "schemas/order.avsc", right.replace('"name": "Order",', '"name": "Order", "doc": 1,')
    )
    project.commit()
    project.put("schemas/order.avsc", right)
    project.change(*BREAKING)
    [pasted] = [
        said.partition("paste:\n\n")[2]
        for case, said in project.failed("-k", "HEAD").items()
        if case == "order-decodes-git:HEAD"
    ]
    assert "leniency=STORED" in pasted
    project.put("test_pasted.py", pasted)
    run = project.pytester.runpytest_inprocess
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(failed=1)
    project.put("schemas/order.avsc", right)
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(passed=1)


# A codec that changes what it reads: what no schema can be blamed for.
BROKEN_CODEC = """
import attrs, pytest
from streamcontract import Codec

@pytest.fixture(autouse=True)
def broken(monkeypatch):
    whole = Codec.decode

    def decode(self, data, **options):
        value = whole(self, data, **options)
        if isinstance(value, dict):
            return {**value, "amount": 0} if "amount" in value else value
        changes = {"amount": 0, "sku": "B"}
        return attrs.evolve(value, **{k: v for k, v in changes.items() if hasattr(value, k)})

    monkeypatch.setattr(Codec, "decode", decode)
"""


@pytest.mark.searching
@pytest.mark.parametrize(
    ("name", "change"),
    [("order", ".amount: sent 1, received 0"), ("tick", ".sku: sent '', received 'B'")],
    ids=["a record", "a key"],
)
def test_a_value_that_is_changed_can_be_pasted(project: Scratch, name: str, change: str) -> None:
    """The record's constructor, its classes imported from the project's own modules."""
    project.put("conftest.py", BROKEN_CODEC)
    said = project.failed("-k", f"{name}-codec and not key")[f"{name}-codec"]
    assert change in said
    pasted = said.partition("paste:\n\n")[2]
    project.put("test_pasted.py", pasted)
    run = project.pytester.runpytest_inprocess
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(failed=1)
    project.put("conftest.py", "")
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(passed=1)


# A consumer that loses every third message.
BROKEN_CONSUMER = """
import pytest
from streamcontract.kafka import ContractConsumer

@pytest.fixture(autouse=True)
def broken(monkeypatch):
    whole = ContractConsumer.until_end
    monkeypatch.setattr(
        ContractConsumer,
        "until_end",
        lambda self, timeout: [m for i, m in enumerate(whole(self, timeout)) if i % 3 != 2],
    )
"""


@pytest.mark.searching
@pytest.mark.parametrize("name", ["order", "tick"])
def test_a_lost_message_can_be_pasted(project: Scratch, name: str) -> None:
    """The batch, with what is missing; the pasted test uses the plugin's fixtures."""
    project.put("conftest.py", BROKEN_CONSUMER)
    said = project.failed("-k", f"{name}-broker")[f"{name}-broker"]
    assert "is missing" in said
    project.put("test_pasted.py", said.partition("paste:\n\n")[2])
    run = project.pytester.runpytest_inprocess
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(failed=1)
    project.put("conftest.py", "")
    run("-p", "no:cacheprovider", "test_pasted.py").assert_outcomes(passed=1)


@pytest.mark.searching
def test_keys_that_may_be_null(files: Scratch) -> None:
    """A batch that mixes keys and none passes, whatever the number of partitions."""
    files.put("schemas/key.avsc", '["null", "string"]')
    contract = """
[contracts.tick_{0}]
schema = "schemas/tick.avsc"
topic = "ticks-{0}"
key_schema = "schemas/key.avsc"
partitions = {0}
"""
    text = "".join(map(contract.format, (1, 3)))
    files.put("streamcontract.toml", f'output = "shop/contracts"\n{text}')
    files.put("shop/__init__.py", "")
    files.generate()
    result = files.run("-k", "broker", suite="max_examples=10, against=[]")
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes()["deselected"])


def test_every_registered_version(
    project: Scratch, embedded_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the registry that the environment names, each version must be readable, not the last."""
    url = embedded_stack.registry_url
    document = json.loads(TICK)
    removed = {**document, "fields": [{"name": "gone", "type": {"type": "map", "values": "int"}}]}
    with SchemaRegistry(url) as registry:
        registry.set_compatibility("NONE", "suite-ticks-value")
        for version in (removed, document):
            registry.register("suite-ticks-value", parse_schema(version))
        registry.set_compatibility("BACKWARD", "suite-ticks-value")
    project.change("streamcontract.toml", '"ticks"', '"suite-ticks"')
    project.generate()
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", url)
    failed = project.failed("-k", "tick and registry")
    assert set(failed) == {"tick-decodes-registry"}
    assert "data of suite-ticks-value version 1 cannot be read" in failed["tick-decodes-registry"]


@pytest.mark.searching
def test_every_version_in_git(project: Scratch) -> None:
    """On request, versions before the commit count too."""
    project.change("schemas/tick.avsc", '"tags"', '"labels"')
    project.generate()
    project.commit()
    assert project.failed("-k", "tick and HEAD") == {}
    failed = project.failed("-k", "tick and HEAD", suite="every_version=True, max_examples=10")
    assert set(failed) == {"tick-decodes-git:HEAD"}


@pytest.mark.parametrize(("level", "reason"), [("FORWARD", "level FORWARD does"), ("NONE", "NONE")])
def test_levels_that_promise_less(project: Scratch, level: str, reason: str) -> None:
    """What a level does not promise is skipped, and the reason says so."""
    project.change("streamcontract.toml", '"BACKWARD"', f'"{level}"')
    project.generate()
    result = project.run("-k", "order-decodes or order-level")
    assert "failed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines([f"SKIPPED*{reason}*"])


@pytest.mark.searching
def test_new_contracts_are_skipped(project: Scratch) -> None:
    """One that no commit has has nothing to be held against."""
    project.put("schemas/new.avsc", '{"type": "record", "name": "New", "fields": []}')
    result = project.run("-k", "HEAD", suite="'schemas/new.avsc', max_examples=10")
    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines(["SKIPPED*new has no earlier version in git:HEAD"])


def test_an_invalid_schema_fails_once(files: Scratch) -> None:
    """Its own case names the fault; the others are skipped."""
    files.change("schemas/tick.avsc", '"int"', '"integer"')
    assert set(files.failed("-k", "tick")) == {"tick-schema"}


def test_no_git(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository or a registry there are no cases against earlier versions."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(pytester.path.parent))
    monkeypatch.delenv("STREAMCONTRACT_REGISTRY_URL", raising=False)
    scratch = Scratch(pytester)
    scratch.put("tick.avsc", TICK)
    scratch.run().assert_outcomes(passed=5)


def test_a_source_that_is_not_there(project: Scratch) -> None:
    """The cases against it fail with one clear message."""
    failed = project.failed("-k", "tick-level", suite="against=['git:nowhere']")
    assert "git has no commit 'nowhere'" in failed["tick-level-git:nowhere"]


def test_types_without_a_class(pytester: pytest.Pytester) -> None:
    """A schema that is no record has no generated code; its plain values are tested."""
    scratch = Scratch(pytester)
    scratch.put("level.avsc", '{"type": "enum", "name": "L", "symbols": ["A"], "example": "A"}')
    scratch.run(suite="against=[], max_examples=10").assert_outcomes(passed=5)


class TestPaths:
    """What a path stands for."""

    def test_a_folder_in_a_project(self, project: Scratch) -> None:
        """Its files count as the contracts they are; others by themselves."""
        found = find_contracts(project.folder / "schemas")
        assert [each.name for each in found] == ["tick (key)", "order", "tick"]
        project.put("schemas/deep/order.avsc", ORDER)
        project.put("schemas/deep/line.avsc", LINE)
        names = [each.name for each in find_contracts(project.folder / "schemas")]
        assert names == ["deep/line.avsc", "deep/order.avsc", "tick (key)", "order", "tick"]

    def test_the_project(self, project: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
        """By its file, its folder, or from any folder in it."""
        folder = project.folder
        monkeypatch.chdir(folder / "shop")
        for path in (folder, folder / "streamcontract.toml", None):
            names = [each.name for each in find_contracts(path)]
            assert names == ["order", "tick", "tick (key)"]

    @pytest.mark.parametrize(
        ("path", "words"), [("nowhere", "there is no"), ("empty", "nothing to test")]
    )
    def test_nothing_there(self, pytester: pytest.Pytester, path: str, words: str) -> None:
        """The error names the path."""
        (pytester.path / "empty").mkdir()
        with pytest.raises(ConfigurationError, match=words):
            find_contracts(path)


class TestCommand:
    """The exit codes, and what is handed on."""

    @pytest.mark.searching
    def test_a_failed_test(self, files: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
        """Exit code 1; what stands behind the dashes goes to pytest."""
        files.change(*LESS_SCALE)
        arguments = ["--against=git:main", "--every-version", "--max-examples=5"]
        done = files.streamcontract(
            "test", "schemas", *arguments, "--", "-k", "line-lossless", "-q"
        )
        said = capfd.readouterr()
        assert (done.exit_code, done.output, said.err) == (1, "", "")
        assert "DECIMAL_SCALE_CHANGED" in said.out
        assert "1 failed, 23 deselected" in said.out

    @pytest.mark.searching
    def test_what_cannot_run(self, files: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
        """Exit code 2: no such path or source, an option that pytest does not know, no tests."""
        for arguments, words in [
            (("nowhere",), "there is no"),
            (("--against", "nowhere"), "there is nothing 'nowhere' to compare with"),
            (("--against", "git:nowhere"), "git has no commit 'nowhere'"),
            (("--", "--no-such-option"), "--no-such-option"),
            (("--", "-k", "nothing"), ""),
        ]:
            done = files.streamcontract("test", *arguments)
            assert done.exit_code == 2
            assert words in done.stderr + capfd.readouterr().err

    def test_the_extra_is_missing(self) -> None:
        """It says how to install it, and does so without Hypothesis and pytest."""
        program = (
            "import sys; sys.modules['hypothesis'] = sys.modules['pytest'] = None;"
            "import importlib.util as util; found = util.find_spec;"
            "gone = ('pytest', 'hypothesis');"
            "util.find_spec = lambda name, *a: None if name in gone else found(name, *a);"
            "from streamcontract.cli import main; main(['test'])"
        )
        done: Any = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "not installed: pytest and hypothesis;" in done.stderr
        assert "pip install 'streamcontract[test]'" in done.stderr
