"""Module of types that several contracts use, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.codegen.classes import INDENT, ClassGenerator, remark_on_others
from streamcontract.codegen.keys import contract_of_class, key_annotations
from streamcontract.codegen.layout import Group
from streamcontract.codegen.module_text import module_text
from streamcontract.codegen.sources import roots_of
from streamcontract.codegen.text import comment_text, docstring, string_literal
from streamcontract.codegen.vocabulary import MODULE_NAMES
from streamcontract.codegen.walk import in_order_of_definition, in_order_of_use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from streamcontract.codegen.layout import Expression
    from streamcontract.codegen.placing import TypesModule
    from streamcontract.codegen.sharing import Sharing
    from streamcontract.codegen.sources import ModuleSource
    from streamcontract.codegen.vocabulary import Imported
    from streamcontract.schema.model import EnumType, RecordType

__all__ = ["TypesSource", "generate_types_module"]


@attrs.frozen(kw_only=True)
class TypesSource:
    """The input of a module of types.

    Attributes:
        module: The module.
        sharing: The sharing that it is part of.
        contracts: The inputs of the modules of all contracts, by name.
        origin: The file that defines a type, relative to the project.
    """

    module: TypesModule
    sharing: Sharing
    contracts: Mapping[str, ModuleSource]
    origin: Callable[[RecordType | EnumType], str]


def generate_types_module(source: TypesSource) -> str:
    """The text of a module of types, with the properties of a contract's module.

    Args:
        source: The module.

    Raises:
        CodegenError: A default has no Python value.
    """
    return _TypesModule(source).text()


class _TypesModule:
    """Generates one module of types; methods return lines."""

    def __init__(self, source: TypesSource) -> None:
        self._own = {each.node.full_name: each for each in source.module.types}
        self._sharing = source.sharing
        self._contracts = source.contracts
        self._origin = source.origin
        self._nodes = [each.node for each in source.module.types]
        others: dict[str, RecordType | EnumType] = {}
        imported: dict[str, Imported] = {}
        for common in source.module.types:
            used = source.sharing.used[common.users[0]]
            for node in in_order_of_use(common.node):
                if node.full_name not in self._own:
                    others[node.full_name] = node
                    imported[node.full_name] = source.sharing.homes[used[node.full_name]]
        self._writer = ClassGenerator(
            [*self._nodes, *(others[name] for name in sorted(others))],
            MODULE_NAMES,
            imported=imported,
            decorators=self._decorators,
            origin=source.origin,
            body=self._contract_of_class,
        )

    def text(self) -> str:
        classes = list(self._classes())
        origins = sorted({self._origin(node) for node in self._nodes})
        source = f"{comment_text(origins[0])}: change that file, not this one."
        if len(origins) > 1:
            source = "the files that are named below: change those, not this one."
        return module_text(
            source,
            docstring=self._docstring(origins),
            imports=self._writer.words.import_lines("shared_type"),
            constants=(),
            classes=classes,
            identifiers=self._writer.identifiers,
        )

    def _docstring(self, origins: Sequence[str]) -> list[str]:
        spaces = sorted({node.namespace or "" for node in self._nodes})
        named = " and ".join(f"``{space}``" for space in spaces if space)
        where = f" of the namespace{'s' if len(spaces) > 1 else ''} {named}" if named else ""
        files = (
            f" {origins[0]}."
            if len(origins) == 1
            else "\n".join([":", "", *(f"- {each}" for each in origins)])
        )
        return docstring(
            None,
            otherwise=f"Types{where} that several contracts use.",
            closing=f"``streamcontract generate`` wrote this module from{files}",
        )

    def _classes(self) -> Iterator[list[str]]:
        for node in in_order_of_definition(*self._nodes):
            common = self._own.get(node.full_name)
            if common is not None:
                others = self._sharing.others[common.users[0]].get(node.full_name, ())
                yield [
                    *remark_on_others(node.full_name, others),
                    *self._writer.write(common.node),
                ]

    def _decorators(self, node: RecordType | EnumType) -> list[Group]:
        common = self._own[node.full_name]
        contracts: tuple[str, Expression]
        if common.record_of:
            names = tuple(("", string_literal(name)) for name in common.record_of)
            contracts = ("contracts=", Group("(", names, ")", is_tuple=True))
        else:
            contracts = ("within=", string_literal(common.users[0]))
        facts = (("", string_literal(node.full_name)), ("likeness=", string_literal(common.mark)))
        return [Group("shared_type(", (*facts, contracts), ")")]

    def _contract_of_class(self, node: RecordType) -> list[str]:
        """The types of keys, if all contracts of the record have the same.

        Classes of keys are in the contracts' modules, which a module of types does not import.
        """
        words = self._writer.words
        sources = [self._contracts[name] for name in self._own[node.full_name].record_of]
        if any(in_order_of_use(*roots_of(source)[1:]) for source in sources):
            return []
        keys = [key_annotations(source, words) for source in sources]
        if not keys or any(each != keys[0] for each in keys):
            return []
        own = words.type_class(node.full_name)
        return contract_of_class(own, keys[0], words, indent=INDENT)
