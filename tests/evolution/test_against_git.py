"""``streamcontract check --against git:REF`` in scratch repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.evolution.scratch import ADDRESS, ORDER, PROJECT, Scratch

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = ORDER.replace(
    '{"name": "id", "type": "string"},',
    '{"name": "id", "type": "string"},\n    {"name": "note", "type": "string"},',
)
OPTIONAL = REQUIRED.replace('"note", "type": "string"', '"note", "type": "string", "default": ""')
INVOICE = '{"type": "record", "name": "Invoice", "fields": [{"name": "total", "type": "long"}]}'
INVOICE_TABLE = '\n[contracts.invoice]\nschema = "schemas/invoice.avsc"\ntopic = "invoices"\n'


@pytest.fixture(autouse=True)
def started(scratch: Scratch) -> None:
    """The first contract is committed on main."""
    scratch.start()


def test_what_did_not_change_is_clean(scratch: Scratch) -> None:
    """Exit code 0, and one line that says what was compared."""
    outcome = scratch.check()
    assert (outcome.code, outcome.output) == (0, "clean: 1 contract against git:main\n")


def test_a_field_without_default_breaks(scratch: Scratch) -> None:
    """Exit code 1, at the line of the field in the working tree."""
    scratch.write(order=REQUIRED)
    assert scratch.found() == [("READER_FIELD_MISSING_DEFAULT_VALUE", "schemas/order.avsc:7:5")]


def test_what_is_committed_is_compared_with_any_commit(scratch: Scratch) -> None:
    """A branch, a tag, an id, and what git makes of a tilde."""
    first = scratch.head()
    scratch.git("tag", "v1")
    scratch.write(order=REQUIRED)
    scratch.commit()
    assert scratch.found() == []
    for ref in ("v1", first, first[:10], "main~1", "HEAD^"):
        assert scratch.found(against=f"git:{ref}")


def test_a_referenced_file_counts(scratch: Scratch) -> None:
    """A fault in a type of another file lies in that file."""
    scratch.write(address=ADDRESS.replace('"string"', '"long"'))
    assert scratch.found() == [("TYPE_MISMATCH", "schemas/address.avsc:6:30")]
    [finding] = scratch.check("--format", "json").report["findings"]
    assert finding["before"]["file"] == "git:main:schemas/address.avsc"


def test_level_is_the_contracts_or_the_one_asked_for(scratch: Scratch) -> None:
    """A field with a default added is FORWARD and BACKWARD; one taken away is BACKWARD only."""
    scratch.write(order=OPTIONAL)
    assert scratch.found("--level", "full") == []
    scratch.write(order=ORDER.replace('{"name": "id", "type": "string"},', ""))
    assert scratch.found() == []
    assert [rule for rule, _ in scratch.found("--level", "FORWARD")] == [
        "READER_FIELD_MISSING_DEFAULT_VALUE"
    ]
    assert scratch.found("--level", "NONE") == []


def test_forward_findings_lie_in_the_candidate_too(scratch: Scratch) -> None:
    """Where the old version reads, the place in the working tree is still the one shown first."""
    scratch.write(order=ORDER.replace('"OPEN", "DONE"', '"OPEN", "DONE", "LOST"'))
    assert scratch.found("--level", "FORWARD") == [
        ("MISSING_ENUM_SYMBOLS", "schemas/order.avsc:7:78")
    ]
    [finding] = scratch.check("--level", "FORWARD", "--format", "json").report["findings"]
    assert finding["direction"] == "old reads new"
    assert finding["before"]["file"] == "git:main:schemas/order.avsc"


def test_a_new_contract(scratch: Scratch) -> None:
    """It is said to be new, even if its record is that of another contract."""
    scratch.write(invoice=INVOICE, toml=PROJECT + INVOICE_TABLE)
    assert scratch.found() == []
    assert scratch.notes()["new-contract"].startswith("a new contract: git:main has no earlier")
    again = '\n[contracts.again]\nschema = "schemas/order.avsc"\ntopic = "orders-again"\n'
    scratch.write(order=REQUIRED, toml=PROJECT + again)
    report = scratch.check("--format", "json").report
    assert [finding["contract"] for finding in report["findings"]] == ["order"]
    new = [note["contract"] for note in report["notes"] if note["kind"] == "new-contract"]
    assert new == ["again"]


def test_a_deleted_contract(scratch: Scratch) -> None:
    """It breaks; a contract whose level promised nothing may go."""
    scratch.write(invoice=INVOICE, toml=PROJECT + INVOICE_TABLE)
    scratch.commit()
    scratch.remove("schemas/invoice.avsc")
    scratch.write(toml=PROJECT)
    assert scratch.found() == [("CONTRACT_DELETED", "streamcontract.toml:1:1")]
    assert "(invoices-value) was deleted" in scratch.check().output
    # Only whoever checks all contracts can see that one is missing.
    assert scratch.found("order") == []
    scratch.write(invoice=INVOICE, toml=PROJECT + INVOICE_TABLE + 'compatibility = "NONE"\n')
    assert scratch.notes() == {"level-changed": "the level was not set and is now NONE"}
    scratch.commit()
    scratch.write(toml=PROJECT)
    assert scratch.found() == []


def test_a_renamed_file(scratch: Scratch) -> None:
    """It is the same contract, and compared with what it was."""
    scratch.remove("schemas/order.avsc")
    scratch.put("avro/purchase.avsc", REQUIRED)
    scratch.put("avro/address.avsc", ADDRESS)
    scratch.remove("schemas/address.avsc")
    scratch.write(toml=PROJECT.replace("schemas/order", "avro/purchase"))
    assert scratch.found() == [("READER_FIELD_MISSING_DEFAULT_VALUE", "avro/purchase.avsc:7:5")]
    assert scratch.notes() == {
        "renamed-file": "the file was schemas/order.avsc and is now avro/purchase.avsc",
        "moved-type": "com.example.Address was defined in schemas/address.avsc and is now in "
        "avro/address.avsc; its name is the same",
    }


def test_a_moved_type(scratch: Scratch) -> None:
    """A type that moved into another file changes nothing for the data."""
    scratch.write(order=ORDER.replace('"Address"', ADDRESS.strip()))
    scratch.remove("schemas/address.avsc")
    assert scratch.found() == []
    assert list(scratch.notes()) == ["moved-type"]


def test_a_renamed_contract_or_topic(scratch: Scratch) -> None:
    """The subject tells which contract it is; without it the name, then the file, then the type."""
    scratch.write(order=REQUIRED, toml=PROJECT.replace("contracts.order", "contracts.purchase"))
    assert len(scratch.found()) == 1
    assert list(scratch.notes()) == ["renamed-contract"]
    scratch.write(toml=PROJECT.replace('"orders"', '"purchases"'))
    assert len(scratch.found()) == 1
    assert list(scratch.notes()) == ["renamed-topic"]
    everything = PROJECT.replace('"orders"', '"purchases"').replace("s.order", "s.purchase")
    scratch.write(toml=everything)
    assert len(scratch.found()) == 1
    scratch.write(purchase=REQUIRED, toml=everything.replace("schemas/order", "schemas/purchase"))
    scratch.remove("schemas/order.avsc")
    assert len(scratch.found()) == 1
    assert list(scratch.notes()) == ["renamed-file", "renamed-contract", "renamed-topic"]


def test_key_schemas_are_checked_too(scratch: Scratch) -> None:
    """A key is a contract of its own, with the level of its values."""
    key = '{"type": "record", "name": "Key", "fields": [{"name": "id", "type": "%s"}]}'
    scratch.write(key=key % "int", toml=PROJECT + 'key_schema = "schemas/key.avsc"\n')
    scratch.commit()
    scratch.write(key=key % "string")
    outcome = scratch.check("--format", "json")
    assert [finding["contract"] for finding in outcome.report["findings"]] == ["order (key)"]
    assert [each["subject"] for each in outcome.report["contracts"]] == [
        "orders-value",
        "orders-key",
    ]


def test_a_key_is_counted_as_part_of_its_contract(scratch: Scratch) -> None:
    """In the line of people's output; a key by itself is counted as one."""
    key = '{"type": "record", "name": "Key", "fields": []}'
    plain = '\n[contracts.address]\nschema = "schemas/address.avsc"\n'
    with_key = PROJECT + 'key_schema = "schemas/key.avsc"\n'
    scratch.write(key=key, toml=with_key + plain)
    scratch.commit()
    for arguments, counted in (
        ((), "2 contracts and 1 key schema"),
        (("order",), "1 contract and 1 key schema"),
        (("address",), "1 contract"),
        (("schemas/key.avsc",), "1 key schema"),
        (("schemas/order.avsc", "schemas/address.avsc"), "2 contracts"),
    ):
        assert scratch.check(*arguments).output == f"clean: {counted} against git:main\n"
    scratch.write(key=key.replace('"Key"', '"Other"'))
    last = scratch.check().output.splitlines()[-1]
    assert last == "1 breaking, 0 drift: 2 contracts and 1 key schema against git:main"


