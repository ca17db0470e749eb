"""Numbers, times, sizes and values in words for people, and what failed on a page."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from streamcontract.errors import StreamContractError
from streamcontract.kafka.message import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.schema.model import JsonValue

__all__ = [
    "NONE",
    "Link",
    "NotThereError",
    "Notice",
    "Paging",
    "Undecoded",
    "compact",
    "cut",
    "headers_in_words",
    "json_in_words",
    "key_in_words",
    "moment",
    "pretty",
    "pretty_json",
    "property_in_words",
    "size",
    "undecoded",
    "visible",
]

_LONG: Final = 160

NONE: Final = "\N{EN DASH}"
"""The sign for no value."""

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Controls, but tab and newline, and not the joiners that scripts and emoji need."""


class NotThereError(StreamContractError):
    """What an address names does not exist."""


@attrs.frozen
class Link:
    """A link of a notice.

    Attributes:
        page: The page, such as ``"topic/partitions"``.
        text: The words of the link.
        query: What the page shows.
        writes: Whether only a console that may write has the page.
    """

    page: str
    text: str
    query: Mapping[str, str]
    writes: bool = False


@attrs.frozen
class Notice:
    """A remark before the content of a page.

    Attributes:
        kind: ``"bad"``, ``"warn"``, ``"good"`` or ``"note"``.
        title: It in a few words.
        text: The details, of any number of lines.
        link: Where to go from there, or None.
        error: The error because of which the page has nothing that was asked for, or None.
    """

    kind: Literal["bad", "warn", "good", "note"]
    title: str
    text: str = ""
    link: Link | None = None
    error: StreamContractError | None = None


