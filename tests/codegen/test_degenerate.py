"""Schemas at the edge of what Avro allows: the code works, and the codec agrees with it."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import mock

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.codegen.cases import DEGENERATE, WITHOUT_VALUES, field, record

from streamcontract.codec import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import DecodeError, EncodeError, SchemaParseError
from streamcontract.schema import parse_schema
from streamcontract.testing.strategies import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.codegen.conftest import Generator, Importer


@pytest.fixture(params=["portable", "native"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine that is here."""
    if request.param == "native":
        pytest.importorskip("streamcontract.codec._native")
    with mock.patch.dict("os.environ", {ENGINE_VARIABLE: request.param}):
        yield request.param


def class_of(schema: dict[str, Any], generate: Generator, load: Importer) -> Any:
    """The generated class of a schema's record."""
    return load(generate(schema)).CONTRACT.types[schema["name"]]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", DEGENERATE)
def test_what_values_there_are_go_round(name: str, generate: Generator, load: Importer) -> None:
    """Every value that the strategies find is written and read back."""
    record_class = class_of(DEGENERATE[name], generate, load)
    codec: Codec[Any] = Codec(record_class)

    @settings(
        max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        value = data.draw(records(record_class))
        assert codec.decode(codec.encode(value)) == value

    check()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", WITHOUT_VALUES)
@pytest.mark.parametrize("value", [None, {}, [], 0, "", {"a": None, "b": 0}, {"a": {"a": 0}}])
def test_where_there_is_no_value_every_value_is_refused(
    name: str, value: Any, generate: Generator, load: Importer
) -> None:
    """Objects of the class too, which nothing but a type checker keeps anybody from making."""
    record_class = class_of(WITHOUT_VALUES[name], generate, load)
    codec: Codec[Any] = Codec(record_class)
    names = [each.name for each in attrs.fields(record_class)]
    for each in (value, record_class(**dict.fromkeys(names, value))):
        with pytest.raises(EncodeError):
            codec.encode(each)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", WITHOUT_VALUES)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x02\x02", bytes(100)])
def test_where_there_is_no_value_no_bytes_are_one(
    name: str, data: bytes, generate: Generator, load: Importer
) -> None:
    """They are an error of the data, be it one of depth."""
    codec: Codec[Any] = Codec(class_of(WITHOUT_VALUES[name], generate, load))
    with pytest.raises(DecodeError):
        codec.decode(data)


@pytest.mark.parametrize("name", WITHOUT_VALUES)
def test_where_there_is_no_value_the_strategy_says_so(
    name: str, generate: Generator, load: Importer
) -> None:
    """It does not search without end."""
    record_class = class_of(WITHOUT_VALUES[name], generate, load)
    with pytest.raises(InvalidArgument):
        records(record_class).validate()


def test_an_empty_union_is_the_type_without_values(generate: Generator, load: Importer) -> None:
    """Whose name is NoReturn on every Python; its attribute says why."""
    text = generate(record("A", field("a", []), field("b", {"type": "array", "items": []})))
    module = load(text)
    types = typing.get_type_hints(module.A)
    assert types == {"a": NoReturn, "b": list[NoReturn]}
    assert "a: A union without branches: there is no value for it." in module.A.__doc__


@pytest.mark.parametrize("default", [None, 0, "", [], {}])
def test_an_empty_union_has_no_default(default: Any) -> None:
    """Whatever is given for one is a fault of the schema, with its place."""
    with pytest.raises(SchemaParseError, match="default"):
        parse_schema(record("A", field("a", [], default=default)))
