"""Contracts to test: those of a project, or single schema files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.codec import Codec, Contract
from streamcontract.codegen import make_modules, modules_of_files
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
from streamcontract.schema import SCHEMA_SUFFIX, RecordType, Schema, parse_schema
from streamcontract.schema.folders import schema_files_below
from streamcontract.testing.suite.in_memory import InMemoryPackage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from streamcontract.codegen import Modules

__all__ = ["Generated", "ProjectCode", "TestedContract", "find_contracts"]

_UNWRITTEN: Final = "contracts"  # the package in a test to paste if no code is generated yet


@attrs.frozen
class Generated:
    """The classes of a contract's module, made in memory.

    Attributes:
        module: The module.
        contract: Its contract.
        record: The class of its records.
        home: The module that users import it from.
    """

    module: ModuleType
    contract: Contract
    record: type
    home: str

    @property
    def names(self) -> Mapping[type, str]:
        """The names of its classes in that module, including shared ones."""
        public = {name: each for name, each in vars(self.module).items() if name[0] != "_"}
        contract = self.contract
        keys = {} if contract.key_schema is None else contract.keys.types
        mine = {*contract.types.values(), *keys.values()}
        return {cls: name for name, cls in public.items() if cls in mine}

    def client_name(self, kind: str) -> str:
        """The name of its ``"Producer"`` or ``"Consumer"`` class."""
        return f"{self.names[self.record]}{kind}"

    def client(self, kind: str) -> type[Any]:
        """Its ``"Producer"`` or ``"Consumer"`` class."""
        client: type[Any] = getattr(self.module, self.client_name(kind))
        return client


@attrs.frozen(eq=False, slots=False)
class ProjectCode:
    """The present generated code of all contracts of a project.

    Attributes:
        project: The project.
    """

    project: Project

    @cached_property
    def modules(self) -> Modules:
        """The modules of the contracts that have no error."""
        return make_modules(self.project.contracts, self.project.root)

    @cached_property
    def to_commit(self) -> Modules:
        """The modules that ``streamcontract generate`` writes beside the existing ones."""
        project = self.project
        if project.is_complete and not project.invalid and not self.modules.errors:
            return self.modules
        return make_modules(
            project.contracts,
            project.root,
            folder=project.output,
            invalid=[each.name for each in project.invalid],
            are_all=project.is_complete,
        )

    @cached_property
    def package(self) -> InMemoryPackage:
        """The modules as a package."""
        return InMemoryPackage(self.modules.texts)


@attrs.frozen(eq=False, kw_only=True, slots=False)
class TestedContract:
    """One schema: of the values or the keys of a contract, or a single file.

    Attributes:
        name: Its name for people.
        file: The schema's file, absolute.
        home: The folder that paths are relative to.
        config: Its configuration in the project; None for a single file.
        code: The code of the project; None for a single file.
        is_key: Whether it is the schema of keys.
    """

    __test__ = False  # not a test, despite its name

    name: str
    file: Path
    home: Path
    config: ContractConfig | None = None
    code: ProjectCode | None = None
    is_key: bool = False

    @property
    def project(self) -> Project | None:
        """The project; None for a single file."""
        return None if self.code is None else self.code.project

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
        """Its classes, generated from the present schema; None for keys and non-records.

        Raises:
            CodegenError: No valid module can be generated.
            ConfigurationError: The contract's key is not a field that can be a key.
            SchemaParseError: The schema is not valid.
        """
        if self.is_key or not isinstance(self.schema.root, RecordType):
            return None
        if self.code is None or self.config is None:
            texts = modules_of_files([self.file], self.home)
            (name,) = texts
            package = InMemoryPackage(texts)
        else:
            name = self.config.name
            self.code.modules.of([name]).require_all()
            package = self.code.package
        module = package.load(name)
        contract: Contract = module.CONTRACT
        record = contract.types[contract.schema.name or ""]
        return Generated(module, contract, record, f"{self._package}.{name}")

    @property
    def _package(self) -> str:
        """The package of the generated modules, by the names of folders."""
        if self.project is None:
            return _UNWRITTEN
        names = [self.project.output.name]
        for folder in self.project.output.parents:
            if not (folder / "__init__.py").is_file():
                break
            names.insert(0, folder.name)
        return ".".join(names)


def find_contracts(path: Path | str | None = None) -> list[TestedContract]:
    """The contracts of a path.

    Args:
        path: A project file, or its folder: all its contracts. Any other folder: the ``.avsc``
        files below it; or one ``.avsc`` file. A file that is the schema of a contract, in the
        project around it, counts as that contract. If left out, the project of the current
        folder, else the ``.avsc`` files below it.

    Contracts with invalid tables in the project file are not included.

    Raises:
        ConfigurationError: There is no such path, or no contract there.
        ProjectError: No contract can be read from the project file.
    """
    if path is None:
        found = find_project_file()
        path = Path.cwd() if found is None else found
    path = Path(path).resolve()
    if not path.exists():
        raise ConfigurationError(f"there is no {path}; a relative path is from the current folder")
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
        raise ConfigurationError(f"{path / PROJECT_FILE} is not a file")
    return _of_schemas(sorted(schema_files_below(path)), path)


def _of_project(project: Project) -> Iterable[TestedContract]:
    if project.faults and not project.contracts:
        raise ProjectError(project.faults)
    code = ProjectCode(project)
    for config in project.contracts:
        for is_key, file in ((False, config.schema), (True, config.key_schema)):
            if file is not None:
                yield TestedContract(
                    name=f"{config.name} (key)" if is_key else config.name,
                    file=file,
                    home=project.root,
                    config=config,
                    code=code,
                    is_key=is_key,
                )


def _of_schemas(files: list[Path], folder: Path) -> list[TestedContract]:
    project = find_project(folder)
    known: dict[Path, list[TestedContract]] = {}
    if project is not None:
        if project.faults:  # the folders of types, which it has, may be wrong
            raise ProjectError(project.faults)
        for contract in _of_project(project):
            known.setdefault(contract.file, []).append(contract)
    stems = [file.stem for file in files]
    found = []
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else file.relative_to(folder).as_posix()
        found += known.get(file.resolve()) or [TestedContract(name=name, file=file, home=folder)]
    return found
