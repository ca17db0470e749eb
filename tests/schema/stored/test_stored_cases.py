"""Stored schemas are read as Apache Avro and fastavro read them: ``verdicts.json``."""

from __future__ import annotations

import json
import subprocess
import warnings
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.in_one_test import in_one_test
from tests.peers import said_of_others
from tests.schema.stored.cases import CASES, Case
from tests.schema.stored.judge import VERDICTS, by_fastavro, by_java, by_python

from streamcontract import Codec, find_incompatibilities, parse_schema
from streamcontract.errors import SchemaParseError
from streamcontract.schema import CLAUSES, STORED, STRICT, Leniency, Schema

if TYPE_CHECKING:
    from pathlib import Path

JUDGED: Final[dict[str, dict[str, Any]]] = json.loads(VERDICTS.read_text("utf-8"))

ALONE: Final = {
    "comment/after": "a comment behind the schema says as little as one inside it",
    "defined-twice/record": "read as Avro for Java reads enums and fixed",
    "defined-twice/record-other-doc": "likewise",
    "defined-twice/record-other-default": "likewise",
    "defined-twice/record-of-itself": "likewise",
    "bad-default/enum-other": '"Enums": the default is for readers alone',
}
"""What none of the judges reads, and why it is read here."""

TAKEN_BY_SOME: Final = {
    "refused/no-fields": "fastavro takes a record without fields for an empty one",
}
"""What is refused here though a judge reads it, and why."""

by_id = attrgetter("id")
every_case = in_one_test(CASES, by_id)
read_cases = in_one_test([case for case in CASES if case.clause], by_id)


def parsed(case: Case, leniency: Leniency) -> Schema:
    """The schema of a case, its references read leniently."""
    references: list[Schema] = []
    for text, uses in case.references:
        own = [references[index] for index in uses]
        references.append(parse_schema(text, references=own, leniency=STORED))
    used = [references[index] for index in case.uses]
    return parse_schema(case.text, references=used, leniency=leniency)


@every_case
def test_authors_may_not_write_it(case: Case) -> None:
    """Strict parsing refuses all of them."""
    with pytest.raises(SchemaParseError):
        parsed(case, STRICT)


@every_case
def test_one_clause_decides(case: Case) -> None:
    """It is forgiven by its clause and by no other; what is in doubt is refused."""
    if case.clause is None:
        with pytest.raises(SchemaParseError):
            parsed(case, STORED)
        return
    assert {each.clause.id for each in parsed(case, STORED).forgiven} == {case.clause}
    clause = next(each for each in CLAUSES if each.id == case.clause)
    parsed(case, STORED - [each for each in CLAUSES if each is not clause])
    # A number in quotes that is not taken for one is a default that does not fit.
    if not case.id.startswith("not-finite/quoted") and case.id != "not-finite/float":
        with pytest.raises(SchemaParseError):
            parsed(case, STORED - [clause])


@read_cases
def test_it_is_read_as_others_read_it(case: Case) -> None:
    """Each judge that reads it reads the same value; Java makes the same canonical form."""
    schema = parsed(case, STORED)
    codec = Codec(schema)
    value = codec.decode(case.data)
    assert codec.encode(value) == case.data or "array" in case.text or "map" in case.text
    judged = JUDGED[case.id]
    readings = [
        judged[judge]["value"] for judge in ("python", "fastavro") if "value" in judged[judge]
    ]
    if "value" in judged["java"]:
        shown = judged["java"]["value"]
        readings.append(json.loads(shown))
        # Its canonical form of a name with such a character is no JSON.
        if not case.id.endswith(("-quote", "-backslash", "-newline")):
            assert schema.canonical_form == judged["java"]["canonical"]
    assert all(reading == value for reading in readings)
    assert bool(readings) is (case.id not in ALONE)


@read_cases
def test_it_is_a_reader_too(case: Case) -> None:
    """A writer of the same schema is read by it, as a FORWARD check asks."""
    schema = parsed(case, STORED)
    assert find_incompatibilities(reader=schema, writer=parsed(case, STORED)) == []
    assert Codec(schema).decode(case.data, writer=parsed(case, STORED)) == Codec(schema).decode(
        case.data
    )


@in_one_test([case for case in CASES if not case.clause], by_id)
def test_who_reads_what_is_refused(case: Case) -> None:
    """No judge, but for what is listed with its reason."""
    taken = any("value" in verdict for verdict in JUDGED[case.id].values())
    assert taken is (case.id in TAKEN_BY_SOME)


def test_every_clause_has_a_case() -> None:
    """But for the limit of this library's own; and the lists name cases that there are."""
    ids = {case.id for case in CASES}
    assert {case.clause for case in CASES if case.clause} | {"logical-limit"} == {
        clause.id for clause in CLAUSES
    }
    assert {*ALONE, *TAKEN_BY_SOME} <= ids == JUDGED.keys()


@every_case
def test_the_verdicts_of_python_are_those_of_today(case: Case) -> None:
    """What is recorded of the two judges that are installed here."""
    with (
        said_of_others(f"tests/schema/stored/verdicts.json: {case.id}"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        recorded = JUDGED[case.id]
        assert json.loads(json.dumps(by_fastavro(case))) == recorded["fastavro"]
        assert json.loads(json.dumps(by_python(case))) == recorded["python"]


@pytest.mark.searching
def test_the_verdicts_of_java_are_those_of_today(tmp_path: Path) -> None:
    """What is recorded of the third, where there are Maven and a JDK."""
    try:
        judged = by_java(tmp_path)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"Apache Avro for Java cannot be run: {error}")
    assert judged == {name: verdicts["java"] for name, verdicts in JUDGED.items()}
