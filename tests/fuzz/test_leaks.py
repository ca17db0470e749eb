"""The leak check finds what grows, and nothing where nothing does."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fuzz.leaks import growth

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = 300


@pytest.fixture(autouse=True, scope="module")
def without_what_other_tests_keep() -> Iterator[None]:
    """The collector looks at these tests' own objects, and not at a million others each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_nothing_grows() -> None:
    """What is dropped is no growth."""
    shared = object()

    def run() -> None:
        kept = [shared, [shared]]
        kept.clear()

    assert growth(run, {"it": shared}, TIMES) == []


def test_references() -> None:
    """A reference that is kept each time is found."""
    shared, kept = object(), []
    found = growth(lambda: kept.append(shared), {"it": shared}, TIMES)
    assert f"references to it by {5 * TIMES}" in found


def test_references_too_few() -> None:
    """So is one that is given up each time though it was never taken."""
    shared = object()
    for _ in range(10 * TIMES):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(shared))
    found = growth(
        lambda: ctypes.pythonapi.Py_DecRef(ctypes.py_object(shared)), {"it": shared}, TIMES
    )
    assert f"references to it by -{5 * TIMES}" in found


def test_objects() -> None:
    """New containers that are kept each time are found."""
    kept: list[Any] = []
    found = growth(lambda: kept.append([1]), {}, TIMES)
    assert any(each.startswith("objects of the collector") for each in found)


def test_blocks() -> None:
    """New objects that the collector does not know are found."""
    kept: list[Any] = []
    found = growth(lambda: kept.append(bytes(40)), {}, TIMES)
    assert any(each.startswith("blocks of memory") for each in found)


@pytest.mark.searching
@pytest.mark.skipif(sys.platform == "win32", reason="the C library is found otherwise there")
def test_memory_behind_pythons_back() -> None:
    """What the C library hands out, Python's allocator does not see: the process grows."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)

    def leak() -> None:
        # More than a page at a time, so that what other tests gave back is soon used up.
        library.memset(library.malloc(400_000), 1, 400_000)

    found = growth(leak, {}, TIMES)
    assert any(each.startswith("memory") for each in found)
