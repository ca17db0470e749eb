"""Generated modules, as text and imported."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import pytest

from streamcontract.codegen import ModuleSource, generate_module
from streamcontract.codegen.sharing import share
from streamcontract.codegen.sources import roots_of
from streamcontract.codegen.types_module import TypesSource, generate_types_module
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import Schema


class Generator(Protocol):
    """Generates the text of a module."""

    def __call__(self, schema: Schema | dict[str, Any], **options: Any) -> str:
        """Generate it from a schema, or the JSON of one."""
        ...


class SharedGenerator(Protocol):
    """Generates the texts of modules that share types."""

    def __call__(self, *schemas: Schema | dict[str, Any]) -> dict[str, str]:
        """Generate them from the schemas of contracts, by the modules' names."""
        ...


class Importer(Protocol):
    """Imports the text of a module."""

    def __call__(self, text: str) -> ModuleType:
        """Import it under a name of its own."""
        ...


@pytest.fixture(scope="session")
def generate() -> Generator:
    """Generates the text of a module from a schema."""

    def call(schema: Schema | dict[str, Any], **options: Any) -> str:
        parsed = parse_schema(schema) if isinstance(schema, dict) else schema
        facts = {"name": "case", "origin": "schemas/case.avsc", **options}
        return generate_module(ModuleSource(schema=parsed, **facts))

    return call


@pytest.fixture(scope="session")
def generate_shared() -> SharedGenerator:
    """Generates the texts of modules that share types, from the schemas of contracts."""

    def call(*schemas: Schema | dict[str, Any]) -> dict[str, str]:
        sources = {
            f"contract_{number}": ModuleSource(
                schema=parse_schema(schema) if isinstance(schema, dict) else schema,
                name=f"contract_{number}",
                origin=f"schemas/contract_{number}.avsc",
            )
            for number, schema in enumerate(schemas)
        }
        sharing = share({name: roots_of(source) for name, source in sources.items()})
        return {
            **{
                name: generate_module(
                    attrs.evolve(
                        source, imported=sharing.imported(name), others=sharing.others[name]
                    )
                )
                for name, source in sources.items()
            },
            **{
                name: generate_types_module(
                    TypesSource(
                        module=module,
                        sharing=sharing,
                        contracts=sources,
                        origin=lambda node: node.full_name,
                    )
                )
                for name, module in sharing.modules.items()
            },
        }

    return call


@pytest.fixture(scope="session")
def load() -> Iterator[Importer]:
    """Imports generated text; the modules are gone again after the tests."""
    numbers = itertools.count()
    names: list[str] = []

    def call(text: str) -> ModuleType:
        module = ModuleType(f"generated_{next(numbers)}")
        names.append(module.__name__)
        sys.modules[module.__name__] = module  # where annotations in strings are looked up
        code = compile(text, module.__name__, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - under test
        return module

    yield call
    for name in names:
        del sys.modules[name]
