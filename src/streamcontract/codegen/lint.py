"""Comments for formatters and linters, at the top of a generated module.

Formatters and sorters of imports are switched off for the module: their settings differ between
projects, and ``generate --check`` would report their changes. Its text has the layout of
``ruff format`` for 100 columns.

A module keeps every lint rule that the generator can keep. Two kinds of rules are left, which are
switched off only in modules that break them. Some contradict each other between projects: a
docstring's sections cannot be Google's and numpydoc's. Others are broken by words of the schema,
which the generator must not change: a field called ``l`` or ``camelCase``, a doc string in
Cyrillic. RUF100 is among them for words that only seem to break a rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.codegen.layout import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["tool_comments"]

# ruff reads both; "fmt" is from black, and "isort" from isort.
_LEFT_ALONE: Final = ("# fmt: off", "# isort: skip_file")

# No copyright notice; no blank line above the docstring of a class (D211 wants none); a summary on
# the first line (D212 wants it there); quotes round the annotation that names the class it is in,
# though Python 3.14 looks at none too early.
_ANY_MODULE: Final = ("CPY001", "D203", "D213", "RUF100", "UP037")
_SHORTEST_LINE_LENGTH: Final = 79  # PEP 8's; ruff has 88, the text 100
# Of Python 3.10, which is not the default target of older versions of ruff.
_UNION_ANNOTATION: Final = re.compile(r"^(    \w+: |def ).* \| |^ +\| ", re.MULTILINE)
# Imports of a module beside this one: its absolute name is not known here, and attrs needs the
# classes of annotations at run time.
_RELATIVE_IMPORT: Final = re.compile(r"^from \.", re.MULTILINE)
# Sorted as sorted() has it.
_EXPORTS: Final = re.compile(r"^__all__ = ", re.MULTILINE)
# The rule takes them for imports of annotations alone, but attrs needs them at run time.
_STANDARD_IMPORT: Final = re.compile(r"^import (builtins|datetime|decimal|uuid)\b", re.MULTILINE)

_MIXED_CASE: Final = re.compile(r"_*[a-z][A-Za-z0-9_]*[A-Z][A-Za-z0-9_]*")
_AMBIGUOUS: Final = frozenset({"l", "I", "O"})
_SECRET: Final = re.compile(r"pas+wo?r?d|passphrase|pwd|token|secret|pass", re.IGNORECASE)
_BUILTIN: Final = re.compile(
    r"(\w*(Error|Exception|ExceptionGroup|Warning|Exit|Interrupt|Iteration))"
    r"|Ellipsis|NotImplemented"
)
# A class that is defined later, in a cycle of records, can only be named in a lambda.
_LATE_CALL: Final = re.compile(r"factory=lambda: \w+\(\)")
_INSECURE_TEXT: Final = re.compile(r"0\.0\.0\.0|/tmp|/dev/shm|::")
_HIDDEN_DATETIME: Final = "import datetime as _"

_SUMMARY_WITHOUT_STOP: Final = re.compile(r'^ *r?"""(?!\{)[^"\n]*[^".\n](""")?$', re.MULTILINE)
_BEGINS_WITH_THIS: Final = re.compile(r'^ *r?"""This\b', re.MULTILINE | re.IGNORECASE)
# The names of sections that ruff knows (pydocstyle/sections); on a line of their own in the
# schema's words they are not sections.
_SECTION: Final = re.compile(
    r"^\s*(args|arguments|attention|attributes|caution|danger|error|errors|example|examples|"
    r"extended summary|hint|important|keyword args|keyword arguments|methods|note|notes|"
    r"other args|other arguments|other params|other parameters|parameters|raises|receives|"
    r"references|return|returns|see also|short summary|summary|tip|todo|warning|warnings|warns|"
    r"yield|yields):?$",
    re.IGNORECASE | re.MULTILINE,
)
_OWN_SECTION: Final = "\n    Attributes:\n        "
# Sections as numpydoc writes them, and a blank line below the last one.
_SECTION_RULES: Final = ("D406", "D407", "D413")
_WORDS_SECTION_RULES: Final = (
    *("D214", "D215", "D405", "D408", "D409", "D410", "D411", "D412", "D414", "D416"),
)


def tool_comments(text: str, identifiers: Iterable[str]) -> list[str]:
    """The comment lines for tools.

    Args:
        text: The text of the module.
        identifiers: The names in it that come from the schema.
    """
    broken = sorted({*_ANY_MODULE, *_broken_by_tools(text), *_broken_by_words(text, identifiers)})
    return [*_LEFT_ALONE, f"# ruff: noqa: {', '.join(broken)}"]


def _broken_by_tools(text: str) -> list[str]:
    """The rules that depend on the settings of the project."""
    return [
        *(_SECTION_RULES if _SECTION.search(text) else []),
        *(
            ["E501"]
            if any(columns(line) > _SHORTEST_LINE_LENGTH for line in text.split("\n"))
            else []
        ),
        *(["FA102"] if _UNION_ANNOTATION.search(text) else []),
        *(["RUF022"] if _EXPORTS.search(text) else []),
        *(["TC001", "TID252"] if _RELATIVE_IMPORT.search(text) else []),
        *(["TC003"] if _STANDARD_IMPORT.search(text) else []),
    ]


def _broken_by_words(text: str, identifiers: Iterable[str]) -> list[str]:
    names = set(identifiers)
    beyond_ascii = not text.isascii()
    ambiguous = not names.isdisjoint(_AMBIGUOUS)
    builtin = ["A001", "A004"] if _RELATIVE_IMPORT.search(text) else ["A001"]
    return [
        *(builtin if any(map(_BUILTIN.fullmatch, names)) else []),
        *(["D400"] if _SUMMARY_WITHOUT_STOP.search(text) else []),
        *(["D404"] if _BEGINS_WITH_THIS.search(text) else []),
        *(_WORDS_SECTION_RULES if _SECTION.search(text.replace(_OWN_SECTION, "\n")) else []),
        *(["E741", "E742"] if ambiguous else []),
        *(["ICN001"] if _HIDDEN_DATETIME in text else []),
        *(["N815"] if any(map(_MIXED_CASE.fullmatch, names)) else []),
        *(["PLW0108"] if _LATE_CALL.search(text) else []),
        *(["RUF001", "RUF002", "RUF003"] if beyond_ascii else []),
        *(["S104", "S108"] if _INSECURE_TEXT.search(text) else []),
        *(["S105"] if any(map(_SECRET.search, names)) else []),
    ]
