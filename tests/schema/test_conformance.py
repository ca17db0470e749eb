"""Every schema of other implementations' test suites gets the verdict that the suite asserts."""

from __future__ import annotations

from typing import Any

from tests.schema.conformance import cases, every_case
from tests.schema.disagreements import DISAGREEMENTS, SIDES, WRONG_FINGERPRINTS

from streamcontract.errors import SchemaParseError
from streamcontract.schema import parse_schema

Case = dict[str, Any]


def _accepted(source: Any) -> bool:
    try:
        parse_schema(source)
    except SchemaParseError:
        return False
    return True


def _expected(case: Case, *, suite: bool) -> bool:
    listed = DISAGREEMENTS.get(case["id"])
    if listed is None:
        return suite
    assert listed.accepted is not suite, "no longer a disagreement: remove it from the list"
    return listed.accepted


@every_case("valid_schemas.json")
def test_valid_schema_is_accepted(case: Case) -> None:
    """A schema that a suite calls valid parses, given as text or as values."""
    expected = _expected(case, suite=True)
    assert _accepted(case["schema_text"]) is expected
    if isinstance(case["schema"], dict | list):
        assert _accepted(case["schema"]) is expected


@every_case("invalid_schemas.json")
def test_invalid_schema_is_refused(case: Case) -> None:
    """A schema that a suite calls invalid does not parse."""
    assert _accepted(case["schema_text"]) is _expected(case, suite=False)


@every_case("canonical_cases.json")
def test_canonical_form_and_fingerprints(case: Case) -> None:
    """Parsing Canonical Form and fingerprints are the published ones."""
    source: Any = case.get("schema_text", case["schema"])
    if case["id"] in DISAGREEMENTS:
        assert not _accepted(source)
        return
    schema = parse_schema(source)
    if "canonical" in case:
        assert schema.canonical_form == case["canonical"]
    signed = int.from_bytes(schema.fingerprint(), "little", signed=True)
    found = {
        "fingerprint_crc64": signed,
        "crc64_hex_le": schema.fingerprint("CRC-64-AVRO").hex(),
        "md5": schema.fingerprint("MD5").hex(),
        "sha256": schema.fingerprint("SHA-256").hex(),
    }
    differing = {key for key, value in found.items() if key in case and case[key] != value}
    assert bool(differing) is (case["id"] in WRONG_FINGERPRINTS)


@every_case("compat_cases.json")
def test_schemas_of_compatibility_cases_are_accepted(case: Case) -> None:
    """Every schema that suites compare is a valid one."""
    for key in ("reader", "writer"):
        if isinstance(case[key], dict | list):
            assert _accepted(case[key])


@every_case("resolution_cases.json")
def test_schemas_of_resolution_cases_are_accepted(case: Case) -> None:
    """Every schema that suites resolve is a valid one, the listed ones excepted."""
    verdicts = {
        _accepted(case[key]) for key in ("reader", "writer") if isinstance(case[key], dict | list)
    }
    assert (False in verdicts) is (case["id"] in DISAGREEMENTS)


def test_lists_name_existing_cases() -> None:
    """The list of disagreements has no entry whose case is gone."""
    files = ("valid_schemas", "invalid_schemas", "canonical_cases", "resolution_cases")
    known = {name for file in files for name in cases(f"{file}.json")}
    assert {*DISAGREEMENTS, *SIDES, *WRONG_FINGERPRINTS} <= known
