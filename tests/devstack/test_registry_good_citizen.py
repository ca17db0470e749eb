"""What clients of other registries send and ask for, answered by the embedded one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.devstack.registry_http import Http, record

from streamcontract.devstack.registry import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator

INT = {"schema": '"int"'}


@pytest.fixture
def http() -> Iterator[Http]:
    """A client of a registry of its own."""
    with RegistryServer() as server, Http(server.url) as http:
        yield http


@pytest.fixture
def confluent() -> Iterator[Http]:
    """A client of one that is like Confluent's."""
    with RegistryServer(confluent=True) as server, Http(server.url) as http:
        yield http


def test_what_has_no_value_is_left_out(http: Http) -> None:
    """Confluent's .NET client sends every key, and null where there is nothing."""
    empty = dict.fromkeys(("schemaType", "references", "id", "version", "metadata", "ruleSet"))
    for path in ("/subjects/s/versions", "/subjects/s", "/compatibility/subjects/s/versions/1"):
        assert http("POST", path, {**INT, **empty}).status == 200


def test_metadata_is_inherited_and_makes_versions(http: Http) -> None:
    """Left out it is that of the version with the schema, else of the latest one."""
    v1, v2 = record("a"), record("a", b=0)
    http.register("s", v1, metadata={"properties": {"owner": "us"}})
    http.register("s", v2)
    latest = http("GET", "/subjects/s/versions/2").body
    assert latest["metadata"] == {"properties": {"owner": "us"}}
    http.register("s", v2, metadata={"properties": {"owner": "them"}})
    assert http("GET", "/subjects/s/versions").body == [1, 2, 3]
    body = {"schema": json.dumps(v2)}
    assert http("POST", "/subjects/s", body).body["version"] == 3
    ours = {**body, "metadata": {"properties": {"owner": "us"}}}
    assert http("POST", "/subjects/s", ours).body["version"] == 2
    nobodys = {**body, "metadata": {"properties": {"owner": "nobody"}}}
    assert http("POST", "/subjects/s", nobodys).body["error_code"] == 40403
    old = {"schema": json.dumps(v1)}
    assert http("POST", "/subjects/s/versions", old).body["version"] == 1
    plain = http("POST", "/subjects/s/versions", {**body, "metadata": {"properties": {}}})
    assert plain.body["version"] == 4


def test_ids_are_described_on_request(http: Http) -> None:
    """``includeSubjects`` and ``fetchMaxId`` add to the answer about an id."""
    http.register("s", "int")
    http.register("t", "int")
    http.register("t", "long")
    answer = http("GET", "/schemas/ids/1?includeSubjects=true&fetchMaxId=true").body
    assert answer == {"schema": '"int"', "subjects": ["s", "t"], "maxId": 2}


def test_all_schemas_are_listed(http: Http) -> None:
    """``GET /schemas``: every version, or the latest of each subject, by prefix."""
    http.register("s", "int")
    http.register("s", "long")
    http.register("t", "int")

    def listed(query: str = "") -> list[tuple[str, int]]:
        found = http("GET", f"/schemas{query}").body
        return [(each["subject"], each["version"]) for each in found]

    assert listed() == [("s", 1), ("s", 2), ("t", 1)]
    assert listed("?latestOnly=true") == [("s", 2), ("t", 1)]
    assert listed("?subjectPrefix=t") == [("t", 1)]
    http("DELETE", "/subjects/s/versions/2")
    assert listed() == [("s", 1), ("t", 1)]
    assert listed("?deleted=true") == [("s", 1), ("s", 2), ("t", 1)]


def test_the_root_answers(http: Http) -> None:
    """Some clients ask it for a sign of life."""
    assert http("GET", "/").body == {}
    assert http("GET", "").body == {}


def test_a_mode_of_an_unknown_subject_is_the_global_one(http: Http) -> None:
    """Other than a level's, which is not found."""
    assert http("GET", "/mode/new?defaultToGlobal=true").body == {"mode": "READWRITE"}


