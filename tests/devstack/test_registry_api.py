"""What the embedded registry answers where it has nothing to refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.devstack.registry_http import Http, record

from streamcontract.devstack.registry import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def http() -> Iterator[Http]:
    """A client of a registry of its own."""
    with RegistryServer() as server, Http(server.url) as http:
        yield http


def test_a_version_tells_all_about_itself(http: Http) -> None:
    """The answers about one version have Redpanda's keys: references if there are any."""
    base, user = record("a", name="Base"), {"type": "array", "items": "Base"}
    references = [{"name": "Base", "subject": "base", "version": 1}]
    assert http.register("base", base) == 1
    assert http.register("user", user, references=references) == 2
    text = json.dumps(user)
    kept = {
        "version": 1,
        "id": 2,
        "schemaType": "AVRO",
        "references": references,
        "schema": text,
    }
    asked = {"schema": text, "references": references, "schemaType": "AVRO"}
    assert http("POST", "/subjects/user/versions", asked).body == kept
    whole = {"subject": "user", **kept}
    for number in ("1", "latest", "-1"):
        read = http("GET", f"/subjects/user/versions/{number}").body
        assert read == {**whole, "deleted": False}
    assert http("POST", "/subjects/user", asked).body == whole
    assert http("POST", "/subjects/user?normalize=true", asked).body == whole
    assert http("GET", "/schemas/ids/2").body == {"references": references, "schema": text}
    assert http("GET", "/schemas/ids/1").body == {"schema": json.dumps(base)}
    assert http("GET", "/subjects/user/versions/1/schema").body == user
    assert http("GET", "/subjects/base/versions/1/referencedby").body == [2]
    assert http("GET", "/subjects/user/versions/latest/referencedby").body == []
    assert http("GET", "/schemas/ids/2/versions").body == [{"subject": "user", "version": 1}]
    assert http("GET", "/schemas/types").body == ["JSON", "PROTOBUF", "AVRO"]
    assert http("GET", "/status/ready").status == 200


def test_one_schema_has_one_id_in_every_subject(http: Http) -> None:
    """Spelling does not make another schema; documentation, defaults and attributes do."""
    one = {"type": "record", "name": "a.R", "fields": [{"name": "x", "type": "int"}]}
    same = {"fields": [{"type": {"type": "int"}, "name": "x"}], "namespace": "a", "name": "R"}
    assert http.register("s", one) == 1
    assert http.register("s", {"type": "record", **same}) == 1
    assert http.register("other", {"type": "record", **same}) == 1
    assert http("GET", "/subjects/s/versions").body == [1]
    assert http("GET", "/schemas/ids/1/subjects").body == ["other", "s"]
    marked = {"type": "int", "unit": "m", "source": "tape"}
    assert http.register("marked", marked) == 2
    assert http.register("marked", dict(reversed(marked.items()))) == 2
    assert http.register("s", {**one, "doc": "documented"}) == 3
    assert http.register("s", {**one, "owner": "us"}) == 4
    for default in (1, 2):
        changed = record(name="a.R", x=default)
        assert http.register("s", changed) == 4 + default
    assert http("GET", "/subjects/s/versions").body == [1, 2, 3, 4, 5]
    versions = [{"subject": "other", "version": 1}, {"subject": "s", "version": 1}]
    assert http("GET", "/schemas/ids/1/versions").body == versions


def test_soft_deletion_hides_and_permanent_deletion_forgets(http: Http) -> None:
    """Numbers of soft-deleted versions are not given again, ids to no other schema ever."""
    http.register("s", record("a"))
    http.register("s", record("a", b=0))
    assert http("DELETE", "/subjects/s/versions/latest").body == 2
    assert http("GET", "/subjects/s/versions").body == [1]
    assert http("GET", "/subjects/s/versions?deleted=true").body == [1, 2]
    assert http("GET", "/subjects/s/versions/2?deleted=true").body["id"] == 2
    assert http("GET", "/schemas/ids/2").status == 200
    assert http.register("s", record("a", b=0)) == 2
    assert http("GET", "/subjects/s/versions").body == [1, 3]
    assert http("DELETE", "/subjects/s").body == [1, 3]
    assert http("GET", "/subjects").body == []
    for switch in ("true", "True", "1"):
        assert http("GET", f"/subjects?deleted={switch}").body == ["s"]
    assert http("GET", "/subjects?deleted=yes").body == []
    assert http("GET", "/schemas/ids/1/subjects").body == []
    assert http("GET", "/schemas/ids/1/subjects?deleted=true").body == ["s"]
    assert http("GET", "/schemas/ids/1/versions").body == []
    assert http("DELETE", "/subjects/s?permanent=true").body == [1, 2, 3]
    assert http("GET", "/subjects?deleted=true").body == []
    assert http("GET", "/schemas/ids/1").status == 404
    assert http.register("s", record("c")) == 3
    assert http("GET", "/subjects/s/versions").body == [1]


def test_a_deleted_subject_comes_back_with_its_next_version(http: Http) -> None:
    """Registering undeletes; earlier versions stay deleted and compatibility ignores them."""
    http.register("s", "int")
    http("DELETE", "/subjects/s")
    assert http.register("s", "string") == 2
    assert http("GET", "/subjects/s/versions").body == [2]
    assert http("POST", "/subjects/s?deleted=True", {"schema": '"int"'}).body["version"] == 1
    assert http("DELETE", "/subjects/s/versions/1?permanent=true").body == 1
    assert http("GET", "/subjects/s/versions?deleted=true").body == [2]
    assert http("GET", "/schemas/ids/1").body["error_code"] == 40403


def test_a_referenced_version_outlives_soft_deleted_users(http: Http) -> None:
    """What a soft-deleted schema needs cannot be deleted for good before it."""
    http.register("base", record(name="Base"))
    references = [{"name": "Base", "subject": "base", "version": 1}]
    http.register("user", {"type": "array", "items": "Base"}, references=references)
    assert http("DELETE", "/subjects/user").status == 200
    assert http("DELETE", "/subjects/base").status == 200
    for path in ("/subjects/base", "/subjects/base/versions/1"):
        assert http("DELETE", f"{path}?permanent=true").body["error_code"] == 42206
    assert http("DELETE", "/subjects/user?permanent=true").status == 200
    assert http("DELETE", "/subjects/base?permanent=true").body == [1]


def test_subjects_by_prefix(http: Http) -> None:
    """The prefix is plain text; a subject's name may hold what a path cannot."""
    for subject in ("a-value", "a.b-value", "b-value", "%C3%BC%2F1%20%3F"):
        http.register(subject, "int")
    assert http("GET", "/subjects?subjectPrefix=a").body == ["a-value", "a.b-value"]
    assert http("GET", "/subjects?subjectPrefix=%C3%BC").body == ["ü/1 ?"]
    assert http("GET", "/subjects/%C3%BC%2F1%20%3F/versions").body == [1]
    assert len(http("GET", "/subjects").body) == 4


def test_levels(http: Http) -> None:
    """Setting answers "compatibility", asking "compatibilityLevel"; a subject falls back."""
    assert http("GET", "/config").body == {"compatibilityLevel": "BACKWARD"}
    assert http("PUT", "/config", {"compatibility": "FULL"}).body == {"compatibility": "FULL"}
    http.register("s", "int")
    assert http("GET", "/config/s?defaultToGlobal=true").body == {"compatibilityLevel": "FULL"}
    assert http("PUT", "/config/s", {"compatibility": "NONE"}).body == {"compatibility": "NONE"}
    assert http("GET", "/config/s").body == {"compatibilityLevel": "NONE"}
    assert http("DELETE", "/config/s").body == {"compatibilityLevel": "NONE"}
    assert http("GET", "/config/s").body["error_code"] == 40408


