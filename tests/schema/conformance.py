"""The verdicts of other implementations' test suites, from the folder beside this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "conformance"


def cases(name: str) -> list[Any]:
    """The cases of one file as pytest parameters, or one that skips where the folder is absent."""
    path = FOLDER / name
    if not path.exists():
        reason = f"the conformance cases ../shared/conformance/{name} are not beside this checkout"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=name)]
    return [pytest.param(case, id=case["id"]) for case in json.loads(path.read_text("utf-8"))]
