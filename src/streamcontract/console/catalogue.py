"""Static catalogue of a project's contracts: the console's pages as files, without a server."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import attrs

from streamcontract.atomic_file import write_atomically
from streamcontract.console.pages.contracts import Parts, contract_page, contracts_page
from streamcontract.console.pages.differences import Differences, differences
from streamcontract.console.pages.fields import FieldRow, field_rows
from streamcontract.console.rendering import Renderer
from streamcontract.errors import SchemaParseError
from streamcontract.evolution.check_request import request_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from streamcontract.evolution.earlier import Source, Version
    from streamcontract.project import Project
    from streamcontract.schema import Schema

__all__ = ["CatalogueLinks", "TypeRow", "write_catalogue"]

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


@attrs.frozen(kw_only=True)
class TypeRow:
    """A named type.

    Attributes:
        name: Its full name.
        doc: Its documentation.
        uses: The contracts and fields that use it.
    """

    name: str
    doc: str
    uses: tuple[tuple[str, str], ...]


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
    fields = [(name, row) for name, schema in schemas.items() for row in field_rows(schema)]
    types = _types(schemas, fields)
    pages = {
        "index.html": top.page("contracts.html", section="", page=overview),
        "fields.html": top.page("fields.html", section="fields", fields=fields, quote=quote),
        "types.html": top.page("types.html", section="types", types=types, quote=quote),
    }
    for row in overview.rows:
        pages[f"contracts/{row.name}.html"] = below.page(
            "contract.html",
            section="",
            page=contract_page(project, row.name, parts),
            registered=None,
            versions=_history(schemas.get(row.name), versions.get(row.name, ())),
        )
    return tuple(_write(folder, pages))


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
    schemas: Mapping[str, Schema], fields: Sequence[tuple[str, FieldRow]]
) -> tuple[TypeRow, ...]:
    uses: dict[str, list[tuple[str, str]]] = {}
    docs: dict[str, str] = {}
    for contract, schema in schemas.items():
        for name, node in schema.named_types.items():
            docs.setdefault(name, node.doc or "")
        if schema.name is not None:
            uses.setdefault(schema.name, []).append((contract, ""))
    for contract, row in fields:
        for name in row.names:
            uses.setdefault(name, []).append((contract, row.path))
    return tuple(
        TypeRow(name=name, doc=docs.get(name, ""), uses=tuple(uses.get(name, ())))
        for name in sorted(docs)
    )
