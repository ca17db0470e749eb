"""The grammar of names, beside Python's own of identifiers, which in ASCII is the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract.errors import SchemaParseError
from streamcontract.schema import parse_schema
from streamcontract.schema.names import is_full_name, is_name

texts = st.text(alphabet="aZ_09.-$ é\n", max_size=5) | st.text(max_size=3)


@given(texts)
@example("a-b")
@example("a\n")
@example("")
def test_a_name_is_an_identifier_of_ascii(text: str) -> None:
    """It starts with a letter or an underscore; digits may follow ("Names")."""
    assert is_name(text) is (text.isascii() and text.isidentifier())


@given(texts)
@example("a..b")
@example(".a")
@example("a.")
@example("a.b-c")
def test_a_full_name_is_names_between_dots(text: str) -> None:
    """Each part is a name; there is no empty one."""
    assert is_full_name(text) is all(map(is_name, text.split(".")))


@pytest.mark.parametrize("name", ["a-b", "a b", "a.b", "é", "2nd", ""])
def test_fields_and_symbols_have_names(name: str) -> None:
    """What is no name is refused for a field and for a symbol alike."""
    with pytest.raises(SchemaParseError):
        parse_schema({"type": "record", "name": "R", "fields": [{"name": name, "type": "int"}]})
    with pytest.raises(SchemaParseError):
        parse_schema({"type": "enum", "name": "E", "symbols": [name]})
