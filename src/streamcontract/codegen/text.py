"""Text from a schema as Python literals, comments and docstrings.

Every function takes untrusted text and returns source that Python parses as one literal or comment.
Characters that are invisible or misleading (control characters, line separators, bidirectional
overrides, lone surrogates) are escaped.

The result depends on the arguments alone: the same schema gives the same bytes under every version
of Python, hence the frozen Unicode 3.2 tables of the standard library.
"""

from __future__ import annotations

import re
import textwrap
from typing import Final
from unicodedata import ucd_3_2_0

__all__ = [
    "LINE_LENGTH",
    "bytes_literal",
    "comment_text",
    "docstring",
    "fill",
    "is_plain",
    "schema_literal",
    "sentence",
    "string_literal",
]

LINE_LENGTH: Final = 100
_MAX_MARGIN: Final = 20

_SENTENCE: Final = re.compile(r"(?P<first>.+?[.?!])\s+(?P<rest>[A-Z].*)", re.DOTALL)
_LIST_ITEM: Final = re.compile(r"^\s*([-*+]|[0-9]+[.)])\s", re.MULTILINE)
_VISIBLE: Final = frozenset("LMNPS")  # letters, marks, numbers, punctuation, symbols


def is_plain(char: str) -> bool:
    r"""Whether a character can be written in source text as itself: visible, or a space.

    Example:
        >>> [is_plain(char) for char in ("a", " ", "é", "\n", "\u202e", "\ud800")]
        [True, True, True, False, False, False]
    """
    if char < "\x7f":
        return char >= " "
    return ucd_3_2_0.category(char)[0] in _VISIBLE


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def _quoted(body: str, quote: str) -> str:
    return f"{quote}{body}{quote}"


def _quote_for(doubles: int, singles: int) -> str:
    """The quote that needs fewer escapes; double if both need the same (ruff's choice)."""
    return "'" if doubles > singles else '"'


def string_literal(text: str) -> str:
    r"""A ``str`` literal of the text.

    Example:
        >>> print(string_literal('say "hi"\n'))
        'say "hi"\n'
    """
    quote = _quote_for(text.count('"'), text.count("'"))
    escapes = {**_SHORT_ESCAPES, quote: f"\\{quote}"}
    body = "".join(
        escapes.get(char) or (char if is_plain(char) else _escape(char)) for char in text
    )
    return _quoted(body, quote)


