"""Work of parsing and resolving as schemas grow, counted in calls of Python functions."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.counting import LINEAR, calls

from streamcontract import check_level, find_incompatibilities, parse_schema


def union_of_records(branches: int) -> str:
    """A union of records that no other schema shares fields with."""
    return json.dumps(
        [
            {"type": "record", "name": f"R{i}", "fields": [{"name": f"f{i}", "type": "long"}]}
            for i in range(branches)
        ]
    )


def wide(fields: int, name: str, last: str) -> str:
    """A wide record; its versions differ in the last field's default."""
    most: list[dict[str, Any]] = [
        {"name": f"{name}{i}", "type": ["null", "long"], "default": None} for i in range(fields)
    ]
    end = {"name": "last", "type": "string", "default": last}
    return json.dumps({"type": "record", "name": "Wide", "fields": [*most, end]})


def test_a_unions_branches_are_looked_up_and_not_tried_in_turn() -> None:
    """Resolving two unions of records takes time in proportion to their branches."""

    def check(branches: int) -> None:
        old, new = (parse_schema(union_of_records(n)) for n in (branches, branches + 1))
        assert not find_incompatibilities(reader=new, writer=old)

    few, many = calls(lambda: check(200)), calls(lambda: check(400))
    assert many <= LINEAR * few


def test_fields_that_versions_share_are_built_and_resolved_once() -> None:
    """A record with fields as seen before takes half the calls of one with new fields at most."""

    def check(name: str) -> None:
        old, new = (parse_schema(wide(300, name, last)) for last in ("old", "new"))
        assert not check_level("FULL_TRANSITIVE", candidate=new, history=[old])

    name = f"f{uuid.uuid4().hex}_"  # that no test has used
    first, again = calls(lambda: check(name)), calls(lambda: check(name))
    assert first > 2 * again


@pytest.mark.parametrize("width", [1, 40])
def test_the_message_about_a_union_is_short_however_much_is_wrong_inside(width: int) -> None:
    """It words the first reasons, and says where the next one is."""

    def nested(depth: int, leaf: str) -> Any:
        if depth == 0:
            return leaf
        fields = [
            {"name": f"f{i}", "type": ["null", nested(depth - 1, leaf)] if i == 0 else leaf}
            for i in range(width)
        ]
        return {"type": "record", "name": f"N{depth}", "fields": fields}

    writer = parse_schema(["null", nested(5, "string")])
    reader = parse_schema(["null", nested(5, "int")])
    [finding] = find_incompatibilities(reader=reader, writer=writer)
    assert len(finding.message) < 500
    assert "/1/1/fields/0/type" in finding.message
    assert ("more reasons, the next at " in finding.message) == (width > 1)
