"""Comments at the top of a module for the tools of the project that it stands in.

Formatters and sorters of imports leave the module alone: their settings differ from one project to
the next, and whatever they change, ``generate --check`` would find changed. Its text is laid out as
``ruff format`` does it for 100 columns.

Of lint rules, a module obeys every one that the generator can obey. Two kinds are left, and only a
module that they are about is excused from them. Some rules contradict each other from one project
to the next: a docstring's sections cannot be Google's and numpydoc's. Others are broken by words of
the schema, which the generator must not change: a field called ``l`` or ``camelCase``, a doc string
in Cyrillic. RUF100 among them covers words that only look as if they broke a rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.codegen.layout import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["tool_comments"]

# Both are known to ruff; "fmt" is black's, and "isort" its own.
_LEFT_ALONE: Final = ("# fmt: off", "# isort: skip_file")

# No copyright notice; no blank line above the docstring of a class (D211 wants none); a summary on
# the first line (D212 wants it there); quotes round the annotation that names the class it is in,
# though Python 3.14 looks at none too early.
_ANY_MODULE: Final = ("CPY001", "D203", "D213", "RUF100", "UP037")
_SHORTEST_LINE_LENGTH: Final = 79  # PEP 8's; ruff has 88, the text 100
# Of Python 3.10, which older versions of ruff do not take for granted.
_UNION_ANNOTATION: Final = re.compile(r"^(    \w+: |def ).* \| |^ +\| ", re.MULTILINE)
# Of a module beside this one: no project's name for it is known here, and what only annotations
# need, attrs shows to others at run time.
_RELATIVE_IMPORT: Final = re.compile(r"^from \.", re.MULTILINE)
# Sorted as sorted() has it.
_EXPORTS: Final = re.compile(r"^__all__ = ", re.MULTILINE)
# For annotations alone, says the rule; but attrs shows them to others at run time.
_STANDARD_IMPORT: Final = re.compile(r"^import (builtins|datetime|decimal|uuid)\b", re.MULTILINE)

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
_HIDDEN_DATETIME: Final = "import datetime as _"

_SUMMARY_WITHOUT_STOP: Final = re.compile(r'^ *r?"""(?!\{)[^"\n]*[^".\n](""")?$', re.MULTILINE)
_BEGINS_WITH_THIS: Final = re.compile(r'^ *r?"""This\b', re.MULTILINE | re.IGNORECASE)
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
_OWN_SECTION: Final = "\n    Attributes:\n        "
# Sections as numpydoc writes them, and a blank line below the last one.
_SECTION_RULES: Final = ("D406", "D407", "D413")
_WORDS_SECTION_RULES: Final = (
    *("D214", "D215", "D405", "D408", "D409", "D410", "D411", "D412", "D414", "D416"),
)


def tool_comments(text: str, identifiers: Iterable[str]) -> list[str]:
    """The lines of comments that tools look at.

    Args:
        text: The text of the module.
        identifiers: The names in it that come from the schema.
    """
    broken = sorted({*_ANY_MODULE, *_broken_by_tools(text), *_broken_by_words(text, identifiers)})
    return [*_LEFT_ALONE, f"# ruff: noqa: {', '.join(broken)}"]


def _broken_by_tools(text: str) -> list[str]:
    """Rules that projects set one way or the other."""
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