def bytes_literal(data: bytes) -> str:
    r"""A ``bytes`` literal of the data.

    Example:
        >>> print(bytes_literal(b"\x00a"))
        b"\x00a"
    """
    quote = _quote_for(data.count(b'"'), data.count(b"'"))
    escapes = {**_SHORT_ESCAPES, quote: f"\\{quote}"}
    body = "".join(
        escapes.get(chr(byte)) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
    return "b" + _quoted(body, quote)


def comment_text(text: str) -> str:
    """Text for a comment; characters that are not plain are escaped."""
    return "".join(char if is_plain(char) else _escape(char) for char in text)


def schema_literal(json_text: str) -> str:
    r"""A literal of a schema's JSON text in its author's layout.

    Only insignificant parts of the JSON change: white space at the ends of lines and of the text,
    tabs between tokens, and characters that are not plain, which become JSON's own ``\u``
    escapes.

    Args:
        json_text: Valid JSON.

    Example:
        >>> literal = schema_literal('{"type": "int",\n "doc": "a\\tb"}\n')
        >>> literal == 'r""' + '"{"type": "int",\n "doc": "a\\tb"}""' + '"'
        True
    """
    text = "\n".join(
        "".join(char if is_plain(char) else _json_escape(char) for char in line.expandtabs(4))
        for line in (raw.rstrip(" \t") for raw in re.split(r"\r\n|\r|\n", json_text.strip()))
    )
    # JSON cannot hold three quotes in a row: a string's end is never followed by another quote.
    if '"""' in text or text.endswith(('"', "\\")):
        return string_literal(text)
    return f'r"""{text}"""' if "\\" in text else f'"""{text}"""'


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def docstring(
    doc: str | None,
    *,
    otherwise: str,
    attributes: list[tuple[str, str]] | None = None,
    closing: str | None = None,
    indent: int = 0,
) -> list[str]:
    """The lines of a docstring in Google's style.

    Args:
        doc: The schema's doc. Its first sentence is the summary if it fits on one line.
        otherwise: The summary if the doc gives none; one line that ends in a full stop.
        attributes: Names and descriptions of the section ``Attributes:``.
        closing: A paragraph after the doc.
        indent: The indentation of every line.
    """
    summary, body = _summary(doc or "", LINE_LENGTH - indent - 2 * len('r"""'))
    lines = [summary or otherwise]
    width = LINE_LENGTH - indent
    for paragraph in (body, closing):
        if paragraph:
            lines += ["", *_wrapped(paragraph, width)]
    if attributes:
        lines += ["", "Attributes:"]
        for name, description in attributes:
            text = " ".join(f"{name}: {description}".split())
            lines += fill(text, width, " " * 4, " " * 8)
    return _encode_docstring(lines, " " * indent)


def fill(text: str, width: int, first: str = "", following: str = "") -> list[str]:
    """The lines of a text, of at most ``width`` columns; words are not broken."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _dedent(doc: str) -> str:
    """The doc without the common indentation of all lines but the first.

    ``inspect.cleandoc`` does the same, differently from one Python to the next.
    """
    first, *rest = re.sub(r"\r\n|\r", "\n", doc).expandtabs(4).split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[margin:].rstrip() for line in rest)]).strip("\n")


def _summary(doc: str, width: int) -> tuple[str, str]:
    """Split a doc into a summary line that fits and the rest; the summary may be empty."""
    text = _dedent(doc)
    head, _, rest = text.partition("\n\n")
    if _LIST_ITEM.search(head):
        return "", text
    paragraph = " ".join(head.split())
    sentences = _SENTENCE.fullmatch(paragraph)
    if len(paragraph) >= width and sentences is not None:
        paragraph = sentences["first"]
        rest = f"{sentences['rest']}\n\n{rest}"
    paragraph = sentence(paragraph)
    if not paragraph.endswith((".", "?", "!")) or paragraph[0] == '"' or len(paragraph) > width:
        return "", text
    return paragraph, rest


def sentence(words: str) -> str:
    """The text with a full stop after it, if it ends in a letter or a digit."""
    ends_open = words != "" and ucd_3_2_0.category(words[-1])[0] in "LN"
    return f"{words}." if ends_open else words


def _wrapped(text: str, width: int) -> list[str]:
    """Wrap line by line, so that lists and examples in the doc keep their layout."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        if line.strip():
            margin = " " * min(_MAX_MARGIN, len(line) - len(line.lstrip(" ")))
            lines += fill(line.strip(), width, margin, margin)
        elif lines[-1]:
            lines.append("")
    return lines


def _encode_docstring(lines: list[str], margin: str) -> list[str]:
    text = "\n".join(line.rstrip() for line in lines)
    prefix = ""
    if all(is_plain(char) or char == "\n" for char in text) and '"""' not in text:
        # Raw, so that backslashes of the doc are unchanged.
        prefix = "r" if "\\" in text else ""
    else:
        # Python refuses a class whose docstring UTF-8 cannot encode: half a surrogate pair is
        # written as its escape.
        text = re.sub("[\ud800-\udfff]", lambda half: _escape(half[0]), text)
        text = "".join(
            char if char == "\n" or (is_plain(char) and char != "\\") else _escape(char)
            for char in text
        ).replace('"""', "\\u0022" * 3)
    first, *rest = text.split("\n")
    if not rest:
        return [f'{margin}{prefix}"""{first}"""']
    return [
        f'{margin}{prefix}"""{first}',
        *(f"{margin}{line}" if line else "" for line in rest),
        f'{margin}"""',
    ]
