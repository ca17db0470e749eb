"""Consumer of a client whose brokers do not answer."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["SilentClient"]


class SilentClient:
    """Has no messages.

    Attributes:
        waits: Set once it is asked for a message.
        closed: How often it was closed, never while it waits.
    """

    def __init__(self) -> None:
        self.waits = threading.Event()
        self.closed = 0
        self._is_polled = False

    def assign(self, _: Any) -> None:
        """Nothing happens."""

    def list_topics(self, *_: Any) -> None:
        """Nothing happens."""

    def consume(self, *_: Any) -> list[Any]:
        """No messages."""
        return []

    def poll(self, _: float) -> None:
        """No message, after a short slice."""
        self._is_polled = True
        self.waits.set()
        threading.Event().wait(0.01)
        self._is_polled = False

    def close(self) -> None:
        """Count it."""
        assert not self._is_polled
        self.closed += 1
