"""A bare HTTP client for the registry's tests: no retries, no typed errors, only what was said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import requests

from streamcontract.registry.protocol import CONTENT_TYPE

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


@attrs.frozen
class Reply:
    """Status and parsed body of an answer."""

    status: int
    body: Any


class Http:
    """Requests to one registry over one kept connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request, a body as JSON, and give the answer whatever its status."""
        data = None if body is None else json.dumps(body).encode()
        answer = self.session.request(
            method, self.url + path, data=data, headers={"Content-Type": CONTENT_TYPE}, timeout=10
        )
        return Reply(answer.status_code, answer.json() if answer.content else None)

    def register(self, subject: str, schema: object, **more: object) -> Any:
        """Register a schema given as parsed JSON and give its id; it has to work."""
        reply = self(
            "POST", f"/subjects/{subject}/versions", {"schema": json.dumps(schema), **more}
        )
        assert reply.status == 200, reply
        return reply.body["id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.session.close()


def record(*fields: str, name: str = "R", **defaults: object) -> dict[str, object]:
    """A record of int fields; keywords are further int fields with their defaults."""
    return {
        "type": "record",
        "name": name,
        "fields": [
            *({"name": field, "type": "int"} for field in fields),
            *(
                {"name": field, "type": "int", "default": default}
                for field, default in defaults.items()
            ),
        ],
    }