def test_what_was_deleted_for_ever_can_be_registered_again(http: Http) -> None:
    """As a first version, and under the id that it had: messages with it can be read again."""
    http.register("s", "int")
    http.register("s", "long")
    for suffix in ("", "?permanent=true"):
        http("DELETE", f"/subjects/s{suffix}")
    assert http("GET", "/schemas/ids/2").body["error_code"] == 40403
    http("PUT", "/config", {"compatibility": "NONE"})
    assert http.register("s", "double") == 3
    assert http.register("s", "long") == 2
    assert http("GET", "/subjects/s/versions").body == [1, 2]
    http("PUT", "/mode/t", {"mode": "IMPORT"})
    assert http.register("t", "boolean", id=1) == 1  # whoever imports answers for the ids
    http("DELETE", "/mode/t")
    assert http.register("u", "int") == 4


def test_normalizing_sorts_references_and_drops_repeated_ones(http: Http) -> None:
    """The schema is found by the same references in another order."""
    http.register("a", record("x", name="A"))
    http.register("b", record("x", name="B"))
    a, b = ({"name": name, "subject": name.lower(), "version": 1} for name in "AB")
    schema = json.dumps(["A", "B"])
    body = {"schema": schema, "references": [b, a, b]}
    normalized = http("POST", "/subjects/s/versions?normalize=true", body).body
    assert normalized["references"] == [a, b]
    body = {"schema": schema, "references": [b, a]}
    assert http("POST", "/subjects/s", body).body["error_code"] == 40403
    assert http("POST", "/subjects/s?normalize=true", body).body["id"] == normalized["id"]


RULES: dict[str, Any] = {
    "domainRules": [
        {
            "name": "positive",
            "kind": "CONDITION",
            "mode": "WRITE",
            "type": "CEL",
            "expr": "message.n > 0",
            "onFailure": "ERROR",
        }
    ]
}


def test_rules_and_tags_are_kept_where_it_is_like_confluents(confluent: Http) -> None:
    """They come back with every answer about the schema, and make versions."""
    metadata = {"tags": {"R.a": ["PII"]}, "properties": {"owner": "us"}, "sensitive": ["owner"]}
    body = {"schema": json.dumps(record("a")), "metadata": metadata, "ruleSet": RULES}
    kept = confluent("POST", "/subjects/s/versions", body).body
    assert (kept["metadata"], kept["ruleSet"]) == (metadata, RULES)
    for path in ("/subjects/s/versions/1", "/schemas/ids/1", f"/schemas/guids/{kept['guid']}"):
        found = confluent("GET", path).body
        assert (found["metadata"], found["ruleSet"], found["guid"]) == (
            metadata,
            RULES,
            kept["guid"],
        )
    assert confluent.register("s", record("a")) == 1
    assert confluent.register("s", record("a"), ruleSet={"domainRules": []}) == 2


def test_configuration_beyond_the_level_is_kept_where_it_is_like_confluents(
    confluent: Http,
) -> None:
    """What is set stays until the configuration is deleted, for the whole registry too."""
    settings = {"normalize": True, "compatibilityGroup": "major"}
    assert confluent("PUT", "/config/s", settings).body == settings
    assert confluent("PUT", "/config/s", {"compatibility": "full"}).body == {
        "compatibility": "FULL"
    }
    whole = {"compatibilityLevel": "FULL", **settings}
    assert confluent("GET", "/config/s").body == whole
    assert confluent("DELETE", "/config/s").body == {"compatibilityLevel": "FULL"}
    assert confluent("PUT", "/config", {"compatibility": "NONE"}).status == 200
    assert confluent("PUT", "/mode", {"mode": "IMPORT"}).status == 200
    assert confluent("DELETE", "/config").body == {"compatibilityLevel": "NONE"}
    assert confluent("DELETE", "/mode").body == {"mode": "IMPORT"}
    assert confluent("GET", "/config").body == {"compatibilityLevel": "BACKWARD"}
    assert confluent("GET", "/mode").body == {"mode": "READWRITE"}


