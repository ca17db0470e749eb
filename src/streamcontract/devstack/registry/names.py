"""Names in a request's path and query: subjects in their contexts, schema ids, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.devstack.registry.refusal import Refusal, invalid_subject
from streamcontract.devstack.registry.values import SchemaKey, alphabetical
from streamcontract.registry.contexts import GLOBAL_CONTEXT
from streamcontract.registry.protocol import MAX_VERSION, ErrorCode, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.devstack.registry.application import RoutedRequest
    from streamcontract.devstack.registry.state import State
    from streamcontract.registry.contexts import QualifiedSubject

__all__ = ["matching", "schema_key", "settings_name", "subject_name", "version_number"]

_RESERVED: Final = ("__GLOBAL", "__EMPTY")
_EVERY_CONTEXT: Final = ":*:"


def subject_name(state: State, call: RoutedRequest) -> QualifiedSubject:
    """The subject in the path.

    Raises:
        Refusal: 42208, the name is reserved.
    """
    name = settings_name(state, call)
    if not name.name or name.context == GLOBAL_CONTEXT:
        raise invalid_subject(call.subject)
    return name


def settings_name(state: State, call: RoutedRequest) -> QualifiedSubject:
    """The subject or context in the path of a level or mode; left out, the context itself.

    Raises:
        Refusal: 42208, the name is reserved.
    """
    name = state.qualify(call.subject)
    if name.name in _RESERVED:
        raise invalid_subject(call.subject)
    return name


def schema_key(state: State, call: RoutedRequest) -> SchemaKey:
    """The schema id in the path, in the context of the subject in the query.

    Raises:
        Refusal: 40002, or 404 for Confluent's registry: it is not an id.
    """
    text = call.parameters["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MAX_VERSION):
        if state.is_confluent:
            raise Refusal(ErrorCode.NOT_FOUND, "HTTP 404 Not Found")
        raise Refusal(ErrorCode.BAD_REQUEST, f"Invalid parameter 'id' got '{text}'")
    return SchemaKey(state.qualify(call.scoped(call.text("subject"))).context, int(text))


def version_number(call: RoutedRequest, *, minus_one: bool = True) -> int | None:
    """The version in the path, None for the latest; -1 is allowed for reading only.

    Raises:
        Refusal: 42202, it is not a version.
    """
    text = call.parameters["version"]
    try:
        return parse_version(text, minus_one=minus_one)
    except ValueError as error:
        raise Refusal(ErrorCode.INVALID_VERSION, str(error)) from error


def matching(state: State, call: RoutedRequest) -> Iterator[QualifiedSubject]:
    """The subjects whose names begin with the query's ``subjectPrefix``, in order."""
    prefix = call.scoped(call.text("subjectPrefix"))
    start = state.qualify(prefix)
    everywhere = not prefix or (state.has_contexts and prefix.startswith(_EVERY_CONTEXT))
    beginning = prefix.removeprefix(_EVERY_CONTEXT) if everywhere else start.name
    for name in sorted(state.subjects, key=alphabetical):
        if name.name.startswith(beginning) and (everywhere or name.context == start.context):
            yield name
