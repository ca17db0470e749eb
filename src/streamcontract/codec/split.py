"""Splitter of encoded values that follow each other, as in a block of a container file.

Each value is skipped as a field is that a reader does not have: its counts and sizes are checked
against the remaining bytes, and nothing is built from it but its own bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamcontract.codec.emitter import DataEmitter
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits
from streamcontract.codec.skip import Skipper
from streamcontract.codec.source import GeneratedCode
from streamcontract.schema.model import RecordType
from streamcontract.schema.sizes import is_empty

if TYPE_CHECKING:
    from streamcontract.schema.model import AvroType

__all__ = ["Split", "compile_splitter"]

Split = Callable[[bytes, int, int, list[bytes]], int]
"""Appends the bytes of each of a number of values, from an offset on, to an empty list.

It gives the offset of their end. Where the data are not as many values, it raises one of
``REFUSALS``; the list then has the values before the fault. The caller bounds the number, since a
value may take no bytes.
"""


def compile_splitter(root: AvroType, limits: Limits = DEFAULT_LIMITS) -> Split:
    r"""Make the function that divides encoded values of a type.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> found: list[bytes] = []
        >>> compile_splitter(parse_schema("string").root)(b"\x02a\x04bc", 0, 2, found)
        5
        >>> found
        [b'\x02a', b'\x04bc']
    """
    source = GeneratedCode()
    emitter = DataEmitter(source, limits, explain=False)
    # A record at the root is at depth 0, one inside anything else is at 1.
    depth = -1 if isinstance(root, RecordType) and not is_empty(root) else 0
    with source.block("def split(data, pos, count, found):"):
        source.line(f"end, depth, budget = len(data), {depth}, None")
        with emitter.loop("for _ in range(count):"):
            source.line("first = pos")
            Skipper(emitter).skip(root)
            source.line("if pos > end: cut_off()")
            source.line("found.append(data[first:pos])")
        source.line("return pos")
    emitter.finish()
    split: Any = source.compile()["split"]
    return split  # type: ignore[no-any-return]
