"""Errors that the library raises, under one root class.

    StreamContractError
    |-- ConfigurationError    a setting, environment variable or streamcontract.toml is wrong
    |   |-- ArgumentError     an argument cannot be used; .argument .value .expected
    |   `-- ProjectError      a project file is wrong; .faults names each place
    |-- SchemaParseError      a schema breaks the Avro specification; .faults names each place
    |-- DataError             a value or its bytes do not fit a schema; .faults names each place
    |   |-- EncodeError       a value does not fit the writer schema
    |   `-- DecodeError       bytes are not what the writer schema requires, or cannot be read
    |       `-- ResolutionError  these data cannot be resolved to the reader schema
    |-- ContainerFileError    an Avro container file is damaged; .file .block .offset .reason
    |-- FrameError            bytes do not start with a magic byte and a schema id
    |-- CodegenError          no sound Python module can be generated from a schema
    |-- ColumnsError          a schema, or a number of batches, has no Arrow columns
    |   `-- ColumnTypesError  Arrow columns do not have a schema's types; .mismatches names each
    |-- RegistryError         the registry refused or failed (streamcontract.registry.errors)
    |-- StackError            a broker or registry started here could not start or serve
    |   `-- PortError         its port is in use, or may not be listened on
    `-- ClientError           a client's call failed (see streamcontract.kafka.errors)

Errors have their facts as fields and make their message from them: catch the class, read the
fields.
"""

from __future__ import annotations

import attrs

__all__ = [
    "ArgumentError",
    "ClientError",
    "CodegenError",
    "ColumnMismatch",
    "ColumnTypesError",
    "ColumnsError",
    "ConfigurationError",
    "ContainerFileError",
    "DataError",
    "DataFault",
    "DecodeError",
    "EncodeError",
    "FrameError",
    "PortError",
    "ProjectError",
    "ProjectFault",
    "RegistryError",
    "ResolutionError",
    "SchemaFault",
    "SchemaParseError",
    "StackError",
    "StreamContractError",
    "last_word",
    "shown",
]

_MAX_SHOWN_FAULTS = 20
_MAX_SHOWN_VALUE = 120


class StreamContractError(Exception):
    """The root of every error that streamcontract raises."""


class ConfigurationError(StreamContractError):
    """A setting, an environment variable or a line of ``streamcontract.toml`` is wrong."""


def shown(value: object) -> str:
    """A value for messages: short, and whatever its ``__repr__`` does.

    Example:
        >>> shown("a" * 200).partition("...")[2]
        ' (202 characters)'
    """
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a broken __repr__ must not hide the fault itself
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    if len(text) > _MAX_SHOWN_VALUE:
        text = f"{text[:_MAX_SHOWN_VALUE]}... ({len(text)} characters)"
    return text


def last_word(name: str) -> str:
    """A name as the last word of a command line that a person may copy into a POSIX shell.

    Brokers have names of any text, of any producer.

    Example:
        >>> print("consume", last_word("orders"), "or", last_word("a; b"), "or", last_word("-x"))
        consume orders or 'a; b' or -- -x
    """
    # Messages of errors alone need it.
    import shlex  # noqa: PLC0415

    word = shlex.quote(name)
    return f"-- {word}" if word.startswith("-") else word


class ArgumentError(ConfigurationError, ValueError):
    """An argument has a type or a value that cannot be used.

    Attributes:
        argument: Its name.
        value: What was given; None where it may be a secret.
        expected: What it has to be.
        found: What was given, in words.
    """

    def __init__(
        self,
        argument: str,
        value: object,
        expected: str,
        secret: bool = False,  # noqa: FBT001, FBT002 - pickle gives all of them by position
    ) -> None:
        kept = None if secret else value
        super().__init__(argument, kept, expected, secret)
        self.argument = argument
        self.value = kept
        self.expected = expected
        kind = type(value).__name__
        self.found = f"what was given ({kind})" if secret else f"{shown(value)} ({kind})"

    def __str__(self) -> str:
        return f"{self.argument} has to be {self.expected}, not {self.found}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"  # the value's own __repr__ may raise


@attrs.frozen(kw_only=True)
class ProjectFault:
    """One thing that is wrong in a project file.

    Attributes:
        path: The keys, and indices of arrays, that lead to it; empty for the file itself.
        message: What is wrong there, and what would be right.
        file: The file.
        line: Line in the file, counted from 1.
        column: Column in that line, counted from 1.
        contract: The name of the contract that it is about, or None.
    """

    path: tuple[str | int, ...]
    message: str
    file: str
    line: int = 1
    column: int = 1
    contract: str | None = None

    @property
    def key(self) -> str:
        """The path as written in TOML.

        Example:
            >>> ProjectFault(path=("schemas", 1), message="", file="").key
            'schemas[1]'
        """
        parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path)
        return "".join(parts).removeprefix(".")

    @property
    def statement(self) -> str:
        """The message with the key that it is about."""
        return f"{self.key}: {self.message}" if self.path else self.message

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.statement}"


class ProjectError(ConfigurationError):
    """A project file is wrong.

    Attributes:
        faults: Everything that is wrong in it, in the order of the text.
    """

    def __init__(self, faults: tuple[ProjectFault, ...]) -> None:
        if not faults:
            raise ValueError("a ProjectError needs at least one fault")
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class ContainerFileError(StreamContractError):
    """An Avro object container file is damaged, or has what cannot be read.

    Attributes:
        file: Its name.
        block: The number of the block, from 0; None for the header.
        offset: Bytes of the file before that block, or before the damage in the header.
        reason: What is wrong, and what would be right.
        record: The number of the record in the block, from 0, or None.
    """

    def __init__(
        self, file: str, block: int | None, offset: int, reason: str, record: int | None = None
    ) -> None:
        super().__init__(file, block, offset, reason, record)
        self.file = file
        self.block = block
        self.offset = offset
        self.reason = reason
        self.record = record

    def __str__(self) -> str:
        place = "header" if self.block is None else f"block {self.block}"
        record = "" if self.record is None else f", record {self.record}"
        return f"{self.file}: {place} at offset {self.offset}{record}: {self.reason}"


