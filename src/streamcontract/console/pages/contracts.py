"""Contracts of the project: fields, key, topic, lint, generated code and snippets to copy."""

from __future__ import annotations

import os
import re
import textwrap
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.codegen import make_modules
from streamcontract.console.pages.fields import FieldRow, field_rows, type_in_words
from streamcontract.console.pages.shown import Notice, NotThereError, pretty_json
from streamcontract.errors import ConfigurationError, SchemaParseError
from streamcontract.levels import DEFAULT_LEVEL
from streamcontract.lint import lint_schema
from streamcontract.registry.subjects import topic_name_strategy
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

    from streamcontract.codegen.contracts import Modules
    from streamcontract.lint import Finding
    from streamcontract.project import ContractConfig, Project
    from streamcontract.schema import Schema

__all__ = [
    "KEY",
    "NO_PROJECT",
    "Contract",
    "ContractRow",
    "Contracts",
    "Parts",
    "contract_page",
    "contracts_page",
    "parsed",
    "parsed_key",
    "project_notices",
]

NO_PROJECT: Final = Notice(
    "note",
    "No project here",
    "There is no streamcontract.toml in this folder or above it. "
    "`streamcontract init` writes one; `--project` names one elsewhere.",
)

KEY: Final = "key:"
"""The beginning of the path of a key's field, and of no other field."""

_NO_CONTRACTS: Final = Notice(
    "note",
    "No contracts yet",
    "Each is a table of the project file, such as [contracts.order], with schema file and topic.",
)


@attrs.frozen(kw_only=True)
class ContractRow:
    """One contract of the list.

    Attributes:
        name: Its name.
        record: The full name of its record, another type in words, or ``""`` if its schema is
            invalid.
        doc: The record's documentation.
        topic: Its topic, or None.
        key: Its key in words.
        fields: The number of fields.
        level: Its compatibility level.
        problems: How many lint findings, or faults of an invalid schema.
    """

    name: str
    record: str = ""
    doc: str = ""
    topic: str | None
    key: str
    fields: int = 0
    level: str
    problems: int = 0


@attrs.frozen(kw_only=True)
class Contracts:
    """The contracts of the project.

    Attributes:
        rows: The contracts.
        notices: What is wrong with the project.
    """

    rows: tuple[ContractRow, ...]
    notices: tuple[Notice, ...]


@attrs.frozen(kw_only=True)
class Contract:
    """One contract.

    Attributes:
        name: Its name.
        file: Its schema file, relative to the project.
        record: The full name of its record, another type in words, or ``""`` if its schema is
            invalid.
        doc: The record's documentation.
        topic: Its topic, or None.
        subject: The subject of its values, or None without a topic.
        key: Its key in words.
        partitions: The number of partitions that it asks for, or None.
        level: Its compatibility level.
        fields: The fields of its values.
        key_fields: The fields of its keys, where they have a schema.
        uses: The named types that it has from other files, with the file of each.
        shared: Contracts that use the same named types, each with those types.
        lint: The findings of the linter, by rule.
        code: The text of its generated module, or ``""``.
        snippets: Code to copy, by title.
        json: Its schema.
        notices: What is wrong.
    """

    name: str
    file: str
    record: str = ""
    doc: str = ""
    topic: str | None
    subject: str | None = None
    key: str
    partitions: int | None
    level: str
    fields: tuple[FieldRow, ...] = ()
    key_fields: tuple[FieldRow, ...] = ()
    uses: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()
    lint: tuple[tuple[Finding, ...], ...] = ()
    code: str = ""
    snippets: tuple[tuple[str, str], ...] = ()
    json: str = ""
    notices: tuple[Notice, ...] = ()


@attrs.frozen
class Parts:
    """What the pages of all contracts of a project need, made once.

    Attributes:
        schemas: The schemas by contract, or their errors.
        modules: The generated modules.
    """

    schemas: Mapping[str, Schema | SchemaParseError]
    modules: Modules

    @classmethod
    def of(cls, project: Project) -> Self:
        """Those of a project."""
        return cls(
            {each.name: parsed(each) for each in project.contracts},
            make_modules(project.contracts, project.root),
        )


