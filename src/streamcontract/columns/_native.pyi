"""Types of the extension module ``_native.pyx``; see there."""

from collections.abc import Callable

VERSION: str
SOURCES: str
KINDS: dict[str, int]
LAYOUTS: dict[str, int]
STATUS: dict[str, int]

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
        items: tuple[object, ...],
        programs: tuple[Program, ...],
        starts: tuple[int, ...],
        as_bytes: Callable[[object], bytes],
    ) -> None: ...

class Batch:
    rows: int
    tombstones: int
    def __init__(self, columns: Columns, most: int) -> None: ...
    def add(
        self, payloads: Payloads, first: int, max_depth: int, empty_items: int
    ) -> tuple[int, int]: ...

class View:
    def __init__(
        self, parts: tuple[Columns, ...], picks: tuple[tuple[int, int], ...] | None = None
    ) -> None: ...
    def schema(self) -> object: ...
    def array(self, batch: tuple[Batch, ...]) -> object: ...
    def stream(self, batches: tuple[tuple[Batch, ...], ...]) -> object: ...
