"""Making a lock from what a registry has, and holding one against a project's contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.registry.client import SchemaRegistry
    from streamcontract.registry.references import Registration
    from streamcontract.schema import Schema

__all__ = ["LockBuilder", "offline_faults", "require_same_registry"]


class LockBuilder:
    """Collects what the registry has of one contract after another.

    Args:
        registry: The registry.
        environment: Whose registry it is.
        kept: A lock whose contracts stay in, unless they are added anew.
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

        Messages outlive versions: what was written with an old one has to be read as well.

        Args:
            contract: The contract's name.
            side: ``value`` or ``key``.
            registrations: What :func:`register_in_order` found or made; the last is the schema's
                own, and none is one that a dry run left out.

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
                fingerprint=canonical_fingerprint(each.schema), schema=each.schema.inlined_json
            )
        self._contracts.setdefault(contract, {})[side] = LockedSubject(
            subject=own.subject,
            version=own.version,
            id=own.id,
            fingerprint=canonical_fingerprint(own.schema),
            source=source_fingerprint(own_schema),
            references=tuple(
                LockedReference(subject=found.subject, version=found.version, id=found.id)
                for _, found in references
            ),
            ids=tuple(each.id for each in versions),
        )

    def lock(self) -> Lock:
        """What was collected, without the schemas that no contract needs any more."""
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
        )


def require_same_registry(registry: SchemaRegistry, lock: Lock) -> None:
    """See that a registry is the one that a lock was made from.

    Raises:
        LockMismatchError: A locked id means another schema there, or nothing.
        RegistryRequestError: A request failed.
    """
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
                    f"what was locked"
                )
                raise LockMismatchError(each.subject, lock.environment, reason)


def offline_faults(
    lock: Lock, schemas: Mapping[tuple[str, str], tuple[str, Schema]]
) -> Iterator[str]:
    """What in a lock does not fit the contracts, as far as it can be seen without a registry.

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
    for contract, sides in lock.contracts.items():
        for side, locked in sides.items():
            if (contract, side) not in schemas:
                yield f"{contract}: {locked.subject} is locked, and no contract has it any more"
            for schema_id in {locked.id, *locked.ids} - lock.schemas.keys():
                yield f"{contract}: {locked.subject} has id {schema_id}, which has no schema"
    for schema_id in lock.schemas:
        try:
            lock.schema_of(schema_id)
        except LockMismatchError as error:  # noqa: PERF203 - every fault is told, not the first
            yield str(error)
