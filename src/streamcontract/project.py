"""The contracts of a project: what ``streamcontract.toml`` says, checked.

    output = "src/shop/contracts"       # folder of the generated modules
    schemas = ["schemas", "../common"]  # folders in which schemas find the types of other files

    [contracts.order]
    schema = "schemas/order.avsc"
    topic = "orders"
    key = "order_id"                    # a field; or key_schema = "schemas/order-key.avsc"
    partitions = 6
    compatibility = "BACKWARD"
    lint_off = { float-for-money = "charted, never summed" }    # rules of `streamcontract lint`

    [lint]                              # for all contracts
    tier = "standard"
    field_names = "camelCase"
    off = { nullable-items = "no consumer is a warehouse" }

The same keys may stand below ``[tool.streamcontract]`` in ``pyproject.toml``. Paths are relative
to the folder of the file. A key that is not known is an error, never ignored: a misspelt
``compatibility`` must not silently switch a check off.
"""

from __future__ import annotations

import difflib
import keyword
import re
import sys
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, TypeVar, cast, get_args

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.levels import LEVELS
from streamcontract.lint import DEFAULT_TIER, TIERS, FieldNames, Settings, Tier, unknown_rule
from streamcontract.schema import SchemaFolders

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "COMPATIBILITY_LEVELS",
    "PROJECT_FILE",
    "ContractConfig",
    "LintConfig",
    "Project",
    "find_project_file",
    "folders_for",
    "load_project",
    "named_schemas",
]

PROJECT_FILE: Final = "streamcontract.toml"
_PYPROJECT: Final = "pyproject.toml"
_DEFAULT_OUTPUT: Final = "contracts"

COMPATIBILITY_LEVELS: Final = tuple(sorted(LEVELS))
"""The compatibility levels of the schema registry, as people look them up."""

# Kafka: org.apache.kafka.common.internals.Topic, LEGAL_CHARS and MAX_NAME_LENGTH.
_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_MOST_PARTITIONS: Final = 2**31 - 1  # a partition's number has 32 bits in Kafka's protocol
_CONTRACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")

_FIELD_NAMES: Final = get_args(FieldNames)

_T = TypeVar("_T", str, int)


@attrs.frozen(kw_only=True)
class ContractConfig:
    """One ``[contracts.<name>]`` table.

    Attributes:
        name: The table's name, which is also the name of the generated module.
        schema: The ``.avsc`` file of the values, absolute.
        topic: The topic, or None.
        key: The field of the record that gives the message key, or None.
        key_schema: The ``.avsc`` file of the keys, absolute, or None.
        partitions: How many partitions the topic is created with, or None for the broker's own.
        compatibility: The registry's compatibility level for the subject, or None for the
            registry's own.
        lint_off: Rules of ``streamcontract lint`` that do not hold for its files, each with the
            reason.
        folders: The project's folders of types, for the parsing of the files.
    """

    name: str
    schema: Path
    topic: str | None = None
    key: str | None = None
    key_schema: Path | None = None
    partitions: int | None = None
    compatibility: str | None = None
    lint_off: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    folders: SchemaFolders = attrs.field(factory=SchemaFolders, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class LintConfig:
    """The ``[lint]`` table.

    Attributes:
        tier: The tier of rules that hold.
        field_names: The style of field names.
        off: Rules that do not hold for any contract, each with the reason.
    """

    tier: Tier = DEFAULT_TIER
    field_names: FieldNames = "snake_case"
    off: Mapping[str, str] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True, slots=False)
