"""Names of headers that are not UTF-8: ``Message.headers`` of confluent-kafka crashes on them.

The protocol has the name as a string of UTF-8, but brokers do not check it. On its first call
``headers`` returns a list with a null pointer and an exception, and on every later one that list
alone: iterating over it ends the process.
"""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import confluent_kafka

__all__ = ["UNREADABLE", "replace_unreadable_headers"]

UNREADABLE: Final = "(headers that cannot be read: a name is not UTF-8)"
"""The name of the one header that such a message has instead."""

# Not a plain call: CPython's specialized one does not look for the exception.
_headers: Final = methodcaller("headers")


def replace_unreadable_headers(raws: Iterable[confluent_kafka.Message]) -> None:
    """Replace the headers of messages that would end the process."""
    for raw in raws:
        try:
            _headers(raw)
        except (SystemError, UnicodeDecodeError):  # noqa: PERF203 - each message on its own
            raw.set_headers([(UNREADABLE, None)])
