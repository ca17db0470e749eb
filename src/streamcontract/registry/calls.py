"""Parts of requests: paths with subjects, flags of the query, bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.registry.errors import InvalidSubjectError
from streamcontract.registry.protocol import SchemaReference, SchemaRequest, fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.registry.data_contracts import Metadata, RuleSet
    from streamcontract.schema import Schema

__all__ = ["flags", "path_of", "request_of"]

_NO_SEGMENTS: Final = ("", ".", "..")
_IDS: Final = 2**31
"""Ids and versions are below that: an id has four bytes in a message, which are an int in Java."""


def path_of(template: str, **parameters: str | int) -> str:
    """Fill a path template; a subject becomes one segment, with every character.

    Args:
        template: One of :class:`streamcontract.registry.protocol.Path`'s.
        **parameters: The values of its placeholders.

    Raises:
        InvalidSubjectError: The subject cannot be a segment: every HTTP library resolves ``.``
            and ``..`` (RFC 3986, section 5.2.4), so that deleting ``..`` would delete another path.
        ConfigurationError: A version cannot be a segment, or a parameter is neither a text nor a
        whole number.

    Example:
        >>> path_of("/subjects/{subject}/versions", subject="a/b")
        '/subjects/a%2Fb/versions'
    """
    parameters = {name: _plain(name, value) for name, value in parameters.items()}
    subject, version = parameters.get("subject", "-"), parameters.get("version", "-")
    if version in _NO_SEGMENTS:
        raise ConfigurationError(f"a version is a number or 'latest', not {version!r}")
    try:
        path = fill(template, **parameters)
    except UnicodeEncodeError:
        raise InvalidSubjectError(str(subject)) from None
    if subject in _NO_SEGMENTS:
        raise InvalidSubjectError(str(subject))
    return path


def _plain(name: str, value: object) -> str | int:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _IDS:
        return int(value)
    raise ArgumentError(name, value, "a str" if name != "id" else "a whole number below 2**31")


def flags(**flags: bool) -> dict[str, str]:
    """The query parameters for flags; unset flags are left out.

    Example:
        >>> flags(deleted=True, normalize=False)
        {'deleted': 'true'}
    """
    return {name: "true" for name, is_set in flags.items() if is_set}


def request_of(
    schema: Schema,
    references: Sequence[SchemaReference],
    metadata: Metadata | None = None,
    rule_set: RuleSet | None = None,
) -> SchemaRequest:
    """The request with a schema, which is self-contained if the request has no references."""
    text = schema.json if references else schema.inlined_json
    return SchemaRequest(
        schema=text, references=tuple(references), metadata=metadata, rule_set=rule_set
    )
