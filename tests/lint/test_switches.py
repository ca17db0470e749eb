"""Switching rules off, in the settings and in the schema; names of rules that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamcontract.errors import ConfigurationError
from streamcontract.lint import Settings, lint_schema
from streamcontract.schema import parse_schema

ALL = Settings(tier="standard")


def found(document: dict[str, Any] | list[Any], settings: Settings | None = None) -> list[str]:
    """The rules of the findings."""
    schema = parse_schema(json.dumps(document))
    return [finding.rule for finding in lint_schema(schema, settings or ALL)]


def record(*fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A record that breaks no rule but for its fields."""
    return {
        "type": "record",
        "name": "com.example.Order",
        "doc": "One order.",
        **attributes,
        "fields": list(fields),
    }


def field(name: str, type_: Any = "string", **attributes: Any) -> dict[str, Any]:
    """A field without a doc."""
    return {"name": name, "type": type_, **attributes}


def off(**rules: str) -> dict[str, dict[str, str]]:
    """The attribute that switches rules off, underscores for hyphens."""
    return {"streamcontract.lint": {rule.replace("_", "-"): why for rule, why in rules.items()}}


def test_settings_switch_a_rule_off() -> None:
    """Everywhere in the schema, and only that rule."""
    schema = record(field("a"), field("B"))
    assert found(schema) == ["field-doc", "field-doc", "field-name-style"]
    assert found(schema, Settings(tier="standard", off=frozenset({"field-doc"}))) == [
        "field-name-style"
    ]


def test_a_field_switches_a_rule_off() -> None:
    """For itself; its neighbours stay under the rule."""
    assert found(record(field("a", **off(field_doc="obvious")), field("b"))) == ["field-doc"]


def test_a_record_switches_a_rule_off_inside() -> None:
    """For all its fields, also those of records inside it."""
    inner = {"type": "record", "name": "Line", "doc": "A line.", "fields": [field("sku")]}
    assert found(record(field("a"), field("line", inner), **off(field_doc="a draft"))) == []


def test_a_type_switches_a_rule_off() -> None:
    """A type that is no record can carry the attribute too."""
    price = {"type": "double", **off(float_for_money="charted, never summed")}
    assert found(record(field("price", price, doc="The price."))) == []


def test_a_pointer_is_no_prefix_of_its_neighbour() -> None:
    """A switch-off of /fields/1 does not reach /fields/10."""
    fields = [field(f"f{n}", doc=f"No. {n}.") for n in range(11)]
    fields[1] |= off(field_doc="obvious")
    del fields[1]["doc"], fields[10]["doc"]
    assert found(record(*fields)) == ["field-doc"]


def test_camel_case() -> None:
    """Where a project decides for camelCase, snake_case is what is found."""
    settings = Settings(tier="standard", field_names="camelCase", off=frozenset({"field-doc"}))
    schema = parse_schema(record(field("placedBy"), field("paid_by")))
    [finding] = lint_schema(schema, settings)
    assert (finding.pointer, finding.rule) == ("/fields/1/name", "field-name-style")
    assert 'such as "paidBy"' in finding.message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["field-doc"], 'is an object of rules and reasons: {"<rule>": "<reason>"}'),
        ({"field-docs": "x"}, 'there is no rule "field-docs"; did you mean "field-doc"?'),
        ({"xyz": "x"}, 'there is no rule "xyz"; see `streamcontract lint --rules`'),
        ({"field-doc": " "}, '"field-doc" needs a reason: "field-doc": "<reason>"'),
        ({"field-doc": True}, '"field-doc" needs a reason'),
    ],
)
def test_malformed_switches(value: Any, message: str) -> None:
    """Each is an error that names its place, never ignored."""
    with pytest.raises(ConfigurationError) as raised:
        found(record(field("a", **{"streamcontract.lint": value})))
    assert str(raised.value).startswith("schema:1:")
    assert message in str(raised.value)


def test_all_malformed_switches_are_told() -> None:
    """One message for all, so that one run is enough to mend them."""
    bad = record(field("a", **off(nonsense="x")), **off(field_doc=""))
    with pytest.raises(ConfigurationError) as raised:
        found(bad)
    assert len(str(raised.value).splitlines()) == 2


def test_unknown_rules_in_settings() -> None:
    """They are errors too."""
    with pytest.raises(ConfigurationError, match=r'no rule "enum-docs"; did you mean "enum-doc"\?'):
        found(record(), Settings(off=frozenset({"enum-docs"})))


def test_types_of_other_files_are_theirs() -> None:
    """What a reference defines is linted with the reference."""
    line = parse_schema({"type": "record", "name": "bad_line", "fields": [field("Sku")]})
    schema = parse_schema(json.dumps(record(field("l", "bad_line", doc="L."))), references=[line])
    assert lint_schema(schema, ALL) == []
    assert {finding.rule for finding in lint_schema(line, ALL)} >= {"field-doc", "type-name-style"}
