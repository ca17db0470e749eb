"""Guards of clients in forked processes: a client belongs to the process that created it.

A fork copies a client's memory and none of librdkafka's threads: messages of the child are never
sent, and waiting for them never ends ("Note: rd_kafka_new() ... fork()" in librdkafka's
INTRODUCTION.md). The sockets are shared, so a child that destroys the copy may hang, or corrupt the
parent's connections.
"""

from __future__ import annotations

import ctypes
import functools
import os
import weakref
from typing import TYPE_CHECKING, Any, Final, NoReturn

from streamcontract.kafka.errors import ForkedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ForkGuard", "begin", "keep_from_child", "weakly_referable"]

_SPECIAL: Final = frozenset({"__aenter__", "__anext__", "__enter__", "__next__"})

_clients: weakref.WeakSet[Any] = weakref.WeakSet()
_guards: weakref.WeakSet[ForkGuard] = weakref.WeakSet()


class ForkGuard:
    """Checks whether a client belongs to another process, from which this one was forked.

    Args:
        shown: The client in words, for the error, such as ``"producer for topic 'stocks'"``.
        on_fork: A bound method of the client's owner, called in the child: it has to make every
        call run :meth:`check`. It does not keep the owner alive.
        owner: The client's owner, if all its calls have to be refused in the child. It has to have
        this guard as ``_guard``; it is not kept alive either.

    Example:
        >>> guard = ForkGuard("producer for topic 'stocks'")
        >>> guard.is_foreign
        False
        >>> guard.check()
    """

    def __init__(
        self,
        shown: str,
        on_fork: Callable[[], None] | None = None,
        *,
        owner: object | None = None,
    ) -> None:
        self.is_foreign = False
        self._shown = shown
        self._process = os.getpid()
        self._on_fork = None if on_fork is None else weakref.WeakMethod(on_fork)
        self._owner = None if owner is None else weakref.ref(owner)
        _guards.add(self)

    def check(self) -> None:
        """Return in the process that created the client.

        Raises:
            ForkedError: This is another one.
        """
        if self.is_foreign:
            raise ForkedError(self._shown, self._process)

    def leave(self) -> None:
        """Mark the client as the parent's, in the child."""
        self.is_foreign = True
        on_fork = self._on_fork and self._on_fork()
        if on_fork is not None:
            on_fork()
        owner: Any = self._owner and self._owner()
        if owner is not None:
            kind: Any = type(owner)
            owner.__class__ = _refusing(kind)
            if hasattr(owner, "_delivery"):  # the iterators of a consumer use it too
                owner._delivery.require_open = self.check  # noqa: SLF001 - see above


def keep_from_child(client: Any) -> None:
    """Keep a forked child from destroying this client of confluent_kafka."""
    _clients.add(client)


@functools.cache
def _refusing(kind: type[Any]) -> type[Any]:
    """A client's class in a forked child: each call is refused, and the client is not destroyed."""

    def refuse(self: Any, *_: object, **__: object) -> NoReturn:
        self._guard.check()
        raise AssertionError("only in a child is an object of this class")

    def leave(self: Any, error_type: object, *_: object) -> None:
        if error_type is None:  # else the exception of the block takes precedence
            self._guard.check()

    async def leave_async(self: Any, *error: object) -> None:
        leave(self, *error)

    calls = {name for name in dir(kind) if not name.startswith("_")} | _SPECIAL
    body: dict[str, Any] = {name: refuse for name in calls if callable(getattr(kind, name, None))}
    body.update({"__exit__": leave, "__aexit__": leave_async, "__del__": lambda _: None})
    return type(kind.__name__, (kind,), body)


@functools.cache
def weakly_referable(kind: type[Any]) -> type[Any]:
    """A class of confluent_kafka, or a subclass of it with weak references."""
    return kind if getattr(kind, "__weakrefoffset__", 1) else type(kind.__name__, (kind,), {})


def _in_child() -> None:
    for client in list(_clients):
        # A reference that is never released, so that not even the end of the interpreter destroys
        # it.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(client))
    for guard in list(_guards):
        guard.leave()


@functools.cache
def begin() -> None:
    """Register the fork hook; hooks that are registered afterwards run later in a child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)


begin()
