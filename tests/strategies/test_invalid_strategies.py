"""Every invalid schema has the one fault it names, and is refused by others too, or it is known."""

from __future__ import annotations

import json
import warnings

import avro.errors
import avro.schema
import fastavro
import pytest
from hypothesis import find, given, settings
from hypothesis.errors import InvalidArgument
from tests.peers import said_of_others
from tests.strategies.invalid import SCHEMA_RULES, InvalidSchema, invalid_schemas
from tests.testing.appearing import SEEK_ANY, shown_by
from tests.testing.disagreements import SCHEMAS

from streamcontract.errors import SchemaParseError
from streamcontract.schema import parse_schema


@given(invalid_schemas())
def test_the_fault_is_the_only_one(schema: InvalidSchema) -> None:
    """The parser finds it at the path foretold, and nothing besides."""
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(schema.text)
    assert [fault.pointer for fault in caught.value.faults] == [schema.path]


@given(invalid_schemas())
def test_fastavro_refuses_it_too(schema: InvalidSchema) -> None:
    """Or the rule is one that fastavro is known not to check."""
    if schema.rule == "NOT_JSON" or (schema.rule, "fastavro") in SCHEMAS:
        return
    # What it raises for no schema at all is anything from KeyError to AttributeError.
    with pytest.raises(Exception):  # noqa: B017, PT011
        fastavro.parse_schema(json.loads(schema.text))


@given(invalid_schemas())
def test_apache_avro_refuses_it_too(schema: InvalidSchema) -> None:
    """Or the rule is one that Apache avro is known not to check."""
    if (schema.rule, "avro") in SCHEMAS:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        # What it raises for no schema at all is anything from AvroException to AttributeError.
        with pytest.raises(Exception):  # noqa: B017, PT011
            avro.schema.parse(schema.text)


@pytest.mark.searching
@pytest.mark.parametrize(("rule", "library"), SCHEMAS)
def test_disagreements_are_true(rule: str, library: str) -> None:
    """What is said to be taken is taken: the list grows shorter when the libraries improve."""
    with said_of_others(f"tests/testing/disagreements.py: {library} lets {rule} pass"):
        assert shown_by(invalid_schemas(rule), lambda schema: is_taken(schema.text, library))


def is_taken(text: str, library: str) -> bool:
    """Whether a library parses a schema."""
    try:
        if library == "fastavro":
            fastavro.parse_schema(json.loads(text))
        else:
            avro.schema.parse(text)
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


@pytest.mark.parametrize("rule", SCHEMA_RULES)
def test_every_rule_is_broken(rule: str) -> None:
    """By a schema that names it, and the clause of the specification."""
    broken = find(invalid_schemas(rule), lambda _: True, settings=SEEK_ANY)
    assert broken.rule == rule
    assert broken.clause.startswith('"')


@pytest.mark.parametrize("rule", ["UNKNOWN_TYPE", "FIELD_NAME_GRAMMAR"])
def test_shrinks_to_short_schemas(rule: str) -> None:
    """As a person would write it."""
    once = settings(database=None, derandomize=True)
    assert len(find(invalid_schemas(rule), lambda _: True, settings=once).text) <= 150


def test_faults_are_found_inside_too() -> None:
    """Faults stand in fields of nested records as well as at the top."""
    find(
        invalid_schemas("SYMBOL_TWICE"),
        lambda schema: schema.path.count("/fields/") > 1,
        settings=SEEK_ANY,
    )


def test_no_such_rule() -> None:
    """A rule that there is not is refused with the names of all."""
    with pytest.raises(InvalidArgument, match=r"'TYPO' is no rule; there are NOT_JSON, UNKNOWN"):
        invalid_schemas("TYPO")
