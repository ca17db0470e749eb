"""Source of earlier versions in a schema registry: the versions of the contracts' subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.evolution.compared import place_of
from streamcontract.evolution.earlier import Earlier, Version
from streamcontract.evolution.report import Note
from streamcontract.levels import compatibility_level
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import SubjectNotFoundError, SubjectSoftDeletedError

if TYPE_CHECKING:
    from streamcontract.evolution.check_request import Request

__all__ = ["RegistrySource"]


class RegistrySource:
    """A schema registry.

    A contract is found by its subject alone, like in the registry itself. Subjects of no contract
    may belong to other projects, so that none counts as deleted.

    Args:
        url: Its URL; None for the client's default.
    """

    def __init__(self, url: str | None) -> None:
        self._registry = SchemaRegistry(url)

    @property
    def label(self) -> str:
        """The registry's URLs, without credentials."""
        return f"registry:{','.join(self._registry.urls)}"

    def earlier(self, request: Request) -> Earlier:
        """The versions of the candidates' subjects: the latest, or all for transitive levels.

        Raises:
            RegistryError: A request fails, or a schema is not Avro.
        """
        versions: dict[str, list[Version]] = {}
        levels: dict[str, str] = {}
        notes: list[Note] = []
        with self._registry:
            for candidate in request.candidates:
                slot = candidate.slot
                if slot.subject is None:
                    notes.append(
                        Note(
                            kind="not-checked",
                            contract=slot.contract,
                            message=(
                                "not checked: without a topic it has no subject in a registry; "
                                "give the contract a topic"
                            ),
                            place=place_of(candidate),
                        )
                    )
                    continue
                if request.level is None and slot.level is None:
                    # The subject's level in the registry.
                    levels[slot.contract] = self._registry.compatibility(
                        slot.subject, default_to_global=True
                    )
                level = levels.get(slot.contract) or request.level_of(candidate)
                versions[slot.contract] = self._versions(slot.subject, level)
        unchecked = frozenset(note.contract for note in notes)
        return Earlier(versions=versions, levels=levels, notes=notes, unchecked=unchecked)

    def _versions(self, subject: str, level: str) -> list[Version]:
        try:
            numbers = sorted(self._registry.versions(subject))
        except (SubjectNotFoundError, SubjectSoftDeletedError):
            return []
        wanted = numbers if compatibility_level(level).is_transitive else numbers[-1:]
        found = [self._registry.version(subject, number) for number in wanted]
        return [
            Version(label=f"{each.subject} version {each.version}", schema=each.schema)
            for each in found
        ]
