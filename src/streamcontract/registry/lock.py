"""The lock: which ids a contract's schemas have in one environment's registry, known offline.

    {
      "format": 1,
      "environments": {
        "prod": {
          "contracts": {
            "order": {
              "value": {
                "subject": "orders-value",
                "version": 2,
                "id": 5,
                "fingerprint": "<SHA-256 of the canonical form>",
                "source": "<SHA-256 of the whole schema>",
                "references": [{"subject": "shop.Address", "version": 1, "id": 3}],
                "ids": [4, 5]
              }
            }
          },
          "schemas": {
            "4": {"fingerprint": "...", "schema": "<self-contained JSON text>"},
            "5": {"fingerprint": "...", "schema": "..."}
          }
        }
      }
    }

No URL and no credential is in it: the file is made to be committed. An environment whose
registry's URL leads to a context has ``"context": ".staging"`` too, and the format is 2 then: ids
and subjects are those of that context. A schema beside which the registry keeps rules has them as
``"ruleSet"``, and the format is 3 then.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import SchemaParseError
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject
from streamcontract.registry.errors import LockMismatchError
from streamcontract.schema import STORED, parse_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.registry.data_contracts import RuleSet
    from streamcontract.schema import Schema

__all__ = [
    "Lock",
    "LockedReference",
    "LockedSchema",
    "LockedSubject",
    "canonical_fingerprint",
    "source_fingerprint",
]

VALUE: Final = "value"
KEY: Final = "key"


def canonical_fingerprint(schema: Schema) -> str:
    """SHA-256 of Avro's Parsing Canonical Form, in hexadecimal digits.

    It is what a schema as the registry stores it is compared by: registries rewrite texts.
    """
    return schema.fingerprint("SHA-256").hex()


def source_fingerprint(schema: Schema) -> str:
    """SHA-256 of a whole schema, in hexadecimal digits: layout and order of keys aside.

    The canonical form leaves out logical types and defaults, so that it cannot tell
    ``timestamp-millis`` from ``timestamp-micros``; and registries take a changed default for a
    new version. A contract that changed in any way needs another look at the registry.
    """
    meaning = json.dumps(json.loads(schema.inlined_json), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(meaning.encode()).hexdigest()


@attrs.frozen(kw_only=True)
class LockedReference:
    """A version of another subject that a locked schema uses.

    Attributes:
        subject: The subject.
        version: The version of that subject.
        id: Its id.
    """

    subject: str
    version: int
    id: int


@attrs.frozen(kw_only=True)
class LockedSubject:
    """What a contract's value or key schema is in the registry.

    Attributes:
        subject: The subject, in the lock's context.
        version: The version that has the contract's schema.
        id: The id of that version.
        fingerprint: :func:`canonical_fingerprint` of it.
        source: :func:`source_fingerprint` of the contract's own schema.
        references: What it uses, in the order of registering.
        ids: The ids of all versions of the subject, oldest first.
    """

    subject: str
    version: int
    id: int
    fingerprint: str
    source: str
    references: tuple[LockedReference, ...] = ()
    ids: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class LockedSchema:
    """The schema of an id.

    Attributes:
        fingerprint: :func:`canonical_fingerprint` of it.
        schema: Its JSON text with everything it refers to written out.
        rule_set: The rules that the registry keeps beside it.
    """

    fingerprint: str
    schema: str
    rule_set: RuleSet | None = None


@attrs.frozen(kw_only=True)
class Lock:
    """What is known of one environment's registry.

    Attributes:
        environment: The environment's name.
        contracts: By name of contract: its ``value`` and, where it has a key schema, ``key``.
        schemas: Every version of the contracts' subjects, by id.
        context: The context whose subjects and ids these are.
    """

    environment: str
    contracts: Mapping[str, Mapping[str, LockedSubject]]
    schemas: Mapping[int, LockedSchema]
    context: str = DEFAULT_CONTEXT

    def id_of(self, subject: str, schema: Schema) -> int | None:
        """The id to put in front of values of a schema; None where the subject is not locked.

        Args:
            subject: The subject; one without a context is of the lock's.
            schema: The contract's schema.

        Raises:
            LockMismatchError: The subject is locked for another schema than this.
        """
        named = QualifiedSubject.parse(subject, self.context)
        locked = [
            each
            for sides in self.contracts.values()
            for each in sides.values()
            if QualifiedSubject(self.context, each.subject) == named
        ]
        source = source_fingerprint(schema) if locked else ""
        for each in locked:
            if each.source == source:
                return each.id
        if not locked:
            return None
        raise LockMismatchError(
            subject,
            self.environment,
            f"the contract's schema is not the one that was locked (version {locked[0].version}, "
            f"id {locked[0].id})",
        )

    def schema_of(self, schema_id: int) -> Schema | None:
        """The schema of an id; None where the id is not locked.

        Raises:
            LockMismatchError: The lock contradicts itself: it was edited, or merged by hand.
        """
        locked = self.schemas.get(schema_id)
        if locked is None:
            return None
        try:
            # As for what the registry sends: it was let in once, and data were written with it.
            schema = parse_schema(locked.schema, leniency=STORED)
        except SchemaParseError as error:
            raise self._damaged(schema_id, f"it is not a valid Avro schema: {error}") from error
        if canonical_fingerprint(schema) != locked.fingerprint:
            raise self._damaged(schema_id, "its fingerprint is another one than stands beside it")
        return schema

    def rules_of(self, schema_id: int) -> RuleSet | None:
        """The rules beside the schema of an id; None where there are none."""
        locked = self.schemas.get(schema_id)
        return None if locked is None else locked.rule_set

    def _damaged(self, schema_id: int, reason: str) -> LockMismatchError:
        return LockMismatchError(
            f"schema id {schema_id}", self.environment, f"the lock file was altered: {reason}"
        )
