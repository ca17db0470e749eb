"""Defaults of a schema's fields, checked once all records have their fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from streamcontract.schema.defaults import DefaultChecker
from streamcontract.schema.leniency import BAD_DEFAULT, NOT_FINITE, Clause, Leniency
from streamcontract.schema.model import PrimitiveType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.schema.defaults import DefaultFault
    from streamcontract.schema.model import AvroType, Field, JsonValue, Missing
    from streamcontract.schema.names import Guesser

__all__ = ["FieldDefaults"]

_QUOTED_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")

_ENDLESS: Final = "the default never ends: filling it in needs it again"


class FieldDefaults:
    """The defaults of one schema.

    Args:
        leniency: The clauses that are forgiven.
        fault: Notes a fault: its pointer, its message, and the clause that may forgive it.
        faulty: The ``id`` of types that have faults themselves; any default fits them.
        guesser: Suggests names for misspelt ones.
        is_sound: Returns whether the schema has no faults so far.
    """

    def __init__(
        self,
        leniency: Leniency,
        fault: Callable[[str, str, Clause], bool],
        faulty: set[int],
        guesser: Guesser,
        is_sound: Callable[[], bool],
    ) -> None:
        self._leniency = leniency
        self._fault = fault
        self._faulty = faulty
        self._guesser = guesser
        self._is_sound = is_sound
        self._found: list[tuple[Field, str]] = []

    def add(self, field: Field, pointer: str) -> None:
        """Add the default of a field to check."""
        self._found.append((field, pointer))

    def read(
        self, kind: AvroType, default: JsonValue | Missing, pointer: str
    ) -> JsonValue | Missing:
        """The default of a field; Avro's Java library writes numbers that JSON lacks in quotes."""
        if not isinstance(default, str) or default not in _QUOTED_NUMBERS:
            return default
        is_number = isinstance(kind, PrimitiveType) and kind.name in ("float", "double")
        if not is_number or NOT_FINITE not in self._leniency:
            return default
        self._fault(
            pointer, f"{json.dumps(default)} is a string, and no number in JSON", NOT_FINITE
        )
        return float(default)

    def check(self) -> None:
        """Check all defaults after all records have their fields; a default may use a later one."""
        checker = DefaultChecker(self._faulty)
        if BAD_DEFAULT in self._leniency:
            # A default may need another one that was dropped.
            while self._drop_bad(checker):
                checker = DefaultChecker(self._faulty)
            return
        for field, pointer in self._found:
            for fault in self._faults_of_default(checker, field, pointer):
                self._default_fault(fault)
        for _, pointer in self._endless(checker, self._found):
            self._fault(pointer, _ENDLESS, BAD_DEFAULT)

    def _faults_of_default(
        self, checker: DefaultChecker, field: Field, pointer: str
    ) -> Iterator[DefaultFault]:
        return checker.faults(field.type, cast("JsonValue", field.default), pointer)

    def _default_fault(self, fault: DefaultFault) -> None:
        hint = self._guesser.hint(fault.word, fault.candidates) if fault.word else ""
        self._fault(fault.pointer, f"{fault.message}{hint}", BAD_DEFAULT)

    def _endless(
        self, checker: DefaultChecker, defaults: list[tuple[Field, str]]
    ) -> list[tuple[Field, str]]:
        if not self._is_sound():
            return []  # only valid defaults can be checked for their end
        return [each for each in defaults if checker.never_ends(each[0])]

    def _drop_bad(self, checker: DefaultChecker) -> bool:
        """Drop invalid defaults; return whether there were any."""
        sound: list[tuple[Field, str]] = []
        bad: list[tuple[Field, str]] = []
        for field, pointer in self._found:
            faults = list(self._faults_of_default(checker, field, pointer))
            (bad if faults else sound).append((field, pointer))
            for fault in faults:
                self._default_fault(fault)
        if not bad:
            bad = self._endless(checker, sound)
            for _, pointer in bad:
                self._fault(pointer, _ENDLESS, BAD_DEFAULT)
        for field, _ in bad:
            field._drop_default()  # noqa: SLF001 - no other code has the field yet
        self._found = [each for each in sound if each not in bad]
        return bool(bad)