def test_a_candidate_is_checked_against_all_versions_where_it_is_like_confluents(
    confluent: Http,
) -> None:
    """As many as the level asks for; a new subject takes anything."""
    path = "/compatibility/subjects/s/versions"
    assert confluent("POST", path, INT).body == {"is_compatible": True}
    confluent("PUT", "/config/s", {"compatibility": "NONE"})
    confluent.register("s", "string")
    confluent.register("s", "int")
    for level, expected in (("BACKWARD", True), ("BACKWARD_TRANSITIVE", False)):
        confluent("PUT", "/config/s", {"compatibility": level})
        answer = confluent("POST", f"{path}?verbose=true", {"schema": '"long"'}).body
        assert (answer["is_compatible"], not answer["messages"]) == (expected, expected)


def test_a_schema_is_resolved_where_it_is_like_confluents(confluent: Http) -> None:
    """The types of its references are written out."""
    confluent.register("base", record("a", name="Base"))
    references = [{"name": "Base", "subject": "base", "version": 1}]
    confluent.register("s", {"type": "array", "items": "Base"}, references=references)
    text = confluent("GET", "/schemas/ids/2?format=resolved").body["schema"]
    assert json.loads(text)["items"]["name"] == "Base"


def test_an_invalid_look_up_is_422_where_it_is_like_confluents(confluent: Http) -> None:
    """Redpanda's alone answers 500."""
    confluent.register("s", "int")
    assert confluent("POST", "/subjects/s", {"schema": '"nope"'}).status == 422


def test_the_latest_version_with_some_metadata(confluent: Http) -> None:
    """Confluent's serializers choose a version so."""
    for number, owner in enumerate(("us", "them", "us"), start=1):
        schema = {**record("a"), "doc": f"version {number}"}
        confluent.register("s", schema, metadata={"properties": {"owner": owner}})
    path = "/subjects/s/metadata?key=owner&value="
    assert confluent("GET", f"{path}them").body["version"] == 2
    assert confluent("GET", f"{path}us").body["version"] == 3
    assert confluent("GET", f"{path}nobody").body["error_code"] == 40403


def test_a_compatibility_group_parts_the_history(confluent: Http) -> None:
    """Versions are compared with those of the same value of a property, as Confluent's are."""
    assert confluent("PUT", "/config/s", {"compatibilityGroup": "major"}).status == 200
    first, second = ({"properties": {"major": number}} for number in "12")
    confluent.register("s", "int", metadata=first)
    confluent.register("s", "string", metadata=second)
    body = {"schema": '"int"', "metadata": second}
    assert confluent("POST", "/subjects/s/versions", body).status == 409
    assert confluent.register("s", "long", metadata={"properties": {"major": "3"}}) == 3


def test_confluents_answers_have_minified_schemas_and_no_type_for_avro(confluent: Http) -> None:
    """As that registry's do."""
    body = confluent("POST", "/subjects/s/versions", {"schema": '{ "type" : "int" }'}).body
    body.pop("guid")
    assert body == {"id": 1, "version": 1, "schema": '{"type":"int"}'}
    read = confluent("GET", "/subjects/s/versions/1").body
    assert read.keys() == {"subject", "version", "id", "guid", "schema"}
    confluent("DELETE", "/subjects/s/versions/1")
    assert confluent("GET", "/subjects/s/versions/1?deleted=true").body["deleted"] is True


def test_codes_that_are_confluents_own(confluent: Http) -> None:
    """An invalid schema is 42201, an id that is no number 404, a missing version 40402."""
    nope = {"schema": '"nope"'}
    assert confluent("POST", "/subjects/s/versions", nope).body["error_code"] == 42201
    assert confluent("GET", "/schemas/ids/one").body["error_code"] == 404
    path = "/compatibility/subjects/s/versions"
    assert confluent("POST", f"{path}/1", INT).body["error_code"] == 40402
    assert confluent("POST", f"{path}/latest", INT).body == {"is_compatible": True}
