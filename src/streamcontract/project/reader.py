"""Conversion of a parsed project file to a project, with every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, cast

import attrs

from streamcontract.errors import ProjectFault
from streamcontract.lint import DEFAULT_TIER, unknown_rule
from streamcontract.project.rules import (
    contract_name_fault,
    field_names_fault,
    level_fault,
    partitions_fault,
    suggestion,
    tier_fault,
    topic_fault,
)
from streamcontract.project.values import ContractConfig, LintConfig, Project
from streamcontract.schema import SCHEMA_SUFFIX, SchemaFolders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from streamcontract.lint import FieldNames, Tier
    from streamcontract.project.files import Document
    from streamcontract.project.positions import KeyPath

__all__ = ["DEFAULT_OUTPUT", "project_of"]

DEFAULT_OUTPUT: Final = "contracts"

_T = TypeVar("_T", str, int)

_WANTED: Final[dict[type, str]] = {str: "a string", int: "an integer"}

_CONTRACT_KEYS: Final = tuple(
    attribute.name
    for attribute in attrs.fields(ContractConfig)
    if attribute.name not in {"name", "folders"}
)


def project_of(document: Document, *, is_past: bool) -> Project:
    """The project that a document describes, with everything that is wrong with it.

    Args:
        document: The document.
        is_past: Whether it is a checkout of an earlier state, without the folders of types that are
            elsewhere or empty.
    """
    return _Parser(document, is_past=is_past).project(document.table or {})


class _Parser:
    def __init__(self, document: Document, *, is_past: bool) -> None:
        self._document = document
        self._root = document.file.parent
        self._is_past = is_past
        self._folders = SchemaFolders()
        self._contract_name: str | None = None  # the one at hand
        self._faults: list[ProjectFault] = []

    def project(self, table: Mapping[str, object]) -> Project:
        is_complete = self._check_keys(table, ("output", "contracts", "schemas", "lint"), ())
        self._folders = SchemaFolders(self._schema_folders(table.get("schemas", [])))
        text = self._get(table, "output", str, ())
        is_complete &= text is not None or "output" not in table
        output = self._path(text or DEFAULT_OUTPUT, ("output",))
        tables = table.get("contracts", {})
        contracts: list[ContractConfig] = []
        if not isinstance(tables, dict):
            self._fault(("contracts",), "must be a table of tables, such as [contracts.order]")
            is_complete = False
        else:
            contracts = [self._contract(name, each) for name, each in tables.items()]
        lint = self._lint(table.get("lint", {}))
        wrong = {fault.contract for fault in self._faults}
        return Project(
            file=self._document.file,
            output=output or self._root,
            contracts=tuple(each for each in contracts if each.name not in wrong),
            lint=lint,
            folders=self._folders,
            faults=tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column))),
            invalid=tuple(each for each in contracts if each.name in wrong),
            is_complete=is_complete and output is not None,
        )

    def _schema_folders(self, value: object) -> Iterator[Path]:
        if not isinstance(value, list):
            message = 'must be a list of folders, such as ["schemas", "../common"]'
            self._fault(("schemas",), message)
            return
        for index, text in enumerate(value):
            place = ("schemas", index)
            if not isinstance(text, str):
                self._fault(place, f"must be a string, found {text!r}")
                continue
            path = self._path(text, place)
            if path is not None and not (self._is_past or path.is_dir()):
                self._fault(place, f"there is no folder {path}")
            elif path is not None:
                yield path

    def _lint(self, table: object) -> LintConfig:
        where = ("lint",)
        if not isinstance(table, dict):
            self._fault(where, "must be a table of tier, field_names and off")
            return LintConfig()
        self._check_keys(table, ("tier", "field_names", "off"), where)
        tier = self._checked(table, "tier", str, where, tier_fault)
        style = self._checked(table, "field_names", str, where, field_names_fault)
        return LintConfig(
            tier=cast("Tier", tier or DEFAULT_TIER),
            field_names=cast("FieldNames", style or "snake_case"),
            off=self._switched_off(table, "off", where),
        )

    def _switched_off(
        self, table: Mapping[str, object], key: str, where: KeyPath
    ) -> dict[str, str]:
        """A table of rules and the reasons for switching them off; without the wrong entries."""
        rules = table.get(key, {})
        place = (*where, key)
        if not isinstance(rules, dict):
            self._fault(place, 'must be a table of rules and reasons: {<rule> = "<reason>"}')
            return {}
        found: dict[str, str] = {}
        for rule, reason in rules.items():
            message = unknown_rule(rule)
            if message is None and not (isinstance(reason, str) and reason.strip()):
                message = 'needs the reason for switching it off: "<reason>"'
            if message is None:
                found[rule] = reason
            else:
                self._fault((*place, rule), message)
        return found

    def _contract(self, name: str, table: object) -> ContractConfig:
        self._contract_name = name
        where = ("contracts", name)
        fault = contract_name_fault(name)
        if fault is not None:
            self._fault(where, fault)
        if not isinstance(table, dict):
            self._fault(where, f'must be a table with at least schema = "{name}{SCHEMA_SUFFIX}"')
            table = {}
        elif "schema" not in table:
            self._fault(where, f'needs schema = "<path of an {SCHEMA_SUFFIX} file>"')
        self._check_keys(table, _CONTRACT_KEYS, where)
        config = ContractConfig(
            name=name,
            # The most likely file of an invalid contract.
            schema=self._schema_file(table, "schema", where)
            or self._root / f"{name}{SCHEMA_SUFFIX}",
            topic=self._checked(table, "topic", str, where, topic_fault),
            key=self._get(table, "key", str, where),
            key_schema=self._schema_file(table, "key_schema", where),
            partitions=self._checked(table, "partitions", int, where, partitions_fault),
            compatibility=self._checked(table, "compatibility", str, where, level_fault),
            lint_off=self._switched_off(table, "lint_off", where),
            folders=self._folders,
        )
        if config.key is not None and config.key_schema is not None:
            self._fault((*where, "key"), "a field's name and key_schema exclude each other")
        self._contract_name = None
        return config

    def _schema_file(self, table: Mapping[str, object], key: str, where: KeyPath) -> Path | None:
        text = self._get(table, key, str, where)
        path = None if text is None else self._path(text, (*where, key))
        if path is not None and not path.is_file():
            self._fault((*where, key), f"there is no file {path}")
        return path

    def _path(self, text: str, place: KeyPath) -> Path | None:
        """A path, absolute, or None if the operating system refuses it."""
        path = self._root / text
        try:
            path.stat()
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self._fault(
                place, f"{text!r} cannot be a path here: {getattr(error, 'strerror', error)}"
            )
            return None
        return path.resolve()

    def _checked(
        self,
        table: Mapping[str, object],
        key: str,
        kind: type[_T],
        where: KeyPath,
        fault_of: Callable[[_T], str | None],
    ) -> _T | None:
        """A value that is right, or None."""
        value = self._get(table, key, kind, where)
        fault = None if value is None else fault_of(value)
        if fault is None:
            return value
        self._fault((*where, key), fault)
        return None

    def _get(
        self, table: Mapping[str, object], key: str, kind: type[_T], where: KeyPath
    ) -> _T | None:
        value = table.get(key)
        if value is None:
            return None
        # isinstance takes a bool for an int; a TOML boolean is not an integer.
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        self._fault((*where, key), f"must be {_WANTED[kind]}, found {value!r}")
        return None

    def _check_keys(
        self, table: Mapping[str, object], known: tuple[str, ...], where: KeyPath
    ) -> bool:
        """Whether all keys are known."""
        unknown = [key for key in table if key not in known]
        for key in unknown:
            self._fault((*where, key), f"is not a known key{suggestion(key, known)}")
        return not unknown

    def _fault(self, path: KeyPath, message: str) -> None:
        line, column = self._document.place(path)
        self._faults.append(
            ProjectFault(
                path=(*self._document.prefix, *path),
                message=message,
                file=str(self._document.file),
                line=line,
                column=column,
                contract=self._contract_name,
            )
        )
