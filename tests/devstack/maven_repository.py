"""A Maven repository on loopback, which can be made to fail in the ways that networks do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import attrs

from streamcontract.devstack.kafka.download import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@attrs.define
class Repository:
    """What is served, how, and what was asked for.

    Attributes:
        files: The content of each path.
        url: Where it is.
        cut_after: How many bytes of a body are sent before the connection breaks; None for all.
        ranges: Whether it answers ranges, as not every server does.
        requests: Path and first byte of every request so far.
    """

    files: dict[str, bytes]
    url: str = ""
    cut_after: int | None = None
    ranges: bool = True
    requests: list[tuple[str, int]] = attrs.Factory(list)


@contextlib.contextmanager
def repository(files: Mapping[str, bytes]) -> Iterator[Repository]:
    """Serve files until the block ends."""
    served = Repository(dict(files))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))
            assert asked is not None
            path, start = self.path.lstrip("/"), int(asked[1])
            served.requests.append((path, start))
            if path not in served.files:
                self.send_error(404)
                return
            is_part = served.ranges and start > 0
            body = served.files[path][start if is_part else 0 :]
            self.send_response(206 if is_part else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: served.cut_after])
            if served.cut_after is not None and served.cut_after < len(body):
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Nothing: the tests look at ``requests``."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def write_project(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A POM with the list of the files that it copies."""
    artifacts = [
        Artifact(path, len(content), hashlib.sha256(content).hexdigest())
        for path, content in files.items()
    ]
    rows = [attrs.asdict(artifact) for artifact in artifacts]
    (folder / "program.artifacts.json").write_text(json.dumps(rows))
    pom = folder / "program.pom.xml"
    pom.write_text("<project/>")
    return pom
