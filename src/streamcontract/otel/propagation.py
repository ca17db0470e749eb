"""Trace context in the headers of messages, by the propagator of the process.

By default that is W3C Trace Context and Baggage; the application or ``OTEL_PROPAGATORS`` may set
others (specification "Propagators API"). Values are text, and are encoded in UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, Setter
from opentelemetry.trace import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.util.types import Attributes

__all__ = ["Header", "extracted", "inject", "links_to", "pairs_of"]

Header = tuple[str, Any]
"""Name and value: bytes or None in received headers, also text in headers to send."""


class _Headers(Getter["Sequence[Header]"], Setter["list[Header]"]):
    def get(self, carrier: Sequence[Header], key: str) -> list[str] | None:
        # Bytes that are not text become a value that no propagator accepts.
        found = [
            value if isinstance(value, str) else value.decode("utf-8", "replace")
            for name, value in carrier
            if name == key and value is not None
        ]
        return found or None

    def keys(self, carrier: Sequence[Header]) -> list[str]:
        return [name for name, _ in carrier]

    def set(self, carrier: list[Header], key: str, value: str) -> None:
        carrier.append((key, value))


_HEADERS = _Headers()


def pairs_of(headers: Mapping[str, Any] | Iterable[Header] | None) -> list[Header]:
    """Headers of a producer's call, as a new list."""
    if headers is None:
        return []
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def inject(headers: list[Header], creation: Context) -> None:
    """Append a message's creation context to the application's headers.

    A context of the application itself is kept unchanged ("Semantic conventions for messaging
    spans", producer spans: a custom creation context is not modified).
    """
    fields = propagate.get_global_textmap().fields if headers else ()
    if not (headers and any(name in fields for name, _ in headers)):
        propagate.inject(headers, creation, _HEADERS)


def extracted(headers: Sequence[Header], into: Context) -> Context:
    """The context in a message's headers; malformed values are ignored.

    Then a new trace starts (W3C Trace Context, section 3.2).
    """
    return propagate.extract(headers, into, _HEADERS)


def links_to(headers: Sequence[Header], attributes: Attributes = None) -> list[Link]:
    """A link to the span that created a message; none if its headers have none."""
    if not headers:
        return []
    span = trace.get_current_span(extracted(headers, Context())).get_span_context()
    return [Link(span, attributes)] if span.is_valid else []
