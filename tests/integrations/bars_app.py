"""An application of FastAPI; a module of its own, since FastAPI takes half a second to import."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, FastAPI
from tests.integrations.test_pydantic import Report

from streamcontract import Stock
from streamcontract.integrations.pydantic import AsJson

__all__ = ["app"]


app = FastAPI()


@app.post("/bars")
def add(bar: Annotated[AsJson[Stock], Body()]) -> AsJson[Stock]:
    """Take a record and give it back."""
    assert type(bar) is Stock
    return bar


@app.post("/reports")
def report(report: Report) -> Report:
    """Take a model and give it back."""
    return report