@pytest.mark.parametrize("path", ["/subjects/s", "/subjects/s/versions/latest"])
def test_the_level_goes_with_the_last_version(http: Http, path: str) -> None:
    """A subject that is deleted and comes back starts with the global level."""
    http.register("s", "int")
    http("PUT", "/config/s", {"compatibility": "NONE"})
    assert http("DELETE", path).status == 200
    assert http("GET", "/config/s").body["error_code"] == 40408


def test_modes(http: Http) -> None:
    """A subject's mode wins over the global one; what is known can be registered read-only."""
    http.register("s", "int")
    assert http("GET", "/mode").body == {"mode": "READWRITE"}
    assert http("PUT", "/mode/s", {"mode": "READONLY"}).body == {"mode": "READONLY"}
    assert http("GET", "/mode/s").body == {"mode": "READONLY"}
    assert http("GET", "/mode/t?defaultToGlobal=true").body == {"mode": "READWRITE"}
    assert http.register("s", "int") == 1
    assert http("DELETE", "/config/s").body["error_code"] == 42205
    assert http.register("t", "long") == 2
    assert http("DELETE", "/mode/s").body == {"mode": "READONLY"}
    assert http.register("s", "long") == 2


def test_import_brings_ids_and_versions(http: Http) -> None:
    """Mode IMPORT takes any history under its own numbers, unchecked; later ids go on from it."""
    assert http("PUT", "/mode", {"mode": "IMPORT"}).status == 200
    assert http.register("s", "string", id=40, version=7) == 40
    assert http.register("s", "int", id=30, version=3) == 30
    assert http.register("s", "int", id=30) == 30
    assert http.register("t", "int", id=30) == 30
    assert http("GET", "/subjects/s/versions").body == [3, 7]
    http("DELETE", "/subjects/s/versions/3")
    assert http.register("s", "int", id=30, version=3) == 30
    assert http("GET", "/subjects/s/versions").body == [3, 7]
    assert http("PUT", "/mode", {"mode": "READWRITE"}).status == 200
    assert http.register("u", "long") == 41
    assert http("PUT", "/mode/s?force=true", {"mode": "IMPORT"}).status == 200


COMPATIBILITY = "/compatibility/subjects/s/versions"


def test_compatibility_with_and_without_messages(http: Http) -> None:
    """Not verbose there are no messages; verbose there are some or none; an invalid candidate."""
    http.register("s", "int")
    good, bad = {"schema": '"long"'}, {"schema": '"string"'}
    assert http("POST", f"{COMPATIBILITY}/latest", bad).body == {"is_compatible": False}
    assert http("POST", f"{COMPATIBILITY}/1", good).body == {"is_compatible": True}
    assert http("POST", f"{COMPATIBILITY}/1?verbose=true", good).body == {
        "is_compatible": True,
        "messages": [],
    }
    answer = http("POST", f"{COMPATIBILITY}/1?verbose=true", bad).body
    assert answer["is_compatible"] is False
    assert answer["messages"][1:] == [
        "{oldSchemaVersion: 1}",
        "{oldSchema: '\"int\"'}",
        "{compatibility: 'BACKWARD'}",
    ]
    invalid = http("POST", f"{COMPATIBILITY}/1?verbose=true", {"schema": '"nope"'})
    assert (invalid.status, invalid.body["is_compatible"]) == (200, False)
    assert len(invalid.body["messages"]) == 1
    assert http("GET", "/subjects/s/versions").body == [1]


def enum(*symbols: str) -> dict[str, object]:
    """An enum of these symbols."""
    return {"type": "enum", "name": "E", "symbols": list(symbols)}


def fixed(size: int, name: str = "F") -> dict[str, object]:
    """A fixed of this size."""
    return {"type": "fixed", "name": name, "size": size}


