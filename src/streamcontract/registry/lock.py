"""Lock of one environment: the ids of the contracts' schemas in its registry, known offline.

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

The file has no URLs and no credentials, and is meant to be committed. An environment whose
registry's URL has a context has ``"context": ".staging"`` too: then the format is 2, and ids and
subjects are those of that context. A schema with rules in the registry has them as ``"ruleSet"``,
and the format is 3.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

import attrs

from streamcontract.errors import SchemaParseError
from streamcontract.registry.contexts import DEFAULT_CONTEXT, QualifiedSubject
from streamcontract.registry.data_contracts import RuleSet
from streamcontract.registry.errors import LockMismatchError
from streamcontract.schema import STORED, Schema, parse_schema

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

    Schemas of the registry are compared by it, because registries rewrite texts.
    """
    return schema.fingerprint("SHA-256").hex()


def source_fingerprint(schema: Schema) -> str:
    """SHA-256 of a whole schema, in hexadecimal digits, without layout and order of keys.

    The canonical form leaves out logical types and defaults, so that it is the same for
    ``timestamp-millis`` and ``timestamp-micros``; and for registries a changed default is a new
    version. A contract that changed in any way has to be looked up again.
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
    """The registration of a contract's value or key schema.

    Attributes:
        subject: The subject, in the lock's context.
        version: The version that has the contract's schema.
        id: The id of that version.
        fingerprint: :func:`canonical_fingerprint` of it.
        source: :func:`source_fingerprint` of the contract's own schema.
        references: The versions that it uses, in the order of registration.
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
        schema: Its JSON text with all references written out.
        rule_set: Its rules in the registry.
    """

    fingerprint: str
    schema: str
    rule_set: RuleSet | None = None


@attrs.frozen(kw_only=True)
class Lock:
    """The registrations in one environment's registry.

    Attributes:
        environment: The environment's name.
        contracts: By name of contract: its ``value`` and, if it has a key schema, ``key``.
        schemas: Every version of the contracts' subjects, by id.
        context: The context of these subjects and ids.
    """

    environment: str
    contracts: Mapping[str, Mapping[str, LockedSubject]]
    schemas: Mapping[int, LockedSchema]
    context: str = DEFAULT_CONTEXT

    def id_of(self, subject: str, schema: Schema) -> int | None:
        """The id for values of a schema; None if the subject is not locked.

        Args:
            subject: The subject; one without a context is in the lock's context.
            schema: The contract's schema.

        Raises:
            LockMismatchError: The subject is locked with another schema.
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
        """The schema of an id; None if the id is not locked.

        Raises:
            LockMismatchError: The lock is inconsistent: it was edited, or merged by hand.
        """
        locked = self.schemas.get(schema_id)
        if locked is None:
            return None
        try:
            # Lenient, as for schemas from the registry: it was accepted once, and data were
            # written.
            schema = parse_schema(locked.schema, leniency=STORED)
        except SchemaParseError as error:
            raise self._damaged(schema_id, f"it is not a valid Avro schema: {error}") from error
        if canonical_fingerprint(schema) != locked.fingerprint:
            raise self._damaged(schema_id, "it does not have the fingerprint in the file")
        return schema

    def rules_of(self, schema_id: int) -> RuleSet | None:
        """The rules of the schema of an id; None if there are none."""
        locked = self.schemas.get(schema_id)
        return None if locked is None else locked.rule_set

    def _damaged(self, schema_id: int, reason: str) -> LockMismatchError:
        return LockMismatchError(
            f"schema id {schema_id}", self.environment, f"the lock file was altered: {reason}"
        )
