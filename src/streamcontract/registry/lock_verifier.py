"""Verification of locked ids: each is compared with the registry once, without long waits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from streamcontract.errors import RegistryError
from streamcontract.registry.errors import (
    LockMismatchError,
    SchemaNotFoundError,
    StoredSchemaError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.registry.results import StoredSchema
    from streamcontract.schema import Schema

__all__ = ["HASTE", "LockVerifier"]

log = logging.getLogger("streamcontract.registry")

HASTE: Final = 1.0
"""Seconds to wait for an answer that only confirms the lock."""


class LockVerifier:
    """Compares the schema of a locked id with the registry's.

    An id from another registry in a message would go unnoticed: the consumer finds another schema
    and reads wrong values. So each id is verified while the registry answers. If it does not
    answer, the lock is used and the registry is not asked again.

    Args:
        environment: The environment of the lock.
        fetch: Returns the registry's schema of an id, without retries, or raises.
    """

    def __init__(self, environment: str, fetch: Callable[[int], StoredSchema]) -> None:
        self._environment = environment
        self._fetch = fetch
        self._is_answering = True

    def verify(self, schema_id: int, locked: Schema) -> StoredSchema | None:
        """Compare one locked schema with the registry's, and return the latter if it answers.

        Raises:
            LockMismatchError: The registry has another schema under this id, or none.
        """
        if not self._is_answering:
            return None
        try:
            found = self._fetch(schema_id)
        except (SchemaNotFoundError, StoredSchemaError) as error:
            raise self._mismatch(schema_id, str(error)) from error
        except RegistryError as error:
            self._is_answering = False
            log.warning(
                "using the locked schemas of environment %r, unverified: %s",
                self._environment,
                error,
                extra={"environment": self._environment, "schema_id": schema_id},
            )
            return None
        stored = found.schema
        if stored.canonical_form != locked.canonical_form:
            raise self._mismatch(
                schema_id,
                f"the registry's schema of this id is {stored.canonical_form}, and the locked "
                f"one {locked.canonical_form}",
            )
        from streamcontract.diff import logical_type_changes  # noqa: PLC0415 - only locks need it

        changes = logical_type_changes(locked, stored)
        if changes:
            raise self._mismatch(
                schema_id, f"the registry's schema of this id has another meaning: {changes[0]}"
            )
        return found

    def _mismatch(self, schema_id: int, reason: str) -> LockMismatchError:
        return LockMismatchError(f"schema id {schema_id}", self._environment, reason)
