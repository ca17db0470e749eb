"""The verdicts of other implementations' test suites, from the folder beside this repository."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.in_one_test import check_each

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "conformance"


def cases(name: str) -> dict[str, Any]:
    """The cases of one file by their ids; skips the test where the folder is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"../shared/conformance/{name} is not beside this checkout")
    return {case["id"]: case for case in json.loads(path.read_text("utf-8"))}


def every_case(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Check every case of a file in one test, which names all that fail."""

    def decorate(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            check_each(cases(name).values(), check, itemgetter("id"))

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
