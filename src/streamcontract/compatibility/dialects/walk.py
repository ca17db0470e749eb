"""Model of a registry's compatibility check, rule by rule.

Registries have walks of their own over two schemas. This one follows Redpanda's
``check_compatible`` and the ``resolve`` of Avro's C++ library, which it calls. Each deviation from
the specification is a rule of :data:`~.differences.DIFFERENCES` and applies only if it is in
``rules``; without rules the result is that of the specification, which the tests compare with the
plan.
"""

from __future__ import annotations

import attrs

from streamcontract.compatibility.dialects.uses import Use, Uses
from streamcontract.resolution import type_label
from streamcontract.resolution.matching import PROMOTIONS, match_fields
from streamcontract.schema.model import (
    ArrayType,
    EnumType,
    Field,
    FixedType,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.schema import Schema

__all__ = ["Incompatibility", "compare"]


@attrs.frozen
class Incompatibility:
    """One reason a registry gives.

    Attributes:
        type: Its ``errorType``: one of Avro's names, ``UNKNOWN``, or ``INVALID`` for a schema
            that the registry does not accept at all.
        path: The path, as the registry writes it.
        detail: Its ``additionalInfo``.
    """

    type: str
    path: str
    detail: str = ""


def compare(reader: Schema, writer: Schema, rules: frozenset[str]) -> tuple[Incompatibility, ...]:
    """The incompatibilities that a registry with these rules finds, each once, in its order."""
    walk = _Walk(Uses(reader), Uses(writer), rules)
    found = walk.check(Use(reader.root), Use(writer.root), "")
    return tuple(dict.fromkeys(found))


class _Walk:
    def __init__(self, readers: Uses, writers: Uses, rules: frozenset[str]) -> None:
        self._readers = readers
        self._writers = writers
        self._rules = rules
        # Pairs of records met before; during its comparison, a pair counts as compatible.
        self._records: dict[tuple[int, int], list[Incompatibility]] = {}

    def check(self, reader: Use, writer: Use, path: str) -> list[Incompatibility]:
        """Compare two types as they are used."""
        match reader.node, writer.node:
            case UnionType() as ours, UnionType() as theirs:
                return self._unions(ours, theirs, path)
            case UnionType() as ours, _:
                if self._fits_one(ours, writer, path):
                    return []
                return [self._missing_branch(writer, path)]
            case _, UnionType() as theirs:
                return self._each_branch(reader, theirs, path)
            case ArrayType() as ours, ArrayType() as theirs:
                return self.check(
                    self._readers.of(ours),
                    self._writers.of(theirs),
                    f"{path}/items",
                )
            case MapType() as ours, MapType() as theirs:
                return self._maps(ours, theirs, path)
            case _ if self._by_name(reader) != self._by_name(writer):
                return self._leaves(reader, writer, path)
            case (
                (RecordType(), RecordType()) | (EnumType(), EnumType()) | (FixedType(), FixedType())
            ):
                return self._named(reader, writer, path)
            case _:
                return self._leaves(reader, writer, path)

    def _leaves(self, reader: Use, writer: Use, path: str) -> list[Incompatibility]:
        if self._resolves(writer, reader):
            return []
        detail = (
            f"reader type: {self._label(reader)} not compatible with "
            f"writer type: {self._label(writer)}"
        )
        return [Incompatibility("TYPE_MISMATCH", path or "/", detail)]

    def _by_name(self, use: Use) -> bool:
        return use.by_name and "references" in self._rules

    # ---- unions and maps

    def _unions(self, reader: UnionType, writer: UnionType, path: str) -> list[Incompatibility]:
        if "disjoint-unions" in self._rules and not self._resolves(Use(writer), Use(reader)):
            return [Incompatibility("UNKNOWN", path or "/")]
        branches = [self._writers.of(writer, i) for i in range(len(writer.branches))]
        return [
            self._missing_branch(branch, f"{path}/{i}")
            for i, branch in enumerate(branches)
            if not self._fits_one(reader, branch, f"{path}/{i}")
        ]

    def _fits_one(self, reader: UnionType, writer: Use, path: str) -> bool:
        fits = [
            not self.check(self._readers.of(reader, i), writer, f"{path}/{i}")
            for i in range(len(reader.branches))
        ]
        return any(fits)

    def _each_branch(self, reader: Use, writer: UnionType, path: str) -> list[Incompatibility]:
        found = []
        for i in range(len(writer.branches)):
            below = path if "branch-paths" in self._rules else f"{path}/{i}"
            found += self.check(reader, self._writers.of(writer, i), below)
        return found

    def _maps(self, reader: MapType, writer: MapType, path: str) -> list[Incompatibility]:
        if "maps" in self._rules:
            fits = self._resolves(Use(writer), Use(reader))
            return [] if fits else [Incompatibility("UNKNOWN", path or "/")]
        return self.check(self._readers.of(reader), self._writers.of(writer), f"{path}/values")

    # ---- named types

    def _named(self, reader: Use, writer: Use, path: str) -> list[Incompatibility]:
        ours, theirs = reader.node, writer.node
        assert isinstance(ours, NamedType)  # noqa: S101 - for the type checker; check() has tested it
        assert isinstance(theirs, NamedType)  # noqa: S101 - likewise
        found = []
        same_name = self._same_name(ours, theirs)
        if not same_name:
            alias = theirs.full_name in ours.aliases and "type-aliases" in self._rules
            suffix = " (alias resolution is not yet fully supported)" if alias else ""
            detail = f"expected: {theirs.full_name}{suffix}"
            found.append(Incompatibility("NAME_MISMATCH", f"{path}/name", detail))
        match ours, theirs:
            case FixedType(), FixedType() if ours.size != theirs.size:
                if same_name or "fixed-name-only" not in self._rules:
                    detail = f"expected: {theirs.size}, found: {ours.size}"
                    found.append(Incompatibility("FIXED_SIZE_MISMATCH", f"{path}/size", detail))
            case EnumType(), EnumType() if not self._by_name(reader):
                found += self._symbols(ours, theirs, path)
            case RecordType(), RecordType() if not self._by_name(reader):
                found += self._record(ours, theirs, path)
            case _:
                pass
        return found

    def _same_name(self, reader: NamedType, writer: NamedType) -> bool:
        if "full-names" in self._rules:
            same = reader.full_name == writer.full_name
        else:
            same = reader.name == writer.name
        return same or ("type-aliases" not in self._rules and writer.full_name in reader.aliases)

    def _symbols(self, reader: EnumType, writer: EnumType, path: str) -> list[Incompatibility]:
        missing = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
        if reader.default is not None or not missing:
            return []
        if "symbol-order" not in self._rules:
            missing.sort()
        return [
            Incompatibility("MISSING_ENUM_SYMBOLS", f"{path}/symbols", f"[{', '.join(missing)}]")
        ]

    def _record(self, reader: RecordType, writer: RecordType, path: str) -> list[Incompatibility]:
        key = (id(reader), id(writer))
        if key in self._records:
            return self._records[key]
        self._records[key] = []
        found: list[Incompatibility] = []
        sources = self._sources(reader, writer)
        for i, (field, source) in enumerate(zip(reader.fields, sources, strict=True)):
            at = f"{path}/fields/{i}"
            if "ambiguous-aliases" in self._rules and _is_ambiguous(field, writer):
                detail = f"reader field {field.name} matches multiple fields of {writer.full_name}"
                found.append(Incompatibility("INVALID", at, detail))
            elif source is not None:
                found += self.check(
                    self._readers.of(reader, i),
                    self._writers.of(writer, source),
                    f"{at}/type",
                )
            elif not self._has_default(field):
                found.append(Incompatibility("READER_FIELD_MISSING_DEFAULT_VALUE", at, field.name))
        self._records[key] = found
        return found

    def _sources(self, reader: RecordType, writer: RecordType) -> list[int | None]:
        if "field-aliases" not in self._rules:
            return match_fields(writer, reader)
        known: dict[str, int] = {}
        for i, field in enumerate(writer.fields):
            for name in (field.name, *field.aliases):
                known.setdefault(name, i)
        return [known.get(field.name) for field in reader.fields]

    def _has_default(self, field: Field) -> bool:
        is_null = isinstance(field.type, PrimitiveType) and field.type.name == "null"
        return field.has_default and not (is_null and "null-default" in self._rules)

    # ---- resolve of Avro's C++ library: it compares only types and names

    def _resolves(self, writer: Use, reader: Use) -> bool:
        match writer.node, reader.node:
            case UnionType() as theirs, _:
                return any(self._resolves(Use(branch), reader) for branch in theirs.branches)
            case _, UnionType() as ours:
                return any(self._resolves(writer, Use(branch)) for branch in ours.branches)
            case PrimitiveType() as theirs, PrimitiveType() as ours:
                return theirs.name == ours.name or ours.name in PROMOTIONS.get(theirs.name, ())
            case ArrayType() as theirs, ArrayType() as ours:
                return self._resolves(Use(theirs.items), Use(ours.items))
            case MapType() as theirs, MapType() as ours:
                return self._resolves(Use(theirs.values), Use(ours.values))
            case FixedType() as theirs, FixedType() as ours:
                return theirs.size == ours.size and self._same_name(ours, theirs)
            case (RecordType() as theirs, RecordType() as ours):
                return self._same_name(ours, theirs)
            case (EnumType() as theirs, EnumType() as ours):
                return self._same_name(ours, theirs)
            case _:
                return False

    def _label(self, use: Use) -> str:
        return "SYMBOLIC" if self._by_name(use) else type_label(use.node)

    def _missing_branch(self, writer: Use, path: str) -> Incompatibility:
        detail = f"reader union lacking writer type: {self._label(writer)}"
        return Incompatibility("MISSING_UNION_BRANCH", path or "/", detail)


def _is_ambiguous(field: Field, writer: RecordType) -> bool:
    names = {each.name for each in writer.fields}
    return len([name for name in (field.name, *field.aliases) if name in names]) > 1
