"""Redpanda's own expectations of 2026, from the folder beside this repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import attrs
import requests
from tests.schema.conformance import FOLDER

from streamcontract.registry.protocol import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = FOLDER / "redpanda_2026.json"

KEYS = {
    "version": "version",
    "version 0 means next": "version",
    "deleted False": "deleted",
    "message": "message",
    "msg": "message",
    "set": "mode",
    "context level applies": "compatibilityLevel",
    "id in a context": "schema",
    "schemaType AVRO": "schemaType",
    "lookup schemaType": "schemaType",
    "compat": "is_compatible",
    "is_compatible": "is_compatible",
}
"""The key of an answer that an expectation is about, where its value does not show it."""


@attrs.frozen
class Checked:
    """One expectation and what was answered."""

    request: str
    what: str
    expected: Any
    found: Any


@attrs.frozen
class _Asked:
    method: str
    path: str
    answer: requests.Response

    @property
    def body(self) -> Any:
        return self.answer.json() if self.answer.content else None


def checked(url: str, scenario: dict[str, Any]) -> Iterator[Checked]:
    """Send the requests of a scenario in order, and read what each expectation is about."""
    asked: list[_Asked] = []
    with requests.Session() as session:
        session.trust_env = False
        for step in scenario["steps"]:
            asked.append(_Asked(step["method"], step["path"], _send(session, url, step)))
            for each in step.get("expect", ()):
                what, expected = each["what"], each["value"]
                request = f"{step['method']} {step['path']}"
                yield Checked(request, what, expected, _found(asked, what, expected))


def _send(session: requests.Session, url: str, step: dict[str, Any]) -> requests.Response:
    query = f"?{urlencode(step['query'])}" if step.get("query") else ""
    body = step.get("body")
    data = body if body is None or isinstance(body, str) else json.dumps(body)
    return session.request(
        step["method"],
        f"{url}{step['path']}{query}",
        data=None if data is None else data.encode(),
        headers={} if data is None else {"Content-Type": CONTENT_TYPE},
        timeout=10,
    )


def _found(asked: list[_Asked], what: str, expected: Any) -> Any:
    """What the last answer says of the thing that an expectation is about."""
    answer, body = asked[-1].answer, asked[-1].body
    match what, expected:
        case "body", _:
            return answer.text
        case "content-type", _:
            return answer.headers["Content-Type"]
        case "versions -> ids", _:
            return _ids_by_version(asked)
        case "code", _:
            return body["error_code"]
        case _, [int(status), second] if status >= 200:
            return [answer.status_code, _second(answer, body, what, second)]
        case _, dict():
            return body["metadata"]["properties"]
        case _, int() if not isinstance(expected, bool) and expected >= 200:
            return answer.status_code
        case _, list():
            return body
    return body[KEYS.get(what, "id")] if isinstance(body, dict) else body


def _second(answer: requests.Response, body: Any, what: str, expected: Any) -> Any:
    """What comes with the status: an error's code, an id, a mode, a list or a text."""
    if answer.status_code != 200:
        return body["error_code"]
    if isinstance(expected, str) and what not in KEYS:
        return answer.text
    return body if isinstance(expected, list) else body[KEYS.get(what, "id")]


def _ids_by_version(asked: list[_Asked]) -> dict[str, int]:
    """The id of each version that the subject lists."""
    prefix = asked[-1].path.rpartition("/")[0]
    read = [each for each in asked if each.method == "GET" and each.path.startswith(prefix)]
    (listed,) = (each.body for each in read if each.path == prefix)
    base = read[-1].answer.url.rpartition("/")[0]
    return {
        str(number): requests.get(f"{base}/{number}", timeout=10).json()["id"] for number in listed
    }