def test_transitive_levels_take_the_whole_history(scratch: Scratch) -> None:
    """Each version that main has had counts, once, however often files were moved around it."""
    scratch.write(order=OPTIONAL)
    scratch.commit("note came")
    scratch.put("docs.txt", "nothing to do with it")
    scratch.commit("not a schema")
    scratch.write(order=REQUIRED)
    scratch.commit("its default went")
    assert scratch.found() == []
    outcome = scratch.check("--level", "BACKWARD_TRANSITIVE", "--format", "json")
    [finding] = outcome.report["findings"]
    first = scratch.git("rev-parse", "--short=10", "main~3").strip()
    assert finding["against"] == [f"git:{first}:schemas/order.avsc"]
    [contract] = outcome.report["contracts"]
    ids = [scratch.git("rev-parse", "--short=10", f"main~{n}").strip() for n in (2, 3)]
    assert contract["versions"] == [f"git:{ref}:schemas/order.avsc" for ref in ("main", *ids)]


def test_transitive_history_is_that_of_the_branch(scratch: Scratch) -> None:
    """States that only a merged branch had were never deployed; a renamed file's history counts."""
    scratch.git("checkout", "--quiet", "-b", "feature")
    scratch.write(order=ORDER.replace('"id", "type": "string"', '"id", "type": "long"'))
    scratch.commit("a wrong way")
    scratch.write(order=OPTIONAL)
    scratch.commit("the right way")
    scratch.git("checkout", "--quiet", "main")
    scratch.git("merge", "--quiet", "--no-ff", "feature")
    scratch.git("mv", "schemas/order.avsc", "schemas/purchase.avsc")
    scratch.write(toml=PROJECT.replace("schemas/order", "schemas/purchase"))
    scratch.commit("renamed")
    outcome = scratch.check("--level", "FULL_TRANSITIVE", "--format", "json")
    assert outcome.code == 0
    [contract] = outcome.report["contracts"]
    assert contract["versions"] == [
        "git:main:schemas/purchase.avsc",
        f"git:{scratch.git('rev-parse', '--short=10', 'main~2').strip()}:schemas/order.avsc",
    ]