def contracts_page(project: Project | None) -> Contracts:
    """The contracts of a project."""
    if project is None:
        return Contracts(rows=(), notices=(NO_PROJECT,))
    rows = tuple(_row(project, each) for each in project.contracts)
    notices = project_notices(project)
    return Contracts(rows=rows, notices=notices if rows or notices else (_NO_CONTRACTS,))


def project_notices(project: Project) -> tuple[Notice, ...]:
    """The faults of a project file."""
    return tuple(Notice("bad", "The project file is wrong", str(each)) for each in project.faults)


def parsed(contract: ContractConfig) -> Schema | SchemaParseError:
    """The schema of a contract, or its error."""
    try:
        return parse_schema(contract.schema, folders=contract.folders)
    except SchemaParseError as error:
        return error


def _row(project: Project, contract: ContractConfig) -> ContractRow:
    schema = parsed(contract)
    row = ContractRow(
        name=contract.name,
        topic=contract.topic,
        key=_key_in_words(contract),
        level=contract.compatibility or DEFAULT_LEVEL,
    )
    if isinstance(schema, SchemaParseError):
        return attrs.evolve(row, problems=len(schema.faults))
    return attrs.evolve(
        row,
        record=schema.name or type_in_words(schema.root),
        doc=_doc(schema),
        fields=len(getattr(schema.root, "fields", ())),
        problems=len(_lint(project, contract, schema)),
    )


def _doc(schema: Schema) -> str:
    return getattr(schema.root, "doc", None) or ""


def _lint(project: Project, contract: ContractConfig, schema: Schema) -> tuple[Finding, ...]:
    return tuple(lint_schema(schema, project.lint_settings(contract.schema)))


def _by_rule(found: tuple[Finding, ...]) -> tuple[tuple[Finding, ...], ...]:
    """Errors first, and of them the rules with the fewest findings: many of one are alike."""

    def rule(each: Finding) -> tuple[str, str]:
        return each.severity, each.rule

    groups = [tuple(each) for _, each in groupby(sorted(found, key=rule), rule)]
    return tuple(sorted(groups, key=lambda each: (each[0].severity != "error", len(each))))


def _key_in_words(contract: ContractConfig) -> str:
    if contract.key_schema is not None:
        return f"Avro, {contract.key_schema.name}"
    return contract.key or ""


def contract_page(project: Project, name: str, parts: Parts | None = None) -> Contract:
    """One contract of a project.

    Args:
        project: The project.
        name: The contract.
        parts: What is made once for several pages; None for one page.

    Raises:
        NotThereError: There is no such contract.
        ConfigurationError: Its table in the project file is wrong.
    """
    if not name:
        raise ConfigurationError("the address names no contract")
    try:
        contract = project.contract(name)
    except ConfigurationError as error:
        raise NotThereError(str(error)) from error
    if contract in project.invalid:
        raise ConfigurationError("\n".join(map(str, project.faults)))
    parts = parts or Parts.of(project)
    schema = parts.schemas[name]
    page = Contract(
        name=name,
        file=_relative(contract.schema, project),
        topic=contract.topic,
        key=_key_in_words(contract),
        partitions=contract.partitions,
        level=contract.compatibility or DEFAULT_LEVEL,
    )
    if isinstance(schema, SchemaParseError):
        is_there = contract.schema.is_file()
        text = contract.schema.read_text("utf-8", "replace") if is_there else ""
        faults = str(schema).replace(f"{project.root}{os.sep}", "")
        notice = Notice("bad", "The schema is not valid Avro", faults)
        return attrs.evolve(page, json=text, notices=(notice,))
    return _with_schema(page, contract, schema, project, parts)


