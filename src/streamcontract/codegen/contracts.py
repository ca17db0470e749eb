"""Modules of a project's contracts, or of single schema files, as texts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract.codegen.earlier import earlier_modules
from streamcontract.codegen.module import generate_module
from streamcontract.codegen.names import module_name
from streamcontract.codegen.sharing import share
from streamcontract.codegen.sources import ModuleSource, origin_of, roots_of, source_of
from streamcontract.codegen.types_module import TypesSource, generate_types_module
from streamcontract.errors import (
    CodegenError,
    ConfigurationError,
    SchemaParseError,
    StreamContractError,
)
from streamcontract.project import ContractConfig, folders_for
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from streamcontract.codegen.earlier import EarlierModule
    from streamcontract.codegen.sharing import Sharing
    from streamcontract.schema import NamedType

__all__ = [
    "Modules",
    "make_modules",
    "make_modules_of_files",
    "modules_of_contracts",
    "modules_of_files",
]

T = TypeVar("T")


@attrs.frozen
class Modules:
    """The modules of contracts or files, and the errors of the others.

    Attributes:
        texts: The text of each module, by the module's name.
        errors: The errors of contracts without a module, by the module's name.
        kept: Modules of types that are unchanged because of contracts with errors.
        types: The modules of types that each contract's module imports.
    """

    texts: Mapping[str, str]
    errors: Mapping[str, StreamContractError]
    kept: frozenset[str] = frozenset()
    types: Mapping[str, frozenset[str]] = attrs.field(factory=dict)

    def of(self, contracts: Collection[str]) -> Modules:
        """The modules of some contracts, and those of types that they import."""
        names = {*contracts, *(each for name in contracts for each in self.types.get(name, ()))}
        return attrs.evolve(
            self,
            texts={name: text for name, text in self.texts.items() if name in names},
            errors={name: each for name, each in self.errors.items() if name in names},
        )

    def require_all(self) -> dict[str, str]:
        """The texts of all modules.

        Raises:
            StreamContractError: The first error, if there is one.
        """
        for error in self.errors.values():
            raise error
        return dict(self.texts)


def make_modules(
    contracts: Iterable[ContractConfig],
    root: Path,
    *,
    folder: Path | None = None,
    invalid: Collection[str] = (),
    are_all: bool = True,
) -> Modules:
    """The modules of a project; an error of one contract does not affect the others.

    Shared types depend on all contracts. While one has an error, its module stays unchanged, and so
    does each module of types, which it may import.

    Args:
        contracts: All valid contracts of the project.
        root: The folder that the paths in the modules are relative to.
        folder: The folder of the modules from the last run.
        invalid: The names of invalid contracts, which count as contracts with errors.
        are_all: Whether there are no others with unknown names.
    """
    made = {each.name: _made(functools.partial(source_of, each, root)) for each in contracts}
    sources = {name: each for name, each in made.items() if isinstance(each, ModuleSource)}
    errors = {name: each for name, each in made.items() if isinstance(each, StreamContractError)}
    is_partial = bool(errors or invalid) or not are_all
    before = earlier_modules(folder) if folder is not None and is_partial else {}
    modules = _modules(sources, errors, root, before, taken={*errors, *invalid})
    if is_partial or folder is None or not modules.errors:
        return modules
    # Some errors occur only in the text of a module. They have the same effect as all others.
    errors = dict(modules.errors)
    sources = {name: each for name, each in sources.items() if name not in errors}
    return _modules(sources, errors, root, earlier_modules(folder), taken=errors)


def _modules(
    sources: Mapping[str, ModuleSource],
    errors: Mapping[str, StreamContractError],
    root: Path,
    before: Mapping[str, EarlierModule],
    *,
    taken: Collection[str],
) -> Modules:
    """The modules of the contracts that can be read.

    Args:
        sources: Their inputs, by name.
        errors: The errors of other contracts.
        root: The folder that the paths in the modules are relative to.
        before: The existing modules of types, if some contracts have errors.
        taken: The names of contracts whose modules stay unchanged.
    """
    roots = {name: roots_of(source) for name, source in sources.items()}
    sharing = share(roots, earlier=before, taken=taken)
    texts = _texts_of_types(sharing, sources, root)
    needed = {name: frozenset(sharing.needed_by(name)) for name in sources}
    made = {
        name: _made(
            functools.partial(
                _text, source, sharing, [texts[each] for each in sorted(needed[name])]
            )
        )
        for name, source in sources.items()
    }
    made |= {name: _waits(name) for name in made.keys() & before.keys()}
    more = {name: each for name, each in made.items() if isinstance(each, StreamContractError)}
    found = {name: each for name, each in made.items() if isinstance(each, str)}
    wanted = {each for name in found for each in needed[name]} - before.keys()
    found |= {name: text for name in sorted(wanted) if isinstance(text := texts[name], str)}
    unwritten = sharing.modules.keys() - wanted
    return Modules(
        found, {**errors, **more}, kept=frozenset(before.keys() | unwritten), types=needed
    )


def modules_of_contracts(contracts: Iterable[ContractConfig], root: Path) -> dict[str, str]:
    """The text of each module of a project, by the module's name.

    Args:
        contracts: All contracts of the project.
        root: The folder that the paths in the modules are relative to.

    Raises:
        SchemaParseError: A schema is not valid.
        CodegenError: No valid module can be made of a schema.
        ConfigurationError: A contract's ``key`` is not a field that can be a key.
    """
    return make_modules(contracts, root).require_all()


def make_modules_of_files(files: Iterable[Path], root: Path) -> Modules:
    """A module for each schema file; an error of one does not affect the others.

    Types of other files are found as in the project around a file, if there is one. The modules
    have no topic, and share no types, because each call has its own files.

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
    made = {
        name: _made(functools.partial(_of_file, name, file, root)) for name, file in sources.items()
    }
    return Modules(
        texts={name: each for name, each in made.items() if isinstance(each, str)},
        errors={name: each for name, each in made.items() if not isinstance(each, str)},
    )