def test_a_shallow_clone_is_no_whole_history(scratch: Scratch, tmp_path: Path) -> None:
    """A transitive level in a shallow clone could not be checked: exit code 2, and what to do."""
    scratch.write(order=OPTIONAL)
    scratch.commit()
    source = scratch.folder.as_uri()
    scratch.git("clone", "--quiet", "--depth", "1", source, str(tmp_path / "clone"))
    clone = Scratch(tmp_path / "clone")
    arguments = ("--project", str(clone.folder))
    assert clone.check(*arguments, against="git:HEAD").code == 0
    outcome = clone.check(*arguments, "--level", "FULL_TRANSITIVE", against="git:HEAD")
    assert outcome.code == 2
    assert "fetch-depth: 0" in outcome.error


def test_a_broken_past_does_not_forbid_to_mend_it(scratch: Scratch) -> None:
    """What was not valid then is said, and not compared."""
    scratch.write(order=ORDER.replace('"record"', '"recrod"'))
    scratch.commit()
    assert scratch.check(against="git:main~1").code == 2  # the candidate itself
    scratch.write(order=REQUIRED)
    assert scratch.found() == []
    assert "git:main:schemas/order.avsc is not valid Avro" in scratch.notes()["unreadable-version"]
    scratch.write(toml="[contracts")
    scratch.commit()
    scratch.write(toml=PROJECT, order=ORDER)
    assert scratch.found() == []
    assert "streamcontract.toml:1:11: not TOML: " in scratch.notes()["unreadable-version"]