class Project:
    """A project's contracts.

    Attributes:
        file: The file this was read from, absolute.
        output: The folder of the generated modules, absolute.
        contracts: The contracts, in the order of the file.
        lint: What the ``[lint]`` table says.
        folders: The folders in which schemas find the types of other files, absolute.
    """

    file: Path
    output: Path
    contracts: tuple[ContractConfig, ...]
    lint: LintConfig = LintConfig()
    folders: SchemaFolders = attrs.field(factory=SchemaFolders, eq=False)

    @property
    def root(self) -> Path:
        """The folder of the file; every path in it is relative to this one."""
        return self.file.parent

    def contract(self, name: str) -> ContractConfig:
        """The contract of this name.

        Args:
            name: The name of its table.

        Raises:
            ConfigurationError: There is none; the message suggests the nearest name.
        """
        for config in self.contracts:
            if config.name == name:
                return config
        names = [config.name for config in self.contracts]
        raise ConfigurationError(
            f"{self.file.name} has no contract {name!r}{_suggestion(name, names)}"
        )

    def lint_settings(self, schema: Path) -> Settings:
        """What the project decides about linting one schema file.

        Args:
            schema: The file; what its contracts switch off counts, if it is that of any.
        """
        off = self._lint_off.get(schema.resolve(), frozenset())
        return Settings(
            tier=self.lint.tier,
            field_names=self.lint.field_names,
            off=off.union(self.lint.off),
        )

    @cached_property
    def _lint_off(self) -> Mapping[Path, frozenset[str]]:
        """The rules that the contracts of each schema file switch off."""
        found: dict[Path, frozenset[str]] = {}
        for config in self.contracts:
            for file in filter(None, (config.schema, config.key_schema)):
                found[file] = found.get(file, frozenset()).union(config.lint_off)
        return found


def find_project_file(start: Path | None = None) -> Path | None:
    """The project file that holds for a folder: its own, or that of the nearest parent.

    Args:
        start: Folder to start from; the current one if left out.

    Returns:
        The path of a ``streamcontract.toml``, or of a ``pyproject.toml`` that has a
        ``[tool.streamcontract]`` table, or None where there is neither up to the root.

    Raises:
        ConfigurationError: A ``pyproject.toml`` on the way is no TOML.
    """
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        own = candidate / PROJECT_FILE
        if own.is_file():
            return own
        pyproject = candidate / _PYPROJECT
        if pyproject.is_file() and _tool_table(_read_toml(pyproject)) is not None:
            return pyproject
    return None


def load_project(start: Path | None = None, *, is_past: bool = False) -> Project:
    r"""Reads the contracts of the project that a folder belongs to.

    Args:
        start: A folder, searched upwards as :func:`find_project_file` does; or the project file
            itself. The current folder if left out.
        is_past: Whether it is an earlier state, laid out without the folders of types that are
            elsewhere or empty.

    Returns:
        The project, with every path absolute and every value checked.

    Raises:
        ConfigurationError: There is no such path or no project file, or the file holds something
            wrong. Every fault of it is in the one message.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "order.avsc").write_text('{"type": "record", "name": "O", "fields": []}')
        >>> _ = (folder / "streamcontract.toml").write_text(
        ...     '[contracts.order]\nschema = "order.avsc"\ntopic = "orders"'
        ... )
        >>> [contract.topic for contract in load_project(folder).contracts]
        ['orders']
    """
    if start is not None and not start.exists():
        # A folder above may have a project file, which is not the one that was meant.
        raise ConfigurationError(f"there is no file or folder {start}")
    file = start.resolve() if start is not None and start.is_file() else find_project_file(start)
    if file is None:
        folder = (start or Path.cwd()).resolve()
        raise ConfigurationError(
            f"no {PROJECT_FILE}, and no {_PYPROJECT} with a [tool.streamcontract] table, in"
            f" {folder} or any folder above it; write one, such as:\n\n"
            '  output = "contracts"\n\n'
            "  [contracts.order]\n"
            '  schema = "schemas/order.avsc"\n'
            '  topic = "orders"\n'
        )
    prefix = "tool.streamcontract." if file.name == _PYPROJECT else ""
    return _Reader(file, prefix, is_past=is_past).project(_document(file))


def folders_for(file: Path) -> SchemaFolders:
    """The folders of types of the project that a schema file lies in; none without a project.

    Raises:
        ConfigurationError: The project file is wrong.
    """
    found = find_project_file(file.parent)
    return SchemaFolders() if found is None else load_project(found).folders


def named_schemas(file: Path) -> set[PurePath]:
    """The paths that a project file gives for schemas, whether or not there are such files.

    Args:
        file: The project file; whatever else is wrong with it is for :func:`load_project` to say.
    """
    try:
        found = _document(file).get("contracts")
    except ConfigurationError:
        return set()
    contracts = found.values() if isinstance(found, dict) else ()
    tables = [table for table in contracts if isinstance(table, dict)]
    named = [table.get(key) for table in tables for key in ("schema", "key_schema")]
    return {PurePath(path) for path in named if isinstance(path, str)}