def modules_of_files(files: Iterable[Path], root: Path) -> dict[str, str]:
    """The text of a module for each schema file, by the module's name.

    Args:
        files: As for :func:`make_modules_of_files`.
        root: Likewise.

    Raises:
        SchemaParseError: A schema is not valid.
        CodegenError: No valid module can be made of a schema.
        ConfigurationError: Two files would give the same module.
    """
    return make_modules_of_files(files, root).require_all()


def _made(make: Callable[[], T]) -> T | StreamContractError:
    try:
        return make()
    except (SchemaParseError, CodegenError, ConfigurationError) as error:
        return error


def _waits(module: str) -> CodegenError:
    return CodegenError(
        f"{module}.py has types of contracts that have errors, and stays unchanged until those are "
        f"mended"
    )


def _texts_of_types(
    sharing: Sharing, sources: Mapping[str, ModuleSource], root: Path
) -> dict[str, str | StreamContractError]:
    """The texts of the modules of types, empty for unchanged ones, or their errors."""
    texts: dict[str, str | StreamContractError] = {}
    for name, module in sharing.modules.items():
        if module.stay == {*module.types}:
            texts[name] = ""
            continue
        source = TypesSource(
            module=module,
            sharing=sharing,
            contracts=sources,
            origin=functools.partial(_place_of, root),
        )
        text = _made(functools.partial(generate_types_module, source))
        is_sound = module.earlier is None or not isinstance(text, str)
        texts[name] = text if is_sound else _waits(name)
    wrong = {name: each for name, each in texts.items() if not isinstance(each, str)}
    for name in sharing.modules:
        # A module needs the modules that it imports.
        missing = sorted(sharing.needed[name] & wrong.keys())
        if name not in wrong and missing:
            texts[name] = wrong[missing[0]]
    return texts


def _text(
    source: ModuleSource, sharing: Sharing, types: Iterable[str | StreamContractError]
) -> str:
    for each in types:
        if isinstance(each, StreamContractError):
            raise each
    return generate_module(
        attrs.evolve(
            source, imported=sharing.imported(source.name), others=sharing.others[source.name]
        )
    )


def _of_file(name: str, file: Path, root: Path) -> str:
    schema = parse_schema(file, folders=folders_for(file))
    return generate_module(ModuleSource(schema=schema, name=name, origin=origin_of(file, root)))


def _place_of(root: Path, node: NamedType) -> str:
    return origin_of(Path(node.source or ""), root)