def _with_schema(
    page: Contract, contract: ContractConfig, schema: Schema, project: Project, parts: Parts
) -> Contract:
    made = parts.modules
    code, failed = made.texts.get(page.name, ""), made.errors.get(page.name)
    notices = [*project_notices(project)]
    if failed is not None:
        notices.append(Notice("bad", "No code can be generated", str(failed)))
    return attrs.evolve(
        page,
        record=schema.name or type_in_words(schema.root),
        doc=_doc(schema),
        subject=None if page.topic is None else topic_name_strategy(page.topic, is_key=False),
        fields=field_rows(schema),
        key_fields=_key_fields(contract),
        uses=tuple(_uses(schema, project)),
        shared=tuple(_shared(page.name, schema, parts)),
        lint=_by_rule(_lint(project, contract, schema)),
        code=code,
        snippets=tuple(_snippets(contract, schema, code, _package(project))),
        json=pretty_json(schema.json),
        notices=tuple(notices),
    )


def parsed_key(contract: ContractConfig) -> Schema | None:
    """The schema of a contract's keys; None without one, and for an invalid one."""
    if contract.key_schema is None:
        return None
    try:
        return parse_schema(contract.key_schema, folders=contract.folders)
    except SchemaParseError:
        return None  # its faults are those of the generated code


def _key_fields(contract: ContractConfig) -> tuple[FieldRow, ...]:
    """The fields of the keys, whose paths no field of the values has."""
    schema = parsed_key(contract)
    return () if schema is None else field_rows(schema, before=KEY)


def _relative(file: Path, project: Project) -> str:
    return str(file.relative_to(project.root)) if file.is_relative_to(project.root) else str(file)


def _uses(schema: Schema, project: Project) -> Iterator[tuple[str, str]]:
    for each in schema.closure():
        if each is not schema:
            file = "" if each.source is None else _relative(Path(each.source), project)
            yield from ((name, file) for name in each.definitions)


def _shared(name: str, schema: Schema, parts: Parts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Other contracts with named types of the same full names."""
    own = schema.named_types.keys()
    for each, other in parts.schemas.items():
        if each != name and not isinstance(other, SchemaParseError):
            both = tuple(sorted(own & other.named_types.keys()))
            if both:
                yield each, both


_PRODUCER: Final = re.compile(r"^class (\w+)Producer\b", re.MULTILINE)

_WIDE: Final = 52
"""Characters of a line that is not broken."""

_COMMANDS: Final[Mapping[str, str]] = {
    "Create the topic": "streamcontract topics create {topic}{partitions}",
    "Register the schema": "streamcontract register {name}",
    "Read the last messages": "streamcontract consume {topic} --from -10",
    "Check a change": "streamcontract check {name} --against git:origin/main",
}


def _package(project: Project) -> str:
    """The package of the generated modules, as programs of the project import it."""
    output = project.output
    if not output.is_relative_to(project.root):
        return output.name
    folders = output.relative_to(project.root).parts
    return ".".join(folders[1:] if folders[:1] == ("src",) and folders[1:] else folders)


def _snippets(
    contract: ContractConfig, schema: Schema, code: str, package: str
) -> Iterator[tuple[str, str]]:
    topic, producer = contract.topic, _PRODUCER.search(code)
    if topic is None or producer is None:
        return
    record = producer[1]
    fields = ", ".join(f"{each.name}=..." for each in getattr(schema.root, "fields", ()))
    module = f"from {package}.{contract.name} import" if package else f"from {contract.name} import"
    opened = f"with {record}Producer() as producer:"
    publish = f"producer.produce({record}({fields}))"
    if len(publish) > _WIDE:
        fields = textwrap.fill(fields, _WIDE - 8, break_long_words=False)
        fields = textwrap.indent(fields, " " * 8)
        publish = f"record = {record}(\n{fields},\n    )\n    producer.produce(record)"
    yield "Publish", f"{module} {record}, {record}Producer\n\n{opened}\n    {publish}\n"
    opened = f'with {record}Consumer(group="report") as consumer:'
    loop = "    for message in consumer:\n        print(message.value)"
    yield "Consume", f"{module} {record}Consumer\n\n{opened}\n{loop}\n"
    partitions = "" if contract.partitions is None else f" --partitions {contract.partitions}"
    for title, command in _COMMANDS.items():
        yield title, command.format(topic=topic, name=contract.name, partitions=partitions)
