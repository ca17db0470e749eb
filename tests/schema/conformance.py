"""The verdicts of other implementations' test suites, from the folder beside this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "conformance"


def cases(name: str) -> list[Any]:
    """The cases of one file as pytest parameters, or one that skips where the folder is absent."""
    path = FOLDER / name
    if not path.exists():
        reason = f"the conformance cases ../shared/conformance/{name} are not beside this checkout"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=name)]
    return [pytest.param(case, id=case["id"]) for case in json.loads(path.read_text("utf-8"))]


def every_case(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Check every case of a file in one test, which names all that fail.

    There are thousands of cases, and a test of its own for each takes longer than the cases do.
    """

    def decorate(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            path = FOLDER / name
            if not path.exists():
                pytest.skip(f"../shared/conformance/{name} is not beside this checkout")
            failed = []
            for case in json.loads(path.read_text("utf-8")):
                try:
                    check(case)
                except Exception as error:  # noqa: BLE001, PERF203 - all of them are reported
                    failed.append(f"{case['id']}: {error!r}")
            assert not failed, "\n".join(failed)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate
