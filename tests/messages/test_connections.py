"""Connections of commands: several requests of one command go over the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streamcontract.kafka.connection.config import build_client

if TYPE_CHECKING:
    from tests.messages.conftest import Commands


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # One for where to begin, and two of the consumer: for its start, and for the ends.
        (("consume", "TOPIC", "--from", "-1"), 3),
        (("consume", "TOPIC", "--from", "-1", "--group", "TOPIC"), 3),
        (("topics", "describe", "TOPIC", "TOPIC", "--group", "a", "--group", "b"), 1),
        (("topics", "list"), 1),
        (("topics", "create", "TOPIC", "TOPIC-b", "TOPIC-c"), 1),
        (("topics", "delete", "TOPIC", "--dry-run"), 1),
        (("groups", "describe", "TOPIC-group", "TOPIC-group"), 1),
        (("groups", "reset", "TOPIC-group", "--to", "earliest", "--dry-run"), 1),
        (("groups", "reset", "new", "--to", "-1", "--topic", "TOPIC", "--yes"), 1),
        (("dlq", "list", "TOPIC", "TOPIC"), 1),
        (("doctor",), 1),
    ],
)
def test_a_command_keeps_its_connections(
    commands: Commands,
    sales: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    expected: int,
) -> None:
    """An AdminClient is made once, since to open and close it takes longer than a request."""
    commands.consume("--group", f"{commands.topic}-group")
    made: list[Any] = []

    def note(kind: Any, properties: Any) -> Any:
        made.append(kind)
        return build_client(kind, properties)

    monkeypatch.setattr("streamcontract.kafka.connection.cluster.build_client", note)
    given = [each.replace("TOPIC", commands.topic) for each in arguments]
    code, _, errors = commands.run(*given)
    assert (code, errors) == (0, "")
    assert len(made) == expected
