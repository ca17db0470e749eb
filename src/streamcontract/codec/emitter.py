"""What the generators of reading and of skipping code share: positions, numbers, paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from streamcontract.codec.limits import Limits
from streamcontract.codec.refusal import REFUSALS, Located, refuse
from streamcontract.codec.source import Source
from streamcontract.codec.varint import rest_of_int, rest_of_long
from streamcontract.schema.model import UnionType

__all__ = ["MAX_LOOPS", "Emitter"]

MAX_LOOPS: Final = 2
"""Arrays and maps inside each other in one function; deeper ones get a function of their own.

Python allows 20 loops and tries inside each other, and 100 levels of indentation.
"""


def cut_off() -> None:
    """Refuse data that end before the value does."""
    raise IndexError


_GLOBALS: dict[str, Any] = {
    "Located": Located,
    "REFUSALS": REFUSALS,
    "cut_off": cut_off,
    "refuse": refuse,
    "rest_of_int": rest_of_int,
    "rest_of_long": rest_of_long,
}


class Emitter:
    """Writes code that moves ``pos`` through ``data`` up to ``end``, into one source.

    In the explaining form every step down the path catches a refusal and raises it
    :class:`Located`.
    """

    def __init__(self, source: Source, limits: Limits, *, explain: bool) -> None:
        self.source = source
        self._limits = limits
        self.source.namespace.update(_GLOBALS)
        self.explain = explain
        self.path = "path"
        self._loops = 0
        self.parameters = "data, pos, end, depth, budget" + (", path" if explain else "")
        # By identity; the object is kept with its function's name, so that its id stays its own.
        self._functions: dict[int, tuple[object, str]] = {}
        self._queue: list[Callable[[], None]] = []

    @contextmanager
    def at(self, piece: str) -> Iterator[None]:
        """What is written inside stands one step further down the path."""
        if not self.explain:
            yield
            return
        above, self.path = self.path, f"{self.path} + {piece}"
        with self.source.block("try:"):
            self.source.line("pass")
            yield
        with self.source.block("except REFUSALS as error:"):
            self.source.line(f"raise Located({self.path}, error)")
        self.path = above

    def function(self, what: object, prefix: str, write: Callable[[], None]) -> str:
        """The name of the function for an object; its body is written once, later."""
        known = self._functions.get(id(what))
        if known is not None:
            return known[1]
        name = self.source.fresh(prefix)
        self._functions[id(what)] = (what, name)

        def define() -> None:
            self.path, self._loops = "path", 0
            with self.source.block(f"def {name}({self.parameters}):"):
                write()

        self._queue.append(define)
        return name

    def call(self, name: str, *, deeper: bool = True) -> str:
        """A call of such a function for the data that come next."""
        depth = "depth + 1" if deeper else "depth"
        path = f", {self.path}" if self.explain else ""
        return f"{name}(data, pos, end, {depth}, budget{path})"

    @property
    def is_deep(self) -> bool:
        """Whether another array or map has to go into a function of its own."""
        return self._loops >= MAX_LOOPS

    @contextmanager
    def loop(self, head: str) -> Iterator[None]:
        """The loop over the blocks of an array or a map."""
        self._loops += 1
        with self.source.block(head):
            yield
        self._loops -= 1

    def finish(self) -> None:
        """Write every function that was asked for."""
        while self._queue:
            self._queue.pop()()

    def check_depth(self) -> None:
        """Refuse records nested too deep."""
        most = self._limits.depth
        expected = f"records nested at most {most} deep"
        self.source.line(f"if depth > {most}: refuse({expected!r}, depth)")

    def unsigned(self, x: str, kind: str = "long") -> None:
        """Read a number as it stands before zig-zag; ``kind`` is ``int`` or ``long``."""
        self.source.line(f"{x} = data[pos]")
        self.source.line("pos += 1")
        self.source.line(f"if {x} > 127: {x}, pos = rest_of_{kind}(data, pos, {x})")

    def size(self) -> str:
        """Read the length of a string or bytes; gives its expression."""
        n = self.source.fresh("n")
        self.unsigned(n)
        self.source.line(f"if {n} & 1: refuse('a size of 0 or more', ({n} >> 1) ^ -1)")
        return f"({n} >> 1)"

    def branch(self, union: UnionType, then: Callable[[int], None]) -> None:
        """Read the index of a union's branch and go where it says."""
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
