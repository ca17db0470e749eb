"""Every error code of the registry, with its status, in the situation that the protocol names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from tests.devstack.registry_http import Http, record

from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry.protocol import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator

Step = tuple[str, str, object]

INT = {"schema": '"int"'}
STRING = {"schema": '"string"'}
BASE = {"schema": json.dumps(record(name="Base"))}
USER = {
    "schema": json.dumps({"type": "array", "items": "Base"}),
    "references": [{"name": "Base", "subject": "base", "version": 1}],
}

REGISTERED: Step = ("POST", "/subjects/s/versions", INT)
SOFT_DELETED: Step = ("DELETE", "/subjects/s", None)
READ_ONLY: Step = ("PUT", "/mode", {"mode": "READONLY"})
IMPORT: Step = ("PUT", "/mode", {"mode": "IMPORT"})
REFERENCED: tuple[Step, ...] = (
    ("POST", "/subjects/base/versions", BASE),
    ("POST", "/subjects/user/versions", USER),
)


@attrs.frozen
class Case:
    """Requests that succeed, and one that is refused with a code."""

    code: int
    request: Step
    before: tuple[Step, ...] = ()
    message: str | None = None


MISSING_REFERENCE = {"schema": '"int"', "references": [{"name": "B", "subject": "b", "version": 1}]}
BAD_LEVEL = (
    "Invalid compatibility level. Valid values are NONE, BACKWARD, FORWARD, FULL, "
    "BACKWARD_TRANSITIVE, FORWARD_TRANSITIVE, and FULL_TRANSITIVE"
)

CASES = {
    "subject": Case(40401, ("GET", "/subjects/s/versions", None), (), "Subject 's' not found."),
    "subject of a version": Case(40401, ("GET", "/subjects/s/versions/1", None)),
    "subject of a look-up": Case(40401, ("POST", "/subjects/s", INT)),
    "subject before a bad body": Case(40401, ("POST", "/subjects/s", {"x": 1})),
    "subject to delete": Case(40401, ("DELETE", "/subjects/s", None)),
    "subject of a version to delete": Case(40401, ("DELETE", "/subjects/s/versions/1", None)),
    "latest to delete": Case(40401, ("DELETE", "/subjects/s/versions/latest", None)),
    "soft-deleted subject": Case(
        40401, ("GET", "/subjects/s/versions", None), (REGISTERED, SOFT_DELETED)
    ),
    "compatibility with latest of a new subject": Case(
        40401, ("POST", "/compatibility/subjects/s/versions/latest", INT)
    ),
    "level of its own to reset": Case(40401, ("DELETE", "/config/s", None), (REGISTERED,)),
    "mode of its own to reset": Case(40401, ("DELETE", "/mode/s", None), (REGISTERED,)),
    "version": Case(
        40402, ("GET", "/subjects/s/versions/2", None), (REGISTERED,), "Version 2 not found."
    ),
    "version to delete": Case(40402, ("DELETE", "/subjects/s/versions/2", None), (REGISTERED,)),
    "version's references": Case(
        40402, ("GET", "/subjects/s/versions/2/referencedby", None), (REGISTERED,)
    ),
    "version to be compatible with": Case(
        40402, ("POST", "/compatibility/subjects/s/versions/2", INT), (REGISTERED,)
    ),
    "id": Case(40403, ("GET", "/schemas/ids/7", None), (), "Schema 7 not found"),
    "id's subjects": Case(40403, ("GET", "/schemas/ids/7/subjects", None)),
    "id's versions": Case(40403, ("GET", "/schemas/ids/7/versions", None)),
    "schema in a look-up": Case(
        40403, ("POST", "/subjects/s", STRING), (REGISTERED,), "Schema not found"
    ),
    "subject soft-deleted twice": Case(40404, SOFT_DELETED, (REGISTERED, SOFT_DELETED)),
    "live subject deleted for good": Case(
        40405, ("DELETE", "/subjects/s?permanent=true", None), (REGISTERED,)
    ),
    "version soft-deleted twice": Case(
        40406, ("DELETE", "/subjects/s/versions/1", None), (REGISTERED, SOFT_DELETED)
    ),
    "live version deleted for good": Case(
        40407, ("DELETE", "/subjects/s/versions/1?permanent=true", None), (REGISTERED,)
    ),
    "level of a subject": Case(40408, ("GET", "/config/s", None), (REGISTERED,)),
    "mode of a subject": Case(40409, ("GET", "/mode/s", None), (REGISTERED,)),
    "incompatible": Case(
        409,
        ("POST", "/subjects/s/versions", STRING),
        (REGISTERED,),
        'Schema being registered is incompatible with an earlier schema for subject "s", details: '
        "[{errorType:'TYPE_MISMATCH', description:'The type (path '/') of a field in the new "
        "schema does not match with the old schema', additionalInfo:'reader type: STRING not "
        "compatible with writer type: INT'}, {oldSchemaVersion: 1}, {oldSchema: '\"int\"'}, "
        "{compatibility: 'BACKWARD'}]",
    ),
    "invalid schema": Case(422, ("POST", "/subjects/s/versions", {"schema": '"nope"'})),
    "schema that is no JSON": Case(422, ("POST", "/subjects/s/versions", {"schema": "int"})),
    "schema too deep to read": Case(
        422, ("POST", "/subjects/s/versions", {"schema": "[" * 100_000})
    ),
    "schema that has no encoding": Case(
        422, ("POST", "/subjects/s/versions", {"schema": '{"type": "int", "doc": "\ud800"}'})
    ),
    "invalid schema in a look-up": Case(
        500,
        ("POST", "/subjects/s", {"schema": '"nope"'}),
        (REGISTERED,),
        "Error while looking up schema under subject s",
    ),
    "bad body in a look-up": Case(500, ("POST", "/subjects/s", {"x": 1}), (REGISTERED,)),
    "invalid candidate": Case(
        422, ("POST", "/compatibility/subjects/s/versions/1", {"schema": '"nope"'}), (REGISTERED,)
    ),
    "unknown key": Case(422, ("POST", "/subjects/s/versions", {**INT, "topic": "s"})),
    "tags": Case(422, ("POST", "/subjects/s/versions", {**INT, "metadata": {"tags": {}}})),
    "property that is a list": Case(
        422, ("POST", "/subjects/s/versions", {**INT, "metadata": {"properties": {"a": []}}})
    ),
    "rules": Case(422, ("POST", "/subjects/s/versions", {**INT, "ruleSet": {}})),
    "id too large": Case(422, ("POST", "/subjects/s/versions", {**INT, "id": 2**31})),
    "unknown key in a reference": Case(
        422,
        ("POST", "/subjects/s/versions", {**INT, "references": [{"name": "B", "topic": "b"}]}),
    ),
    "unknown key of a level": Case(422, ("PUT", "/config", {"compatibilityLevel": "FULL"})),
    "unknown key of a mode": Case(422, ("PUT", "/mode", {"mode": "IMPORT", "x": 1})),
    "body that is no object": Case(422, ("POST", "/subjects/s/versions", [])),
    "schema type": Case(422, ("POST", "/subjects/s/versions", {**INT, "schemaType": "JSON"})),
    "unknown schema type": Case(422, ("POST", "/subjects/s/versions", {**INT, "schemaType": "X"})),
    "empty schema": Case(
        42201, ("POST", "/subjects/s/versions", {"schema": ""}), (), "Empty schema"
    ),
    "no schema": Case(42201, ("POST", "/subjects/s/versions", {})),
    "missing reference": Case(42201, ("POST", "/subjects/s/versions", MISSING_REFERENCE)),
    "soft-deleted reference": Case(
        42201,
        ("POST", "/subjects/user/versions", USER),
        (REFERENCED[0], ("DELETE", "/subjects/base/versions/1", None)),
    ),
    "version zero": Case(42202, ("GET", "/subjects/s/versions/0", None), (REGISTERED,)),
    "version too large": Case(42202, ("GET", f"/subjects/s/versions/{2**31}", None), (REGISTERED,)),
    "version that is a word": Case(42202, ("GET", "/subjects/s/versions/first", None)),
    "minus one to delete": Case(42202, ("DELETE", "/subjects/s/versions/-1", None), (REGISTERED,)),
    "level": Case(42203, ("PUT", "/config", {"compatibility": "SOME"}), (), BAD_LEVEL),
    "level in small letters": Case(42203, ("PUT", "/config/s", {"compatibility": "full"})),
    "mode": Case(42204, ("PUT", "/mode", {"mode": "WRITEONLY"})),
    "read-only: register": Case(42205, REGISTERED, (READ_ONLY,)),
    "read-only: delete": Case(42205, SOFT_DELETED, (REGISTERED, READ_ONLY)),
    "read-only: level": Case(42205, ("PUT", "/config", {"compatibility": "FULL"}), (READ_ONLY,)),
    "an id outside import": Case(42205, ("POST", "/subjects/s/versions", {**INT, "id": 5})),
    "no id inside import": Case(42205, REGISTERED, (IMPORT,)),
    "import into what is not empty": Case(42205, IMPORT, (REGISTERED,)),
    "import into what is soft-deleted": Case(42205, IMPORT, (REGISTERED, SOFT_DELETED)),
    "another id of a known schema": Case(
        42205, ("POST", "/subjects/s/versions", {**INT, "id": 6}), (REGISTERED,)
    ),
    "another schema of an id": Case(
        42205,
        ("POST", "/subjects/s/versions", {**STRING, "id": 5}),
        (IMPORT, ("POST", "/subjects/s/versions", {**INT, "id": 5})),
    ),
    "default context": Case(42205, ("DELETE", "/contexts/:.:", None)),
    "a gap in the versions": Case(42201, ("POST", "/subjects/s/versions", {**INT, "version": 2})),
    "imported over a referenced version": Case(
        42206,
        ("POST", "/subjects/base/versions", {**INT, "id": 9, "version": 1}),
        (*REFERENCED, ("PUT", "/mode/base?force=true", {"mode": "IMPORT"})),
    ),
    "referenced version": Case(42206, ("DELETE", "/subjects/base/versions/1", None), REFERENCED),
    "referenced subject": Case(42206, ("DELETE", "/subjects/base", None), REFERENCED),
    "reserved subject": Case(42208, ("POST", "/subjects/__GLOBAL/versions", INT)),
    "subject in the global context": Case(42208, ("POST", "/subjects/:.__GLOBAL:s/versions", INT)),
    "context as a subject": Case(42208, ("GET", "/subjects/:.c:/versions", None)),
    "reserved subject's level": Case(42208, ("GET", "/config/:.c:__EMPTY", None)),
    "context that is not empty": Case(
        42211,
        ("DELETE", "/contexts/.c", None),
        (("POST", "/subjects/:.c:s/versions", INT), ("DELETE", "/subjects/:.c:s", None)),
    ),
    "resolved": Case(501, ("GET", "/schemas/ids/1?format=resolved", None), (REGISTERED,)),
    "colon in a context": Case(40002, ("GET", "/contexts/.a:b/subjects", None)),
    "colon in a context to delete": Case(40002, ("DELETE", "/contexts/.a:b", None)),
    "level of an unknown subject": Case(40408, ("GET", "/config/s?defaultToGlobal=true", None)),
    "level of another context": Case(40408, ("GET", "/config/:.c:", None)),
    "id that is a word": Case(40002, ("GET", "/schemas/ids/one", None)),
    "control character": Case(40002, ("GET", "/subjects/a%0Ab/versions", None)),
}


@pytest.fixture
def http() -> Iterator[Http]:
    """A client of a registry of its own."""
    with RegistryServer() as server, Http(server.url) as http:
        yield http


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_refusal_has_its_code_status_and_shape(http: Http, case: Case) -> None:
    """A refused request answers {"error_code", "message"} with the status that the code implies."""
    for step in case.before:
        assert http(*step).status == 200, step
    reply = http(*case.request)
    assert reply.body.keys() == {"error_code", "message"}
    assert (reply.status, reply.body["error_code"]) == (
        case.code if case.code < 600 else case.code // 100,
        case.code,
    ), reply
    if case.message is not None:
        assert reply.body["message"] == case.message
    assert ErrorCode(case.code).http_status == reply.status


def test_the_table_is_whole() -> None:
    """Each code that the embedded registry can give stands in the table above."""
    given = {case.code for case in CASES.values()}
    assert given >= {*range(40401, 40410), *range(42201, 42207), 42208, 42211, 409, 422, 501}


def test_the_documentation_lists_the_codes() -> None:
    """The page's table has the codes of the table above and those of the transport and the disk."""
    page = Path(__file__).parents[2] / "docs" / "registry-server.md"
    table = page.read_text(encoding="utf-8").partition("## Error codes")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    documented = {int(code) for cell in cells for code in cell.split(", ")}
    assert documented == {case.code for case in CASES.values()} | {406, 415, 50001}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/associations/resources/r"),
        ("DELETE", "/config"),
        ("DELETE", "/mode"),
        ("POST", "/compatibility/subjects/s/versions"),
        ("GET", "/schemas/guids/x"),
        ("GET", "/subjects/s/metadata"),
        ("GET", "/nowhere/"),
        ("GET", "/contexts/.c/nowhere"),
        ("GET", "/subjects//versions"),
        ("GET", "/streamcontract/topics"),
    ],
)
def test_what_redpanda_lacks_is_an_unknown_route(http: Http, method: str, path: str) -> None:
    """Routes that only Confluent's registry has answer 404 without an error code."""
    reply = http(method, path, {} if method == "POST" else None)
    assert (reply.status, reply.body) == (404, {"message": "Not found", "code": 404})
