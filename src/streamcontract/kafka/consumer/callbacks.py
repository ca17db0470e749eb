"""Callbacks of the application for assigned, revoked and lost partitions."""

from __future__ import annotations

import inspect
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from streamcontract.errors import ClientError
from streamcontract.guards import call_back
from streamcontract.kafka.connection.waits import is_called_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from streamcontract.kafka.consumer.partition import Key
    from streamcontract.kafka.consumer.topics import Topics

__all__ = ["Callbacks"]

_log = logging.getLogger("streamcontract.kafka")


class Callbacks:
    """Calls the application's callbacks, and keeps their errors until librdkafka has returned.

    librdkafka calls them inside a call for messages, which loses its messages if a callback raises;
    and one call may run several callbacks, of which confluent_kafka raises one error at most. So
    errors are kept, and raised at the end of the call. A BaseException such as KeyboardInterrupt is
    not kept: it ends the call.

    Args:
        topics: The topics.
        on_assign: Called with the consumer and the new partitions.
        on_revoke: Called with the revoked partitions, which are removed when it returns.
        on_lost: Called with partitions that others own already; if left out, ``on_revoke`` is
        called.

    Attributes:
        consumer: The consumer for the application.
    """

    def __init__(
        self,
        topics: Topics,
        on_assign: Callable[[Any, tuple[Any, ...]], object] | None,
        on_revoke: Callable[[Any, tuple[Any, ...]], object] | None,
        on_lost: Callable[[Any, tuple[Any, ...]], object] | None,
    ) -> None:
        given = {"on_assign": on_assign, "on_revoke": on_revoke, "on_lost": on_lost}
        for name, callback in given.items():
            if callback is not None:
                call_back(callback, name, "(consumer, partitions)")
        self._topics = topics
        self._on_assign = on_assign
        self._on_revoke = on_revoke
        self._on_lost = on_lost or on_revoke
        self._errors: deque[Exception] = deque()
        self._frame: FrameType | None = None
        self.consumer: Any = None

    def __bool__(self) -> bool:
        """Whether there is any callback."""
        return any((self._on_assign, self._on_revoke, self._on_lost))

    @property
    def is_calling(self) -> bool:
        """Whether this is called inside a callback."""
        called = self._frame
        return called is not None and is_called_by(lambda frame: frame is called)

    def assigned(self, keys: Iterable[Key]) -> None:
        """Report assigned partitions."""
        self._call(self._on_assign, keys)

    def revoked(self, keys: Iterable[Key]) -> None:
        """Report partitions before they are revoked, which can still be committed."""
        self._call(self._on_revoke, keys)

    def lost(self, keys: Iterable[Key]) -> None:
        """Report lost partitions, which cannot be committed any more."""
        self._call(self._on_lost, keys)

    def _call(
        self, callback: Callable[[Any, tuple[Any, ...]], object] | None, keys: Iterable[Key]
    ) -> None:
        if callback is None:
            return
        self._frame = inspect.currentframe()
        try:
            callback(self.consumer, self._topics.names_of(keys))
        except Exception as error:  # noqa: BLE001 - raised when librdkafka has returned
            self._errors.append(error)
        finally:
            self._frame = None

    def forbid(self, call: str) -> None:
        """Refuse a call that a callback must not make.

        Raises:
            ClientError: A callback makes it.
        """
        if self.is_calling:
            raise ClientError(
                f"topic {self._topics.label!r}: {call} was called inside on_assign, "
                f"on_revoke or on_lost, which are called in the middle of such a call: only "
                f"commit, committed, positions, assignment, seek, pause and resume are for "
                f"callbacks"
            )

    def raise_first(self, *, and_log: bool = False) -> None:
        """Raise the error of a callback.

        Args:
            and_log: Log the errors after the first, which the next calls would raise otherwise.

        Raises:
            Exception: The first error that was not raised yet.
        """
        if not self._errors:
            return
        first = self._errors.popleft()
        while and_log and self._errors:
            _log.error(
                "topic %r: raised by a rebalance callback: %r",
                self._topics.label,
                self._errors.popleft(),
                extra={"topic": self._topics.label},
            )
        raise first
