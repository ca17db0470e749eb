"""Static catalogue of a project's contracts: the console's pages as files, without a server."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import attrs

from streamcontract.atomic_file import write_atomically
from streamcontract.console.pages.contracts import (
    KEY,
    Parts,
    contract_page,
    contracts_page,
    parsed_key,
)
from streamcontract.console.pages.differences import Differences, differences
from streamcontract.console.rendering import Renderer
from streamcontract.errors import SchemaParseError
from streamcontract.evolution.check_request import request_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from streamcontract.console.pages.contracts import Contract
    from streamcontract.console.pages.fields import FieldRow
    from streamcontract.evolution.earlier import Source, Version
    from streamcontract.project import Project
    from streamcontract.schema import Schema
    from streamcontract.schema.model import NamedType

__all__ = ["CatalogueLinks", "FieldUse", "TypeRow", "write_catalogue"]

_SECTIONS: Final = (("", "Contracts"), ("fields", "Fields"), ("types", "Types"))
_EVERY_VERSION: Final = "FULL_TRANSITIVE"
_FILES: Final = {"": "index.html", "contracts": "index.html"}


class CatalogueLinks:
    """Addresses of files, relative to the file that has them.

    Args:
        root: The way from there to the catalogue's folder, such as ``"../"``.

    Example:
        >>> CatalogueLinks("../").to("contract", name="order")
        '../contracts/order.html'
    """

    def __init__(self, root: str) -> None:
        self._root = root

    def to(self, page: str, /, **query: object) -> str:
        """See :class:`~streamcontract.console.rendering.Links`."""
        if page == "contract":
            return f"{self._root}contracts/{quote(str(query['name']), safe='')}.html"
        return self._root + _FILES.get(page, f"{page}.html")

    def static(self, file: str) -> str:
        """See :class:`~streamcontract.console.rendering.Links`."""
        return f"{self._root}{file}"


@attrs.frozen
class FieldUse:
    """A field of a contract, or the whole of it.

    Attributes:
        contract: The contract's name.
        row: The field; None for the contract's record.
        of_key: Whether it is of the keys.
    """

    contract: str
    row: FieldRow | None
    of_key: bool = False

    @property
    def path(self) -> str:
        """Its path from the record."""
        return "" if self.row is None else self.row.path.removeprefix(KEY)

    @property
    def anchor(self) -> str:
        """Where it is on the contract's page."""
        return "" if self.row is None else f"#field-{quote(self.row.path)}"


@attrs.frozen(kw_only=True)
class TypeRow:
    """A named type.

    Attributes:
        name: Its full name.
        doc: Its documentation.
        symbols: The symbols of an enum.
        uses: The contracts and fields that use it.
    """

    name: str
    doc: str
    symbols: tuple[str, ...]
    uses: tuple[FieldUse, ...]


def write_catalogue(folder: Path, project: Project, source: Source | None) -> tuple[Path, ...]:
    """Write the catalogue of a project.

    Args:
        folder: Where to; files of other names stay there.
        project: The project.
        source: Where earlier versions of the contracts are, or None for none.

    Returns:
        The pages.

    Raises:
        OSError: A file cannot be written.
        StreamContractError: The earlier versions cannot be read.
    """
    parts = Parts.of(project)
    schemas = {
        name: schema
        for name, schema in parts.schemas.items()
        if not isinstance(schema, SchemaParseError)
    }
    versions = _versions(project, source)
    where = [("Project", project.file.parent.name or "contracts")]
    facts = {
        "sections": _SECTIONS,
        "where": where if source is None else [*where, ("Earlier versions", source.label)],
        "allow_writes": False,
        "has_topics": False,
    }
    top, below = Renderer(CatalogueLinks(""), **facts), Renderer(CatalogueLinks("../"), **facts)
    overview = contracts_page(project)
    contracts = [contract_page(project, row.name, parts) for row in overview.rows]
    fields = [use for each in contracts for use in _fields(each)]
    types = _types(project, schemas, fields)
    pages = {
        "index.html": top.page("contracts.html", section="", page=overview),
        "fields.html": top.page("fields.html", section="fields", fields=fields),
        "types.html": top.page("types.html", section="types", types=types),
    }
    for each in contracts:
        earlier = versions.get(each.name, ())
        pages[f"contracts/{each.name}.html"] = below.page(
            "contract.html",
            section="",
            page=each,
            sides=None,
            versions=() if source is None else _history(schemas.get(each.name), earlier),
        )
    return tuple(_write(folder, pages))


def _fields(contract: Contract) -> Iterator[FieldUse]:
    yield from (FieldUse(contract.name, row) for row in contract.fields)
    yield from (FieldUse(contract.name, row, of_key=True) for row in contract.key_fields)


def _write(folder: Path, pages: Mapping[str, str]) -> list[Path]:
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    for file in resources.files("streamcontract.console").joinpath("static").iterdir():
        write_atomically(folder / file.name, file.read_text("utf-8"))
    for name, text in pages.items():
        write_atomically(folder / name, text)
    return [folder / name for name in pages]


def _versions(project: Project, source: Source | None) -> Mapping[str, Sequence[Version]]:
    """All earlier versions of each contract, oldest first."""
    if source is None:
        return {}
    return source.earlier(request_project(project, level=_EVERY_VERSION)).versions


def _history(
    schema: Schema | None, earlier: Sequence[Version]
) -> list[tuple[str, Differences | None]]:
    """Each version, newest first, with its differences from the one before."""
    known = [(each.label, each.schema) for each in earlier]
    if schema is not None and (not known or known[-1][1] != schema):
        known.append(("today", schema))
    compared: list[tuple[str, Differences | None]] = []
    before: Schema | None = None
    for label, each in known:
        compared.append((label, None if before is None else differences(before, each)))
        before = each
    return compared[::-1]


def _types(
    project: Project, schemas: Mapping[str, Schema], fields: Sequence[FieldUse]
) -> tuple[TypeRow, ...]:
    keys = {each.name: key for each in project.contracts if (key := parsed_key(each)) is not None}
    uses: dict[str, list[FieldUse]] = {}
    types: dict[str, NamedType] = {}
    for of_key, found in ((False, schemas), (True, keys)):
        for contract, schema in found.items():
            for name, node in schema.named_types.items():
                types.setdefault(name, node)
            if schema.name is not None:
                uses.setdefault(schema.name, []).append(FieldUse(contract, None, of_key))
    for each in fields:
        for name in () if each.row is None else each.row.names:
            uses.setdefault(name, []).append(each)
    return tuple(
        TypeRow(
            name=name,
            doc=types[name].doc or "",
            symbols=getattr(types[name], "symbols", ()),
            uses=tuple(uses.get(name, ())),
        )
        for name in sorted(types)
    )
