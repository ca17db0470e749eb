"""Creation of a lock from a registry, and its comparison with a project's contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.errors import ConfigurationError
from streamcontract.registry.errors import LockMismatchError, SchemaNotFoundError
from streamcontract.registry.lock import (
    Lock,
    LockedReference,
    LockedSchema,
    LockedSubject,
    canonical_fingerprint,
    source_fingerprint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from streamcontract.registry.client import SchemaRegistry
    from streamcontract.registry.references import Registration
    from streamcontract.schema import Schema

__all__ = ["LockBuilder", "offline_faults", "require_same_registry"]


class LockBuilder:
    """Collects the registrations of contracts from the registry.

    Args:
        registry: The registry.
        environment: The environment of the registry.
        kept: A lock whose contracts are kept, unless they are added again.
    """

    def __init__(
        self, registry: SchemaRegistry, environment: str, kept: Lock | None = None
    ) -> None:
        self._registry = registry
        self._environment = environment
        self._contracts: dict[str, dict[str, LockedSubject]] = {}
        self._schemas: dict[int, LockedSchema] = {}
        if kept is not None:
            self._contracts.update({name: dict(sides) for name, sides in kept.contracts.items()})
            self._schemas.update(kept.schemas)

    def add(self, contract: str, side: str, registrations: Sequence[Registration]) -> None:
        """Lock one schema of a contract with every version of its subject, soft-deleted ones too.

        Messages outlive versions: data that were written with an old one have to be readable too.

        Args:
            contract: The contract's name.
            side: ``value`` or ``key``.
            registrations: The result of :func:`register_in_order`; the last is the schema's own,
            and none is one that a dry run left out.

        Raises:
            StoredSchemaError: A version of the subject is not an Avro schema.
            RegistryRequestError: A request failed.
        """
        *references, (own_schema, own) = [
            (each.schema, each.registered) for each in registrations if each.registered is not None
        ]
        versions = [
            self._registry.version(own.subject, version, deleted=True)
            for version in self._registry.versions(own.subject, deleted=True)
        ]
        for each in versions:
            self._schemas[each.id] = LockedSchema(
                fingerprint=canonical_fingerprint(each.schema),
                schema=each.schema.inlined_json,
                # A set without rules has no effect.
                rule_set=each.rule_set if each.rule_set and each.rule_set.rules else None,
            )
        named = self._registry.qualified(own.subject)
        if named.context != self._registry.context:
            raise ConfigurationError(
                f"{own.subject} is not in context {self._registry.context} of the registry's URL, "
                f"and a lock has one context"
            )
        self._contracts.setdefault(contract, {})[side] = LockedSubject(
            subject=named.name,
            version=own.version,
            id=own.id,
            fingerprint=canonical_fingerprint(own.schema),
            source=source_fingerprint(own_schema),
            references=tuple(
                LockedReference(
                    subject=self._registry.qualified(found.subject).within(named.context),
                    version=found.version,
                    id=found.id,
                )
                for _, found in references
            ),
            ids=tuple(each.id for each in versions),
        )

    def lock(self) -> Lock:
        """The collected lock, without schemas that no contract needs any more."""
        needed = {
            schema_id
            for sides in self._contracts.values()
            for each in sides.values()
            for schema_id in each.ids
        }
        return Lock(
            environment=self._environment,
            contracts=self._contracts,
            schemas={key: each for key, each in self._schemas.items() if key in needed},
            context=self._registry.context,
        )


def require_same_registry(registry: SchemaRegistry, lock: Lock) -> None:
    """Check that a lock was made from a registry.

    Raises:
        LockMismatchError: A locked id has another schema there, or none.
        RegistryRequestError: A request failed.
    """
    if registry.context != lock.context:
        reason = f"it has context {lock.context}, and the registry's URL has {registry.context}"
        raise LockMismatchError("everything", lock.environment, reason)
    for sides in lock.contracts.values():
        for each in sides.values():
            try:
                stored = registry.schema_by_id(each.id)
            except SchemaNotFoundError as error:
                reason = f"the registry has no schema of the locked id {each.id}"
                raise LockMismatchError(each.subject, lock.environment, reason) from error
            if canonical_fingerprint(stored) != each.fingerprint:
                reason = (
                    f"the registry's schema of id {each.id} is {stored.canonical_form}, and not "
                    f"the locked one"
                )
                raise LockMismatchError(each.subject, lock.environment, reason)


def offline_faults(
    lock: Lock, schemas: Mapping[tuple[str, str], tuple[str, Schema]]
) -> Iterator[str]:
    """The differences between a lock and the contracts that can be found without a registry.

    It does not check values that only the registry has: versions, the ids of references, the order
    of the ids, and the parts of older schemas that the canonical form leaves out.

    Args:
        lock: The lock.
        schemas: Subject and schema by contract and side (``value`` or ``key``).
    """
    for (contract, side), (subject, schema) in schemas.items():
        locked = lock.contracts.get(contract, {}).get(side)
        if locked is None or locked.subject != subject:
            yield f"{contract}: {subject} is not locked"
        elif locked.source != source_fingerprint(schema):
            yield (
                f"{contract}: the schema of {subject} has changed since it was locked as version "
                f"{locked.version}, id {locked.id}"
            )
        else:
            yield from (f"{contract}: {fault}" for fault in _contract_faults(lock, locked, schema))
    for contract, sides in lock.contracts.items():
        for side, locked in sides.items():
            if (contract, side) not in schemas:
                yield f"{contract}: {locked.subject} is locked, and no contract has it any more"
            yield from (f"{contract}: {fault}" for fault in _id_faults(lock, locked))
    yield from _schema_faults(lock)


def _contract_faults(lock: Lock, locked: LockedSubject, schema: Schema) -> Iterator[str]:
    """The faults in the entry of a schema that has not changed since it was locked."""
    if locked.fingerprint != canonical_fingerprint(schema):
        yield f"the fingerprint of {locked.subject} is not that of the contract's schema"
    subjects = [each.subject for each in locked.references]
    expected = _referenced(schema)
    if subjects != expected:
        yield (
            f"{locked.subject} is locked with references to {', '.join(subjects) or 'nothing'}, "
            f"and its schema refers to {', '.join(expected) or 'nothing'}"
        )
    stored = _stored(lock, locked.id)
    if stored is None:
        return  # reported with the ids and schemas
    if stored.canonical_form != schema.canonical_form:
        yield f"{locked.subject} has id {locked.id}, which has another schema than the contract"
        return
    from streamcontract.diff import logical_type_changes  # noqa: PLC0415 - only locks need it

    for change in logical_type_changes(schema, stored)[:1]:
        yield f"the locked schema of id {locked.id} has another meaning: {change}"


def _referenced(schema: Schema) -> list[str]:
    """The full names of the types that a schema refers to, in the order of registration."""
    names: dict[str, None] = {}

    def add(references: Iterable[Schema]) -> None:
        for each in references:
            if each.name not in names:
                add(each.references)
                names[str(each.name)] = None

    add(schema.references)
    return list(names)


def _id_faults(lock: Lock, locked: LockedSubject) -> Iterator[str]:
    for schema_id in sorted({locked.id, *locked.ids} - lock.schemas.keys()):
        yield f"{locked.subject} has id {schema_id}, which has no schema"
    if locked.id not in locked.ids:
        yield f"{locked.subject} has id {locked.id}, which is not among the ids of its versions"
    elif locked.version <= locked.ids.index(locked.id):
        yield f"{locked.subject} cannot have id {locked.id} in version {locked.version}"


def _schema_faults(lock: Lock) -> Iterator[str]:
    needed = {
        schema_id
        for sides in lock.contracts.values()
        for each in sides.values()
        for schema_id in each.ids
    }
    for schema_id in lock.schemas:
        if schema_id not in needed:
            yield f"the schema of id {schema_id} is locked, and no contract's subject has this id"
        try:
            lock.schema_of(schema_id)
        except LockMismatchError as error:
            yield str(error)


def _stored(lock: Lock, schema_id: int) -> Schema | None:
    """The schema of an id; None if the lock does not have it, or if it is damaged."""
    try:
        return lock.schema_of(schema_id)
    except LockMismatchError:
        return None
