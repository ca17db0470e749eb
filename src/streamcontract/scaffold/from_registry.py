"""Drafts of projects from the schemas of a registry.

The latest version of each subject ``TOPIC-value`` is a contract, and that of ``TOPIC-key`` has its
keys. Their texts are those of the registry, and each type that they refer to has a file of its own.
A subject with another name that is not such a type is a contract without a topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.errors import CodegenError
from streamcontract.project import topic_fault
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import (
    CompatibilityLevelNotSetError,
    StoredSchemaError,
    SubjectNotFoundError,
)
from streamcontract.registry.references import register_in_order
from streamcontract.scaffold.draft import SCHEMA_FOLDER, Draft, Planned, add_unused, contract_name
from streamcontract.schema import SCHEMA_SUFFIX, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["draft_of_registry"]

_VALUE: Final = "-value"
_KEY: Final = "-key"
_LONGEST: Final = 200  # characters of a file's name, which may have 255 with its additions


def draft_of_registry(registry: SchemaRegistry) -> Draft:
    """The contracts of a registry's subjects, in its own context.

    Args:
        registry: The registry.

    Raises:
        RegistryError: A request fails.
    """
    return _Loader(registry).draft()


class _Files:
    """The schema files: one for each contract's values, its keys, and each type.

    Attributes:
        texts: The files' texts by their paths.
        labels: The content of each file, by its path.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self._types: dict[str | None, str] = {}
        self._taken: set[str] = set()

    def conflict(self, types: Iterable[Schema]) -> str | None:
        """The reason why types conflict with those that exist already."""
        known = dict(self._types)
        for each in types:
            if known.setdefault(each.name, each.json) != each.json:
                return (
                    f"it refers to another version of {each.name} than other subjects do; one "
                    f"project has one definition of each name"
                )
        return None

    def add(self, name: str, schema: Schema, label: str) -> str:
        """A file of this name, or of a similar one if it is taken."""
        stem = unique = name[:_LONGEST]
        number = 1
        while unique.lower() in self._taken:  # the file system may not distinguish a from A
            number += 1
            unique = f"{stem}_{number}"
        self._taken.add(unique.lower())
        path = f"{SCHEMA_FOLDER}/{unique}{SCHEMA_SUFFIX}"
        self.texts[path] = schema.json
        self.labels[path] = label
        return path

    def add_type(self, schema: Schema) -> None:
        """Add a file of a referenced type, unless it has one."""
        if schema.name not in self._types:
            self._types[schema.name] = schema.json
            self.add(str(schema.name), schema, str(schema.name))


class _Loader:
    """Reads the subjects, and collects their files."""

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._files = _Files()
        self._left_out: dict[str, str] = {}
        self._contracts: dict[str, Planned] = {}
        self._gone: list[tuple[str, ...]] = []

    def draft(self) -> Draft:
        latest = self._latest()
        referred = {each.name for schema in latest.values() for each in _types_of(schema)}
        homes: dict[str | None, list[str]] = {}
        for subject, schema in latest.items():
            if _topic(subject) is None and schema.name in referred:
                homes.setdefault(schema.name, []).append(subject)
        for subject, schema in latest.items():
            topic = _topic(subject)
            if topic is None:
                if schema.name not in referred:
                    self._add(subject, schema, None, None, homes)
            elif subject.endswith(_VALUE):
                self._add(subject, schema, topic, latest.get(f"{topic}{_KEY}"), homes)
            elif f"{topic}{_VALUE}" not in latest:
                self._left_out[subject] = self._without_values(f"{topic}{_VALUE}")
        for gone in self._gone:
            add_unused(self._left_out, gone, self._contracts.values())
        return Draft(
            contracts=tuple(self._contracts.values()),
            schemas=self._files.texts,
            left_out=self._left_out,
            labels=self._files.labels,
        )

    def _without_values(self, subject: str) -> str:
        if subject in self._left_out:
            return f"it is used only by what is left out: {subject}"
        return f"there is no subject {subject} beside it"

    def _latest(self) -> dict[str, Schema]:
        """The latest schema of each subject that is Avro."""
        found: dict[str, Schema] = {}
        for subject in sorted(self._registry.subjects()):
            if self._registry.qualified(subject).context != self._registry.context:
                continue
            schema = self._schema(subject)
            if schema is not None:
                found[subject] = schema
        return found

    def _schema(self, subject: str) -> Schema | None:
        try:
            schema = self._registry.version(subject).schema
        except StoredSchemaError as error:
            self._left_out[subject] = str(error)
            return None
        faults = [str(each.message) for used in schema.closure() for each in used.forgiven]
        if not faults:
            return schema
        # Code is generated from valid schemas only, and another text would be another version.
        self._left_out[subject] = f"it can only be read leniently: {'; '.join(faults)}"
        return None

    def _add(
        self,
        subject: str,
        schema: Schema,
        topic: str | None,
        key: Schema | None,
        homes: Mapping[str | None, list[str]],
    ) -> None:
        title = topic or subject
        types = [*_types_of(schema), *(() if key is None else _types_of(key))]
        of_key = () if key is None else (f"{title}{_KEY}",)
        of_types = dict.fromkeys(home for each in types for home in homes.get(each.name, ()))
        subjects = (subject, *of_key, *of_types)
        name = ""
        fault = topic_fault(title) or self._files.conflict(types)
        if fault is None:
            try:
                name = contract_name(title, self._contracts)
            except CodegenError as error:
                fault = str(error)
        if fault is not None:
            self._left_out[subject] = fault
            self._gone.append(subjects)
            return
        path = self._files.add(title, schema, subject)
        key_path = None if key is None else self._files.add(f"{title}{_KEY}", key, *of_key)
        for each in types:
            self._files.add_type(each)
        self._contracts[name] = Planned(
            name=name,
            schema=path,
            topic=topic,
            key_schema=key_path,
            compatibility=self._level(subject),
            subjects=subjects,
            to_register=() if topic is None else self._to_register(subject, schema, of_key, key),
        )

    def _to_register(
        self, subject: str, schema: Schema, of_key: tuple[str, ...], key: Schema | None
    ) -> tuple[str, ...]:
        """The subjects to which ``register`` would add a version, with types under their names."""
        asked = [(subject, schema), *((each, key) for each in of_key if key is not None)]
        found = (
            each
            for name, own in asked
            for each in register_in_order(self._registry, name, own, dry_run=True)
        )
        return tuple(dict.fromkeys(each.subject for each in found if each.is_new))

    def _level(self, subject: str) -> str | None:
        try:
            return self._registry.compatibility(subject)
        except (CompatibilityLevelNotSetError, SubjectNotFoundError):
            return None


def _topic(subject: str) -> str | None:
    """The topic of a subject by its name; None if it has none."""
    for suffix in (_VALUE, _KEY):
        if subject.endswith(suffix) and subject != suffix:
            return subject.removesuffix(suffix)
    return None


def _types_of(schema: Schema) -> list[Schema]:
    """The schemas that one refers to, and their references."""
    return [each for each in schema.closure() if each is not schema]
