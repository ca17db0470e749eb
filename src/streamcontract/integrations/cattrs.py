"""Records in data that cattrs structures: ``register_records(converter)``. Needs cattrs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from streamcontract.codec.bindings import contract_of
from streamcontract.errors import ConfigurationError
from streamcontract.json_codec import JsonCodec

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["register_records"]


def register_records(converter: Converter) -> None:
    """Let a converter structure and unstructure generated record classes as plain JSON.

    Args:
        converter: A ``cattrs.Converter``.

    Example:
        >>> import cattrs
        >>> from streamcontract import Stock
        >>> converter = cattrs.Converter()
        >>> register_records(converter)
        >>> (bar,) = converter.structure([{"symbol": "AAPL", "date": "2024-05-17",
        ...     "open": 189.5, "high": 190.8, "low": 189.2, "close": 189.9, "volume": 41282900}],
        ...     list[Stock])
        >>> bar.volume
        41282900
        >>> converter.unstructure({"best": bar})["best"]["date"]
        '2024-05-17'
    """
    converter.register_structure_hook_factory(
        _is_record, lambda cls: lambda value, _: _load(_codec(cls), cls, value)
    )
    converter.register_unstructure_hook_factory(_is_record, lambda cls: _codec(cls).dump)


def _load(codec: JsonCodec[Any], cls: type[Any], value: Any) -> Any:
    return value if isinstance(value, cls) else codec.load(value)


def _is_record(cls: Any) -> bool:
    try:
        contract_of(cls)
    except ConfigurationError:
        return False
    return True


@functools.cache
def _codec(cls: type[Any]) -> JsonCodec[Any]:
    return JsonCodec(cls)
