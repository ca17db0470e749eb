"""Types of the extension module ``_native.pyx``; see there."""

from collections.abc import Sequence
from typing import Any

VERSION: str
SOURCES: str
KINDS: dict[str, int]
LAYOUTS: dict[str, int]
STATUS: dict[str, int]
SOURCE_LAYOUTS: dict[str, int]
FORMS: dict[str, int]

_Row = tuple[str, str, str, bool, int, tuple[int, ...], tuple[str, ...] | None]
_Step = tuple[str, int, tuple[bool, int, int, int, int, int], tuple[int, ...], bytes | None]

class Columns:
    def __init__(self, rows: tuple[_Row, ...]) -> None: ...

class Program:
    def __init__(self, columns: Columns, steps: tuple[_Step, ...], root: int) -> None: ...

class Payloads:
    n: int
    def __init__(
        self,
        items: Sequence[object],
        programs: tuple[Program, ...],
        starts: tuple[int, ...],
    ) -> None: ...

class Batch:
    rows: int
    tombstones: int
    def __init__(self, columns: Columns, most: int, rows: int, keeps_tombstones: bool) -> None: ...
    def add(
        self, payloads: Payloads, first: int, stop: int, max_depth: int, empty_items: int
    ) -> tuple[int, int]: ...

class View:
    def __init__(
        self, parts: tuple[Columns, ...], picks: tuple[tuple[int, int], ...] | None = None
    ) -> None: ...
    def schema(self) -> object: ...
    def array(self, batch: tuple[Batch, ...]) -> object: ...
    def stream(self, batches: tuple[tuple[Batch, ...], ...]) -> object: ...

def describe(capsule: object) -> tuple[str, str, tuple[Any, ...], Any]: ...
def batch_of(capsule: object, layout: Sources) -> ArrowBatch: ...

class Sources:
    def __init__(
        self, rows: tuple[tuple[str, int, bool, tuple[int, ...], bytes | None], ...]
    ) -> None: ...

class ArrowBatch:
    rows: int
    def value(self, number: int, at: int) -> Any: ...
    def values(self, number: int) -> list[Any]: ...

class ArrowStream:
    def __init__(self, capsule: object) -> None: ...
    def describe(self) -> tuple[str, str, tuple[Any, ...], Any]: ...
    def next(self, layout: Sources) -> ArrowBatch | None: ...

class Writing:
    def __init__(
        self,
        layout: Sources,
        steps: tuple[
            tuple[str, int, tuple[int, int, int, int, int], tuple[int, ...], bytes | None],
            ...,
        ],
        root: int,
    ) -> None: ...

class PayloadBuffer:
    n: int
    def __init__(self, prefix: bytes) -> None: ...
    def __len__(self) -> int: ...
    def payload(self, index: int) -> bytes: ...
    def append(self, payload: bytes) -> None: ...
    def add(
        self, writing: Writing, batch: ArrowBatch, first: int, rows: int, empty_items: int
    ) -> tuple[int, int]: ...
