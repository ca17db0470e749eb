"""Emitter of generated code: functions, loops, paths, and common parts of reading and skipping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from streamcontract.codec.limits import Limits
from streamcontract.codec.refusal import REFUSALS, Located, refuse
from streamcontract.codec.source import GeneratedCode
from streamcontract.codec.varint import rest_of_int, rest_of_long
from streamcontract.schema.model import UnionType

__all__ = ["DataEmitter", "Emitter"]

_MAX_LOOPS: Final = 2
"""The most arrays and maps inside each other in one function; deeper ones get their own function.

Python allows 20 loops and tries inside each other, and 100 levels of indentation.
"""


class Emitter:
    """Writes functions into one source: each once, however many calls it has.

    In the explaining form each of them takes the path to its value, and every step down the path
    catches a refusal.

    Args:
        source: The source.
        head: The first arguments of each function, such as the value to write.
        caught: The statement of the explaining form for a refusal, ``error``, at ``{path}``.
        carried: The arguments of the explaining form after the path, such as ``", faults"``.
        explain: Whether this is the explaining form.

    Attributes:
        source: The source.
        explain: Whether this is the explaining form.
        path: The expression of the path to the present value.
    """

    def __init__(
        self, source: GeneratedCode, *, head: str, caught: str, carried: str = "", explain: bool
    ) -> None:
        self.source = source
        self.source.namespace.update(REFUSALS=REFUSALS, refuse=refuse)
        self.explain = explain
        self.path = "path"
        self._head = head
        self._caught = caught
        self._carried = carried
        self._loops = 0
        # By identity; the object is kept with its function's name, so that its id is not reused.
        self._functions: dict[int, tuple[object, str]] = {}
        self._queue: list[Callable[[], None]] = []

    @contextmanager
    def at(self, piece: str = "") -> Iterator[None]:
        """Code written inside is one step further down the path, if there is a piece."""
        if not self.explain:
            yield
            return
        above, self.path = self.path, f"{self.path} + {piece}" if piece else self.path
        with self.source.block("try:"):
            self.source.line("pass")
            yield
        with self.source.block("except REFUSALS as error:"):
            self.source.line(self._caught.format(path=self.path))
        self.path = above

    def function(self, what: object, prefix: str, write: Callable[[], None]) -> str:
        """The name of the function for an object; its body is written once, later."""
        known = self._functions.get(id(what))
        if known is not None:
            return known[1]
        name = self.source.fresh(prefix)
        self._functions[id(what)] = (what, name)
        self._queue.append(lambda: self.define(name, write))
        return name

    def define(self, name: str, write: Callable[[], None]) -> None:
        """Write a function."""
        self.path, self._loops = "path", 0
        with self.source.block(f"def {name}({self._arguments(self._head, 'depth')}):"):
            write()

    def call(self, name: str, head: str | None = None, *, deeper: bool = True) -> str:
        """A call of such a function.

        Args:
            name: The function's name.
            head: Its first arguments, if they have other names here.
            deeper: Whether it goes into a record.
        """
        return f"{name}({self._arguments(head or self._head, 'depth + 1' if deeper else 'depth')})"

    def _arguments(self, head: str, depth: str) -> str:
        explaining = f", {self.path}{self._carried}" if self.explain else ""
        return f"{head}, {depth}, budget{explaining}"

    @property
    def is_deep(self) -> bool:
        """Whether another array or map needs a function of its own."""
        return self._loops >= _MAX_LOOPS

    @contextmanager
    def loop(self, head: str) -> Iterator[None]:
        """The loop over the blocks of an array or a map."""
        self._loops += 1
        with self.source.block(head):
            yield
        self._loops -= 1

    def finish(self) -> None:
        """Write every function that was requested."""
        while self._queue:
            self._queue.pop()()


def cut_off() -> None:
    """Refuse data that end before the value does."""
    raise IndexError


_GLOBALS: dict[str, Any] = {
    "Located": Located,
    "cut_off": cut_off,
    "rest_of_int": rest_of_int,
    "rest_of_long": rest_of_long,
}


class DataEmitter(Emitter):
    """Writes code that moves ``pos`` through ``data`` up to ``end``.

    In the explaining form a refusal is raised :class:`Located`.
    """

    def __init__(self, source: GeneratedCode, limits: Limits, *, explain: bool) -> None:
        super().__init__(
            source,
            head="data, pos, end",
            caught="raise Located({path}, error)",
            explain=explain,
        )
        self._limits = limits
        self.source.namespace.update(_GLOBALS)

    def check_depth(self) -> None:
        """Refuse records nested too deep."""
        most = self._limits.depth
        expected = f"records nested at most {most} deep"
        self.source.line(f"if depth > {most}: refuse({expected!r}, depth)")

    def unsigned(self, x: str, kind: str = "long") -> None:
        """Read a number without undoing zig-zag; ``kind`` is ``int`` or ``long``."""
        self.source.line(f"{x} = data[pos]")
        self.source.line("pos += 1")
        self.source.line(f"if {x} > 127: {x}, pos = rest_of_{kind}(data, pos, {x})")

    def size(self) -> str:
        """Read the length of a string or bytes; return its expression."""
        n = self.source.fresh("n")
        self.unsigned(n)
        self.source.line(f"if {n} & 1: refuse('a size of 0 or more', ({n} >> 1) ^ -1)")
        return f"({n} >> 1)"

    def branch(self, union: UnionType, then: Callable[[int], None]) -> None:
        """Read the index of a union's branch and select the code of that branch."""
        index = self.source.fresh("i")
        self.unsigned(index, "int")
        last = len(union.branches) - 1
        for i in range(last + 1):
            # Zig-zag makes index i the number 2i, so there is nothing to undo.
            with self.source.block(f"{'el' if i else ''}if {index} == {2 * i}:"):
                self.source.line("pass")
                then(i)
        expected = f"the index of a branch, 0 to {last}" if last >= 0 else "no data: no branches"
        with self.source.block("else:" if last >= 0 else "if True:"):
            self.source.line(f"refuse({expected!r}, ({index} >> 1) ^ -({index} & 1))")
