"""Ctrl-C at one place of a run, chosen by its number: what the interrupt matrix is made of.

``sys.settrace`` shows every call, line and return of the library's own functions. An interrupt is
raised there, or right before or after a call of a client. CPython 3.11 and newer run a signal's
handler where a function begins, where a loop jumps back and where a call returns; each of these
comes right before one of the places above, or (a call in the middle of a line) is one with
``opcodes=True``.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
import sys
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import streamcontract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tests.kafka.scripted_broker import ScriptedBroker

__all__ = ["Interrupts", "Place", "checkpoints", "shown"]

Place = tuple[object, ...]
"""A place in the code: the code or a client's method, what happens there, and where."""

T = TypeVar("T")

_PACKAGE: Final = Path(streamcontract.__file__).parent
_TESTS: Final = str(Path(__file__).parent.parent)
_CHECKPOINTS: Final = frozenset({"RESUME", "JUMP_BACKWARD", "CALL", "CALL_FUNCTION_EX", "CALL_KW"})
_RETURNS: Final = frozenset({"RETURN_VALUE", "RETURN_CONST"})
_RAISES: Final = frozenset({"RAISE_VARARGS"})
_BEFORE_EXIT: Final = frozenset({"POP_BLOCK", "ROT_TWO", "SWAP"})


class Interrupts:
    """Raises ``KeyboardInterrupt`` at the places with some numbers.

    The numbers count the places of all calls that are made with :meth:`call`. A call goes on
    without a trace when it was interrupted, as CPython has it.

    Args:
        broker: The broker whose clients' calls are places too, if there is one.
        at: The numbers, in order.
        opcodes: Whether each return of a call in the middle of a line is a place.
        places: Gets each place that is met, if given.
        folder: The folder of the package whose functions are interrupted.

    Attributes:
        count: How many places were met.
        raised: Those at which an interrupt was raised.
    """

    def __init__(
        self,
        broker: ScriptedBroker | None,
        at: tuple[int, ...] = (),
        *,
        opcodes: bool = False,
        places: list[Place] | None = None,
        folder: str = "kafka",
    ) -> None:
        self._broker = broker
        self._folder = str(_PACKAGE / folder)
        self._counts = not at
        self._at = iter(at)
        self._next = next(self._at, -1)
        self._opcodes = opcodes
        self._places = places
        self.count = 0
        self.raised: list[Place] = []

    def call(self, function: Callable[[], T]) -> T:
        """Make a call of the library's, in which alone interrupts are raised."""
        if not self._counts and self._next < 0:
            return function()
        before = sys.gettrace()
        if self._broker is not None:
            self._broker.on_call = self.meet
        sys.settrace(self._on_event)
        try:
            return function()
        finally:
            sys.settrace(before)
            if self._broker is not None:
                self._broker.on_call = None

    def meet(self, *place: object) -> None:
        """Count a place, and raise an interrupt if it is its turn."""
        number, self.count = self.count, self.count + 1
        if self._places is not None:
            self._places.append(place)
        if number == self._next:
            self._next = next(self._at, -1)
            self.raised.append(place)
            raise KeyboardInterrupt

    def _on_event(self, frame: FrameType, event: str, _: object) -> Any:
        """The trace function of a new frame."""
        code = frame.f_code
        if not code.co_filename.startswith(self._folder):
            return None
        if self._opcodes:
            frame.f_trace_opcodes = True
        # A generator is also called to be closed, where CPython drops whatever is raised.
        if not code.co_flags & inspect.CO_GENERATOR:
            self.meet(code, event)
        return _FrameTrace(self, frame)


class _FrameTrace:
    """The trace function of one frame of the library."""

    __slots__ = ("_at", "_interrupts", "_is_public", "_is_unwinding")

    def __init__(self, interrupts: Interrupts, frame: FrameType) -> None:
        caller = frame.f_back
        self._interrupts = interrupts
        self._at = -1
        self._is_unwinding = False
        # What the application calls; the scripted client calls back into the library too.
        self._is_public = (
            caller is not None
            and caller.f_code.co_filename.startswith(_TESTS)
            and not caller.f_code.co_filename.endswith("scripted_client.py")
        )

    def __call__(self, frame: FrameType, event: str, _: object) -> _FrameTrace:
        code = frame.f_code
        if event == "line":
            if frame.f_lasti in exits_of_with(code):
                return self
            self._is_unwinding = False
            passed_over = cannot_be_interrupted(code, is_public=self._is_public)
            if frame.f_lineno not in passed_over:
                self._interrupts.meet(code, event, frame.f_lineno)
        elif event == "opcode":
            at, self._at = self._at, frame.f_lasti
            if at in checkpoints(code):
                self._interrupts.meet(code, event, at)
        elif event == "exception":
            # A call that raises runs no signal's handler any more.
            self._is_unwinding, self._at = True, -1
        # A frame that an exception leaves runs nothing more, nor does a public method, which
        # returns to the application.
        elif not (self._is_unwinding or self._is_public):
            self._interrupts.meet(code, event, frame.f_lineno)
        return self


def shown(place: Place) -> str:
    """A place as people read it."""
    of, *rest = place
    if isinstance(of, CodeType):
        path = Path(of.co_filename).relative_to(_PACKAGE)
        of = f"{path}:{of.co_name}"
    return " ".join(map(str, (of, *rest)))


@functools.cache
def checkpoints(code: CodeType) -> frozenset[int]:
    """The offsets of instructions after which CPython 3.11+ may run a signal's handler."""
    return frozenset(
        each.offset for each in dis.get_instructions(code) if _is_checkpoint(each.opname)
    )


def _is_checkpoint(name: str) -> bool:
    return name in _CHECKPOINTS or name.startswith(("CALL", "JUMP_BACKWARD"))


@functools.cache
def cannot_be_interrupted(code: CodeType, *, is_public: bool) -> frozenset[int]:
    """The lines on which no signal's handler can run, and that leave the library for good.

    Those that only raise, or in a public method only return.
    """
    leaves = _RAISES | _RETURNS if is_public else _RAISES
    lines: dict[int, list[str]] = {}
    for line, each in _instructions(code):
        lines.setdefault(line, []).append(each.opname)
    return frozenset(
        line
        for line, names in lines.items()
        if leaves.intersection(names) and not any(map(_is_checkpoint, names))
    )


@functools.cache
def exits_of_with(code: CodeType) -> frozenset[int]:
    """The offsets at which the end of a ``with`` block begins.

    They have a line of their own, at which a trace function is called and no signal's handler.
    """
    listed = [each for each in dis.get_instructions(code) if each.opname != "CACHE"]
    found = set()
    for number, each in enumerate(listed):
        names = [other.opname for other in listed[number : number + 2]]
        # With the value that is returned from within it kept below, if there is one.
        rest = itertools.dropwhile(lambda other: other.opname in _BEFORE_EXIT, listed[number:])
        nothing = [
            other.opname == "DUP_TOP" or (other.opname == "LOAD_CONST" and other.argval is None)
            for other in itertools.islice(rest, 3)
        ]
        is_raised = names[0] == "WITH_EXCEPT_START" or names == [
            "PUSH_EXC_INFO",
            "WITH_EXCEPT_START",
        ]
        if is_raised or nothing == [True] * 3:
            found.add(each.offset)
    return frozenset(found)


def _instructions(code: CodeType) -> Iterator[tuple[int, dis.Instruction]]:
    starts = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    for each in dis.get_instructions(code):
        line = starts.get(each.offset, line) or line
        yield line, each
