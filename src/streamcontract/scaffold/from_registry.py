"""A project of what a registry holds.

The latest version of each subject ``TOPIC-value`` is a contract, and that of ``TOPIC-key`` is its
key's; their texts are kept as the registry has them, the types that they refer to each in a file of
its own. A subject that is named otherwise, and is no such type, is a contract without a topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.errors import CodegenError
from streamcontract.project import topic_fault
from streamcontract.registry.errors import (
    CompatibilityLevelNotSetError,
    StoredSchemaError,
    SubjectNotFoundError,
)
from streamcontract.scaffold.draft import SCHEMA_FOLDER, Draft, Planned, contract_name
from streamcontract.schema import SCHEMA_SUFFIX, Schema

if TYPE_CHECKING:
    from streamcontract.registry import SchemaRegistry

__all__ = ["draft_of_registry"]

_VALUE: Final = "-value"
_KEY: Final = "-key"


def draft_of_registry(registry: SchemaRegistry) -> Draft:
    """The contracts of a registry's subjects, those of its own context.

    Args:
        registry: The registry.

    Raises:
        RegistryError: It cannot be asked.
    """
    return _Reader(registry).draft()


class _Reader:
    """Reads the subjects, and keeps the files that they become."""

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._texts: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._contracts: dict[str, Planned] = {}

    def draft(self) -> Draft:
        latest = self._latest()
        referred = {
            each.name
            for schema in latest.values()
            for each in schema.closure()
            if each is not schema
        }
        for subject, schema in latest.items():
            topic, _, suffix = subject.rpartition("-")
            if suffix == "key" and topic:
                if f"{topic}{_VALUE}" not in latest:
                    self._left_out[subject] = f"there is no subject {topic}{_VALUE} beside it"
            elif suffix == "value" and topic:
                self._add(subject, schema, topic, latest.get(f"{topic}{_KEY}"))
            elif schema.name not in referred:
                self._add(subject, schema, None, None)
        return Draft(
            contracts=tuple(self._contracts.values()),
            schemas=self._texts,
            left_out=self._left_out,
        )

    def _latest(self) -> dict[str, Schema]:
        """The latest schema of each subject, as far as it is Avro."""
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
        # What is generated is of valid schemas, and another text would be another version.
        self._left_out[subject] = f"it can only be read leniently: {'; '.join(faults)}"
        return None

    def _add(self, subject: str, schema: Schema, topic: str | None, key: Schema | None) -> None:
        title = topic or subject
        fault = topic_fault(title)
        files = {_file(title): schema}
        if key is not None:
            files[_file(f"{title}{_KEY}")] = key
        for each in list(files.values()):
            files.update(
                {_file(str(used.name)): used for used in each.closure() if used is not each}
            )
        if fault is None:
            fault = self._conflict(files)
        if fault is not None:
            self._left_out[subject] = fault
            return
        try:
            name = contract_name(title, self._contracts)
        except CodegenError as error:
            self._left_out[subject] = str(error)
            return
        self._texts.update({path: each.json for path, each in files.items()})
        self._contracts[name] = Planned(
            name=name,
            schema=_file(title),
            topic=topic,
            key_schema=None if key is None else _file(f"{title}{_KEY}"),
            compatibility=self._level(subject),
        )

    def _conflict(self, files: dict[str, Schema]) -> str | None:
        """What keeps the files from lying beside those that there are already."""
        for path, schema in files.items():
            if self._texts.get(path, schema.json) != schema.json:
                return (
                    f"it refers to another version of {schema.name} than other subjects do; one "
                    f"project has one definition of each name"
                )
        return None

    def _level(self, subject: str) -> str | None:
        try:
            return self._registry.compatibility(subject)
        except (CompatibilityLevelNotSetError, SubjectNotFoundError):
            return None


def _file(name: str) -> str:
    return f"{SCHEMA_FOLDER}/{name}{SCHEMA_SUFFIX}"
