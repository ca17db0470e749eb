"""Wire formats of a topic: the framings that are read, and the one that is written.

A header with a schema id takes precedence over the payload: whatever its first bytes are, a payload
counts as framed only if no header has a schema id.
"""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import attrs

from streamcontract.errors import ConfigurationError, FrameError
from streamcontract.wire.framings import FRAMINGS, Framing, IdKind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CONFLUENT",
    "Frame",
    "FrameReader",
    "Location",
    "OwnFraming",
    "RawHeaders",
    "WireFormat",
    "Written",
    "wire_format",
]

RawHeaders = Sequence[tuple[str, Any]] | Mapping[str, Any] | None
"""A message's headers as clients return them: pairs, a mapping, or None for none."""

Location = Literal["prefix", "header"]

_BINARY: Final = b"BINARY"
_CONFLUENT: Final = ("prefix-id", "prefix-guid", "header-guid", "header-id")


@attrs.frozen
class Frame:
    """The identification of one message's writer schema.

    Attributes:
        schema_id: The id.
        size: The number of its bytes that come before the payload.
        kind: The kind of the id; if left out, a UUID is a GUID and a number a schema id.

    Example:
        >>> Frame(7, 5).kind
        <IdKind.ID: 'schema id'>
    """

    schema_id: int | UUID
    size: int = 0
    kind: IdKind = attrs.field(
        default=attrs.Factory(
            lambda self: IdKind.GUID if isinstance(self.schema_id, UUID) else IdKind.ID,
            takes_self=True,
        )
    )


@attrs.frozen
class Written:
    """Prefix and headers for every message of one schema.

    Attributes:
        prefix: Bytes before the payload.
        headers: Headers of the message.
    """

    prefix: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()


class OwnFraming(abc.ABC):
    """A custom framing, for ``schema.id.framing``.

    Its methods are called from any thread, ``read`` for each message.

    Example:
        >>> class TwoBytes(OwnFraming):
        ...     def read(self, data, headers, *, is_key):
        ...         return Frame(int.from_bytes(data[:2], "big"), size=2)
        ...     def write(self, schema_id, guid, *, is_key):
        ...         return Written(schema_id.to_bytes(2, "big"))
        >>> wire_format(TwoBytes()).value.frame(bytes([0, 7, 2]), None).schema_id
        7
    """

    @abc.abstractmethod
    def read(self, data: bytes, headers: Sequence[tuple[str, Any]], *, is_key: bool) -> Frame:
        """The frame of a message's value or key.

        Args:
            data: The value, or the key.
            headers: The message's headers.
            is_key: Whether ``data`` is the key.

        Raises:
            FrameError: It has none; the message is poison.
        """

    def write(self, schema_id: int, guid: UUID | None, *, is_key: bool) -> Written:
        """Prefix and headers for values or keys of a schema; by default nothing can be written.

        Args:
            schema_id: The schema's id.
            guid: Its GUID, if the registry has one.
            is_key: Whether it is for keys.
        """
        del schema_id, guid, is_key
        raise ConfigurationError(
            f"'schema.id.framing' is {type(self).__name__}, which has no method write: it is for "
            f"reading alone"
        )


