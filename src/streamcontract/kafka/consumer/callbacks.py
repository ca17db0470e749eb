"""Callbacks of the application for partitions that the group assigns, revokes or takes for lost."""

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
    """Calls the application, and keeps what it raises until librdkafka has returned.

    librdkafka calls back from within a call for messages, which destroys its messages if the
    callback raises, and several callbacks may follow each other in one call, of which
    confluent_kafka raises one error at most. So errors are kept, and raised when the call is over.
    What is no ``Exception``, such as Ctrl-C, is not kept: it breaks the call off.

    Args:
        topics: The topics that are read.
        on_assign: Called with the consumer and the partitions that are read from now on.
        on_revoke: Called with those that are not read any more once it returns.
        on_lost: Called with those that others have already; if left out, ``on_revoke`` is.

    Attributes:
        consumer: What the application gets as the consumer.
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
        """Whether there is any."""
        return any((self._on_assign, self._on_revoke, self._on_lost))

    @property
    def is_calling(self) -> bool:
        """Whether this is asked from within a callback."""
        called = self._frame
        return called is not None and is_called_by(lambda frame: frame is called)

    def assigned(self, keys: Iterable[Key]) -> None:
        """Partitions are read from now on."""
        self._call(self._on_assign, keys)

    def revoked(self, keys: Iterable[Key]) -> None:
        """Partitions are about to be left: what was worked on can be committed yet."""
        self._call(self._on_revoke, keys)

    def lost(self, keys: Iterable[Key]) -> None:
        """Partitions were left: nothing of them can be committed."""
        self._call(self._on_lost, keys)

    def _call(
        self, callback: Callable[[Any, tuple[Any, ...]], object] | None, keys: Iterable[Key]
    ) -> None:
        if callback is None:
            return
        self._frame = inspect.currentframe()
        try:
            callback(self.consumer, tuple(map(self._topics.name_of, sorted(keys))))
        except Exception as error:  # noqa: BLE001 - raised when librdkafka has returned
            self._errors.append(error)
        finally:
            self._frame = None

    def forbid(self, call: str) -> None:
        """Refuse a call that a callback must not make.

        Raises:
            ClientError: A callback is making it.
        """
        if self.is_calling:
            raise ClientError(
                f"topic {self._topics.label!r}: {call} was called from within on_assign, "
                f"on_revoke or on_lost, which are called in the middle of such a call: only "
                f"commit, committed, positions, assignment, seek, pause and resume are for "
                f"callbacks"
            )

    def raise_first(self, *, and_log: bool = False) -> None:
        """Raise what a callback has raised.

        Args:
            and_log: Log the errors after the first, which otherwise the next calls raise.

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
