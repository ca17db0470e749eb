"""Records as pydantic types, such as request and response bodies of FastAPI.

    from streamcontract import Stock
    from streamcontract.integrations.pydantic import AsJson

    @app.post("/bars")
    def add(bar: Annotated[AsJson[Stock], Body()]) -> AsJson[Stock]: ...

``Body()`` is needed because FastAPI looks for types other than pydantic models in the query.
It needs pydantic 2, which FastAPI installs.

Example:
    >>> from pydantic import TypeAdapter
    >>> from streamcontract import Stock
    >>> bars = TypeAdapter(list[AsJson[Stock]])
    >>> (bar,) = bars.validate_json('''[{"symbol": "AAPL", "date": "2024-05-17", "open": 189.5,
    ...     "high": 190.8, "low": 189.2, "close": 189.9, "volume": 41282900}]''')
    >>> bar.volume
    41282900
    >>> bars.dump_python([bar])[0]["date"]
    '2024-05-17'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from streamcontract.codec.bindings import contract_of
from streamcontract.errors import DataFault, DecodeError
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.json_schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AsJson"]

T = TypeVar("T")


class _PlainJson:
    """Defines for pydantic how to validate, serialise and describe a record class."""

    def __get_pydantic_core_schema__(
        self, source: Any, _handler: Callable[[Any], core_schema.CoreSchema]
    ) -> core_schema.CoreSchema:
        if isinstance(source, TypeVar):
            return core_schema.any_schema()  # of a generic model, which is built again with a class
        contract_of(source)  # raises if it is not a record class
        codec: JsonCodec[Any] = JsonCodec(source)

        def validate(value: Any) -> Any:
            if isinstance(value, source):
                return value
            try:
                return codec.load(value)
            except DecodeError as error:
                raise _validation_error(source.__name__, error) from None

        return core_schema.no_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(codec.dump),
            metadata={"pydantic_js_functions": [lambda *_: json_schema(codec.schema, inline=True)]},
        )


def _validation_error(title: str, error: DecodeError) -> ValidationError:
    """Each fault as an error of pydantic, with the path in the record as its location."""
    faults = (
        InitErrorDetails(
            type=PydanticCustomError("contract", "{reason}", {"reason": _reason(fault)}),
            loc=(fault.path,),
            input=fault.value,
        )
        for fault in error.faults
    )
    return ValidationError.from_exception_data(title, list(faults))


def _reason(fault: DataFault) -> str:
    return f"expected {fault.expected}" if fault.has_value else fault.expected


AsJson = Annotated[T, _PlainJson()]
"""A record class as a type of pydantic: validated from plain JSON, and serialised to it.

The JSON and the rules are those of ``JsonCodec``, except that pydantic's parser takes the last of
two equal keys. JSON that does not fit raises a ``ValidationError`` with every fault. A record is
accepted unchanged and is checked when it is serialised.
"""
