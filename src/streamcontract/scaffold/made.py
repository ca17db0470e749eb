"""Files of a new project, made in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.codegen import changes, make_modules
from streamcontract.lint import DEFAULT_TIER, FieldNames, Settings, Tier, lint_schema
from streamcontract.project import PROJECT_FILE, ContractConfig
from streamcontract.scaffold.draft import Draft, Planned, add_unused
from streamcontract.scaffold.texts import FIXED, project_file
from streamcontract.schema import Schema, SchemaFolders, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["Made", "make_project"]

_STYLES: Final[tuple[FieldNames, ...]] = ("snake_case", "camelCase")


@attrs.frozen(kw_only=True)
class Made:
    """A project that is not written yet.

    Attributes:
        contracts: Its contracts.
        files: The text of each file, by its path from the project's folder; the project file last.
        left_out: The subjects or files that do not become contracts, each with the reason.
        off: The rules of ``streamcontract lint`` that are switched off, as the schemas break them.
    """

    contracts: tuple[Planned, ...]
    files: Mapping[str, str]
    left_out: Mapping[str, str]
    off: tuple[str, ...]


def make_project(draft: Draft, root: Path, output: str) -> Made:
    """Make the files of a project.

    Args:
        draft: The contracts; those without a valid module are left out.
        root: The folder of the project, which has the existing schema files.
        output: The path of the folder of the generated modules.
    """
    if not draft.schemas:
        return _made(draft, root.resolve(), output)
    # Schemas are read from files, so they are written to a temporary folder first.
    with tempfile.TemporaryDirectory(prefix="streamcontract-") as folder:
        for path, text in draft.schemas.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        return _made(draft, Path(folder).resolve(), output)


def _made(draft: Draft, base: Path, output: str) -> Made:
    folders = SchemaFolders([(base / each).resolve() for each in draft.folders])
    modules = make_modules((_config(each, base, folders) for each in draft.contracts), base)
    contracts = tuple(each for each in draft.contracts if each.name not in modules.errors)
    left_out = dict(draft.left_out)
    for each in draft.contracts:
        if each.name in modules.errors:
            what = each.subjects[0] if each.subjects else each.schema
            left_out[what] = _reason(modules.errors[each.name], each, draft, base)
            add_unused(left_out, each.subjects, contracts)
    if modules.errors:  # the others share no types with those
        modules = make_modules((_config(each, base, folders) for each in contracts), base)
    draft = attrs.evolve(draft, contracts=contracts)
    field_names, off = _lint(contracts, base, folders)
    with tempfile.TemporaryDirectory() as nothing:  # in an empty folder, all files are new
        generated = {
            f"{output}/{change.path.name}": change.after or ""
            for change in changes(Path(nothing), modules.texts, complete=True)
        }
    files = {
        **_needed(draft, base, folders),
        **generated,
        **FIXED,
        PROJECT_FILE: project_file(draft, output, field_names, off),
    }
    return Made(
        contracts=contracts,
        files=files,
        left_out=left_out,
        off=tuple(dict.fromkeys(rule for rules in off.values() for rule in rules)),
    )


def _reason(error: Exception, contract: Planned, draft: Draft, base: Path) -> str:
    """The reason why a contract has no module, without names of temporary files."""
    text = str(error).replace(f"{base}/", "").removeprefix(f"{contract.schema}: ")
    for path in sorted(draft.labels, key=len, reverse=True):
        text = text.replace(path, draft.labels[path])
    return text


def _config(contract: Planned, base: Path, folders: SchemaFolders) -> ContractConfig:
    return ContractConfig(
        name=contract.name,
        schema=(base / contract.schema).resolve(),
        topic=contract.topic,
        key=contract.key,
        key_schema=(base / contract.key_schema).resolve() if contract.key_schema else None,
        partitions=contract.partitions,
        compatibility=contract.compatibility,
        folders=folders,
    )


def _schemas(contract: Planned, base: Path, folders: SchemaFolders) -> Iterator[Schema]:
    for path in filter(None, (contract.schema, contract.key_schema)):
        yield parse_schema((base / path).resolve(), folders=folders)


def _needed(draft: Draft, base: Path, folders: SchemaFolders) -> dict[str, str]:
    """The schema files to write that the contracts use."""
    used = {
        each.source
        for contract in draft.contracts
        for schema in _schemas(contract, base, folders)
        for each in schema.closure()
    }
    return {path: text for path, text in draft.schemas.items() if str(base / path) in used}


def _lint(
    contracts: tuple[Planned, ...], base: Path, folders: SchemaFolders
) -> tuple[FieldNames, dict[str, list[str]]]:
    """The most common style of field names, and the rules that the schemas then break."""
    own: dict[str | None, tuple[str, Schema]] = {}
    used: dict[str | None, tuple[str, Schema]] = {}
    for contract in contracts:
        for schema in _schemas(contract, base, folders):
            own[schema.source] = contract.name, schema
            used.update({each.source: ("", each) for each in schema.closure()})
    linted = [*{**used, **own}.values()]

    def found(tier: Tier, style: FieldNames) -> list[tuple[str, str]]:
        settings = Settings(tier=tier, field_names=style)
        return [
            (name, finding.rule)
            for name, schema in linted
            for finding in lint_schema(schema, settings)
        ]

    style = min(_STYLES, key=lambda each: len(found("standard", each)))
    rules: dict[str, set[str]] = {}
    for name, rule in found(DEFAULT_TIER, style):
        rules.setdefault(name, set()).add(rule)
    return style, {name: sorted(each) for name, each in rules.items()}
