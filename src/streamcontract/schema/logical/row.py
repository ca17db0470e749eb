"""Definition of a logical type, as one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from streamcontract.schema.model import JsonValue, LogicalType

__all__ = ["Base", "Conversion", "JsonForm", "LogicalRow", "Misfit", "PythonType", "Unit"]

_NO_PARAMETERS: Final[Mapping[str, int]] = MappingProxyType({})


@attrs.frozen
class Base:
    """A type that a logical type annotates.

    Attributes:
        type: ``"fixed"`` or the name of a primitive type.
        size: Of a fixed: the one size in bytes that it must have; None for any.

    Example:
        >>> str(Base("fixed", 12)), str(Base("long"))
        ('fixed of size 12', 'long')
    """

    type: str
    size: int | None = None

    def takes(self, base: str, size: int | None) -> bool:
        """Whether a type of this name, and if it is a fixed of this size, is such a one."""
        return base == self.type and (self.size is None or size == self.size)

    def __str__(self) -> str:
        return self.type if self.size is None else f"{self.type} of size {self.size}"


@attrs.frozen(eq=False)
class Unit:
    """A part of a second in which times are counted.

    Attributes:
        name: As in the names of logical types: ``"millis"``.
        plural: In words: ``"milliseconds"``.
        per_second: How many make a second.
    """

    name: str
    plural: str
    per_second: int

    @property
    def micros(self) -> int:
        """Microseconds in one; 0 where it is shorter, so that no ``datetime`` holds it."""
        return 1_000_000 // self.per_second


@attrs.frozen(eq=False)
class JsonForm:
    """The plain JSON of the values of one Python type.

    Attributes:
        kind: The JSON type: ``"string"`` or ``"object"``.
        expected: What it is, in words.
        write: From a value to its JSON.
        read: Back; refuses what it does not write, or what has no exact value.
        format: JSON Schema's name for such text ("Defined Formats", Validation 2020-12), or None.
    """

    kind: Literal["string", "object"]
    expected: str
    write: Callable[[Any], JsonValue]
    read: Callable[[JsonValue], Any]
    format: str | None = None


@attrs.frozen(eq=False, kw_only=True)
class PythonType:
    """A Python type for the values of logical types.

    Attributes:
        cls: The class.
        annotation: Its name in generated modules, after that of the module they import it from.
        maker: The callable that makes a value in generated modules, named as in ``annotation``.
        arguments: From a value to the arguments of ``maker``: a text, or the parts by keyword.
        json: Its plain JSON.
    """

    cls: type
    annotation: str
    maker: str
    arguments: Callable[[Any], str | dict[str, int]]
    json: JsonForm


@attrs.frozen(eq=False)
class Conversion:
    """Conversion of the values of one logical type, in both directions.

    Attributes:
        to_raw: From a value to a value of the base type; raises for one that does not fit.
        from_raw: Back; raises for one without a value of the Python type.
        fast_from_raw: The same by a built-in alone, which refuses in fewer words: an expression
            with ``{0}`` for the raw value and ``{1}`` for the built-in, and the built-in.
    """

    to_raw: Callable[[Any], Any]
    from_raw: Callable[[Any], Any]
    fast_from_raw: tuple[str, Callable[[Any], Any]] | None = None


@attrs.frozen(eq=False)
class Misfit:
    """The reason why a logical type that a schema declares does not apply.

    Attributes:
        attribute: The attribute at fault.
        reason: What is wrong with it.
        is_beyond_limits: Whether the specification allows it and only a limit of this library
        forbids it.
    """

    attribute: str
    reason: str
    is_beyond_limits: bool = False


def _without_parameters(name: str) -> Callable[[Mapping[str, JsonValue], int | None], LogicalType]:
    return lambda _json, _size: LogicalType(name)


@attrs.frozen(eq=False, kw_only=True)
class LogicalRow:
    """Everything about one logical type; all code for logical types reads it from this row.

    Attributes:
        name: Avro's name for it.
        bases: The types that it annotates, the usual one first.
        kind: The kind of its values. Types of one kind differ only in their unit, and are rescaled
        if one is read as the other.
        python: The Python type of the values.
        convert: Makes the conversion, from the logical type and the size of the fixed that it
            annotates (None for a primitive type); None if its values are values of the base type.
        unit: The unit that times are counted in, for types of times.
        limits: For types on ``int`` or ``long``: the least and the greatest number that is a value.
        samples: A few values of the base type, the shortest first, if the common samples of the
        base type do not fit. From the same arguments as ``convert``.
        remark: The sentence about such an attribute in generated code, with ``{precision}`` and
        ``{scale}`` of the schema.
        parameters: The attributes that it takes beside ``logicalType``, each with an example.
        declare: From the JSON that declares it, and the size of a fixed, to the logical type, or
            the reason why it does not apply; the base is one of ``bases``.
    """

    name: str
    bases: tuple[Base, ...]
    kind: str
    python: PythonType
    convert: Callable[[LogicalType, int | None], Conversion] | None
    unit: Unit | None = None
    limits: tuple[int, int] | None = None
    samples: Callable[[LogicalType, int | None], tuple[Any, ...]] | None = None
    remark: str = ""
    parameters: Mapping[str, int] = _NO_PARAMETERS
    declare: Callable[[Mapping[str, JsonValue], int | None], LogicalType | Misfit] = attrs.field(
        default=attrs.Factory(lambda row: _without_parameters(row.name), takes_self=True)
    )

    def example(self, base: Base | None = None, *, name: str = "Example") -> dict[str, JsonValue]:
        """A schema of this logical type.

        Args:
            base: What it annotates, one of ``bases``; the usual one if left out.
            name: The name of the type, if it is a fixed.

        Example:
            >>> from streamcontract.schema.logical import LOGICAL_TYPES
            >>> LOGICAL_TYPES["date"].example()
            {'type': 'int', 'logicalType': 'date'}
        """
        base = base or self.bases[0]
        document: dict[str, JsonValue] = {"type": base.type}
        if base.type == "fixed":
            document |= {"name": name, "size": base.size or 8}
        return {**document, "logicalType": self.name, **self.parameters}

    def written(self) -> str:
        """The JSON of such a schema, with dots for the values that the author has to choose.

        Example:
            >>> from streamcontract.schema.logical import LOGICAL_TYPES
            >>> print(LOGICAL_TYPES["duration"].written())
            {"type": "fixed", "name": ..., "size": 12, "logicalType": "duration"}
        """
        chosen = {"name", *self.parameters}
        attributes = (
            f'"{key}": ' + ("..." if key in chosen else _literal(value))
            for key, value in self.example().items()
        )
        return f"{{{', '.join(attributes)}}}"


def _literal(value: JsonValue) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
