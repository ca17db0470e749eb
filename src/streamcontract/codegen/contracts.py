"""From the contracts of a project, or single schema files, to the text of their modules."""

from __future__ import annotations

import functools
from collections.abc import Callable
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
from streamcontract.project import folders_for
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from streamcontract.codegen.earlier import EarlierModule
    from streamcontract.codegen.sharing import Sharing
    from streamcontract.project import ContractConfig
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
    """The modules of contracts or files, as far as they can be made.

    Attributes:
        texts: The text of each module, by the module's name.
        errors: Why there is none of a contract, by the name that it would have.
        kept: Modules of types that stay as they are, for contracts that have errors.
        types: For each contract, the modules of types that its module imports.
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
            StreamContractError: There is an error; it is the first.
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
    """The modules of a project; what is wrong with a contract keeps no other from being made.

    What contracts have in common depends on all of them. While one has an error, its module stays
    as it is, and so does each module of types, which it may import.

    Args:
        contracts: All contracts of the project that can be given.
        root: The folder that the paths in the modules are relative to.
        folder: The folder of the modules, as they were generated last.
        invalid: The names of those that cannot be given; they count as contracts with errors.
        are_all: Whether there are no others, whose names are not known.
    """
    made = {each.name: _made(functools.partial(source_of, each, root)) for each in contracts}
    sources = {name: each for name, each in made.items() if isinstance(each, ModuleSource)}
    errors = {name: each for name, each in made.items() if isinstance(each, StreamContractError)}
    is_partial = bool(errors or invalid) or not are_all
    before = earlier_modules(folder) if folder is not None and is_partial else {}
    modules = _modules(sources, errors, root, before, taken={*errors, *invalid})
    if is_partial or folder is None or not modules.errors:
        return modules
    # Some errors show in the text of a module alone. They keep as much as all others do.
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
        sources: What they are generated from, by name.
        errors: Why there is none of other contracts.
        root: The folder that the paths in the modules are relative to.
        before: The modules of types that there are, if some contracts have errors.
        taken: The names of contracts whose modules stay as they are.
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
        CodegenError: No sound module can be made of a schema.
        ConfigurationError: A contract's ``key`` is no field that can be a key.
    """
    return make_modules(contracts, root).require_all()


def make_modules_of_files(files: Iterable[Path], root: Path) -> Modules:
    """A module for each schema file; what is wrong with one keeps no other from being made.

    Types of other files are found as in the project that a file lies in, if there is one. The
    modules know no topic, and share no types: which files there are is said anew at each call.

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
        CodegenError: No sound module can be made of a schema.
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
        f"{module}.py has types of contracts that have errors, and stays as it is until those are "
        f"mended"
    )


def _texts_of_types(
    sharing: Sharing, sources: Mapping[str, ModuleSource], root: Path
) -> dict[str, str | StreamContractError]:
    """The texts of the modules of types, empty where a module stays, or why there is none."""
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
        # None can be imported without those that it imports.
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