@attrs.frozen
class Paging:
    """One page of a list.

    Attributes:
        page: Its number, from 1.
        per_page: How many items a page has.
        total: How many items there are.
    """

    page: int
    per_page: int
    total: int

    @classmethod
    def of(cls, page: int, total: int, per_page: int = 50) -> Paging:
        """A page that exists.

        Example:
            >>> Paging.of(9, 120), Paging.of(1, 0).pages
            (Paging(page=3, per_page=50, total=120), 1)
        """
        return cls(max(1, min(page, -(-total // per_page))), per_page, total)

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        """The index of its first item, from 0."""
        return (self.page - 1) * self.per_page

    @property
    def end(self) -> int:
        """The index after its last item."""
        return min(self.total, self.first + self.per_page)


def visible(text: str) -> str:
    r"""A text with its invisible characters as escapes, those of JSON.

    Controls of direction would show a text in another order than it is (CVE-2021-42574); a browser
    drops most of the other controls.

    Example:
        >>> visible("pay 100\u202e000"), visible("two\nlines")
        ('pay 100\\u202e000', 'two\nlines')
    """
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def compact(value: JsonValue) -> str:
    """A value on one line: text as it is, anything else as JSON.

    Example:
        >>> compact("AAPL"), compact({"a": 1})
        ('AAPL', '{"a": 1}')
    """
    return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def key_in_words(key: JsonValue, most: int = 2_000) -> str:
    """The key of a message; ``""`` where it has none.

    Example:
        >>> key_in_words("AAPL"), key_in_words(""), key_in_words(None)
        ('AAPL', '"" (empty)', '')
    """
    return "" if key is None else cut(compact(key), most) or '"" (empty)'


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return visible(json.dumps(value, ensure_ascii=False, indent=2))


def cut(text: str, most: int = _LONG) -> str:
    """The beginning of a text, on one line.

    Example:
        >>> cut("a longer text", 8)
        'a longer…'
    """
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else f"{line[:most]}…"


def moment(milliseconds: int | None) -> str:
    """A timestamp of Kafka in UTC; a dash without one.

    Example:
        >>> moment(1_700_000_000_000)
        '2023-11-14 22:13:20.000'
    """
    if milliseconds is None:
        return NONE
    try:
        return to_datetime(milliseconds).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    except (OverflowError, ValueError):  # beyond what a datetime holds
        return f"{milliseconds} ms"


_LONG_JSON: Final = 50_000
_LONG_HEADER: Final = 2_000
_MOST_HEADERS: Final = 50


def json_in_words(value: Any, place: str = "") -> str:
    """A value as indented JSON, its beginning if that is long.

    Args:
        value: The value.
        place: Where the whole of it is, such as ``"0:17"``, or ``""``.
    """
    text = pretty(value)
    if len(text) <= _LONG_JSON:
        return text
    where = f" ({place})" if place else ""
    return f"{text[:_LONG_JSON]}\n… cut after {_LONG_JSON:,} of {len(text):,} characters{where}"


def headers_in_words(headers: Sequence[tuple[str, JsonValue]]) -> Iterator[tuple[str, str]]:
    """Names and values of headers, and how many more there are.

    Example:
        >>> list(headers_in_words([("source", "legacy"), ("tries", 3)]))
        [('source', 'legacy'), ('tries', '3')]
    """
    for name, value in headers[:_MOST_HEADERS]:
        yield cut(visible(name)), cut(compact(value), _LONG_HEADER)
    if (more := len(headers) - _MOST_HEADERS) > 0:
        yield "…", f"and {more:,} more"


_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_DEEPEST: Final = 200


def pretty_json(text: str) -> str:
    """A text of JSON, indented; as it is where it is none, or nested very deep.

    Only the space between its parts changes: a key that an object has twice is there twice, and a
    number has all of its digits.

    Example:
        >>> print(pretty_json('{"a": 1.10, "a":[]}'))
        {
          "a": 1.10,
          "a": []
        }
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    parts: list[str] = []
    before, depth = "", 0
    for found in _JSON_TOKEN.finditer(text):
        part = found[0]
        is_after_begin, is_end = before in {"[", "{"}, part in {"]", "}"}
        depth += is_after_begin - is_end
        if depth > _DEEPEST:
            return text
        if before == "," or is_after_begin != is_end:
            parts.append("\n" + "  " * depth)
        parts.append(": " if part == ":" else part)
        before = part
    return visible("".join(parts))


def size(number: int) -> str:
    """A number of bytes.

    Example:
        >>> size(1), size(999), size(12_345)
        ('1 byte', '999 bytes', '12.3 kB')
    """
    if number < 1000:
        return "1 byte" if number == 1 else f"{number} bytes"
    if number < 1_000_000:
        return f"{number / 1000:.1f} kB"
    return f"{number / 1_000_000:.1f} MB"


_LONG_MAX: Final = 2**63 - 1
_UNLIMITED: Final = {"retention.ms": -1, "retention.bytes": -1}
_UNITS: Final = (
    (".ms", (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000))),
    (".bytes", (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))),
)


def property_in_words(name: str, value: str) -> str:
    """A number of a topic's configuration in larger units; ``""`` for any other value.

    Example:
        >>> [property_in_words("segment.ms", each) for each in ("86400000", "5400000", "12")]
        ['1 day', '1.5 hours', '']
        >>> property_in_words("retention.bytes", "-1"), property_in_words("a.bytes", "1048588")
        ('no limit', 'about 1 MiB')
        >>> property_in_words("local.retention.ms", "-2")
        'as retention.ms'
    """
    if not re.fullmatch("-?[0-9]{1,19}", value):
        return ""
    number = int(value)
    if number == _LONG_MAX or _UNLIMITED.get(name) == number:
        return "no limit"
    if number == -2 and name.startswith("local.retention."):  # KIP-405
        return f"as {name.removeprefix('local.')}"
    for ending, units in _UNITS:
        for unit, in_it in units if name.endswith(ending) else ():
            if number >= in_it:
                return _rounded(number, in_it, unit)
    return ""


def _rounded(number: int, in_it: int, unit: str) -> str:
    tenths = round(10 * number / in_it)
    words = f"{tenths // 10:,}" if tenths % 10 == 0 else f"{tenths / 10:,}"
    plural = "" if words == "1" or unit.endswith("iB") else "s"
    about = "" if 10 * number == tenths * in_it else "about "
    return f"{about}{words} {unit}{plural}"


_LONG_TEXT: Final = 50_000
"""Bytes of a text that a page shows."""

_MOST_BYTES: Final = 256
"""Bytes that a page shows in hexadecimal."""


@attrs.frozen(kw_only=True)
class Undecoded:
    """A value that no schema decodes.

    Attributes:
        text: Its beginning as text, if it is text in UTF-8; else ``""``.
        indented: The text as indented JSON, if it is an object or an array.
        bytes: Its first bytes in hexadecimal.
        bytes_in_words: How many of how many they are.
    """

    text: str
    indented: str
    bytes: str
    bytes_in_words: str


def undecoded(data: bytes, most: int = _LONG_TEXT) -> Undecoded:
    r"""A value that no schema decodes, as a page shows it.

    Args:
        data: The value.
        most: How many bytes of a text are shown.

    Example:
        >>> undecoded(b'{"a":1}').text, undecoded(b"\xff").text, undecoded(b"\xff").bytes_in_words
        ('{"a":1}', '', 'Its 1 byte')
    """
    text = _as_text(data, most)
    whole = pretty_json(text) if text[:1] in {"{", "["} and len(data) <= most else text
    rest = f"\n… cut after {most:,} of {len(data):,} bytes" if len(data) > most else ""
    is_part = len(data) > _MOST_BYTES
    return Undecoded(
        text=visible(text) + rest if text else "",
        indented="" if whole == text else whole,
        bytes=data[:_MOST_BYTES].hex(" "),
        bytes_in_words=f"The first {_MOST_BYTES} of its {len(data):,} bytes"
        if is_part
        else f"Its {size(len(data))}",
    )


def _as_text(data: bytes, most: int) -> str:
    """The beginning of a value as text; ``""`` where it is none."""
    try:
        # Not final: the last character may be cut.
        part, is_whole = data[:most], len(data) <= most
        text, _ = codecs.utf_8_decode(part, "strict", is_whole)
    except UnicodeDecodeError:
        return ""
    controls = (each for each in text if unicodedata.category(each) == "Cc")
    return text if all(each in "\r\n\t" for each in controls) else ""