def _document(file: Path) -> Mapping[str, object]:
    document = _read_toml(file)
    return document if file.name != _PYPROJECT else _tool_table(document) or {}


def _read_toml(file: Path) -> Mapping[str, object]:
    try:
        # Some editors put a byte order mark in front, which TOML does not allow.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error


def _tool_table(document: Mapping[str, object]) -> Mapping[str, object] | None:
    tool = document.get("tool")
    table = tool.get("streamcontract") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = list(known)
    # Levels are often written in lower case, as the command line takes them.
    folded = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {folded[near[0]]!r}?"
    return f"; known are {', '.join(map(repr, names))}" if names else "; it has none at all"


class _Reader:
    """Turns one parsed file into a Project and keeps every fault on the way."""

    def __init__(self, file: Path, prefix: str, *, is_past: bool) -> None:
        self._file = file
        self._is_past = is_past
        self._folders = SchemaFolders()
        self._prefix = prefix
        self._faults: list[str] = []

    def project(self, document: Mapping[str, object]) -> Project:
        self._check_keys(document, ("output", "contracts", "schemas", "lint"), where="")
        self._folders = SchemaFolders(self._schema_folders(document.get("schemas", [])))
        text = self._get(document, "output", str, where="") or _DEFAULT_OUTPUT
        output = self._path(text, "output") or self._file.parent
        tables = document.get("contracts", {})
        contracts: list[ContractConfig] = []
        if not isinstance(tables, dict):
            self._fault("contracts", "must be a table of tables, such as [contracts.order]")
        else:
            contracts = [self._contract(name, table) for name, table in tables.items()]
        lint = self._lint(document.get("lint", {}))
        if self._faults:
            raise ConfigurationError("\n".join(self._faults))
        return Project(
            file=self._file,
            output=output,
            contracts=tuple(contracts),
            lint=lint,
            folders=self._folders,
        )

    def _schema_folders(self, value: object) -> Iterator[Path]:
        if not isinstance(value, list):
            self._fault("schemas", 'must be a list of folders, such as ["schemas", "../common"]')
            return
        for index, text in enumerate(value):
            place = f"schemas[{index}]"
            if not isinstance(text, str):
                self._fault(place, f"must be a string, found {text!r}")
                continue
            path = self._path(text, place)
            if path is not None and not (self._is_past or path.is_dir()):
                self._fault(place, f"there is no folder {path}")
            elif path is not None:
                yield path

    def _lint(self, table: object) -> LintConfig:
        if not isinstance(table, dict):
            self._fault("lint", "must be a table of tier, field_names and off")
            return LintConfig()
        self._check_keys(table, ("tier", "field_names", "off"), where="lint")
        tier = self._checked(table, "tier", str, "lint", _tier_fault)
        style = self._checked(table, "field_names", str, "lint", _field_names_fault)
        return LintConfig(
            tier=cast("Tier", tier or DEFAULT_TIER),
            field_names=cast("FieldNames", style or "snake_case"),
            off=self._switched_off(table, "off", "lint"),
        )

    def _switched_off(self, table: Mapping[str, object], key: str, where: str) -> dict[str, str]:
        """A table of rules and the reasons why they are switched off."""
        rules = table.get(key, {})
        place = f"{where}.{key}"
        if not isinstance(rules, dict):
            self._fault(place, 'must be a table of rules and reasons: {<rule> = "<reason>"}')
            return {}
        for rule, reason in rules.items():
            message = unknown_rule(rule)
            if message is None and not (isinstance(reason, str) and reason.strip()):
                message = 'say why it is switched off: "<reason>"'
            if message is not None:
                self._fault(f"{place}.{rule}", message)
        return rules

    def _contract(self, name: str, table: object) -> ContractConfig:
        where = f"contracts.{name}"
        if not _CONTRACT_NAME.fullmatch(name) or keyword.iskeyword(name):
            self._fault(
                where,
                "the name becomes a module's name: use lower-case letters, digits and"
                " underscores, starting with a letter, and no Python keyword",
            )
        if not isinstance(table, dict):
            self._fault(where, f'must be a table with at least schema = "{name}.avsc"')
            return ContractConfig(name=name, schema=self._file)
        self._check_keys(table, _CONTRACT_KEYS, where=where)
        config = ContractConfig(
            name=name,
            schema=self._schema_file(table, "schema", where, required=True) or self._file,
            topic=self._checked(table, "topic", str, where, _topic_fault),
            key=self._get(table, "key", str, where=where),
            key_schema=self._schema_file(table, "key_schema", where, required=False),
            partitions=self._checked(table, "partitions", int, where, _partitions_fault),
            compatibility=self._checked(table, "compatibility", str, where, _level_fault),
            lint_off=self._switched_off(table, "lint_off", where),
            folders=self._folders,
        )
        if config.key is not None and config.key_schema is not None:
            self._fault(f"{where}.key", "a field's name and key_schema exclude each other")
        return config

    def _schema_file(
        self, table: Mapping[str, object], key: str, where: str, *, required: bool
    ) -> Path | None:
        text = self._get(table, key, str, where=where)
        if text is None:
            if required and key not in table:
                self._fault(where, f'needs {key} = "<path of an .avsc file>"')
            return None
        path = self._path(text, f"{where}.{key}")
        if path is not None and not path.is_file():
            self._fault(f"{where}.{key}", f"there is no file {path}")
        return path

    def _path(self, text: str, place: str) -> Path | None:
        """A path, absolute; the operating system may know none of this name."""
        path = self._file.parent / text
        try:
            path.stat()
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self._fault(
                place, f"{text!r} cannot be a path here: {getattr(error, 'strerror', error)}"
            )
            return None
        return path.resolve()

    def _checked(
        self,
        table: Mapping[str, object],
        key: str,
        kind: type[_T],
        where: str,
        fault_of: Callable[[_T], str | None],
    ) -> _T | None:
        value = self._get(table, key, kind, where=where)
        fault = None if value is None else fault_of(value)
        if fault is not None:
            self._fault(f"{where}.{key}", fault)
        return value

    def _get(
        self, table: Mapping[str, object], key: str, kind: type[_T], *, where: str
    ) -> _T | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, kind) and not _is_boolean(value):
            return value
        place = f"{where}.{key}" if where else key
        self._fault(place, f"must be {_WANTED[kind]}, found {value!r}")
        return None

    def _check_keys(
        self, table: Mapping[str, object], known: tuple[str, ...], *, where: str
    ) -> None:
        for key in table:
            if key not in known:
                place = f"{where}.{key}" if where else key
                self._fault(place, f"is not a known key{_suggestion(key, known)}")

    def _fault(self, place: str, message: str) -> None:
        self._faults.append(f"{self._file}: {self._prefix}{place}: {message}")


