"""The threads of this process, to see that none is left behind."""

from __future__ import annotations

import threading

__all__ = ["own_threads"]


def own_threads() -> set[threading.Thread]:
    """Those that Python started; librdkafka's own appear as dummies once they log something."""
    dummy = threading._DummyThread  # it is public by no other name
    return {thread for thread in threading.enumerate() if not isinstance(thread, dummy)}
