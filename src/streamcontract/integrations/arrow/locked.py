"""Locked schemas for the workers of another engine, which ask no registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.registry.errors import RulesNotRunError
from streamcontract.registry.lock_file import find_lock, read_locks
from streamcontract.registry.rules import require_no_rules

if TYPE_CHECKING:
    import os

    from streamcontract.registry import Lock
    from streamcontract.schema import Schema

__all__ = ["LockedWriters", "named_lock", "writers_of"]


@attrs.frozen
class LockedWriters:
    """The writer schemas of a lock, as texts that pickle.

    Attributes:
        texts: The text of the schema of each id.
        refused: Why the data of an id cannot be read here, by id.
        unknown: What errors say of any other id.
    """

    texts: tuple[tuple[int, str], ...]
    refused: tuple[tuple[int, str], ...]
    unknown: str


def named_lock(file: str | os.PathLike[str], environment: str | None) -> Lock:
    """The lock of an environment in a file.

    Args:
        file: The lock file.
        environment: The environment; None takes STREAMCONTRACT_ENVIRONMENT, and else the only one
            in the file.

    Raises:
        ConfigurationError: There is no file, it cannot be read, it does not have the environment,
        or it has several and none is named.
    """
    locks = read_locks(Path(file))
    if environment is None and len(locks) == 1:
        (environment,) = locks
    lock = find_lock(file, environment)
    if lock is None:
        raise AssertionError("a file that is named without an environment is refused")
    return lock


def writers_of(lock: Lock, reader: Schema, file: str | os.PathLike[str]) -> LockedWriters:
    """The writer schemas of a lock, each checked.

    Args:
        lock: The lock.
        reader: The reader schema: rules of another one apply to its data.
        file: Where the lock is from, for messages.

    Raises:
        LockMismatchError: The lock was edited, or merged by hand.
    """
    texts, refused = {}, {}
    for schema_id in lock.schemas:
        schema = lock.schema_of(schema_id)
        if schema is None:
            raise AssertionError(f"id {schema_id} is in the lock")
        try:
            require_no_rules(
                f"schema id {schema_id}",
                lock.rules_of(schema_id),
                "READ",
                (),
                migrates=schema.canonical_form != reader.canonical_form,
            )
        except RulesNotRunError as error:
            refused[schema_id] = str(error)
        else:
            texts[schema_id] = schema.inlined_json
    unknown = (
        f"is not in {Path(file).name}, environment {lock.environment!r}: `streamcontract lock "
        f"--environment {lock.environment}` adds the versions that were registered since"
    )
    return LockedWriters(tuple(texts.items()), tuple(refused.items()), unknown)
