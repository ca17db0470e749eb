"""The contracts that are tested: those of a project, or schema files by themselves."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.codec import Codec, Contract
from streamcontract.codegen import modules_of_contracts, modules_of_files
from streamcontract.errors import ConfigurationError, ProjectError
from streamcontract.project import (
    PROJECT_FILE,
    ContractConfig,
    Project,
    find_project,
    find_project_file,
    folders_for,
    read_project,
)
from streamcontract.reporting import shown
from streamcontract.schema import SCHEMA_SUFFIX, RecordType, Schema, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Generated", "TestedContract", "find_contracts"]

_UNWRITTEN: Final = "contracts"  # the package that a test shows where nothing is generated yet


@attrs.frozen
class Generated:
    """The classes that a contract's module has, made in memory.

    Attributes:
        module: The module.
        contract: What it declares.
        record: The class of its records.
        home: Where users import it from.
    """

    module: ModuleType
    contract: Contract
    record: type
    home: str

    def client(self, kind: str) -> type[Any]:
        """Its ``"Producer"`` or ``"Consumer"`` class."""
        client: type[Any] = getattr(self.module, f"{self.record.__name__}{kind}")
        return client


@attrs.frozen(eq=False, kw_only=True, slots=False)
class TestedContract:
    """One schema: the values or the keys of a contract, or a file by itself.

    Attributes:
        name: What people call it.
        file: The schema's file, absolute.
        home: The folder that paths are relative to.
        config: What the project says about it; None for a file by itself.
        project: The project; None for a file by itself.
        is_key: Whether it is the schema of keys.
    """

    __test__ = False  # its name is not that of a test

    name: str
    file: Path
    home: Path
    config: ContractConfig | None = None
    project: Project | None = None
    is_key: bool = False

    @cached_property
    def schema(self) -> Schema:
        """The schema.

        Raises:
            SchemaParseError: It is not valid.
        """
        folders = folders_for(self.file) if self.config is None else self.config.folders
        return parse_schema(self.file, folders=folders)

    @cached_property
    def codec(self) -> Codec[Any]:
        """Encodes and decodes plain values.

        Raises:
            SchemaParseError: The schema is not valid.
        """
        return Codec(self.schema)

    @cached_property
    def generated(self) -> Generated | None:
        """Its classes as they are generated from the schema now; None for keys and non-records.

        Raises:
            CodegenError: No sound module can be generated.
            ConfigurationError: The contract's key is no field that can be a key.
            SchemaParseError: The schema is not valid.
        """
        if self.is_key or not isinstance(self.schema.root, RecordType):
            return None
        if self.config is None:
            [(name, text)] = modules_of_files([self.file], self.home).items()
        else:
            [(name, text)] = modules_of_contracts([self.config], self.home).items()
        module = ModuleType(f"streamcontract_suite_{name}_{id(self)}")
        sys.modules[module.__name__] = module  # where annotations in strings are looked up
        code = compile(text, f"<generated from {shown(self.file)}>", "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - the project's own, as it would be imported
        contract: Contract = module.CONTRACT
        record = contract.types[contract.schema.name or ""]
        return Generated(module, contract, record, f"{self._package}.{name}")

    @property
    def _package(self) -> str:
        """The package of the generated modules, as far as folders tell it."""
        if self.project is None:
            return _UNWRITTEN
        names = [self.project.output.name]
        for folder in self.project.output.parents:
            if not (folder / "__init__.py").is_file():
                break
            names.insert(0, folder.name)
        return ".".join(names)


def find_contracts(path: Path | str | None = None) -> list[TestedContract]:
    """The contracts that a path stands for.

    Args:
        path: A project file, or the folder of one: all its contracts. Any other folder: the
            ``.avsc`` files below it, and an ``.avsc`` file itself; those that are the schema of a
            contract, in the project that they lie in, count as that contract. Left out, the
            project of the current folder, else the ``.avsc`` files below it.

    Contracts whose tables in the project file are wrong are not among them.

    Raises:
        ConfigurationError: There is no such path, or no contract there.
        ProjectError: No contract can be read from the project file.
    """
    if path is None:
        found = find_project_file()
        path = Path.cwd() if found is None else found
    path = Path(path).resolve()
    if not path.exists():
        raise ConfigurationError(
            f"there is no {path}; a relative path counts from the current folder"
        )
    contracts = _of_file(path) if path.is_file() else _of_folder(path)
    if not contracts:
        raise ConfigurationError(
            f"there is nothing to test: {path} has no contracts, and no {SCHEMA_SUFFIX} file is "
            f"below it"
        )
    return contracts


def _of_file(path: Path) -> list[TestedContract]:
    if path.suffix == SCHEMA_SUFFIX:
        return _of_schemas([path], path.parent)
    return list(_of_project(read_project(path)))


def _of_folder(path: Path) -> list[TestedContract]:
    nearest = find_project_file(path)
    if nearest is not None and nearest.parent == path:
        return list(_of_project(read_project(nearest)))
    if (path / PROJECT_FILE).exists():
        raise ConfigurationError(f"{path / PROJECT_FILE} is no file")
    return _of_schemas(
        sorted(file for file in path.rglob(f"*{SCHEMA_SUFFIX}") if file.is_file()), path
    )


def _of_project(project: Project) -> Iterable[TestedContract]:
    if project.faults and not project.contracts:
        raise ProjectError(project.faults)
    for config in project.contracts:
        for is_key, file in ((False, config.schema), (True, config.key_schema)):
            if file is not None:
                yield TestedContract(
                    name=f"{config.name} (key)" if is_key else config.name,
                    file=file,
                    home=project.root,
                    config=config,
                    project=project,
                    is_key=is_key,
                )


def _of_schemas(files: list[Path], folder: Path) -> list[TestedContract]:
    project = find_project(folder)
    known: dict[Path, list[TestedContract]] = {}
    if project is not None:
        if project.faults:  # it says where types are, which may be what is wrong
            raise ProjectError(project.faults)
        for contract in _of_project(project):
            known.setdefault(contract.file, []).append(contract)
    stems = [file.stem for file in files]
    found = []
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else file.relative_to(folder).as_posix()
        found += known.get(file.resolve()) or [TestedContract(name=name, file=file, home=folder)]
    return found
