"""Locked ids held against the registry: once each, while it answers, and never waited for long."""

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
"""Seconds for an answer that only confirms what the lock says."""


class LockVerifier:
    """Asks the registry whether an id is what the lock takes it for.

    An id of another registry in front of a message is the one fault that nobody would notice:
    the reader finds some schema and reads some values. So the registry is asked as long as it
    answers; a registry that does not is what the lock is for, and is not asked again.

    Args:
        environment: The environment whose lock it is.
        fetch: Gives the registry's schema of an id, soon and without retries, or fails.
    """

    def __init__(self, environment: str, fetch: Callable[[int], StoredSchema]) -> None:
        self._environment = environment
        self._fetch = fetch
        self._is_answering = True

    def verify(self, schema_id: int, locked: Schema) -> StoredSchema | None:
        """Compare one locked schema with the registry's, which is given if it answers.

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
                "going on with the locked schemas of environment %r, unverified: %s",
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
