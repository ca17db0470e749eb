"""Sources of generated modules: a contract with its schemas parsed and its keys checked."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from streamcontract.codegen.classes import kind_of
from streamcontract.codegen.vocabulary import Imported
from streamcontract.codegen.walk import in_order_of_use
from streamcontract.errors import CodegenError, ConfigurationError
from streamcontract.schema import Schema, parse_schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.likeness import likeness
from streamcontract.schema.model import EnumType, FixedType, PrimitiveType, RecordType

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.project import ContractConfig
    from streamcontract.schema import AvroType

__all__ = ["ModuleSource", "origin_of", "record_of", "roots_of", "source_of"]


@attrs.frozen(kw_only=True)
class ModuleSource:
    """The input of a generated module.

    Attributes:
        schema: The schema of the records; its root is a record.
        name: The contract's name, for the module's docstring.
        origin: The path of the schema, relative to the project, for the module's first line.
        topic: The topic, or None.
        key: The field that is the message key, or None.
        key_schema: The schema of message keys, or None.
        partitions: The number of partitions for a new topic, or None.
        compatibility: The subject's compatibility level, or None.
        imported: The imports of classes that other contracts use too, by the types' full names.
        others: The contracts that define a type differently, by the type's full name.
    """

    schema: Schema
    name: str
    origin: str
    topic: str | None = None
    key: str | None = None
    key_schema: Schema | None = None
    partitions: int | None = None
    compatibility: str | None = None
    imported: Mapping[str, Imported] = attrs.field(factory=dict)
    others: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def source_of(contract: ContractConfig, root: Path) -> ModuleSource:
    """A contract of a project, its schemas parsed.

    Args:
        contract: The contract.
        root: The folder that the paths in modules are relative to.

    Raises:
        SchemaParseError: A schema is not valid.
        CodegenError: No sound module can be made of a schema.
        ConfigurationError: The contract's ``key`` is no field that can be a key.
    """
    schema = parse_schema(contract.schema, folders=contract.folders)
    if contract.key is not None:
        _check_key(contract.name, contract.key, schema)
    source = ModuleSource(
        schema=schema,
        name=contract.name,
        origin=origin_of(contract.schema, root),
        topic=contract.topic,
        key=contract.key,
        key_schema=_key_schema(contract),
        partitions=contract.partitions,
        compatibility=contract.compatibility,
    )
    record_of(source)
    return source


def _key_schema(contract: ContractConfig) -> Schema | None:
    if contract.key_schema is None:
        return None
    return parse_schema(contract.key_schema, folders=contract.folders)


def origin_of(file: Path, root: Path) -> str:
    """The path from the root, or only the name: a module must not depend on who generated it."""
    absolute, base = file.resolve(), root.resolve()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else file.name


def roots_of(source: ModuleSource) -> tuple[AvroType, ...]:
    """The types whose classes, with those of their parts, a module has."""
    keys = () if source.key_schema is None else (source.key_schema.root,)
    return (source.schema.root, *keys)


def record_of(source: ModuleSource) -> RecordType:
    """The record of a contract.

    Raises:
        CodegenError: The schema is not a record, was read leniently, or defines a type that the
        key schema defines differently.
    """
    root = source.schema.root
    if not isinstance(root, RecordType):
        raise CodegenError(
            f"{source.origin}: a contract's schema is a record, found"
            f" {kind_of(root)}; put it into a field of a record"
        )
    schemas = filter(None, (source.schema, source.key_schema))
    forgiven = [each for schema in schemas for one in schema.closure() for each in one.forgiven]
    if forgiven:
        places = "".join(f"\n  - {each}" for each in forgiven)
        raise CodegenError(
            f"{source.origin}: the schema was read leniently, as a stored one, but a contract "
            f"needs a valid schema: fix it first{places}"
        )
    _require_one_definition(source)
    return root


def _require_one_definition(source: ModuleSource) -> None:
    """Refuse a record or enum that the records and the keys define differently.

    Raises:
        CodegenError: There is one; a module has one class for each name.
    """
    of_records = {node.full_name: node for node in in_order_of_use(source.schema.root)}
    for of_key in in_order_of_use(*roots_of(source)[1:]):
        name = of_key.full_name
        of_record = of_records.get(name, of_key)
        if likeness(of_record, of_values=True) != likeness(of_key, of_values=True):
            raise CodegenError(
                f"{source.origin}: the schema and the key schema both define {name}, differently: "
                f"{json.dumps(inlined(of_record))}, and {json.dumps(inlined(of_key))}; keep one "
                f"definition, or give one another name"
            )


def _check_key(contract: str, key: str, schema: Schema) -> None:
    if not isinstance(schema.root, RecordType):
        return  # generate_module raises the error
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
