"""The same calls by Confluent's client and by ours, on two registries, have the same outcome."""

from __future__ import annotations

import inspect
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry import Schema as TheirSchema
from confluent_kafka.schema_registry.error import SchemaRegistryError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.devstack.registry_http import record
from tests.peers import said_of_others
from tests.registry.disagreements import LACKING, WITHOUT_REQUEST
from tests.searching import examples

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.devstack.registry import RegistryServer
from streamcontract.devstack.registry.store import Store
from streamcontract.registry.errors import RegistryRequestError
from streamcontract.registry.protocol import LEVELS, MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@attrs.frozen
class Arguments:
    """What a call may be told; each takes what it needs."""

    subject: str
    schema: str
    number: int
    version: int | str
    flag: bool
    level: str
    mode: str

    @property
    def theirs(self) -> TheirSchema:
        """The schema as Confluent's client has it."""
        return TheirSchema(self.schema, "AVRO")


arguments = st.builds(
    Arguments,
    # Names that a URL cannot carry as they are, and one that begins like another.
    subject=st.sampled_from(["s", "s-value", ":.c:s", ":.c:", "ü/:%20 ?"]),
    schema=st.sampled_from(
        [json.dumps(each) for each in ("int", "long", record("a"), record("a", b=0))]
    ),
    number=st.integers(1, 3),
    version=st.integers(1, 3) | st.just("latest"),
    flag=st.booleans(),
    level=st.sampled_from(LEVELS),
    mode=st.sampled_from(MODES),
)


def _config(level: str) -> ServerConfig:
    return ServerConfig(compatibility=ConfigCompatibilityLevel(level))


def _registered(answer: Any) -> tuple[object, ...]:
    schema_id = getattr(answer, "schema_id", None) or answer.id
    return answer.subject, answer.version, schema_id


def _pairs(answer: Any) -> list[tuple[str, int]]:
    return [(each.subject, each.version) for each in answer]


def _canonical(schema: Any) -> str:
    text = str(schema.schema_str) if isinstance(schema, TheirSchema) else schema.json
    return parse_schema(text).canonical_form


CALLS: dict[str, tuple[Callable[[Any, Arguments], object], Callable[[Any, Arguments], object]]] = {
    "register_schema": (
        lambda c, a: c.register_schema(a.subject, a.theirs, a.flag),
        lambda c, a: c.register(a.subject, parse_schema(a.schema), normalize=a.flag),
    ),
    "lookup_schema": (
        lambda c, a: _registered(c.lookup_schema(a.subject, a.theirs, deleted=a.flag)),
        lambda c, a: _registered(c.lookup(a.subject, parse_schema(a.schema), deleted=a.flag)),
    ),
    "get_schema": (
        lambda c, a: _canonical(c.get_schema(a.number)),
        lambda c, a: _canonical(c.schema_by_id(a.number)),
    ),
    "get_schema_types": (lambda c, _: c.get_schema_types(), lambda c, _: c.schema_types()),
    "get_subjects_by_schema_id": (
        lambda c, a: c.get_subjects_by_schema_id(a.number, deleted=a.flag),
        lambda c, a: c.subjects_of_id(a.number, deleted=a.flag),
    ),
    "get_schema_versions": (
        lambda c, a: _pairs(c.get_schema_versions(a.number)),
        lambda c, a: _pairs(c.versions_of_id(a.number)),
    ),
    "get_subjects": (
        lambda c, a: c.get_subjects(subject_prefix=a.subject, deleted=a.flag),
        lambda c, a: c.subjects(prefix=a.subject, deleted=a.flag),
    ),
    "get_versions": (
        lambda c, a: c.get_versions(a.subject, deleted=a.flag),
        lambda c, a: c.versions(a.subject, deleted=a.flag),
    ),
    "get_version": (
        lambda c, a: _registered(c.get_version(a.subject, a.version, deleted=a.flag)),
        lambda c, a: _registered(c.version(a.subject, a.version, deleted=a.flag)),
    ),
    "get_latest_version": (
        lambda c, a: _registered(c.get_latest_version(a.subject)),
        lambda c, a: _registered(c.version(a.subject)),
    ),
    "get_referenced_by": (
        lambda c, a: c.get_referenced_by(a.subject, a.version),
        lambda c, a: c.referenced_by(a.subject, a.version),
    ),
    "delete_subject": (
        lambda c, a: c.delete_subject(a.subject, permanent=a.flag),
        lambda c, a: c.delete_subject(a.subject, permanent=a.flag),
    ),
    "delete_version": (
        lambda c, a: c.delete_version(a.subject, a.number, permanent=a.flag),
        lambda c, a: c.delete_version(a.subject, a.number, permanent=a.flag),
    ),
    "set_compatibility": (
        lambda c, a: c.set_compatibility(a.subject if a.flag else None, a.level) and None,
        lambda c, a: c.set_compatibility(a.level, a.subject if a.flag else None),
    ),
    "get_compatibility": (
        lambda c, a: c.get_compatibility(a.subject if a.flag else None),
        lambda c, a: c.compatibility(a.subject if a.flag else None),
    ),
    "test_compatibility": (
        lambda c, a: c.test_compatibility(a.subject, a.theirs, a.version, verbose=a.flag),
        lambda c, a: (
            c.test_compatibility(a.subject, parse_schema(a.schema), version=a.version).is_compatible
        ),
    ),
    "test_compatibility_all_versions": (
        lambda c, a: c.test_compatibility_all_versions(a.subject, a.theirs),
        lambda c, a: (
            c.test_compatibility(a.subject, parse_schema(a.schema), version=None).is_compatible
        ),
    ),
    "get_contexts": (lambda c, _: c.get_contexts(), lambda c, _: c.contexts()),
    "set_config": (
        lambda c, a: (
            c.set_config(a.subject, ServerConfig(compatibility=ConfigCompatibilityLevel(a.level)))
            and None
        ),
        lambda c, a: c.set_config({"compatibility": a.level}, a.subject),
    ),
    "get_config": (
        lambda c, a: c.get_config(a.subject).compatibility_level,
        lambda c, a: c.config(a.subject).compatibility,
    ),
    "delete_config": (
        lambda c, a: c.delete_config(a.subject if a.flag else None).compatibility_level,
        lambda c, a: c.delete_config(a.subject if a.flag else None),
    ),
    "delete_mode": (lambda c, a: c.delete_mode(a.subject), lambda c, a: c.delete_mode(a.subject)),
    "get_mode": (lambda c, a: c.get_mode(a.subject), lambda c, a: c.mode(a.subject)),
    "update_mode": (
        lambda c, a: c.update_mode(a.subject, a.mode, force=a.flag) and None,
        lambda c, a: c.set_mode(a.mode, a.subject, force=a.flag),
    ),
    "get_global_mode": (lambda c, _: c.get_global_mode(), lambda c, _: c.mode()),
    "update_global_mode": (
        lambda c, a: c.update_global_mode(a.mode, force=a.flag) and None,
        lambda c, a: c.set_mode(a.mode, force=a.flag),
    ),
}
"""Every call that both have: theirs and ours."""