class FrameError(StreamContractError):
    """Bytes do not start with the magic byte and a schema id."""


class CodegenError(StreamContractError):
    """No sound Python module can be generated from a schema."""


class ColumnsError(StreamContractError):
    """There are no Arrow columns of a schema, or not in the form that was asked for.

    Attributes:
        path: Where, such as ``"Order.lines[]"``.
        reason: Why.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@attrs.frozen
class ColumnMismatch:
    """An Arrow column that does not have the type that a schema needs.

    Attributes:
        path: Where, such as ``"Order.lines[].price"``.
        expected: The type in the schema, in words.
        found: The Arrow type, in pyarrow's words; "" if there is no such column.
        fix: What to do.
    """

    path: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        found = f"found {self.found}" if self.found else "found no column"
        return f"{self.path}: expected {self.expected}, {found}: {self.fix}"


class ColumnTypesError(ColumnsError):
    """Arrow columns do not have the types of the schema that they are encoded with.

    Attributes:
        mismatches: Every column that does not fit.
    """

    def __init__(self, mismatches: tuple[ColumnMismatch, ...]) -> None:
        if not mismatches:
            raise ValueError("a ColumnTypesError needs at least one mismatch")
        super().__init__(mismatches[0].path, str(mismatches[0]))
        self.args = (mismatches,)  # what pickle calls it with
        self.mismatches = mismatches

    def __str__(self) -> str:
        return _render(tuple(map(str, self.mismatches)))


class RegistryError(StreamContractError):
    """The schema registry refused a request or did not answer it."""


class StackError(StreamContractError):
    """A broker or registry that is started here could not start or serve."""


class PortError(StackError):
    """The port that a broker or registry is to have is in use, or may not be listened on."""


class ClientError(StreamContractError):
    """A producer, consumer or topic operation failed."""


@attrs.frozen
class SchemaFault:
    """One place where a schema breaks the Avro specification.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the place inside the schema, ``""`` for its root.
        message: What is wrong there, and what would be right.
        source: The file it was read from, or None for a schema given as a value.
        line: Line in that text, counted from 1, or None where there is no text.
        column: Column in that line, counted from 1, or None where there is no text.
    """

    pointer: str
    message: str
    source: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = self.source or "schema"
        if self.line is not None:
            place += f":{self.line}:{self.column}"
        return f"{place}: at {self.pointer or '/'}: {self.message}"


class SchemaParseError(StreamContractError):
    """A schema breaks the Avro specification.

    Attributes:
        faults: Every fault found, in the order of the text.
    """

    def __init__(self, faults: tuple[SchemaFault, ...]) -> None:
        if not faults:
            raise ValueError("a SchemaParseError needs at least one fault")
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return _render(tuple(str(fault) for fault in self.faults))


def _render(lines: tuple[str, ...]) -> str:
    if len(lines) == 1:
        return lines[0]
    shown = [f"  - {line}" for line in lines[:_MAX_SHOWN_FAULTS]]
    if len(lines) > _MAX_SHOWN_FAULTS:
        shown.append(f"  ... and {len(lines) - _MAX_SHOWN_FAULTS} more")
    return "\n".join([f"{len(lines)} faults:", *shown])


@attrs.frozen
class DataFault:
    """One place where a value, or the bytes of one, does not fit a schema.

    Attributes:
        path: Where, from the top record down: ``Order.lines[3].price``.
        expected: What the schema requires there, in words.
        value: The value found there; None if there is none to show (see ``has_value``).
        has_value: Whether ``value`` is the value found.
        hint: How to make a value that fits; ``""`` if there is no hint.
    """

    path: str
    expected: str
    value: object = attrs.field(default=None, repr=shown)  # its own __repr__ may raise
    has_value: bool = False
    hint: str = ""

    def __str__(self) -> str:
        if not self.has_value:
            return f"{self.path}: {self.expected}"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.path}: expected {self.expected}, found {self.found}{hint}"

    @property
    def found(self) -> str:
        """The value found, and its type, in words."""
        return f"{shown(self.value)} ({type(self.value).__name__})"


class DataError(StreamContractError):
    """A value or its bytes do not fit a schema.

    Attributes:
        faults: Every fault found. Encoding finds all; decoding stops at the first, because
            nothing after a broken byte can be trusted.
    """

    def __init__(self, faults: tuple[DataFault, ...]) -> None:
        if not faults:
            raise ValueError("a DataError needs at least one fault")
        super().__init__(faults)
        self.faults = faults

    @property
    def path(self) -> str:
        """The path of the first fault."""
        return self.faults[0].path

    @property
    def value(self) -> object:
        """The value at the first fault."""
        return self.faults[0].value

    @property
    def expected(self) -> str:
        """What the schema requires at the first fault."""
        return self.faults[0].expected

    def __str__(self) -> str:
        return _render(tuple(str(fault) for fault in self.faults))


class EncodeError(DataError):
    """A value does not fit the schema it is to be written with."""


class DecodeError(DataError):
    """Bytes do not match the writer schema, or the reader schema cannot take them."""


class ResolutionError(DecodeError):
    """The data need a part of the writer schema that cannot be resolved to the reader schema."""
