"""Earlier versions of contracts as values, and the sources that keep them as a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.evolution.candidates import Slot
    from streamcontract.evolution.report import Note
    from streamcontract.evolution.requests import Request
    from streamcontract.reporting import Place
    from streamcontract.schema import Schema

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
    """A contract that is not there any more.

    Attributes:
        slot: What it was.
        name: The full name of its type, or None.
        place: Where it was.
    """

    slot: Slot
    name: str | None
    place: Place


@attrs.frozen(kw_only=True)
class Earlier:
    """The past of contracts.

    Attributes:
        versions: By contract, its earlier versions, oldest first; none where it has no past.
        levels: By contract, the level of a source that has levels itself.
        deleted: The contracts that are gone.
        notes: Other information.
        unchecked: The contracts that this source cannot know.
    """

    versions: Mapping[str, Sequence[Version]]
    levels: Mapping[str, str] = attrs.field(factory=dict)
    deleted: Sequence[Deleted] = ()
    notes: Sequence[Note] = ()
    unchecked: frozenset[str] = frozenset()


class Source(Protocol):
    """A place that keeps earlier versions."""

    @property
    def label(self) -> str:
        """What people call it; no credentials."""

    def earlier(self, request: Request) -> Earlier:
        """The past of the contracts.

        Raises:
            StreamContractError: It cannot be found out.
        """
