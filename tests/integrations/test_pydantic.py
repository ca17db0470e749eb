"""Records as bodies of FastAPI and as fields of pydantic's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
import pydantic
import pytest
from hypothesis import given
from tests.codec.equality import same

from streamcontract import JsonCodec, Stock
from streamcontract.errors import ConfigurationError
from streamcontract.integrations.pydantic import AsJson
from streamcontract.json_codec.json_schema import json_schema
from streamcontract.testing.strategies import records

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

BAR: dict[str, Any] = {
    "symbol": "AAPL",
    "date": "2024-05-17",
    "open": 189.5,
    "high": 190.8,
    "low": 189.2,
    "close": 189.9,
    "volume": 41282900,
    "adjusted_close": None,
}


class Report(pydantic.BaseModel):
    """A model with records in it."""

    best: AsJson[Stock]
    others: list[AsJson[Stock]] = []


@pytest.fixture(scope="module")
def client() -> TestClient:
    """An application that takes records and gives them back."""
    from fastapi.testclient import TestClient
    from tests.integrations.bars_app import app

    return TestClient(app)


def test_a_record_is_a_body(client: TestClient) -> None:
    """Of the request and of the response."""
    answer = client.post("/bars", json=BAR)
    assert (answer.status_code, answer.json()) == (200, BAR)
    answer = client.post("/reports", json={"best": BAR, "others": [BAR]})
    assert (answer.status_code, answer.json()) == (200, {"best": BAR, "others": [BAR]})


def test_each_fault_is_in_the_answer(client: TestClient) -> None:
    """With its path in the record."""
    wrong = {**BAR, "symbol": 1, "date": "today"}
    answer = client.post("/bars", json=wrong)
    assert answer.status_code == 422
    assert [(each["loc"], each["msg"]) for each in answer.json()["detail"]] == [
        (["body", "Stock.symbol"], "expected a string"),
        (["body", "Stock.date"], "expected a date as text, such as 2024-05-17"),
    ]
    answer = client.post("/reports", json={"best": BAR, "others": [wrong]})
    assert answer.json()["detail"][0]["loc"] == ["body", "others", 0, "Stock.symbol"]


def test_the_api_is_described(client: TestClient) -> None:
    """By the JSON Schema of the contract."""
    described = client.get("/openapi.json").json()["paths"]["/bars"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"] == json_schema(JsonCodec(Stock).schema, inline=True)["properties"]


@given(records(Stock))
def test_a_model_keeps_a_record(stock: Stock) -> None:
    """From the record, from its JSON and from its dict."""
    report = Report(best=stock)
    assert report.best is stock
    for again in (
        Report.model_validate_json(report.model_dump_json()),
        Report.model_validate(report.model_dump()),
    ):
        assert same(attrs.asdict(again.best), attrs.asdict(stock))


def test_a_class_that_is_no_record() -> None:
    """Is refused where the type is used first, by name."""
    with pytest.raises(ConfigurationError, match="is no record class"):
        pydantic.TypeAdapter(AsJson[int])
    with pytest.raises(ConfigurationError, match="record has to be a generated class"):
        pydantic.TypeAdapter(AsJson[list[Stock]])


T = TypeVar("T")


class Page(pydantic.BaseModel, Generic[T]):
    """A generic model."""

    items: list[AsJson[T]]


def test_a_generic_model_is_built_with_a_class() -> None:
    """Its parameter stands for any record until then."""
    assert type(Page[Stock].model_validate({"items": [BAR]}).items[0]) is Stock


def test_a_missing_field_is_reported_in_words() -> None:
    """As the codec has them."""
    bars = pydantic.TypeAdapter(AsJson[Stock])
    with pytest.raises(pydantic.ValidationError) as caught:
        bars.validate_python({key: value for key, value in BAR.items() if key != "close"})
    assert [each["msg"] for each in caught.value.errors()] == ["missing: the field has no default"]
