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
from tests.searching import examples

from streamcontract.devstack.registry.application import Request, respond
from streamcontract.devstack.registry.routes import ROUTES
from streamcontract.devstack.registry.store import Store
from streamcontract.registry.protocol import LEVELS, MODES, fill
from streamcontract.registry.protocol import Path as Template

SCHEMAS = [
    json.dumps(schema) for schema in ("int", record("a"), record("a", b=0), record("a", "b"))
]
LIST = json.dumps({"type": "array", "items": "R"})
RECORDS = range(1, len(SCHEMAS))
BASE = "base"
NAMES = ("s", "t/ü", BASE)


@attrs.frozen
class Using:
    """The schema ``LIST``, which uses a version of ``BASE``: ``item`` is the schema it has."""

    item: int
    version: int


Key = int | Using
"""What the model knows a schema by: its place in ``SCHEMAS``, or what it uses."""


def avro_reads(reader: int, writer: int) -> bool:
    """What Apache Avro's own check says."""
    checker: Any = ReaderWriterCompatibilityChecker  # untyped upstream
    result = checker().get_compatibility(*(parse_with_avro(SCHEMAS[i]) for i in (reader, writer)))
    return result.compatibility is SchemaCompatibilityType.compatible


READS = {(r, w): avro_reads(r, w) for r in range(len(SCHEMAS)) for w in range(len(SCHEMAS))}


def reads(reader: Key, writer: Key) -> bool:
    """Whether one schema reads what the other wrote; a list does as its items do."""
    match reader, writer:
        case int(), int():
            return READS[reader, writer]
        case Using(), Using():
            return READS[reader.item, writer.item]
    return False


def compatible(level: str, new: Key, old: Key) -> bool:
    """Whether a level lets a schema follow another."""
    backward = reads(new, old) or not level.startswith(("BACKWARD", "FULL"))
    forward = reads(old, new) or not level.startswith(("FORWARD", "FULL"))
    return backward and forward


@attrs.define
class ModelVersion:
    """A version in the model."""

    number: int
    schema: Key
    id: int
    deleted: bool = False


@attrs.define
class ModelSubject:
    """A subject in the model."""

    versions: list[ModelVersion] = attrs.field(factory=list)
    level: str | None = None
    mode: str | None = None

    @property
    def live(self) -> list[ModelVersion]:
        """The versions that are not soft-deleted."""
        return [version for version in self.versions if not version.deleted]

    @property
    def is_known(self) -> bool:
        """Whether the registry has anything of it that is not soft-deleted."""
        return bool(self.live or (not self.versions and (self.level or self.mode)))

    def newest(self, schema: Key) -> ModelVersion | None:
        """The newest live version with a schema."""
        return next((each for each in reversed(self.live) if each.schema == schema), None)


subjects = st.sampled_from(["s", "t/ü"])
names = st.sampled_from(NAMES)
schemas = st.integers(0, len(SCHEMAS) - 1)
versions = st.integers(1, 4)


