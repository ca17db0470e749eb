"""Contexts of the embedded registry, as "Schema Registry Contexts" of Redpanda 26.2 has them."""

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


def test_each_context_counts_its_own_ids(http: Http) -> None:
    """The same id is another schema in each, found with the subject that asks for it."""
    assert http.register("s", "int") == 1
    assert http.register(":.a:s", "long") == 1
    assert http.register(":.a:s", "double") == 2
    assert http.register(":.b:s", "int") == 1
    texts = {
        subject: http("GET", f"/schemas/ids/1?subject={subject}").body["schema"]
        for subject in ("", "s", ":.a:", ":.a:other", ":.a", ":.b:s", ":.:s")
    }
    assert texts == {
        "": '"int"',
        "s": '"int"',
        ":.a:": '"long"',
        ":.a:other": '"long"',
        ":.a": '"long"',
        ":.b:s": '"int"',
        ":.:s": '"int"',
    }
    assert http("GET", "/schemas/ids/2").body["error_code"] == 40403
    assert http("GET", "/schemas/ids/2/subjects?subject=:.a:").body == [":.a:s"]
    versions = http("GET", "/schemas/ids/1/versions?subject=:.a:").body
    assert versions == [{"subject": ":.a:s", "version": 1}]
    assert http("GET", "/schemas/ids/1/versions").body == [{"subject": "s", "version": 1}]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        (None, [":.staging:my-a", ":.staging:other", "my-a", "other"]),
        ("", [":.staging:my-a", ":.staging:other", "my-a", "other"]),
        ("my-", ["my-a"]),
        (":.staging:", [":.staging:my-a", ":.staging:other"]),
        (":.staging:my-", [":.staging:my-a"]),
        (":.:my-", ["my-a"]),
        (":.nowhere:", []),
        (":*:", [":.staging:my-a", ":.staging:other", "my-a", "other"]),
        (":*:my-", [":.staging:my-a", "my-a"]),
    ],
)
def test_subject_prefixes(http: Http, prefix: str | None, found: list[str]) -> None:
    """The documentation's table of patterns."""
    for subject in ("my-a", "other", ":.staging:my-a", ":.staging:other"):
        http.register(subject, "int")
    query = "" if prefix is None else f"?subjectPrefix={prefix}"
    assert http("GET", f"/subjects{query}").body == found


@pytest.mark.parametrize("segment", [".staging", "staging", ":.staging:"])
def test_a_url_prefix_means_the_same_as_a_qualified_subject(http: Http, segment: str) -> None:
    """Every kind of endpoint below it, in each form that the context may have there."""
    base = f"/contexts/{segment}"
    http.register("s", "string")
    for schema in ('"int"', '"long"'):
        reply = http("POST", f"{base}/subjects/s/versions", {"schema": schema})
        assert reply.status == 200
    paths = {
        "/subjects": "/subjects?subjectPrefix=:.staging:",
        "/subjects?subjectPrefix=s": "/subjects?subjectPrefix=:.staging:s",
        "/subjects/s/versions": "/subjects/:.staging:s/versions",
        "/subjects/s/versions/1": "/subjects/:.staging:s/versions/1",
        "/subjects/:.:s/versions/1": "/subjects/s/versions/1",
        "/schemas": "/schemas?subjectPrefix=:.staging:",
        "/schemas/ids/1": "/schemas/ids/1?subject=:.staging:",
        "/schemas/ids/2/subjects": "/schemas/ids/2/subjects?subject=:.staging:",
        "/schemas/ids/1?subject=:.:s": "/schemas/ids/1",
        "/schemas/types": "/schemas/types",
        "/config/s?defaultToGlobal=true": "/config/:.staging:s?defaultToGlobal=true",
        "/config": "/config/:.staging:",
        "/mode": "/mode/:.staging:",
    }
    for below, qualified in paths.items():
        assert http("GET", base + below) == http("GET", qualified), below
    assert http("GET", f"{base}/subjects").body == [":.staging:s"]
    candidate = {"schema": '"double"'}
    path = "/compatibility/subjects/s/versions/latest"
    assert http("POST", base + path, candidate).body == {"is_compatible": True}
    assert http("PUT", f"{base}/config", {"compatibility": "NONE"}).status == 200
    assert http("GET", "/config/:.staging:").body == {"compatibilityLevel": "NONE"}
    assert http("DELETE", f"{base}/subjects/s").body == [1, 2]
    assert http("GET", "/subjects").body == ["s"]