MESSAGES = {
    "NAME_MISMATCH": (
        (fixed(4), fixed(4, "a.G")),
        "The name of the schema has changed (path '/name')",
        "expected: F",
    ),
    "FIXED_SIZE_MISMATCH": (
        (fixed(8), fixed(4)),
        (
            "The size of FIXED type field at path '/size' in the new schema does not match with "
            "the old schema"
        ),
        "expected: 8, found: 4",
    ),
    "MISSING_ENUM_SYMBOLS": (
        (enum("a", "c", "b"), enum("a")),
        "The new schema is missing enum symbols '[b, c]' at path '/symbols' in the old schema",
        "[b, c]",
    ),
    "READER_FIELD_MISSING_DEFAULT_VALUE": (
        (record("a"), record("a", "f")),
        (
            "The field 'f' at path '/fields/1' in the new schema has no default value and is "
            "missing in the old schema"
        ),
        "f",
    ),
    "TYPE_MISMATCH": (
        ({"type": "array", "items": "string"}, {"type": "array", "items": "int"}),
        "The type (path '/items') of a field in the new schema does not match with the old schema",
        "reader type: INT not compatible with writer type: STRING",
    ),
    "MISSING_UNION_BRANCH": (
        (["null", "int"], ["null", "string"]),
        "The new schema is missing a type inside a union field at path '/1' in the old schema",
        "reader union lacking writer type: INT",
    ),
}


@pytest.mark.parametrize("rule", MESSAGES)
def test_each_incompatibility_in_the_registrys_words(http: Http, rule: str) -> None:
    """The verbose message is text that looks like JSON and is not, as Redpanda and Avro word it."""
    (old, new), description, additional = MESSAGES[rule]
    http.register("s", old)
    body = {"schema": json.dumps(new)}
    messages = http("POST", f"{COMPATIBILITY}/latest?verbose=true", body).body["messages"]
    assert messages[0] == (
        f"{{errorType:'{rule}', description:'{description}', additionalInfo:'{additional}'}}"
    )


def test_full_tells_new_reads_old_first(http: Http) -> None:
    """At FULL both directions are reported, and R and W say which schema reads."""
    http.register("s", "int")
    http("PUT", "/config/s", {"compatibility": "FULL"})
    body = http("POST", f"{COMPATIBILITY}/latest?verbose=true", {"schema": '"string"'}).body
    assert "in the new schema does not match with the old schema" in body["messages"][0]
    assert "in the old schema does not match with the new schema" in body["messages"][1]
    assert body["messages"][4] == "{compatibility: 'FULL'}"


def test_registering_asks_the_latest_or_all(http: Http) -> None:
    """At a level that is not transitive only the latest live version has a say."""
    http.register("s", record("a"))
    http.register("s", record("a", b=0))
    http("PUT", "/config/s", {"compatibility": "BACKWARD_TRANSITIVE"})
    body = {"schema": json.dumps(record("a", "b"))}
    assert http("POST", "/subjects/s/versions", body).status == 409
    http("PUT", "/config/s", {"compatibility": "BACKWARD"})
    assert http("POST", "/subjects/s/versions", body).status == 200


def test_which_versions_are_asked(http: Http) -> None:
    """From the latest down to N, transitive ones down to the first, up to the first failure."""
    http("PUT", "/config/s", {"compatibility": "NONE"})
    for schema in ("string", "int", "long"):
        http.register("s", schema)
    candidate = {"schema": '"long"'}

    def failing(version: str, level: str) -> str | None:
        http("PUT", "/config/s", {"compatibility": level})
        body = http("POST", f"{COMPATIBILITY}/{version}?verbose=true", candidate).body
        return None if body["is_compatible"] else body["messages"][-3]

    assert failing("latest", "BACKWARD") is None
    assert failing("2", "BACKWARD") is None
    assert failing("1", "BACKWARD") == "{oldSchemaVersion: 1}"
    assert failing("latest", "BACKWARD_TRANSITIVE") == "{oldSchemaVersion: 1}"
    assert failing("2", "FORWARD") == "{oldSchemaVersion: 2}"
    assert failing("1", "FORWARD_TRANSITIVE") == "{oldSchemaVersion: 2}"
    assert failing("1", "NONE") is None
