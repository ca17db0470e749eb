"""From the contracts of a project, or single schema files, to the text of their modules."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

import attrs

from streamcontract.codegen.module import ModuleSource, generate_module
from streamcontract.codegen.names import module_name
from streamcontract.errors import (
    CodegenError,
    ConfigurationError,
    SchemaParseError,
    StreamContractError,
)
from streamcontract.project import folders_for
from streamcontract.schema import EnumType, FixedType, PrimitiveType, RecordType, parse_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from streamcontract.project import ContractConfig
    from streamcontract.schema import AvroType, Schema

__all__ = [
    "Modules",
    "make_modules",
    "make_modules_of_files",
    "modules_of_contracts",
    "modules_of_files",
]


@attrs.frozen
class Modules:
    """The modules of contracts or files, as far as they can be made.

    Attributes:
        texts: The text of each module, by the module's name.
        errors: Why there is none, by the name that it would have.
    """

    texts: Mapping[str, str]
    errors: Mapping[str, StreamContractError]

    def require_all(self) -> dict[str, str]:
        """The texts of all modules.

        Raises:
            StreamContractError: There is an error; it is the first.
        """
        for error in self.errors.values():
            raise error
        return dict(self.texts)


def make_modules(contracts: Iterable[ContractConfig], root: Path) -> Modules:
    """The modules of contracts; what is wrong with one keeps no other from being made.

    Args:
        contracts: The contracts.
        root: The folder that the paths in the modules are relative to.
    """
    return _made({each.name: functools.partial(_of_contract, each, root) for each in contracts})


def modules_of_contracts(contracts: Iterable[ContractConfig], root: Path) -> dict[str, str]:
    """The text of each contract's module, by the module's name.

    Args:
        contracts: The contracts.
        root: The folder that the paths in the modules are relative to.

    Raises:
        SchemaParseError: A schema is not valid.
        CodegenError: No sound module can be made of a schema.
        ConfigurationError: A contract's ``key`` is no field that can be a key.
    """
    return make_modules(contracts, root).require_all()


def make_modules_of_files(files: Iterable[Path], root: Path) -> Modules:
    """A module for each schema file; what is wrong with one keeps no other from being made.

    Types of other files are found as in the project that a file lies in, if there is one. The
    modules know no topic.

    Args:
        files: The ``.avsc`` files.
        root: The folder that the paths in the modules are relative to.

    Raises:
        ConfigurationError: Two files would give the same module.
    """
    sources: dict[str, Path] = {}
    for file in files:
        name = module_name(file.stem)
        other = sources.setdefault(name, file)
        if other != file:
            raise ConfigurationError(f"{other} and {file} would both become the module {name}.py")
    return _made(
        {name: functools.partial(_of_file, name, file, root) for name, file in sources.items()}
    )


def modules_of_files(files: Iterable[Path], root: Path) -> dict[str, str]:
    """The text of a module for each schema file, by the module's name.

    Args:
        files: As for :func:`make_modules_of_files`.
        root: Likewise.

    Raises:
        SchemaParseError: A schema is not valid.
        CodegenError: No sound module can be made of a schema.
        ConfigurationError: Two files would give the same module.
    """
    return make_modules_of_files(files, root).require_all()


def _made(makers: Mapping[str, Callable[[], str]]) -> Modules:
    made = {name: _text_or_error(make) for name, make in makers.items()}
    return Modules(
        texts={name: each for name, each in made.items() if isinstance(each, str)},
        errors={name: each for name, each in made.items() if not isinstance(each, str)},
    )


def _text_or_error(make: Callable[[], str]) -> str | StreamContractError:
    try:
        return make()
    except (SchemaParseError, CodegenError, ConfigurationError) as error:
        return error


def _of_contract(contract: ContractConfig, root: Path) -> str:
    schema = parse_schema(contract.schema, folders=contract.folders)
    if contract.key is not None:
        _check_key(contract.name, contract.key, schema)
    return generate_module(
        ModuleSource(
            schema=schema,
            name=contract.name,
            origin=_origin(contract.schema, root),
            topic=contract.topic,
            key=contract.key,
            key_schema=_key_schema(contract),
            partitions=contract.partitions,
            compatibility=contract.compatibility,
        )
    )


def _of_file(name: str, file: Path, root: Path) -> str:
    schema = parse_schema(file, folders=folders_for(file))
    return generate_module(ModuleSource(schema=schema, name=name, origin=_origin(file, root)))


def _key_schema(contract: ContractConfig) -> Schema | None:
    if contract.key_schema is None:
        return None
    return parse_schema(contract.key_schema, folders=contract.folders)


def _origin(file: Path, root: Path) -> str:
    """The path from the root, or only the name: a module must not depend on who generated it."""
    absolute, base = file.resolve(), root.resolve()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else file.name


def _check_key(contract: str, key: str, schema: Schema) -> None:
    if not isinstance(schema.root, RecordType):
        return  # generate_module says what is wrong
    types = {field.name: field.type for field in schema.root.fields}
    if key not in types:
        near = difflib.get_close_matches(key, types, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(types) or 'none'}"
        raise ConfigurationError(
            f"contract {contract!r}: the key {key!r} is no field of {schema.name}{hint}"
        )
    if not _can_be_key(types[key]):
        raise ConfigurationError(
            f"contract {contract!r}: the field {key!r} cannot be the key as it stands: that takes"
            " a string, enum, uuid, bytes, fixed, int or long without null or another logical"
            " type; give a key_schema instead"
        )


def _can_be_key(node: AvroType) -> bool:
    if isinstance(node, EnumType):
        return True
    if not isinstance(node, (PrimitiveType, FixedType)):
        return False
    plain = node.logical is None or node.logical.name == "uuid"
    return plain and (
        isinstance(node, FixedType) or node.name in {"string", "bytes", "int", "long"}
    )
