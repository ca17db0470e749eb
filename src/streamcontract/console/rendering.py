"""Templates, and the addresses in them."""

from __future__ import annotations

import re
from typing import Final, Protocol
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from streamcontract._version import __version__
from streamcontract.console.pages.shown import NONE, visible
from streamcontract.errors import last_word

__all__ = ["ConsoleLinks", "Links", "Renderer"]


class Links(Protocol):
    """Addresses of pages, as templates use them."""

    def to(self, page: str, /, **query: object) -> str:
        """The address of a page; values of None are left out.

        Args:
            page: The page, such as ``"topic"``; ``""`` for the first.
            query: What it shows.
        """

    def static(self, file: str) -> str:
        """The address of a file of the console, such as ``console.css``."""


class ConsoleLinks:
    """Addresses of the console: names are in the query, where every character may be.

    Example:
        >>> ConsoleLinks().to("subject", name="a/../b", old=None)
        '/subject?name=a%2F..%2Fb'
    """

    def to(self, page: str, /, **query: object) -> str:
        """See :class:`Links`."""
        given = {name: value for name, value in query.items() if value not in {None, ""}}
        return f"/{page}?{urlencode(given, errors='replace')}" if given else f"/{page}"

    def static(self, file: str) -> str:
        """See :class:`Links`."""
        return f"/static/{file}"


_FACTS: Final = {"version": __version__}


class Renderer:
    """Makes HTML of templates and values.

    Every value is escaped: templates are HTML. The filters ``prose`` and ``breakable`` add tags,
    after that.

    Args:
        links: The addresses.
        facts: Values for every template.
    """

    def __init__(self, links: Links, **facts: object) -> None:
        self._environment = Environment(
            loader=PackageLoader("streamcontract.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update({**_FACTS, **facts, "link": links})
        self._environment.filters["number"] = _number
        self._environment.filters["last_word"] = last_word
        self._environment.filters["prose"] = _prose
        self._environment.filters["breakable"] = _breakable
        self._environment.filters["counted"] = _counted

    def page(self, template: str, **values: object) -> str:
        """A page, or a part of one. Lone surrogates, as JSON may have them, are no UTF-8."""
        html = _shown(self._environment.get_template(template).render(values))
        return html.encode("utf-8", "backslashreplace").decode()


_PIECES: Final = re.compile(r"<(textarea|option)\b.*?</\1>|<[^>]*>|([^<]+)", re.DOTALL)
"""Controls with the values that forms send back, tags, and text: values in any of them have no
``<`` or ``>``, which are escaped."""


def _shown(html: str) -> str:
    r"""HTML with the invisible characters of its text as escapes, wherever a value came from.

    Any application that registers schemas writes documentation, as any producer writes values.

    Example:
        >>> print(ascii(_shown('<p title="\u202e">pay 100\u202e000</p>')))
        '<p title="\u202e">pay 100\\u202e000</p>'
    """
    if visible(html) == html:
        return html
    return _PIECES.sub(lambda piece: visible(piece[2]) if piece[2] else piece[0], html)


def _number(value: int | None) -> str:
    """A number with its thousands set apart; a dash for None.

    Example:
        >>> _number(12345), _number(None) == "\N{EN DASH}"
        ('12,345', True)
    """
    return NONE if value is None else f"{value:,}"


def _counted(value: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> _counted(1, "message"), _counted(1200, "message")
        ('1 message', '1,200 messages')
    """
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


_COMMAND: Final = re.compile("`((?:streamcontract|git|--)[^`\n]*)`")


def _prose(text: str) -> Markup:
    """A text for people, commands between backticks as code; other backticks may be of data.

    Example:
        >>> _prose("`streamcontract init` writes <one>")
        Markup('<code>streamcontract init</code> writes &lt;one&gt;')
    """
    escaped = str(escape(text))
    return Markup(_COMMAND.sub(r"<code>\1</code>", escaped))  # noqa: S704 - it is escaped


def _breakable(name: str) -> Markup:
    """A name that may be broken after each dot, hyphen and underscore inside it.

    Example:
        >>> _breakable("com.example.<b>"), _breakable("orders")
        (Markup('com.<wbr>example.<wbr>&lt;b&gt;'), Markup('orders'))
    """
    escaped = str(escape(name))
    return Markup(re.sub(r"(?<=[._-])(?![._-]|$)", "<wbr>", escaped))  # noqa: S704 - it is escaped
