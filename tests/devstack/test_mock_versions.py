"""Requests that the mock cluster misreads in their newer versions: it does not offer those."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Final

import pytest

from streamcontract.devstack import EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 30.0
API_VERSIONS: Final = 18

# https://kafka.apache.org/protocol#protocol_messages: the first version with the flexible encoding,
# and the first in which a member leaves a group with a list.
FIRST_MISREAD: Final = {"JoinGroup": (11, 6), "LeaveGroup": (13, 3), "SyncGroup": (14, 4)}


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    """A broker of this test's own."""
    with EmbeddedBroker() as broker:
        yield broker


def ask(broker: EmbeddedBroker, api_key: int, version: int, body: bytes = b"") -> bytes:
    """Send a request of the inflexible encoding; the answer, or nothing where there is none."""
    host, _, port = broker.bootstrap_servers.rpartition(":")
    request = struct.pack(">hhih", api_key, version, 7, 1) + b"c" + body
    with (
        socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection,
        connection.makefile("rb") as answers,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = answers.read(4)
        if size:
            return answers.read(struct.unpack(">i", size)[0])
    return b""


def offered(broker: EmbeddedBroker) -> dict[int, int]:
    """The newest version of each request that the broker says it takes."""
    answer = ask(broker, API_VERSIONS, 0)
    _, error, count = struct.unpack_from(">ihi", answer)
    assert error == 0
    rows = struct.iter_unpack(">hhh", answer[10 : 10 + 6 * count])
    return {api_key: newest for api_key, _, newest in rows}


@pytest.mark.parametrize(("api_key", "misread"), FIRST_MISREAD.values(), ids=FIRST_MISREAD)
def test_it_is_not_offered(broker: EmbeddedBroker, api_key: int, misread: int) -> None:
    """A client that asks first uses an older version."""
    assert 0 <= offered(broker)[api_key] < misread


@pytest.mark.parametrize(("api_key", "misread"), FIRST_MISREAD.values(), ids=FIRST_MISREAD)
def test_it_is_not_read(broker: EmbeddedBroker, api_key: int, misread: int) -> None:
    """A client that does not ask is cut off before its bytes are read, and the broker runs on."""
    assert ask(broker, api_key, misread, bytes(range(1, 60))) == b""
    assert api_key in offered(broker)