class FrameReader:
    """Finds the frame of a message's value, or of its key.

    Attributes:
        sizes: The number of bytes of a frame, by the first byte of the payload.
        names: The headers that hold an id; if a message has several, the first of these counts.
        refused: Headers with the one value that they may have, None for none: with any other
            value the payload cannot be read as it is.
        locate: A custom framing in place of all these; else None.
    """

    def __init__(self, rows: Iterable[Framing], own: OwnFraming | None, *, is_key: bool) -> None:
        self._rows = tuple(rows)
        self._is_key = is_key
        in_front = [row for row in self._rows if not row.is_in_header]
        in_headers = [row for row in self._rows if row.is_in_header]
        self._in_front = {row.magic: row for row in in_front}
        self.sizes: Mapping[int, int] = MappingProxyType(
            {row.magic: 1 + row.size for row in in_front if row.magic is not None}
        )
        self.names: tuple[str, ...] = tuple(dict.fromkeys(map(self._name, in_headers)))
        refused: dict[str, bytes | None] = {}
        if in_headers:
            # A configuration of prefixes alone means that headers do not count.
            others = (self._name(row) for row in FRAMINGS.values() if row.is_in_header)
            refused = dict.fromkeys((name for name in others if name not in self.names), None)
            encodings = {row.encoding[is_key] for row in in_headers if row.encoding is not None}
            refused |= dict.fromkeys(encodings, _BINARY)
        self.refused: Mapping[str, bytes | None] = MappingProxyType(refused)
        self.locate: Callable[[bytes, Any], Frame] | None = (
            None if own is None else partial(own.read, is_key=is_key)
        )

    def _name(self, row: Framing) -> str:
        return row.header(is_key=self._is_key) or ""

    def key(self, data: bytes, headers: RawHeaders) -> Hashable:
        """A key that is equal for equal frames; a message that :meth:`frame` refuses has one too.

        Raises:
            FrameError: A header means that the payload cannot be read.
        """
        if self.locate is not None:
            return self.locate(data, _pairs(headers))
        if headers and self.names:
            found = self._in_headers(headers)
            if found is not None:
                return found
        return data[: self.sizes.get(data[0], 0)] if data else data

    def frame(self, data: bytes, headers: RawHeaders) -> Frame:
        """The frame of this value, or key.

        Raises:
            FrameError: It has none, or none of the framings that are read.
        """
        if self.locate is not None:
            return self.locate(data, _pairs(headers))
        if headers and self.names:
            found = self._in_headers(headers)
            if found is not None:
                return self._of_header(*found)
        try:
            return self._of_prefix(data)
        except FrameError as error:
            raise FrameError(f"{error}{self._ignored(headers)}") from None

    def _in_headers(self, headers: RawHeaders) -> tuple[str, bytes] | None:
        """The header that counts: of one name the last, as in Confluent's and Apicurio's serdes."""
        held: dict[str, bytes] = {}
        foreign = None
        for name, value in _pairs(headers):
            if value is None:
                continue
            if name in self.names:
                held[name] = value
            elif name in self.refused and value != self.refused[name]:
                if self.refused[name] is not None:
                    raise FrameError(
                        f"by the header {name} the payload is encoded as {value!r}: only "
                        f"Avro's binary encoding is read"
                    )
                foreign = name
        for name in self.names:
            if name in held:
                return name, held[name]
        if foreign is not None:
            raise FrameError(self._not_read(foreign))
        return None

    def _ignored(self, headers: RawHeaders) -> str:
        """The rest of an error message: the header that holds an id, if only prefixes are read."""
        names = {self._name(row) for row in FRAMINGS.values() if row.is_in_header}
        for name, value in _pairs(headers):
            if name in names and name not in self.names and value is not None:
                return f"; {self._not_read(name)}"
        return ""

    def _not_read(self, header: str) -> str:
        rows = [repr(row.name) for row in FRAMINGS.values() if self._name(row) == header]
        return (
            f"the header {header} has the id of the writer schema, and is not among the framings "
            f"that are read here: add {' or '.join(rows)} to "
            f"'schema.id.framing'"
        )

    def _of_header(self, name: str, value: bytes) -> Frame:
        rows = [row for row in self._rows if row.is_in_header and self._name(row) == name]
        for row in rows:
            begins = row.magic is None or value[:1] == bytes([row.magic])
            at = 0 if row.magic is None else 1
            if begins and len(value) == at + row.size:
                return Frame(_read_id(row, value[at:]), 0, row.kind)
        expected = " or ".join(map(_in_words, rows))
        raise FrameError(
            f"the header {name} holds {value!r}: it does not hold what 'schema.id.framing' asks "
            f"for, {expected}"
        )

    def _of_prefix(self, data: bytes) -> Frame:
        if not self.sizes:
            names = " or ".join(self.names)
            raise FrameError(f"the message has no header {names} with a schema id")
        row = self._in_front.get(data[0]) if data else next(iter(self._in_front.values()))
        if row is None:
            magics = " or ".join(f"0x{magic:02x}" for magic in self.sizes)
            raise FrameError(
                f"the message starts with byte 0x{data[0]:02x}, not with the magic byte {magics}: "
                f"it was not written by a serializer that frames with a schema id"
            )
        size = 1 + row.size
        if len(data) < size:
            raise FrameError(
                f"{len(data)} bytes are too few for a framed message: it starts with "
                f"{_in_words(row)}"
            )
        return Frame(_read_id(row, data[1:size]), size, row.kind)


