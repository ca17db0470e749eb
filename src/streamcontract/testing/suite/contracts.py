"""The contracts that are tested: those of a project, or schema files by themselves."""

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

    @property
    def names(self) -> Mapping[type, str]:
        """What its classes are called in there, shared ones too."""
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
    """The code of all contracts of a project, as it is generated now.

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
        """The modules as ``streamcontract generate`` writes them beside those that there are."""
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
        """The modules, to be imported."""
        return InMemoryPackage(self.modules.texts)


@attrs.frozen(eq=False, kw_only=True, slots=False)
class TestedContract:
    """One schema: the values or the keys of a contract, or a file by itself.

    Attributes:
        name: What people call it.
        file: The schema's file, absolute.
        home: The folder that paths are relative to.
        config: What the project says about it; None for a file by itself.
        code: The code of the project; None for a file by itself.
        is_key: Whether it is the schema of keys.
    """

    __test__ = False  # its name is not that of a test

    name: str
    file: Path
    home: Path
    config: ContractConfig | None = None
    code: ProjectCode | None = None
    is_key: bool = False

    @property
    def project(self) -> Project | None:
        """The project; None for a file by itself."""
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
        """Its classes as they are generated from the schema now; None for keys and non-records.

        Raises:
            CodegenError: No sound module can be generated.
            ConfigurationError: The contract's key is no field that can be a key.
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
