"""Derived keys, which a producer takes from the record itself."""

from __future__ import annotations

import functools
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn

from streamcontract.errors import DataFault, EncodeError
from streamcontract.kafka.contract.keys import KeyCodec, as_is, may_be_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.schema import Schema

__all__ = ["DERIVED", "Derived", "deriver"]

_NO_RECORD: Final = "a tombstone has no record to take the key from: give it with key="
_OWN_SCHEMA: Final = "the contract's key has a schema of its own ({}): give it with key="
_LEFT_OUT: Final = "the key field is left out, and its default is no key: give it a value, or key="


class Derived:
    """The type of :data:`DERIVED`: the key is taken from the record, by the contract."""

    def __repr__(self) -> str:
        return "DERIVED"

    def __reduce__(self) -> str:
        return "DERIVED"  # there is one: copies and pickles are the same object


DERIVED: Final = Derived()


def deriver(
    binding: Binding[Any], send: Callable[[Any], str | bytes]
) -> Callable[[Any], str | bytes | None]:
    """The function that takes the key from a record, in its encoded form.

    It is called only with records that their codec has encoded already, and raises EncodeError if
    there is no key.

    Args:
        binding: The contract.
        send: Encodes a key.
    """
    field = binding.derive
    if field is None:
        if isinstance(binding.key, KeyCodec) or may_be_none(binding.key):
            return _nothing
        return functools.partial(_missing, binding.key.schema)
    if send is as_is and isinstance(field, attrgetter):
        return field  # cannot fail: the record's class has the attribute

    def from_field(value: Any) -> str | bytes:
        try:
            key = field(value)
        except KeyError:  # a dict may leave out a field with a default
            _refuse(_LEFT_OUT)
        return send(key)

    return from_field


def no_record() -> NoReturn:
    """Refuse to take a key from a tombstone.

    Raises:
        EncodeError: Always.
    """
    _refuse(_NO_RECORD)


def _nothing(value: Any) -> None:
    del value


def _missing(schema: Schema, value: Any) -> NoReturn:
    del value
    _refuse(_OWN_SCHEMA.format(schema.name or schema.canonical_form))


def _refuse(expected: str) -> NoReturn:
    raise EncodeError((DataFault("key", expected),))