class Registry(RuleBasedStateMachine):
    """The registry without its socket beside a dictionary of what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "registry.json"
        self.store = Store(self.path)
        self.subjects = {name: ModelSubject() for name in NAMES}
        self.level = "BACKWARD"
        self.mode = "READWRITE"
        self.stored: dict[int, Key] = {}
        self.retired: dict[Key, int] = {}
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

    def body_of(self, schema: Key, **more: object) -> dict[str, object]:
        """A request's body with a schema, and what that refers to."""
        if isinstance(schema, int):
            return {"schema": SCHEMAS[schema], **more}
        reference = {"name": "R", "subject": BASE, "version": schema.version}
        return {"schema": LIST, "references": [reference], **more}

    def mode_of(self, subject: str | None) -> str:
        """The mode that holds for a subject."""
        own = None if subject is None else self.subjects[subject].mode
        return own or self.mode

    def using(self, number: int) -> Using | None:
        """The list schema with a version of ``BASE`` that can be referred to, else None."""
        for version in self.subjects[BASE].live:
            if version.number == number and isinstance(version.schema, int):
                return Using(version.schema, number)
        return None

    def is_used(self, subject: str, numbers: list[int], *, deleted: bool) -> bool:
        """Whether any version, or any live one, refers to one of these."""
        return subject == BASE and any(
            isinstance(version.schema, Using) and version.schema.version in numbers
            for other in self.subjects.values()
            for version in (other.versions if deleted else other.live)
        )

    def is_pinned(self, subject: str, number: int) -> bool:
        """Whether any schema that has an id refers to it, be it one that no version has."""
        return subject == BASE and any(
            isinstance(schema, Using) and schema.version == number
            for schema in self.stored.values()
        )

    def register_key(self, subject: str, schema: Key) -> None:
        """A known live schema gives its id; a new one a version, if level and mode allow it."""
        path = fill(Template.VERSIONS, subject=subject)
        code, answer = self.call("POST", path, self.body_of(schema))
        known = self.subjects[subject]
        version = known.newest(schema)
        if version is None:
            if self.mode_of(subject) != "READWRITE":
                assert code == 42205  # in mode IMPORT it has to bring its id
                return
            level = known.level or self.level
            asked = known.live if level.endswith("TRANSITIVE") else known.live[-1:]
            if not all(compatible(level, schema, old.schema) for old in asked):
                assert code == 409
                return
            last = max((each.number for each in known.versions), default=0)
            version = ModelVersion(last + 1, schema, self.id_for(schema))
            known.versions.append(version)
        assert (code, answer["id"], answer["version"]) == (200, version.id, version.number)

    def id_for(self, schema: Key) -> int:
        """The newest id of a schema, one that it had, or the next one."""
        for number, stored in reversed(self.stored.items()):
            if stored == schema:
                return number
        number = self.retired.get(schema, self.next_id)
        self.store_id(number, schema)
        return number

    def store_id(self, number: int, schema: Key) -> None:
        """An id is a schema's from now on."""
        self.stored.setdefault(number, schema)
        self.next_id = max(self.next_id, number + 1)
        self.retired = {key: each for key, each in self.retired.items() if each != number}

    @rule(subject=subjects, schema=schemas)
    def register(self, subject: str, schema: int) -> None:
        """Any schema that stands alone."""
        self.register_key(subject, schema)

    @rule(schema=st.sampled_from(RECORDS))
    def register_base(self, schema: int) -> None:
        """A record that others may refer to."""
        self.register_key(BASE, schema)

    @rule(subject=subjects, number=st.integers(1, 2))
    def register_user(self, subject: str, number: int) -> None:
        """A schema with a reference, which has to be to a version that lives."""
        schema = self.using(number)
        if schema is not None:
            self.register_key(subject, schema)
            return
        body = self.body_of(Using(0, number))
        code, _ = self.call("POST", fill(Template.VERSIONS, subject=subject), body)
        assert code == 42201

    @rule(subject=names, schema=st.sampled_from(RECORDS), number=versions, schema_id=versions)
    def import_version(self, subject: str, schema: int, number: int, schema_id: int) -> None:
        """In mode IMPORT a version brings its number and an id that is no other schema's."""
        path = fill(Template.VERSIONS, subject=subject)
        body = self.body_of(schema, id=schema_id, version=number)
        code, answer = self.call("POST", path, body)
        known = self.subjects[subject]
        present = next((each for each in known.versions if each.number == number), None)
        newest = known.newest(schema)
        if self.mode_of(subject) != "IMPORT":
            same = newest is not None and newest.id == schema_id
            assert code == (200 if same else 42205)
        elif self.stored.get(schema_id, schema) != schema:
            assert code == 42205
        elif present is not None and present.id != schema_id and self.is_pinned(subject, number):
            assert code == 42206
        else:
            assert (code, answer["id"], answer["version"]) == (200, schema_id, number)
            if present is not None:
                known.versions.remove(present)
            known.versions.append(ModelVersion(number, schema, schema_id))
            known.versions.sort(key=lambda version: version.number)
            self.store_id(schema_id, schema)

    @rule(subject=names, schema=schemas, deleted=st.booleans())
    def look_up(self, subject: str, schema: int, deleted: bool) -> None:
        """The newest version with the schema, among the soft-deleted ones too where asked to."""
        path = fill(Template.SUBJECT, subject=subject) + f"?deleted={deleted}"
        code, answer = self.call("POST", path, self.body_of(schema))
        known = self.subjects[subject]
        seen = known.versions if deleted else known.live
        found = [version for version in seen if version.schema == schema]
        if found:
            assert (answer["version"], answer["id"]) == (found[-1].number, found[-1].id)
        else:
            assert code == (40403 if seen else 40401)

    @rule(subject=names, schema=schemas, number=versions)
    def check(self, subject: str, schema: int, number: int) -> None:
        """A candidate is held against a version and those behind it, or all of them."""
        path = fill(Template.COMPATIBILITY, subject=subject, version=number)
        code, answer = self.call("POST", path, self.body_of(schema))
        known = self.subjects[subject]
        if all(version.number != number for version in known.live):
            assert code == (40402 if known.live else 40401)
            return
        level = known.level or self.level
        asked = [
            version.schema
            for version in known.live
            if version.number >= number or level.endswith("TRANSITIVE")
        ]
        expected = all(compatible(level, schema, old) for old in asked)
        assert (code, answer["is_compatible"]) == (200, expected)

    @rule(subject=names, number=versions, permanent=st.booleans())
    def delete_version(self, subject: str, number: int, permanent: bool) -> None:
        """Soft first, permanent then; each only once, and nothing that others refer to."""
        path = fill(Template.VERSION, subject=subject, version=number)
        code, answer = self.call("DELETE", f"{path}?permanent={permanent}")
        known = self.subjects[subject]
        version = next((version for version in known.versions if version.number == number), None)
        if version is None:
            assert code == (40402 if known.versions else 40401)
        elif self.mode_of(subject) == "READONLY":
            assert code == 42205
        elif permanent != version.deleted:
            assert code == (40407 if permanent else 40406)
        elif self.is_used(subject, [number], deleted=permanent):
            assert code == 42206
        else:
            assert (code, answer) == (200, number)
            if permanent:
                known.versions.remove(version)
                self.forget()
            else:
                version.deleted = True
                if not known.live:
                    known.level = None

    @rule(subject=names, permanent=st.booleans())
    def delete_subject(self, subject: str, permanent: bool) -> None:
        """All versions at once; for good only after soft deletion."""
        path = fill(Template.SUBJECT, subject=subject)
        code, answer = self.call("DELETE", f"{path}?permanent={permanent}")
        known = self.subjects[subject]
        concerned = [version.number for version in (known.versions if permanent else known.live)]
        if not known.versions:
            assert code == 40401
        elif self.mode_of(subject) == "READONLY":
            assert code == 42205
        elif permanent == bool(known.live):
            assert code == (40405 if permanent else 40404)
        elif self.is_used(subject, concerned, deleted=permanent):
            assert code == 42206
        else:
            assert (code, answer) == (200, concerned)
            for version in known.versions:
                version.deleted = True
            self.subjects[subject] = ModelSubject([] if permanent else known.versions)
            if permanent:
                self.forget()

    def forget(self) -> None:
        """Schemas that no version has any more are not found, and keep their ids."""
        used = {version.id for known in self.subjects.values() for version in known.versions}
        self.retired |= {each: number for number, each in self.stored.items() if number not in used}
        self.stored = {number: each for number, each in self.stored.items() if number in used}

    @rule(subject=st.none() | names, level=st.sampled_from(LEVELS))
    def set_level(self, subject: str | None, level: str) -> None:
        """A level of its own for a subject, or for all that have none."""
        template = Template.CONFIG if subject is None else Template.SUBJECT_CONFIG
        code, _ = self.call("PUT", fill(template, subject=subject or ""), {"compatibility": level})
        if self.mode_of(subject) == "READONLY":
            assert code == 42205
            return
        assert code == 200
        if subject is None:
            self.level = level
        else:
            self.subjects[subject].level = level

    @rule(subject=names)
    def reset_level(self, subject: str) -> None:
        """The global level holds again."""
        code, answer = self.call("DELETE", fill(Template.SUBJECT_CONFIG, subject=subject))
        known = self.subjects[subject]
        if self.mode_of(subject) == "READONLY":
            assert code == 42205
        elif known.level is None:
            assert code == 40401
        else:
            assert (code, answer) == (200, {"compatibilityLevel": known.level})
            known.level = None

    @rule(subject=st.none() | names, mode=st.sampled_from(MODES), force=st.booleans())
    def set_mode(self, subject: str | None, mode: str, force: bool) -> None:
        """A mode can always be left; IMPORT needs emptiness, or force."""
        template = Template.MODE if subject is None else Template.SUBJECT_MODE
        path = f"{fill(template, subject=subject or '')}?force={force}"
        code, _ = self.call("PUT", path, {"mode": mode})
        affected = [subject] if subject is not None else list(NAMES)
        if mode == "IMPORT" and not force and any(self.subjects[s].versions for s in affected):
            assert code == 42205
            return
        assert code == 200
        if subject is None:
            self.mode = mode
        else:
            self.subjects[subject].mode = mode

    @rule()
    def write_again(self) -> None:
        """Leave the modes in which little can happen, so that much does."""
        for name, known in self.subjects.items():
            code, _ = self.call("DELETE", fill(Template.SUBJECT_MODE, subject=name))
            assert code == (40401 if known.mode is None else 200)
            known.mode = None
        self.set_mode(None, "READWRITE", force=False)

    @rule()
    def restart(self) -> None:
        """Another process reads the state file."""
        self.store.close()
        self.store = Store(self.path)

    @invariant()
    def listings_agree(self) -> None:
        """Subjects, versions, levels, modes, ids and references are the model's."""
        listed = sorted(name for name, known in self.subjects.items() if known.live)
        assert self.call("GET", "/subjects")[1] == listed
        for subject, known in self.subjects.items():
            path = fill(Template.VERSIONS, subject=subject)
            code, answer = self.call("GET", f"{path}?deleted=true")
            numbers = [version.number for version in known.versions]
            assert (answer if code == 200 else []) == numbers
            path = fill(Template.SUBJECT_CONFIG, subject=subject)
            code, answer = self.call("GET", f"{path}?defaultToGlobal=true")
            if known.level or known.is_known:
                assert answer == {"compatibilityLevel": known.level or self.level}
            else:
                assert code == 40408
            path = fill(Template.SUBJECT_MODE, subject=subject)
            mode = self.call("GET", f"{path}?defaultToGlobal=true")[1]["mode"]
            assert mode == self.mode_of(subject)
        for version in self.subjects[BASE].live:
            path = fill(Template.VERSION_REFERENCED_BY, subject=BASE, version=version.number)
            users = {
                user.id
                for known in self.subjects.values()
                for user in known.live
                if isinstance(user.schema, Using) and user.schema.version == version.number
            }
            assert self.call("GET", path)[1] == sorted(users)
        for number, schema in self.stored.items():
            path = fill(Template.SCHEMA, id=number)
            assert self.call("GET", path)[1] == self.body_of(schema)
            for deleted in (False, True):
                path = f"{fill(Template.SCHEMA_VERSIONS, id=number)}?deleted={deleted}"
                assert self.call("GET", path)[1] == [
                    {"subject": subject, "version": version.number}
                    for subject, known in sorted(self.subjects.items())
                    for version in known.versions
                    if version.id == number and (deleted or not version.deleted)
                ]


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=examples(30),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_ids_are_never_given_twice() -> None:
    """The model's own moves, in the order that would show it: a deleted schema's id stays its."""
    machine = Registry()
    try:
        machine.register("s", 0)
        machine.register("t/ü", 1)
        machine.delete_subject("s", permanent=False)
        machine.delete_subject("s", permanent=True)
        machine.delete_subject("t/ü", permanent=False)
        machine.delete_subject("t/ü", permanent=True)
        machine.register("s", 2)
        machine.restart()
        machine.register("t/ü", 3)
        machine.listings_agree()
        assert machine.stored == {3: 2, 4: 3}
    finally:
        machine.teardown()


