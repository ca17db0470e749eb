"""Words of the package and its documentation: the glossary's left column stays out of them."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING, Final

import pytest
from tests.docs.markdown import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE: Final = REPOSITORY / "src" / "streamcontract"
GLOSSARY: Final = REPOSITORY / "docs" / "architecture.md"
_TABLE: Final = re.compile(r"^\| not \| but \|\n\|[-| ]+\|\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE)

# Words that the glossary replaces in one sense only, in which a reader has to find them.
OTHER_SENSES: Final = {
    "hold": "a condition holds, a list holds values, a thread holds a lock; a partition is paused",
    "release": "a version of a program, and a share group's RELEASE; a partition is resumed",
    "reading": "the present participle of read",
    "places": "places in a file, and decimal places",
    "fast": "of a benchmark, and of the codec's path without explanations",
    "sending": "the present participle of send",
    "routes": "an HTTP server's routes",
    "access": "access logs, access rights of files, attribute access",
    "assembly": "the assembly of a wheel or of a module's text",
    "careful": "an everyday adjective",
    "first offsets": "the first offsets of several partitions, as Kafka's own documentation has it",
}
# Sentences that keep a word: (file, part of the line) and the reason.
EXCEPTIONS: Final = {
    ("docs/dead-letters.md", "streamcontract.dlq.settled"): "the name of a header on the wire",
    ("docs/devstack.md", "so many stacks can run"): "a conjunction and a number",
    ("docs/registry-client.md", "lag behind"): "Kafka's word for a replica's lag",
    ("src/streamcontract/registry/missing.py", "lag behind"): "Kafka's word for a replica's lag",
    ("src/streamcontract/testing/fixtures/stacks.py", "left behind by the tests"): "an idiom",
}


def _words() -> list[str]:
    table = _TABLE.search(GLOSSARY.read_text("utf-8"))
    assert table is not None, "docs/architecture.md has the glossary, a table with not and but"
    cells = [row.split("|")[1] for row in table["rows"].splitlines()]
    return [word.strip() for cell in cells for word in re.sub(r"\(.*?\)", "", cell).split(",")]


WORDS: Final = [word for word in _words() if word]
SOURCES: Final = sorted(PACKAGE.rglob("*.py"))
FILES: Final = [
    *SOURCES,
    *sorted(PACKAGE.rglob("*.p[yx][xi]")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    REPOSITORY / "README.md",
]
_REPLACED: Final = re.compile(
    r"\b(?:" + "|".join(re.escape(word) for word in WORDS if word not in OTHER_SENSES) + r")\b",
    re.IGNORECASE,
)


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a document outside its code; of a source, its comments and its texts."""
    text = file.read_text("utf-8")
    if file.suffix == ".md":
        text = _TABLE.sub(
            _blank, re.sub(r"^```.*?^```", _blank, text, flags=re.DOTALL | re.MULTILINE)
        )
        yield from enumerate(text.splitlines(), start=1)
    elif file.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            is_text = token.type == tokenize.STRING and token.string.count(" ") > 1
            # A part of an f-string is a token of its own since Python 3.12.
            is_part = tokenize.tok_name[token.type] == "FSTRING_MIDDLE"
            if is_text or is_part or token.type == tokenize.COMMENT:
                yield from enumerate(token.string.splitlines(), start=token.start[0])
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if "#" in line or '"' in line:
                yield number, line


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _name(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


def _is_exception(name: str, line: str) -> bool:
    return any(name == file and part in line for file, part in EXCEPTIONS)


@pytest.mark.searching
def test_the_glossarys_left_column_stays_out() -> None:
    """Write the right column, or add the sentence to the exceptions with its reason."""
    assert [
        f"{_name(file)}:{number}: {line.strip()}"
        for file in FILES
        for number, line in _prose(file)
        if _REPLACED.search(line) and not _is_exception(_name(file), line)
    ] == []


def test_the_glossary_and_its_exceptions_are_present() -> None:
    """An exception without its word or its sentence is removed."""
    assert {"told", "behind", "nobody"} <= set(WORDS)
    assert set(OTHER_SENSES) <= set(WORDS)
    for name, part in EXCEPTIONS:
        assert part in (REPOSITORY / name).read_text("utf-8"), (name, part)


def test_module_docstrings_begin_with_a_noun() -> None:
    """The thing that the module is about, not a question about it."""
    question = re.compile(r'(?:#.*\n)*r?"""\s*(What|Which|Where|How|Who)\b')
    assert question.match('"""What a module is."""')
    assert [_name(file) for file in SOURCES if question.match(file.read_text("utf-8"))] == []