def test_a_project_file_that_was_moved_hides_what_is_gone(scratch: Scratch) -> None:
    """Nobody knows then which contracts there were, and that is said."""
    scratch.write(invoice=INVOICE, toml=PROJECT + INVOICE_TABLE)
    scratch.commit()
    assert "not-checked" not in scratch.notes()
    scratch.remove("streamcontract.toml")
    scratch.remove("schemas/invoice.avsc")
    scratch.put(
        "pyproject.toml", PROJECT.replace("contracts.order", "tool.streamcontract.contracts.order")
    )
    assert scratch.found() == []
    assert "deleted ones are not found" in scratch.notes()["not-checked"]
    assert scratch.notes("order") == {}


def test_files_without_a_project(scratch: Scratch) -> None:
    """Schema files can be checked by themselves, and then at BACKWARD."""
    scratch.remove("streamcontract.toml")
    scratch.commit()
    scratch.write(order=REQUIRED)
    assert scratch.found("schemas/order.avsc") == [
        ("READER_FIELD_MISSING_DEFAULT_VALUE", "schemas/order.avsc:7:5")
    ]
    assert scratch.found("schemas/address.avsc") == []
    scratch.git("mv", "schemas/order.avsc", "schemas/purchase.avsc")
    assert len(scratch.found("schemas/purchase.avsc")) == 1


def test_a_file_of_a_contract_is_checked_as_that_contract(scratch: Scratch) -> None:
    """It has the contract's level, wherever it is named from."""
    scratch.write(order=REQUIRED, toml=PROJECT.replace("BACKWARD", "NONE"))
    assert scratch.found("schemas/order.avsc") == []
    assert scratch.found("schemas/order.avsc", "--level", "BACKWARD") != []