_CONTRACT_KEYS: Final = tuple(
    attribute.name
    for attribute in attrs.fields(ContractConfig)
    if attribute.name not in {"name", "folders"}
)


_WANTED: Final[dict[type, str]] = {str: "a string", int: "an integer"}


def _is_boolean(value: object) -> bool:
    """A TOML boolean must not pass as an integer, which bool is to isinstance."""
    return isinstance(value, bool)


def _topic_fault(topic: str) -> str | None:
    if topic in {".", ".."} or not _TOPIC.fullmatch(topic):
        return (
            f"{topic!r} is no legal topic name: 1 to 249 of the letters a-z and A-Z, digits,"
            " '.', '_' and '-'"
        )
    return None


def _partitions_fault(partitions: int) -> str | None:
    if 1 <= partitions <= _MOST_PARTITIONS:
        return None
    return f"must be from 1 to {_MOST_PARTITIONS}, found {partitions}"


def _tier_fault(tier: str) -> str | None:
    if tier in TIERS:
        return None
    return f"{tier!r} is no tier of rules{_suggestion(tier, TIERS)}"


def _field_names_fault(style: str) -> str | None:
    if style in _FIELD_NAMES:
        return None
    return f"{style!r} is no style of field names{_suggestion(style, _FIELD_NAMES)}"


def _level_fault(level: str) -> str | None:
    if level in COMPATIBILITY_LEVELS:
        return None
    return f"{level!r} is no compatibility level{_suggestion(level, COMPATIBILITY_LEVELS)}"
