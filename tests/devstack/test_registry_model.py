"""The registry against a tiny model of it: any order of calls, restarts in between."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import attrs
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse as parse_with_avro
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.devstack.registry_http import record

from streamcontract.devstack.registry.application import Request, respond
from streamcontract.devstack.registry.routes import ROUTES
from streamcontract.devstack.registry.store import Store
from streamcontract.registry.protocol import LEVELS, fill
from streamcontract.registry.protocol import Path as Template

SCHEMAS = [
    json.dumps(schema) for schema in ("int", record("a"), record("a", b=0), record("a", "b"))
]


def avro_reads(reader: int, writer: int) -> bool:
    """What Apache Avro's own check says."""
    checker: Any = ReaderWriterCompatibilityChecker  # untyped upstream
    result = checker().get_compatibility(*(parse_with_avro(SCHEMAS[i]) for i in (reader, writer)))
    return result.compatibility is SchemaCompatibilityType.compatible


READS = {(r, w): avro_reads(r, w) for r in range(len(SCHEMAS)) for w in range(len(SCHEMAS))}


def compatible(level: str, new: int, old: int) -> bool:
    """Whether a level lets a schema follow another."""
    backward = READS[new, old] or not level.startswith(("BACKWARD", "FULL"))
    forward = READS[old, new] or not level.startswith(("FORWARD", "FULL"))
    return backward and forward


@attrs.define
class ModelVersion:
    """A version in the model."""

    number: int
    schema: int
    deleted: bool = False


subjects = st.sampled_from(["s", "t/ü"])
schemas = st.integers(0, len(SCHEMAS) - 1)
versions = st.integers(1, 4)


class Registry(RuleBasedStateMachine):
    """The registry without its socket beside a dictionary of what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "registry.json"
        self.store = Store(self.path)
        self.subjects: dict[str, list[ModelVersion]] = {"s": [], "t/ü": []}
        self.levels: dict[str, str] = {}
        self.level = "BACKWARD"
        self.ids: dict[int, int] = {}
        self.next_id = 1

    def teardown(self) -> None:
        """Leave no file open."""
        self.store.close()
        self.folder.cleanup()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The error code, or 200, and what was answered."""
        request = Request(method, path, json.dumps(body).encode())
        answer = respond(ROUTES, self.store, request, None)
        value = json.loads(answer.body)
        return value["error_code"] if answer.status != 200 else 200, value

    def live(self, subject: str) -> list[ModelVersion]:
        """The versions that are not soft-deleted."""
        return [version for version in self.subjects[subject] if not version.deleted]

    @rule(subject=subjects, schema=schemas)
    def register(self, subject: str, schema: int) -> None:
        """A known live schema gives its id; a new one a version, if the level allows it."""
        code, answer = self.call(
            "POST", fill(Template.VERSIONS, subject=subject), {"schema": SCHEMAS[schema]}
        )
        live = self.live(subject)
        if all(version.schema != schema for version in live):
            level = self.levels.get(subject, self.level)
            asked = live if level.endswith("TRANSITIVE") else live[-1:]
            if not all(compatible(level, schema, old.schema) for old in asked):
                assert code == 409
                return
            last = max((version.number for version in self.subjects[subject]), default=0)
            self.subjects[subject].append(ModelVersion(last + 1, schema))
            if schema not in self.ids:
                self.ids[schema] = self.next_id
                self.next_id += 1
        assert (code, answer) == (200, {"id": self.ids[schema]})

    @rule(subject=subjects, schema=schemas, deleted=st.booleans())
    def look_up(self, subject: str, schema: int, deleted: bool) -> None:
        """The first version with the schema, among the soft-deleted ones too where asked to."""
        code, answer = self.call(
            "POST",
            fill(Template.SUBJECT, subject=subject) + f"?deleted={deleted}",
            {"schema": SCHEMAS[schema]},
        )
        seen = self.subjects[subject] if deleted else self.live(subject)
        found = [version.number for version in seen if version.schema == schema]
        if found:
            assert (answer["version"], answer["id"]) == (found[0], self.ids[schema])
        else:
            assert code == (40403 if seen else 40401)

    @rule(subject=subjects, number=versions, permanent=st.booleans())
    def delete_version(self, subject: str, number: int, permanent: bool) -> None:
        """Soft first, permanent then; each only once."""
        path = fill(Template.VERSION, subject=subject, version=number)
        code, answer = self.call("DELETE", f"{path}?permanent={permanent}")
        known = self.subjects[subject]
        version = next((version for version in known if version.number == number), None)
        if version is None:
            assert code == (40402 if known else 40401)
        elif permanent != version.deleted:
            assert code == (40407 if permanent else 40406)
        else:
            assert (code, answer) == (200, number)
            if permanent:
                known.remove(version)
                self.forget()
            else:
                version.deleted = True
                if not self.live(subject):
                    self.levels.pop(subject, None)

    @rule(subject=subjects, permanent=st.booleans())
    def delete_subject(self, subject: str, permanent: bool) -> None:
        """All versions at once; for good only after soft deletion."""
        path = fill(Template.SUBJECT, subject=subject)
        code, answer = self.call("DELETE", f"{path}?permanent={permanent}")
        known, live = self.subjects[subject], self.live(subject)
        if not known:
            assert code == 40401
        elif permanent == bool(live):
            assert code == (40405 if permanent else 40404)
        elif permanent:
            assert answer == [version.number for version in known]
            self.subjects[subject] = []
            self.levels.pop(subject, None)
            self.forget()
        else:
            assert answer == [version.number for version in live]
            for version in live:
                version.deleted = True
            self.levels.pop(subject, None)

    def forget(self) -> None:
        """Schemas that no version has any more lose their ids."""
        used = {version.schema for known in self.subjects.values() for version in known}
        self.ids = {schema: number for schema, number in self.ids.items() if schema in used}

    @rule(subject=st.none() | subjects, level=st.sampled_from(LEVELS))
    def set_level(self, subject: str | None, level: str) -> None:
        """A level of its own for a subject, or for all that have none."""
        template = Template.CONFIG if subject is None else Template.SUBJECT_CONFIG
        path = fill(template, subject=subject or "")
        assert self.call("PUT", path, {"compatibility": level})[0] == 200
        if subject is None:
            self.level = level
        else:
            self.levels[subject] = level

    @rule()
    def restart(self) -> None:
        """Another process reads the state file."""
        self.store.close()
        self.store = Store(self.path)

    @invariant()
    def listings_agree(self) -> None:
        """Subjects, versions, levels and ids are the model's."""
        assert self.call("GET", "/subjects")[1] == [s for s in ("s", "t/ü") if self.live(s)]
        for subject, known in self.subjects.items():
            path = fill(Template.VERSIONS, subject=subject)
            code, answer = self.call("GET", f"{path}?deleted=true")
            assert (answer if code == 200 else []) == [version.number for version in known]
            path = fill(Template.SUBJECT_CONFIG, subject=subject)
            level = self.call("GET", f"{path}?defaultToGlobal=true")[1]["compatibilityLevel"]
            assert level == self.levels.get(subject, self.level)
        for schema, number in self.ids.items():
            path = fill(Template.SCHEMA, id=number)
            assert self.call("GET", path)[1] == {"schema": SCHEMAS[schema]}


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
