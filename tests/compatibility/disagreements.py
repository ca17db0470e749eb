"""Where the compatibility suites of other implementations and the specification part, and why."""

from __future__ import annotations

from typing import Final, NamedTuple


class Disagreement(NamedTuple):
    """One pair judged differently: our verdict, the clause that decides, and why."""

    compatible: bool
    clause: str
    reason: str


_STRUCTURE = Disagreement(
    compatible=False,
    clause='"Schema Resolution": "both schemas are records with the same (unqualified) name"',
    reason="matched by structure alone, which only Avro Java's older validator does",
)

VERDICTS: Final = {
    "avro-java-validator/101": _STRUCTURE,
    "avro-java-validator/102": _STRUCTURE,
}

PATHS: Final = {
    # Avro's Python library names the union; Java names the branch of the writer's that fails,
    # which says more, and is what the registries report.
    "avro-python/129": [("TYPE_MISMATCH", "/3")],
    "avro-python/130": [("TYPE_MISMATCH", "/1")],
    "avro-python/131": [("TYPE_MISMATCH", "/1")],
}