def test_a_project_below_the_repositorys_root(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are those of the current folder; machines get those of the repository."""
    scratch.put("shop/streamcontract.toml", PROJECT)
    scratch.put("shop/schemas/order.avsc", ORDER)
    scratch.put("shop/schemas/address.avsc", ADDRESS)
    scratch.commit()
    scratch.put("shop/schemas/order.avsc", REQUIRED)
    monkeypatch.chdir(scratch.folder / "shop")
    assert scratch.found() == [("READER_FIELD_MISSING_DEFAULT_VALUE", "schemas/order.avsc:7:5")]
    output = scratch.check("--format", "github").output
    assert output.startswith("::error file=shop/schemas/order.avsc,line=7,col=5,")


def test_inside_a_hook(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git tells its hooks about another place does not lead astray."""
    scratch.write(order=REQUIRED)
    monkeypatch.setenv("GIT_DIR", "elsewhere/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "elsewhere/index")
    assert scratch.check(against="git:HEAD").code == 1


def test_links_are_followed_inside_of_the_commit_only(scratch: Scratch) -> None:
    """A link to another schema of the commit is that schema; one that leads out is nothing."""
    scratch.write(plain=INVOICE)
    (scratch.folder / "linked").mkdir()
    (scratch.folder / "linked" / "inside.avsc").symlink_to("../schemas/plain.avsc")
    (scratch.folder / "linked" / "outside.avsc").symlink_to("/etc/passwd")
    scratch.commit()
    for name in ("inside", "outside"):
        scratch.remove(f"linked/{name}.avsc")
        scratch.put(f"linked/{name}.avsc", INVOICE.replace("long", "string").replace("Inv", "V"))
    assert scratch.found("linked/inside.avsc") == [
        ("NAME_MISMATCH", "linked/inside.avsc:1:28"),
        ("TYPE_MISMATCH", "linked/inside.avsc:1:74"),
    ]
    assert list(scratch.notes("linked/outside.avsc")) == ["new-contract"]


def test_a_link_to_a_folder_is_followed_too(scratch: Scratch) -> None:
    """The project file of then may name a schema by it, and a contract that is gone is seen."""
    (scratch.folder / "linked").symlink_to("schemas")
    scratch.write(invoice=INVOICE)
    table = INVOICE_TABLE.replace("schemas/", "linked/")
    scratch.write(toml=PROJECT.replace("schemas/", "linked/") + table)
    scratch.commit()
    scratch.write(toml=PROJECT, order=REQUIRED)
    assert {rule for rule, _ in scratch.found()} == {
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        "CONTRACT_DELETED",
    }


@pytest.mark.parametrize("suffix", [".json", ".AVSC", ""])
def test_any_suffix(scratch: Scratch, suffix: str) -> None:
    """A project names its schema files as it likes, then and now."""
    named = PROJECT.replace("schemas/order.avsc", f"order{suffix}")
    scratch.put(f"order{suffix}", INVOICE)
    scratch.write(toml=named)
    scratch.commit()
    broken = INVOICE.replace("long", "string")
    scratch.put(f"order{suffix}", broken)
    assert scratch.found() == [("TYPE_MISMATCH", f"order{suffix}:1:76")]
    scratch.put("invoice.avsc", broken)
    scratch.remove(f"order{suffix}")
    scratch.write(toml=PROJECT.replace("schemas/order.avsc", "invoice.avsc"))
    assert scratch.found() == [("TYPE_MISMATCH", "invoice.avsc:1:76")]
    scratch.commit()
    transitive = scratch.found("--level", "BACKWARD_TRANSITIVE")
    assert ("TYPE_MISMATCH", "invoice.avsc:1:76") in transitive


def test_the_history_of_a_submodule_is_not_at_hand(scratch: Scratch) -> None:
    """So nothing can be said of a schema in it: exit code 2, and not that it is new."""
    scratch.git("init", "--quiet", "shared")
    scratch.put("shared/invoice.avsc", INVOICE)
    scratch.write(toml=PROJECT + INVOICE_TABLE.replace("schemas/", "shared/"))
    for arguments in ((), ("invoice",), ("shared/invoice.avsc",)):
        outcome = scratch.check(*arguments)
        assert outcome.code == 2
        assert "such as a submodule is" in outcome.error
    assert scratch.found("order") == []


def test_patterns_are_patterns_whatever_the_environment_says(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise no commit of the history would be found, and everything be compatible."""
    scratch.write(order=REQUIRED)
    scratch.commit()
    scratch.write(order=ORDER)
    scratch.commit()
    scratch.write(order=REQUIRED.replace('"note", "type": "string"', '"note", "type": "null"'))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    found = scratch.found("--level", "BACKWARD_TRANSITIVE")
    assert {rule for rule, _ in found} == {"READER_FIELD_MISSING_DEFAULT_VALUE", "TYPE_MISMATCH"}


def test_any_file_name(scratch: Scratch) -> None:
    """Names that git would quote, and a terminal obey, are only names."""
    name = 'schemas/ö "\\ der\x1b[31m.avsc'
    scratch.put(name, INVOICE)
    scratch.commit()
    scratch.put(name, INVOICE.replace("long", "string"))
    assert scratch.found(name) == [("TYPE_MISMATCH", f"{name}:1:76")]
    for output_format in ("text", "github", "gitlab", "junit", "sarif"):
        outcome = scratch.check(name, "--format", output_format)
        assert outcome.code == 1
        if output_format in {"text", "junit"}:
            assert "\x1b" not in outcome.output


def test_no_repository(scratch: Scratch, tmp_path: Path) -> None:
    """Outside of a repository there is nothing to compare with: exit code 2."""
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "order.avsc").write_text('"int"')
    outcome = scratch.check(str(lonely / "order.avsc"))
    assert outcome.code == 2
    assert "not a git repository" in outcome.error


def test_a_repository_without_a_commit(scratch: Scratch) -> None:
    """There is nothing to fetch: the first commit is missing."""
    scratch.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    outcome = scratch.check(against="git:HEAD")
    assert outcome.code == 2
    assert "there is no commit yet in" in outcome.error


@pytest.mark.parametrize("ref", ["nope", "--all", "", "main:schemas", "-h"])
def test_what_is_no_commit(scratch: Scratch, ref: str) -> None:
    """What git does not know, or would take for an option, is exit code 2 with the way out."""
    outcome = scratch.check(against=f"git:{ref}")
    assert outcome.code == 2
    assert f"git has no commit {ref!r} here: fetch it first" in outcome.error


def test_no_git(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program the message names it."""
    monkeypatch.setenv("PATH", str(scratch.folder))
    outcome = scratch.check()
    assert outcome.code == 2
    assert "git cannot be run to read earlier versions" in outcome.error
