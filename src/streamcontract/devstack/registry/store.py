"""Store of the registry's state, in memory and, if given, in a file."""

from __future__ import annotations

import sys
import threading
from typing import IO, TYPE_CHECKING, TypeVar

from streamcontract.devstack.registry.journal import Journal
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import State
from streamcontract.errors import StackError
from streamcontract.registry.protocol import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["Store"]

_T = TypeVar("_T")


class Store:
    """Has the current :class:`State`; changes are serialized.

    Args:
        path: The state file; the first change creates it. None keeps everything in memory.
        has_contexts: Whether ``:.context:subject`` names a context.
        is_confluent: Whether to support the features that only Confluent's registry has.

    Raises:
        StackError: The file cannot be read, is not a state file, or another registry uses it.
    """

    def __init__(
        self, path: Path | None = None, *, has_contexts: bool = True, is_confluent: bool = False
    ) -> None:
        # One file has one lock beside it, also for links to it.
        path = None if path is None else path.resolve()
        self._path = path
        self._change = threading.Lock()
        self._guard = None if path is None else _lock(path)
        self._journal = None if path is None else Journal(path)
        try:
            self._state = self._read(State(has_contexts=has_contexts, is_confluent=is_confluent))
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> State:
        """The present state, which is immutable."""
        return self._state

    def apply(self, change: Callable[[State], tuple[State, _T]]) -> _T:
        """Make a change, on disk first, and return its answer.

        Raises:
            Refusal: The change was refused, or the state file could not be written (50001); the
            state is unchanged.
        """
        with self._change:
            state, answer = change(self._state)
            if state is not self._state:
                self._keep(state)
                self._state = state
            return answer

    def close(self) -> None:
        """Let another registry use the state file."""
        if self._guard is not None:
            self._guard.close()

    def _read(self, empty: State) -> State:
        if self._journal is None:
            return empty
        try:
            return self._journal.read(empty)
        except FileNotFoundError:
            return empty
        except (OSError, ValueError) as error:
            raise StackError(
                f"the registry's state file {self._path} cannot be read: {error}; restore it from "
                f"a copy, or move it away to start with an empty registry"
            ) from error

    def _keep(self, state: State) -> None:
        if self._journal is None:
            return
        try:
            self._journal.add(self._state, state)
        except OSError as error:
            raise Refusal(
                ErrorCode.STORE_ERROR, f"the state file {self._path} cannot be written: {error}"
            ) from error


def _lock(path: Path) -> IO[bytes]:
    """Keep other registries from the file; they would overwrite each other's changes.

    A file beside it is locked, because the state file itself is replaced at times. Windows has no
    such lock; there only the ports keep registries apart.
    """
    beside = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = beside.open("wb")
    except OSError as error:
        raise StackError(f"the registry's state file {path} cannot be used: {error}") from error
    if sys.platform != "win32":
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            guard.close()
            raise StackError(
                f"another registry uses the state file {path}: stop it, or give this one a file "
                f"of its own"
            ) from error
    return guard
