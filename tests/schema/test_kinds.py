"""Kinds of types: what each table that cannot be derived from the others says of all of them."""

from __future__ import annotations

from streamcontract.lint.rules import ignored
from streamcontract.schema import ArrayType, EnumType, FixedType, MapType, RecordType, builder
from streamcontract.schema.imports import Imports
from streamcontract.schema.model import COMPLEX_KINDS, PRIMITIVE_NAMES
from streamcontract.schema.unknown import _IN_FULL


def test_every_kind_is_built() -> None:
    """The builder has a method for each, and no other."""
    kinds = builder.Builder(Imports(), None)._kinds
    assert set(kinds) == {*PRIMITIVE_NAMES, *COMPLEX_KINDS}


def test_every_kind_is_shown_in_full() -> None:
    """Whoever writes a complex type's kind alone is shown the whole."""
    assert set(_IN_FULL) == {*COMPLEX_KINDS, "union"}


def test_lint_knows_the_attributes_that_the_parser_reads() -> None:
    """What a definition may lack, to lint, is what the parser gives a meaning and does not need."""
    needed = {"type", "name", "fields", "symbols", "size", "items", "values"}
    optional = {
        kind: set(names) - set(ignored._LOGICAL) for kind, names in ignored._OPTIONAL.items()
    }
    assert optional[RecordType] == builder._RECORD - needed
    assert optional[EnumType] == builder._ENUM - needed
    assert optional[FixedType] == builder._FIXED - needed
    assert optional[ArrayType] == builder._ARRAY - needed
    assert optional[MapType] == builder._MAP - needed
    assert set(ignored._FIELD_OPTIONAL) == builder._FIELD - needed