def test_what_is_referred_to_stays() -> None:
    """The model's own moves: by a live version, by a soft-deleted one, and by none any more."""
    machine = Registry()
    try:
        machine.register_base(1)
        machine.register_user("s", 1)
        machine.register_user("t/ü", 1)
        machine.delete_subject("t/ü", permanent=False)
        for again in range(2):
            machine.delete_version("base", 1, permanent=False)
            for permanent in (False, True):
                machine.delete_subject("base", permanent=permanent)
            machine.listings_agree()
            machine.restart()
            machine.delete_subject("s", permanent=bool(again))
        machine.delete_subject("t/ü", permanent=True)
        machine.delete_subject("base", permanent=True)
        machine.listings_agree()
        assert not machine.stored
    finally:
        machine.teardown()


def test_transitive_levels_ask_every_version() -> None:
    """The model's own moves again: the latest version would do, the first one does not."""
    machine = Registry()
    try:
        machine.set_level("s", "NONE")
        machine.register("s", 0)
        machine.register("s", 1)
        for level in LEVELS:
            machine.set_level("s", level)
            machine.check("s", 2, 2)
            machine.check("s", 2, 1)
        machine.set_level("s", "FULL_TRANSITIVE")
        machine.register("s", 2)
        assert [version.schema for version in machine.subjects["s"].live] == [0, 1]
    finally:
        machine.teardown()


def test_an_imported_id_is_no_other_schemas() -> None:
    """The model's own moves: an id that is taken, a second one of a schema, a number again."""
    machine = Registry()
    try:
        machine.set_mode("s", "IMPORT", force=False)
        machine.import_version("s", 1, 1, 4)
        machine.import_version("s", 2, 2, 4)
        machine.import_version("s", 1, 2, 3)
        machine.import_version("s", 2, 1, 5)
        machine.import_version("s", 1, 1, 4)
        machine.register("s", 1)
        machine.listings_agree()
        assert machine.stored == {4: 1, 3: 1, 5: 2}
        machine.restart()
        machine.set_mode("s", "READWRITE", force=False)
        machine.register("t/ü", 1)
    finally:
        machine.teardown()