def test_levels_and_modes_fall_back_to_the_context_and_then_to_the_global_one(http: Http) -> None:
    """Subject, context, global context, built-in: each where those before say nothing."""
    http.register(":.c:s", "int")
    http.register("s", "int")

    def levels() -> list[str]:
        return [
            http("GET", f"/config/{each}?defaultToGlobal=true").body["compatibilityLevel"]
            for each in (":.c:s", ":.c:", "s", ":.new:")
        ]

    assert levels() == ["BACKWARD"] * 4
    steps = {
        ":.__GLOBAL:": ["FULL"] * 4,
        ":.c:": ["NONE", "NONE", "FULL", "FULL"],
        ":.:": ["NONE", "NONE", "FORWARD", "FULL"],
        ":.c:s": ["BACKWARD", "NONE", "FORWARD", "FULL"],
    }
    for (place, expected), level in zip(
        steps.items(), ("FULL", "NONE", "FORWARD", "BACKWARD"), strict=True
    ):
        assert http("PUT", f"/config/{place}", {"compatibility": level}).status == 200
        assert levels() == expected, place
    assert http("GET", "/config").body == {"compatibilityLevel": "FORWARD"}
    assert http("PUT", "/mode/:.c:", {"mode": "READONLY"}).status == 200
    assert http("GET", "/mode/:.c:s?defaultToGlobal=true").body == {"mode": "READONLY"}
    assert http("GET", "/mode/s?defaultToGlobal=true").body == {"mode": "READWRITE"}
    refused = http("POST", "/subjects/:.c:s/versions", {"schema": '"long"'})
    assert refused.body["message"] == "Subject s in context .c is in read-only mode"
    assert http("DELETE", "/mode/:.c:").body == {"mode": "READONLY"}
    assert http.register(":.c:s", "long") == 2


def test_a_context_can_be_configured_before_it_has_schemas(http: Http) -> None:
    """It is not listed for that; mode READONLY keeps schemas out of it."""
    assert http("PUT", "/mode/:.new-team:", {"mode": "READONLY"}).status == 200
    assert http("GET", "/contexts").body == ["."]
    refused = http("POST", "/subjects/:.new-team:s/versions", {"schema": '"int"'})
    assert refused.body["error_code"] == 42205
    assert http("PUT", "/mode/:.new-team:", {"mode": "IMPORT"}).status == 200
    assert http.register(":.new-team:s", "int", id=7) == 7
    assert http("GET", "/contexts").body == [".", ".new-team"]


def test_references_lead_into_their_own_context_unless_they_are_qualified(http: Http) -> None:
    """Unqualified into that of the schema that has them; any other by its name."""
    http.register(":.shared:base", record("a", name="Base"))
    user = {"type": "array", "items": "Base"}
    inside = [{"name": "Base", "subject": "base", "version": 1}]
    across = [{"name": "Base", "subject": ":.shared:base", "version": 1}]
    missing = http(
        "POST", "/subjects/user/versions", {"schema": json.dumps(user), "references": inside}
    )
    assert missing.body["error_code"] == 42201
    assert http.register(":.shared:user", user, references=inside) == 2
    assert http.register("user", user, references=across) == 1
    assert http("GET", "/subjects/:.shared:base/versions/1/referencedby").body == [1, 2]
    path = "/subjects/:.shared:user/versions/1"
    assert http("GET", path).body["references"] == inside
    assert http("GET", f"{path}?referenceFormat=qualified").body["references"] == across
    assert http("GET", "/subjects/user/versions/1").body["references"] == across
    assert http("DELETE", "/subjects/:.shared:base").body["error_code"] == 42206


def test_a_context_is_deleted_once_nothing_is_left_in_it(http: Http) -> None:
    """Soft-deleted subjects count; ids begin again in a context that is made anew."""
    http.register(":.c:s", "int")
    http.register(":.c:s", "long")
    http("PUT", "/config/:.c:", {"compatibility": "NONE"})
    for suffix in ("", "?permanent=true"):
        assert http("DELETE", "/contexts/.c").body["error_code"] == 42211
        assert http("DELETE", f"/subjects/:.c:s{suffix}").status == 200
    assert http("GET", "/contexts").body == [".", ".c"]
    assert http("DELETE", "/contexts/.c").status == 204
    assert http("GET", "/contexts").body == ["."]
    assert http("GET", "/config/:.c:").body["error_code"] == 40408
    assert http.register(":.c:s", "string") == 1


def test_switched_off_a_qualified_subject_is_a_plain_name() -> None:
    """As in Redpanda before 26.2 by default; a URL's prefix makes such names too."""
    with RegistryServer(contexts=False) as server, Http(server.url) as http:
        assert http.register("s", "int") == 1
        assert http.register(":.staging:s", "long") == 2
        reply = http("POST", "/contexts/staging/subjects/t/versions", {"schema": '"double"'})
        assert reply.body["id"] == 3
        assert http("GET", "/subjects").body == [":.staging:s", ":.staging:t", "s"]
        assert http("GET", "/subjects?subjectPrefix=:.staging:").body == [
            ":.staging:s",
            ":.staging:t",
        ]
        assert http("GET", "/schemas/ids/2?subject=s").body["schema"] == '"long"'
        assert http("GET", "/contexts").body == ["."]
        assert http("GET", "/subjects/:.staging:s/versions/1").body["id"] == 2
