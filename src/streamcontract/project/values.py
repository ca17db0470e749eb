"""Values of a project file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import attrs

from streamcontract.errors import ConfigurationError, ProjectFault
from streamcontract.lint import DEFAULT_TIER, FieldNames, Settings, Tier
from streamcontract.project.rules import suggestion
from streamcontract.schema import SchemaFolders

__all__ = ["ContractConfig", "LintConfig", "Project"]


@attrs.frozen(kw_only=True)
class ContractConfig:
    """One ``[contracts.<name>]`` table.

    Attributes:
        name: The table's name, which is also the name of the generated module.
        schema: The ``.avsc`` file of the values, absolute.
        topic: The topic, or None.
        key: The field of the record that is the message key, or None.
        key_schema: The ``.avsc`` file of the keys, absolute, or None.
        partitions: The number of partitions for a new topic, or None for the broker's default.
        compatibility: The registry's compatibility level for the subject, or None for the
            registry's own.
        lint_off: Rules of ``streamcontract lint`` that are switched off for its files, each with
            the reason.
        folders: The project's folders of types, for the parsing of the files.
    """

    name: str
    schema: Path
    topic: str | None = None
    key: str | None = None
    key_schema: Path | None = None
    partitions: int | None = None
    compatibility: str | None = None
    lint_off: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    folders: SchemaFolders = attrs.field(factory=SchemaFolders, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class LintConfig:
    """The ``[lint]`` table.

    Attributes:
        tier: The tier of the rules that apply.
        field_names: The style of field names.
        off: Rules that are switched off for every contract, each with the reason.
    """

    tier: Tier = DEFAULT_TIER
    field_names: FieldNames = "snake_case"
    off: Mapping[str, str] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True, slots=False)
class Project:
    """A project's contracts.

    Attributes:
        file: The file this was read from, absolute.
        output: The folder of the generated modules, absolute.
        contracts: The contracts, in the order of the file.
        lint: The ``[lint]`` table.
        folders: The folders with types that schemas may use, absolute.
        faults: Every fault of the file; empty after :func:`load_project`.
        invalid: The contracts whose tables are wrong, as far as they can be read. They are not
            among ``contracts``.
        is_complete: Whether the file gives the names of all contracts, including invalid ones,
            and the folder of their modules. False if it is not TOML, or if an unknown key may be
            a misspelt one.
    """

    file: Path
    output: Path
    contracts: tuple[ContractConfig, ...]
    lint: LintConfig = LintConfig()
    folders: SchemaFolders = attrs.field(factory=SchemaFolders, eq=False)
    faults: tuple[ProjectFault, ...] = ()
    invalid: tuple[ContractConfig, ...] = ()
    is_complete: bool = True

    @property
    def root(self) -> Path:
        """The folder of the file; every path in the file is relative to it."""
        return self.file.parent

    def contract(self, name: str) -> ContractConfig:
        """The contract of this name.

        Args:
            name: The name of its table.

        Raises:
            ConfigurationError: There is none; the message suggests the nearest name.
        """
        for config in (*self.contracts, *self.invalid):
            if config.name == name:
                return config
        names = [config.name for config in self.contracts]
        raise ConfigurationError(
            f"{self.file.name} has no contract {name!r}{suggestion(name, names)}"
        )

    def chosen(self, names: Sequence[str]) -> list[ContractConfig]:
        """The contracts of these names, or all contracts if no name is given; without invalid ones.

        Args:
            names: The names of their tables.

        Raises:
            ConfigurationError: There is no contract of such a name, and the file is complete.
        """
        if not names:
            return list(self.contracts)
        if not self.is_complete:
            return [config for config in self.contracts if config.name in names]
        asked = [self.contract(name) for name in names]
        return [config for config in asked if config in self.contracts]

    def lint_settings(self, schema: Path) -> Settings:
        """The lint settings of one schema file.

        Args:
            schema: The file; the switch-offs of its contracts apply, if it has any.
        """
        off = self._lint_off.get(schema.resolve(), frozenset())
        return Settings(
            tier=self.lint.tier,
            field_names=self.lint.field_names,
            off=off.union(self.lint.off),
        )

    @cached_property
    def _lint_off(self) -> Mapping[Path, frozenset[str]]:
        """The rules that are switched off by the contracts of each schema file."""
        found: dict[Path, frozenset[str]] = {}
        for config in self.contracts:
            for file in filter(None, (config.schema, config.key_schema)):
                found[file] = found.get(file, frozenset()).union(config.lint_off)
        return found
