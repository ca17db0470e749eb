"""Where the test suites of other implementations and this parser differ, and why.

Each entry names the case, what this parser says of its schema, and the clause of the Avro 1.12
specification (or, where that leaves it open, the implementations) that decides. Everything else
in the conformance cases agrees.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Disagreement(NamedTuple):
    """One case seen differently."""

    accepted: bool
    clause: str
    reason: str


_LOGICAL = Disagreement(
    accepted=True,
    clause='"Logical Types": "If a logical type is invalid, [...] ignore the logical type"',
    reason="fastavro refuses the schema; six other parsers ignore the logical type",
)
_ALIASES = Disagreement(
    accepted=False,
    clause='"Records", "Enums", "Fixed": aliases are "a JSON array of strings"',
    reason="fastavro takes a bare string, whose letters others would read as aliases",
)

DISAGREEMENTS: Final = {
    "avro-cpp/V044": Disagreement(
        accepted=False,
        clause='"Names": "A namespace is a dot-separated sequence of such names"',
        reason="a$ is no name; Avro's Java and Python libraries refuse it too",
    ),
    "avro-java/V019": Disagreement(
        accepted=False,
        clause='"Names": "a name must be defined before it is used"',
        reason="only Avro's Java library takes forward references; the schema would be unreadable "
        "to the others",
    ),
    "fastavro/V022": Disagreement(
        accepted=False,
        clause='"Names": "It is an error to define multiple fields [...] with the same name"',
        reason="the case has two fields called b; only fastavro takes it",
    ),
    "fastavro/I007": _LOGICAL,
    "fastavro/I008": _LOGICAL,
    "fastavro/I009": _LOGICAL,
    "fastavro/I010": _LOGICAL,
    "fastavro/I011": _LOGICAL,
    "fastavro/I012": _LOGICAL,
    "fastavro-canon/004": _ALIASES,
    "fastavro/R082": _ALIASES,
    "fastavro/R083": _ALIASES,
    "fastavro/R084": _ALIASES,
    "fastavro/R114": Disagreement(
        accepted=False,
        clause='"Records", table "field default values": an int\'s default is a number',
        reason="the default of an int is null there, to show that a writer's default is not used",
    ),
}
"""Cases in which this parser differs from the suite that a case comes from."""

SIDES: Final = {
    "avro-python/V030": '"Names" says that primitive type names "may not be defined in any '
    'namespace"; all parsers but one take ns.int, and it is never mistaken for int',
    "avro-python/V019": "a null namespace is no namespace attribute, so the enclosing one holds, "
    "as in Avro's Java and Python libraries; avro-cpp refuses null",
    "avro-c/V016": "a simple name that its namespace does not define means the null namespace's "
    "type, as in Avro's Java library: there is no other way to refer to it from inside one",
    "avro-cpp/V092": "big-decimal with a precision is big-decimal: attributes without meaning are "
    'metadata ("Schema Declaration"); avro-cpp drops the logical type',
    "schema-tests/016": "an empty union is a schema without values: the published vectors have it",
}
"""Questions that the specification leaves open or that parsers answer differently, and the side
taken here; the verdict on these cases is the suite's."""

WRONG_FINGERPRINTS: Final = {
    "avro-python-fp/027": "avro-python writes the second use of a named type out again, against "
    '"[FULLNAMES]" and "may not contain multiple definitions of a fullname"'
}
"""Published fingerprints of something that is not the Parsing Canonical Form."""
