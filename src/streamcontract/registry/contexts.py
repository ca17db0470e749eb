"""Contexts: namespaces of a registry, each with its own subjects and its own schema ids.

A subject of another context than the default one is written ``:.context:subject`` wherever the API
takes a subject ("Schema Registry Contexts" in Redpanda's documentation of release 26.2, "Schema
contexts" in Confluent's). The same id means another schema in each context, so a schema id without
its context names nothing.
"""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["DEFAULT_CONTEXT", "GLOBAL_CONTEXT", "QualifiedSubject", "normalize_context"]

DEFAULT_CONTEXT: Final = "."
"""The context of every subject that does not name one."""

GLOBAL_CONTEXT: Final = ".__GLOBAL"
"""Holds the level and the mode of all contexts that have none of their own, and no subjects."""

_QUALIFIED: Final = ":."


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
            text: The subject; what does not begin with ``:.`` is a name without a context.
            within: The context of such a name.
        """
        if not text.startswith(_QUALIFIED):
            return cls(within, text)
        context, _, name = text[1:].partition(":")
        return cls(context, name)

    def __str__(self) -> str:
        if self.context == DEFAULT_CONTEXT:
            return self.name
        return f":{self.context}:{self.name}"


def normalize_context(text: str) -> str:
    """The name of a context from the forms that the API takes in a URL.

    Raises:
        ValueError: A colon is inside it.

    Example:
        >>> normalize_context("staging"), normalize_context(":.staging:")
        ('.staging', '.staging')
    """
    name = text.removeprefix(":").removesuffix(":")
    if ":" in name:
        raise ValueError(f"{text!r} is no name of a context: it has a colon inside")
    return name if name.startswith(".") else f".{name}"
