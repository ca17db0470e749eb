"""Earlier versions of contracts, and the protocol of their sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from streamcontract.evolution.check_request import Request
from streamcontract.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.evolution.candidates import Slot
    from streamcontract.evolution.report import Note
    from streamcontract.reporting import Place

__all__ = ["Deleted", "Earlier", "Source", "Version"]


@attrs.frozen(kw_only=True)
class Version:
    """One earlier version of a contract.

    Attributes:
        label: Its name for people.
        schema: Its schema.
        labels: The labels of the texts of its schema's references, by the sources of those.
    """

    label: str
    schema: Schema
    labels: Mapping[str, str] = attrs.field(factory=dict)

    def label_of(self, schema: Schema) -> str:
        """The label of its own text, or of that of one of its references."""
        if schema is self.schema:
            return self.label
        return (
            self.labels.get(schema.source or "")
            or f"{schema.name or 'a reference'} of {self.label}"
        )


@attrs.frozen(kw_only=True)
class Deleted:
    """A deleted contract.

    Attributes:
        slot: Its use.
        name: The full name of its type, or None.
        place: Its position.
    """

    slot: Slot
    name: str | None
    place: Place


@attrs.frozen(kw_only=True)
class Earlier:
    """The earlier versions of contracts.

    Attributes:
        versions: The earlier versions by contract, oldest first; empty for a new one.
        levels: The level by contract, of a source with levels of its own.
        deleted: The deleted contracts.
        notes: Other information.
        unchecked: The contracts that this source cannot have.
    """

    versions: Mapping[str, Sequence[Version]]
    levels: Mapping[str, str] = attrs.field(factory=dict)
    deleted: Sequence[Deleted] = ()
    notes: Sequence[Note] = ()
    unchecked: frozenset[str] = frozenset()


class Source(Protocol):
    """A source of earlier versions."""

    @property
    def label(self) -> str:
        """Its name for people, without credentials."""

    def earlier(self, request: Request) -> Earlier:
        """The earlier versions of the contracts.

        Raises:
            StreamContractError: They cannot be read.
        """
