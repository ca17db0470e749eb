"""Any order of calls to a real registry beside a model of what every registry has to hold.

The moves are those that Redpanda's, Confluent's and Apicurio's API have in common; what the
embedded registry has beyond them is in ``tests/devstack/test_registry_model.py``.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.searching import examples

from streamcontract import SchemaRegistry, check_level, parse_schema
from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry import errors
from streamcontract.registry.protocol import LEVELS
from streamcontract.testing.plugin import stack_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import Schema
    from streamcontract.testing.fixtures.stacks import Stack


def record(**fields: Any) -> Schema:
    """A record with fields of type int; a value other than None is the field's default."""
    return parse_schema(
        {
            "type": "record",
            "name": "io.example.Point",
            "fields": [
                {"name": name, "type": "int", **({} if default is None else {"default": default})}
                for name, default in fields.items()
            ],
        }
    )


SCHEMAS = [record(x=None), record(x=None, y=0), record(x=None, y=None), record(z=None)]
indexes = st.integers(0, len(SCHEMAS) - 1)
SUBJECTS = ("a", "b/ü")
subjects = st.sampled_from(SUBJECTS)


@attrs.define
class Version:
    """A version in the model."""

    number: int
    schema: int
    deleted: bool = False


@attrs.define
class Subject:
    """A subject in the model."""

    versions: list[Version] = attrs.field(factory=list)
    level: str = "BACKWARD"

    @property
    def live(self) -> list[Version]:
        """The versions that are not soft-deleted."""
        return [version for version in self.versions if not version.deleted]


class Histories(RuleBasedStateMachine):
    """Two subjects of this run's own, in a registry that others use too."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.client = SchemaRegistry(self.url)
        run = uuid.uuid4().hex
        self.names = {subject: f"{run}-{subject}" for subject in SUBJECTS}
        self.known = {subject: Subject() for subject in SUBJECTS}
        self.ids: dict[int, int] = {}

    def teardown(self) -> None:
        """Leave nothing behind."""
        for subject, known in self.known.items():
            if known.live:
                self.client.delete_subject(self.names[subject])
            if known.versions:
                self.client.delete_subject(self.names[subject], permanent=True)
        self.client.close()

    def holds(self, subject: str, schema: int) -> bool:
        """Whether the subject's level lets a schema follow, by this library's own verdict."""
        known = self.known[subject]
        history = [SCHEMAS[version.schema] for version in known.live]
        return not check_level(known.level, candidate=SCHEMAS[schema], history=history)

    @rule(subject=subjects, schema=indexes)
    def register(self, subject: str, schema: int) -> None:
        """A live schema gives its id; any other becomes a version, or is refused."""
        known, name = self.known[subject], self.names[subject]
        is_new = not known.live
        if all(version.schema != schema for version in known.live):
            if not self.holds(subject, schema):
                with pytest.raises(errors.IncompatibleSchemaError):
                    self.client.register(name, SCHEMAS[schema])
                return
            last = max((version.number for version in known.versions), default=0)
            known.versions.append(Version(last + 1, schema))
        found = self.client.register(name, SCHEMAS[schema])
        assert self.ids.setdefault(schema, found) == found
        if is_new:  # before that, Apicurio has no place for a level
            self.client.set_compatibility(known.level, name)

    @rule(subject=subjects, schema=indexes)
    def look_up(self, subject: str, schema: int) -> None:
        """The version that has the schema."""
        known, name = self.known[subject], self.names[subject]
        numbers = [version.number for version in known.live if version.schema == schema]
        if numbers:
            found = self.client.lookup(name, SCHEMAS[schema])
            assert (found.version, found.id) == (numbers[0], self.ids[schema])
            return
        with pytest.raises(errors.NotFoundError):
            self.client.lookup(name, SCHEMAS[schema])

    @rule(subject=subjects, schema=indexes)
    def check(self, subject: str, schema: int) -> None:
        """A candidate is held against the latest version, or against all of them."""
        if self.known[subject].live:
            found = self.client.test_compatibility(self.names[subject], SCHEMAS[schema])
            assert bool(found) is self.holds(subject, schema)

    @rule(subject=subjects, level=st.sampled_from(LEVELS))
    def set_level(self, subject: str, level: str) -> None:
        """It counts from the next schema on."""
        if self.known[subject].live:
            self.client.set_compatibility(level, self.names[subject])
            self.known[subject].level = level
            assert self.client.compatibility(self.names[subject]) == level

    @rule(subject=subjects, data=st.data())
    def delete_version(self, subject: str, data: st.DataObject) -> None:
        """Softly: it is listed only when asked for."""
        known = self.known[subject]
        if len(known.live) > 1:
            version = data.draw(st.sampled_from(known.live))
            number = version.number
            assert self.client.delete_version(self.names[subject], number) == number
            version.deleted = True

    @rule(subject=subjects)
    def delete_subject(self, subject: str) -> None:
        """Softly, then for good, after which it begins anew."""
        known, name = self.known[subject], self.names[subject]
        if not known.live:
            with pytest.raises(errors.NotFoundError):
                self.client.delete_subject(name)
            return
        with pytest.raises(errors.SubjectNotSoftDeletedError):
            self.client.delete_subject(name, permanent=True)
        assert self.client.delete_subject(name) == [version.number for version in known.live]
        self.client.delete_subject(name, permanent=True)
        self.known[subject] = Subject()
        # A registry may forget the id of a schema that no version has any more.
        used = {version.schema for known in self.known.values() for version in known.versions}
        self.ids = {schema: number for schema, number in self.ids.items() if schema in used}

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """Subjects, versions and schemas."""
        listed = set(self.client.subjects())
        for subject, known in self.known.items():
            name = self.names[subject]
            assert (name in listed) is bool(known.live)
            if not known.live:
                continue
            assert self.client.versions(name) == [version.number for version in known.live]
            everything = [version.number for version in known.versions]
            assert self.client.versions(name, deleted=True) == everything
            latest = self.client.version(name)
            assert (latest.version, latest.schema) == (
                known.live[-1].number,
                SCHEMAS[known.live[-1].schema],
            )


@pytest.fixture(params=["embedded", "apicurio", "the stack's"])
def url(request: pytest.FixtureRequest, pytestconfig: pytest.Config, stack: Stack) -> Iterator[str]:
    """The URL of each registry that can be reached."""
    if request.param == "embedded":
        with RegistryServer() as server:
            yield server.url
    elif request.param == "apicurio":
        yield request.getfixturevalue("apicurio").url
    elif stack_kind(pytestconfig) in {"redpanda", "url"}:
        yield stack.registry_url
    else:
        pytest.skip("the stack's registry is the embedded one")


@pytest.mark.searching
def test_any_order_of_calls(url: str) -> None:
    """What the model says, on each registry."""
    run_state_machine_as_test(
        type("HistoriesThere", (Histories,), {"url": url}),
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
