"""Which lint rules a module has to be excused from, for the sake of the schema's own words.

A generated module obeys every rule that the generator can obey. What is left are words it must
not change: a field called ``l`` or ``camelCase``, a line of the schema that is longer than 100
columns, a doc string in Cyrillic. Only a module with such words carries an exception, in one line
at its top; RUF100 in there covers words that only look as if they broke a rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.codegen.layout import columns
from streamcontract.codegen.text import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["exceptions_line"]

_MIXED_CASE: Final = re.compile(r"_*[a-z][A-Za-z0-9_]*[A-Z][A-Za-z0-9_]*")
_AMBIGUOUS: Final = frozenset({"l", "I", "O"})
_SECRET: Final = re.compile(r"pas+wo?r?d|passphrase|pwd|token|secret|pass", re.IGNORECASE)
_BUILTIN: Final = re.compile(
    r"(\w*(Error|Exception|ExceptionGroup|Warning|Exit|Interrupt|Iteration))"
    r"|Ellipsis|NotImplemented"
)
# A class that stands further down, in a cycle of records, can only be named in a lambda.
_LATE_CALL: Final = re.compile(r"factory=lambda: \w+\(\)")
_INSECURE_TEXT: Final = re.compile(r"0\.0\.0\.0|/tmp|/dev/shm|::")
# The names of sections that ruff knows (pydocstyle/sections); as a line of their own in somebody
# else's words they are no sections of ours.
_SECTION: Final = re.compile(
    r"^\s*(args|arguments|attention|attributes|caution|danger|error|errors|example|examples|"
    r"extended summary|hint|important|keyword args|keyword arguments|methods|note|notes|"
    r"other args|other arguments|other params|other parameters|parameters|raises|receives|"
    r"references|return|returns|see also|short summary|summary|tip|todo|warning|warnings|warns|"
    r"yield|yields):?$",
    re.IGNORECASE | re.MULTILINE,
)
_SECTION_RULES: Final = ("D214", "D405", "D410", "D411", "D412", "D414", "D416")
_HIDDEN_DATETIME: Final = "import datetime as _"
_OWN_SECTION: Final = "\n    Attributes:\n"


def exceptions_line(text: str, identifiers: Iterable[str]) -> list[str]:
    """The ``# ruff: noqa:`` line for a module, or none where the schema's words break no rule.

    Args:
        text: The text of the module.
        identifiers: The names in it that come from the schema.
    """
    names = set(identifiers)
    beyond_ascii = not text.isascii()
    ambiguous = not names.isdisjoint(_AMBIGUOUS)
    broken = [
        *(["A001"] if any(map(_BUILTIN.fullmatch, names)) else []),
        *(_SECTION_RULES if _SECTION.search(text.replace(_OWN_SECTION, "\n")) else []),
        *(["E501"] if any(columns(line) > LINE_LENGTH for line in text.split("\n")) else []),
        *(["E741", "E742"] if ambiguous else []),
        *(["ICN001"] if _HIDDEN_DATETIME in text else []),
        *(["N815"] if any(map(_MIXED_CASE.fullmatch, names)) else []),
        *(["PLW0108"] if _LATE_CALL.search(text) else []),
        *(["RUF001", "RUF002", "RUF003"] if beyond_ascii else []),
        *(["S104", "S108"] if _INSECURE_TEXT.search(text) else []),
        *(["S105"] if any(map(_SECRET.search, names)) else []),
    ]
    return [f"# ruff: noqa: {', '.join([*broken, 'RUF100'])}"] if broken else []
