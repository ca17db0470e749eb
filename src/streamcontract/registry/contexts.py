"""Contexts: namespaces of a registry, each with its own subjects and its own schema ids.

A subject of another context than the default one is written ``:.context:subject`` in the API
("Schema Registry Contexts" in Redpanda's documentation of release 26.2, "Schema contexts" in
Confluent's). The same id means another schema in each context, so a schema id is only unique
together with its context.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DEFAULT_CONTEXT",
    "GLOBAL_CONTEXT",
    "QualifiedSubject",
    "context_of",
    "normalize_context",
]

DEFAULT_CONTEXT: Final = "."
"""The default context, of every subject without one."""

GLOBAL_CONTEXT: Final = ".__GLOBAL"
"""The context with the level and the mode of all contexts without their own; it has no subjects."""

_QUALIFIED: Final = ":."

_IN_A_URL: Final = re.compile(r"/contexts/([^/]+)/*$")


@attrs.frozen(order=True)
class QualifiedSubject:
    """A subject in its context.

    Attributes:
        context: The context's name, which begins with a dot.
        name: The subject's own name; ``""`` means the context as a whole.

    Example:
        >>> QualifiedSubject.parse(":.staging:orders-value")
        QualifiedSubject(context='.staging', name='orders-value')
        >>> str(QualifiedSubject.parse("orders-value")), str(QualifiedSubject.parse(":.staging"))
        ('orders-value', ':.staging:')
    """

    context: str
    name: str

    @classmethod
    def parse(cls, text: str, within: str = DEFAULT_CONTEXT) -> QualifiedSubject:
        """Read a subject as the API writes it.

        Args:
            text: The subject; a text that does not begin with ``:.`` is a name without a context.
            within: The context of such a name.
        """
        if not isinstance(text, str):
            raise ArgumentError("subject", text, "a str")
        if not text.startswith(_QUALIFIED):
            return cls(within, text)
        context, _, name = text[1:].partition(":")
        return cls(context, name)

    def within(self, context: str) -> str:
        """The shortest name of it, if ``context`` is the context of plain names.

        Example:
            >>> subject = QualifiedSubject(".", "orders-value")
            >>> subject.within("."), subject.within(".staging")
            ('orders-value', ':.:orders-value')
        """
        if self.context == context and not self.name.startswith(_QUALIFIED):
            return self.name
        return f":{self.context}:{self.name}"

    def __str__(self) -> str:
        if self.context == DEFAULT_CONTEXT:
            return self.name
        return f":{self.context}:{self.name}"


def normalize_context(text: str) -> str:
    """The name of a context, from its forms in URLs.

    Raises:
        ArgumentError: It is not a text.
        ValueError: It contains a colon.

    Example:
        >>> normalize_context("staging"), normalize_context(":.staging:")
        ('.staging', '.staging')
    """
    if not isinstance(text, str):
        raise ArgumentError("context", text, "a str")
    text = str.__str__(text)
    name = text.removeprefix(":").removesuffix(":")
    if ":" in name:
        raise ValueError(f"{text!r} is not a context: it contains a colon")
    return name if name.startswith(".") else f".{name}"


def context_of(urls: Iterable[str]) -> str:
    """The context of a registry's URLs, which is the same for all of them.

    Raises:
        ConfigurationError: They have several, or one of them is not valid.

    Example:
        >>> context_of(["https://registry.example/contexts/.staging"])
        '.staging'
        >>> context_of(["https://registry.example"])
        '.'
    """
    found = {_in_url(url): url for url in urls}
    if len(found) > 1:
        raise ConfigurationError(
            f"the registry's URLs have to have one context, and they have "
            f"{' and '.join(found)}: {', '.join(found.values())}"
        )
    return next(iter(found), DEFAULT_CONTEXT)


def _in_url(url: str) -> str:
    found = _IN_A_URL.search(urlsplit(url).path)
    if found is None:
        return DEFAULT_CONTEXT
    try:
        return normalize_context(unquote(found[1]))
    except ValueError as error:
        raise ConfigurationError(f"the registry's URL {url} cannot be used: {error}") from error
