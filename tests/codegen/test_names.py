"""Python names for Avro names."""

from __future__ import annotations

import enum
import keyword
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.codegen.names import (
    attribute_names,
    checked_identifier,
    class_names,
    free_name,
    member_names,
    module_name,
)
from streamcontract.errors import CodegenError
from streamcontract.schema import RecordType
from streamcontract.testing.strategies.names import names, namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ODD = ["class", "class_", "class__", "None", "self", "_", "__", "___", "_x", "__x", "x", "x_",
       "_x_", "__x__", "__init__", "mro", "mro_", "name", "value", "_1", "__1",
       "NOTHING"]  # fmt: skip
name_lists = st.lists(st.one_of(names(), st.sampled_from(ODD)), unique=True)


@pytest.mark.parametrize("choose", [attribute_names, member_names])
@given(wire_names=name_lists)
def test_names_are_unique_identifiers(
    choose: Callable[[Sequence[str]], list[str]], wire_names: list[str]
) -> None:
    """Every name gets an identifier of its own, by no more than the names beside it."""
    chosen = choose(wire_names)
    assert len(set(chosen)) == len(wire_names)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in chosen)
    assert choose(wire_names) == chosen


@given(name_lists)
def test_usable_names_are_kept(wire_names: list[str]) -> None:
    """A name that can stand as it is has the right of way over those that cannot."""
    chosen = attribute_names(wire_names)
    for wire_name, name in zip(wire_names, chosen, strict=True):
        if attribute_names([wire_name]) == [wire_name]:
            assert name == wire_name


@given(name_lists)
def test_attrs_takes_every_attribute_name(wire_names: list[str]) -> None:
    """A class that attrs makes of the names works, with arguments of the very same names."""
    chosen = attribute_names(wire_names)
    cls = attrs.make_class(
        "Made", {name: attrs.field(alias=name) for name in chosen}, frozen=True, kw_only=True
    )
    values = {name: index for index, name in enumerate(chosen)}
    made = cls(**values)
    assert {name: getattr(made, name) for name in chosen} == values
    assert made == cls(**values)
    assert hash(made) == hash(cls(**values))


@given(name_lists)
def test_enum_takes_every_member_name(symbols: list[str]) -> None:
    """Python makes a member of every symbol, in their order, with the symbol as its value."""
    made = enum.Enum("Made", dict(zip(member_names(symbols), symbols, strict=True)))  # type: ignore[misc] # members are data here
    assert [member.value for member in made] == symbols


@given(st.lists(st.builds("{}.{}".format, namespaces(), names()), unique=True))
def test_classes_are_unique_and_not_reserved(full_names: list[str]) -> None:
    """Types of one name in several namespaces get different classes, in CapWords."""
    types = [RecordType(full_name=full_name) for full_name in full_names]
    chosen = class_names(types, frozenset({"CONTRACT", "Stock", "A"}))
    assert list(chosen) == full_names
    assert len(set(chosen.values())) == len(full_names)
    for name in chosen.values():
        assert name.isidentifier()
        assert name[0].isupper()
        assert "_" not in name
        assert name not in {"CONTRACT", "Stock", "A", "None", "True", "False"}


def test_class_numbers_are_the_last_resort() -> None:
    """Where not even the whole namespace tells two types apart, a number does."""
    full_names = ["a.order_line", "a.orderLine", "a.OrderLine", "OrderLine"]
    types = [RecordType(full_name=full_name) for full_name in full_names]
    chosen = class_names(types, frozenset())
    assert list(chosen.values()) == ["OrderLine", "AOrderLine", "AOrderLine2", "OrderLine2"]


@pytest.mark.parametrize("name", ["", "a b", "a-b", "1a", "é", "a.b", "a\n", "class", "None"])
def test_nothing_but_identifiers_is_written(name: str) -> None:
    """The last gate before a name is written refuses all that is no plain identifier."""
    with pytest.raises(CodegenError, match="cannot be a name"):
        checked_identifier(name)


@given(st.text())
def test_modules_have_identifiers_for_names(stem: str) -> None:
    """Any file name gives a module that can be imported."""
    name = module_name(stem)
    assert name.isidentifier()
    assert name == name.lower()
    assert not keyword.iskeyword(name)


def test_free_names_grow_until_they_are_free() -> None:
    """Underscores are added until nothing else has the name."""
    assert free_name("a", ["b"]) == "a"
    assert free_name("a", iter(["a", "a_", "b"])) == "a__"