@attrs.frozen
class WireFormat:
    """The framings of a topic's messages.

    Attributes:
        rows: Those that are read; the first one that fits is written.
        own: A custom framing in place of them.
        value: The reader of the frames of values.
        key: The reader of the frames of keys with a schema of their own.
    """

    rows: tuple[Framing, ...]
    own: OwnFraming | None = None
    value: FrameReader = attrs.field(init=False, eq=False, repr=False)
    key: FrameReader = attrs.field(init=False, eq=False, repr=False)

    @value.default
    def _(self) -> FrameReader:
        return FrameReader(self.rows, self.own, is_key=False)

    @key.default
    def _(self) -> FrameReader:
        return FrameReader(self.rows, self.own, is_key=True)

    def side(self, *, is_key: bool) -> FrameReader:
        """The reader of the frames of values, or of keys."""
        return self.key if is_key else self.value

    def write(
        self, schema_id: int, guid: UUID | None, location: Location | None, *, is_key: bool
    ) -> Written:
        """Prefix and headers for values or keys of a schema.

        Args:
            schema_id: The schema's id.
            guid: Its GUID, if the registry has one.
            location: Where the id is written; None for the place of the first framing.
            is_key: Whether it is for keys.

        Raises:
            ConfigurationError: None of the framings can write this id there.
            FrameError: The id is too large for the framing, or is not an id.
        """
        if self.own is not None:
            return self.own.write(schema_id, guid, is_key=is_key)
        ids: dict[IdKind, int | UUID | None] = {IdKind.ID: schema_id, IdKind.GUID: guid}
        in_header = self.rows[0].is_in_header if location is None else location == "header"
        for row in self.rows:
            found = ids.get(row.kind)
            if found is not None and row.is_in_header == in_header:
                return _written(row, found, is_key=is_key)
        raise ConfigurationError(
            f"no schema id can be written {'into a header' if in_header else 'as a prefix'} by "
            f"'schema.id.framing', {', '.join(row.name for row in self.rows)}: registries other "
            f"than Confluent's give no GUIDs, and their API no global ids"
        )


def wire_format(value: object) -> WireFormat:
    """The wire format that ``schema.id.framing`` asks for.

    Args:
        value: ``"confluent"``, names of :data:`~streamcontract.wire.FRAMINGS` with commas between
            them or in a list, an :class:`OwnFraming`, or a wire format.

    Raises:
        ConfigurationError: There is no such framing, or two of them cannot be distinguished.

    Example:
        >>> [row.name for row in wire_format("header-id, prefix-id").rows]
        ['header-id', 'prefix-id']
    """
    if isinstance(value, WireFormat):
        return value
    if isinstance(value, OwnFraming):
        return WireFormat((), value)
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise _unknown(value)
    rows: dict[str, Framing] = {}
    for each in names:
        name = each.strip() if isinstance(each, str) else each
        for known in _CONFLUENT if name == "confluent" else (name,):
            if not isinstance(known, str) or known not in FRAMINGS:
                raise _unknown(known)
            rows[known] = FRAMINGS[known]
    _check_distinct(rows.values())
    return WireFormat(tuple(rows.values()))


def _check_distinct(rows: Iterable[Framing]) -> None:
    met: dict[object, Framing] = {}
    for row in rows:
        other = met.setdefault((row.headers, row.magic), row)
        if other is not row:
            raise ConfigurationError(
                f"'schema.id.framing' has {other.name!r} and {row.name!r}, which look alike: "
                f"leave one of them out"
            )


def _unknown(value: object) -> ConfigurationError:
    return ConfigurationError(
        f"'schema.id.framing' is 'confluent', some of {', '.join(FRAMINGS)}, or an OwnFraming; "
        f"not {value!r}"
    )


def _written(row: Framing, schema_id: int | UUID, *, is_key: bool) -> Written:
    if isinstance(schema_id, UUID):
        encoded = schema_id.bytes
    elif schema_id.__class__ is not int or not 0 <= schema_id < 2 ** (8 * row.size - 1):
        most = 2 ** (8 * row.size - 1) - 1
        raise FrameError(f"a schema id is an integer from 0 to {most}, not {schema_id!r}")
    else:
        encoded = schema_id.to_bytes(row.size, "big")
    if row.magic is not None:
        encoded = bytes([row.magic]) + encoded
    if row.headers is None:
        return Written(encoded)
    headers = [(row.headers[is_key], encoded)]
    if row.encoding is not None:
        headers.append((row.encoding[is_key], _BINARY))
    return Written(headers=tuple(headers))


def _read_id(row: Framing, encoded: bytes) -> int | UUID:
    if row.kind is IdKind.GUID:
        return UUID(bytes=encoded)
    schema_id = int.from_bytes(encoded, "big", signed=True)
    if schema_id < 0:
        raise FrameError(f"the schema id in the frame is negative: {schema_id}")
    return schema_id


def _in_words(row: Framing) -> str:
    ids = f"a {row.size}-byte {row.kind.value}"
    return ids if row.magic is None else f"the magic byte {row.magic} and {ids}"


def _pairs(headers: RawHeaders) -> Sequence[tuple[str, Any]]:
    if headers is None:
        return ()
    return tuple(headers.items()) if isinstance(headers, Mapping) else headers


CONFLUENT: Final = wire_format("confluent")
"""The framings read by default: a header first, then the prefix, each with an id or a GUID."""