def _outcome(call: Callable[[], object]) -> tuple[str, object]:
    try:
        return "gave", call()
    except SchemaRegistryError as error:
        return "refused", error.error_code or error.http_status_code
    except RegistryRequestError as error:
        return "refused", error.code


def test_every_call_of_confluents_client_is_compared_or_listed() -> None:
    """No call is in two lists; what a new version of it can do more, or less, is reported."""
    known = {
        name
        for name, _ in inspect.getmembers(SchemaRegistryClient, callable)
        if not name.startswith("_")
    }
    listed = [*CALLS, *LACKING, *WITHOUT_REQUEST]
    assert len(listed) == len(set(listed))
    with said_of_others("tests/registry: the calls of Confluent's client"):
        assert set(listed) == known


@pytest.fixture(scope="module")
def registries() -> Iterator[tuple[RegistryServer, RegistryServer, SchemaRegistryClient]]:
    """A registry for each client, and Confluent's, which takes long to make."""
    with (
        RegistryServer() as for_theirs,
        RegistryServer() as for_ours,
        SchemaRegistryClient({"url": for_theirs.url}) as theirs,
    ):
        yield for_theirs, for_ours, theirs


@given(
    calls=st.lists(st.tuples(st.sampled_from(sorted(CALLS)), arguments), min_size=5, max_size=20)
)
@settings(max_examples=examples(20), deadline=None)
def test_calls_have_the_same_outcome(
    registries: tuple[RegistryServer, RegistryServer, SchemaRegistryClient],
    calls: list[tuple[str, Arguments]],
) -> None:
    """Two registries that hear the same, one from each client, answer the same."""
    for_theirs, for_ours, theirs = registries
    for server in (for_theirs, for_ours):
        server._server.store = Store()  # empty again
    for name, given_arguments in calls:
        their_call, our_call = CALLS[name]
        # Fresh eyes: a cached id would be answered after its schema was deleted for good.
        theirs.clear_caches()  # type: ignore[no-untyped-call] # untyped there
        with SchemaRegistry(for_ours.url) as ours:
            wanted = _outcome(partial(their_call, theirs, given_arguments))
            found = _outcome(partial(our_call, ours, given_arguments))
        assert found == wanted, name
