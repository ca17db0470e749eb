"""Guarded client of a typed consumer, without the calls that would bypass the typed one.

A consumer keeps the state of its partitions (positions, paused partitions, offsets to commit) by
making these calls itself. Direct calls on the client would be overwritten, or lose messages.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONSUMER_CALLS", "SHARE_CONSUMER_CALLS", "guarded", "unguarded"]

CONSUMER_CALLS: Final[Mapping[str, str]] = types.MappingProxyType(
    {
        "assign": "give partitions= and start= to the consumer, or call its seek()",
        "close": "call close() of the consumer",
        "commit": "call commit() of the consumer, which takes offsets= too",
        "consume": "call consume() of the consumer",
        "incremental_assign": "give partitions= and start= to the consumer, or call its seek()",
        "incremental_unassign": "call pause() of the consumer",
        "pause": "call pause() of the consumer",
        "poll": "call poll() of the consumer",
        "resume": "call resume() of the consumer",
        "seek": "call seek() of the consumer",
        "store_offsets": "call commit() of the consumer",
        "subscribe": "give topic=, group=, on_assign=, on_revoke= and on_lost= to the consumer",
        "unassign": "call pause() or close() of the consumer",
        "unsubscribe": "call close() of the consumer",
    }
)
"""Methods of ``confluent_kafka.Consumer``, with their replacements."""

SHARE_CONSUMER_CALLS: Final[Mapping[str, str]] = types.MappingProxyType(
    {
        "acknowledge": "call accept(), release() or reject() of the message",
        "acknowledge_offset": "call accept(), release() or reject() of the message",
        "close": "call close() of the consumer",
        "commit_async": "call commit() of the consumer",
        "commit_sync": "call commit() of the consumer",
        "poll": "call poll() of the consumer",
        "set_acknowledgement_commit_callback": "call commit() of the consumer, which raises",
        "subscribe": "give topic= to the consumer",
        "unsubscribe": "call close() of the consumer",
    }
)
"""The same for ``confluent_kafka.ShareConsumer``."""


def guarded(kind: type[Any], calls: Mapping[str, str]) -> type[Any]:
    """A subclass of a client's class that refuses some calls.

    Args:
        kind: The class.
        calls: The names of the methods, with their replacements.

    Example:
        >>> import confluent_kafka
        >>> client = guarded(confluent_kafka.Consumer, CONSUMER_CALLS)({"group.id": "g"})
        >>> client.pause.__doc__
        'Raises a ClientError: call pause() of the consumer.'
        >>> client.assignment()
        []
        >>> unguarded(client).close()
    """
    refused = {name: _refusal(name, instead) for name, instead in calls.items()}
    return types.new_class(kind.__name__, (kind,), {}, lambda body: body.update(refused))


def _refusal(name: str, instead: str) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise ClientError(f"client.{name}() bypasses the typed consumer: {instead}")

    refuse.__name__ = name
    refuse.__doc__ = f"Raises a ClientError: {instead}."
    return refuse


def unguarded(client: Any) -> Any:
    """A guarded client with all its calls, for the typed consumer itself."""
    return super(type(client), client)
