"""Comparisons of typed messages, with differences that name the field."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import attrs

from streamcontract.codec.bindings import contracts_of
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import ContractConsumer, Message
from streamcontract.kafka.contract.keys import field_getter

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Order", "assert_messages", "assert_same", "differences"]

Order = Literal["per key", "total", "any"]
"""The order to check: within each key, as Kafka guarantees it; of all messages; or none."""

_ORDERS: Final = get_args(Order)
_UNKNOWN: Final = object()  # the key of a record that does not define it; None means no key
_MAX_LINES: Final = 50


def assert_messages(
    received: ContractConsumer[Any] | Iterable[Any],
    expected: Iterable[Any] | Mapping[Any, Sequence[Any]],
    *,
    order: Order = "per key",
    timeout: float = 30.0,
) -> None:
    """Assert that exactly these messages were received: none missing, none more, in order.

    Args:
        received: A consumer, which is read up to the present ends of its partitions; or messages;
            or records.
        expected: The records, in the order they were produced; or, by key, the records of each
            key in order. ``None`` as a record is a tombstone. Messages count as their records.
        order: ``"per key"``: messages of one key in this order, as Kafka guarantees it; a record's
            key is the field that its contract names, and a message may have none. If no key is
            known, the order of all messages is checked.
            ``"total"``: the order of all messages is checked. ``"any"``: no order is checked.
        timeout: Seconds to wait for the next message of a consumer.

    Raises:
        AssertionError: They differ; it names every missing or unexpected message, and each changed
            field.
        ConfigurationError: There is no such order, or the order is ``"per key"`` and the keys of
            the expected records are not known.
        StalledError: The consumer does not reach the end.

    Example:
        >>> from streamcontract.kafka import Message
        >>> received = [Message({"n": 1}, "a", "t", 0, 0), Message({"n": 3}, "a", "t", 0, 1)]
        >>> assert_messages(received, {"a": [{"n": 1}, {"n": 2}]})
        Traceback (most recent call last):
        ...
        AssertionError: 2 messages received, 2 expected
          key 'a', message 2: .n: sent 2, received 3
    """
    __tracebackhide__ = True
    if order not in _ORDERS:
        raise ConfigurationError(
            f"the order is {', '.join(map(repr, _ORDERS[:-1]))} or {_ORDERS[-1]!r}, not {order!r}"
        )
    if isinstance(received, ContractConsumer):
        received = received.until_end(timeout)
    got = [_Item.of(each) for each in received]
    if isinstance(expected, Mapping):
        if order != "per key":
            raise ConfigurationError(f"what is expected by key has no order {order!r}")
        wanted = [_Item(value, key) for key, values in expected.items() for value in values]
        lines = _by_key(got, wanted)
    else:
        wanted = [_Item.of(each) for each in expected]
        lines = _lines(got, wanted, order)
    if lines:
        count = f"{len(got)} message{'' if len(got) == 1 else 's'} received"
        raise AssertionError(_report(f"{count}, {len(wanted)} expected", lines))


def assert_same(received: object, sent: object) -> None:
    """Assert that one record, or message, equals the sent record.

    Args:
        received: The record, or its message.
        sent: The record that was sent.

    Raises:
        AssertionError: They differ; it names each different field, with both values.

    Example:
        >>> assert_same({"close": 1.25, "volume": 7}, {"close": 1.5, "volume": 7})
        Traceback (most recent call last):
        ...
        AssertionError: what was received is not what was sent
          .close: sent 1.5, received 1.25
    """
    __tracebackhide__ = True
    found = list(differences(_Item.of(sent).value, _Item.of(received).value))
    if found:
        raise AssertionError(_report("what was received is not what was sent", found))


def differences(sent: object, received: object, path: str | None = None) -> Iterator[str]:
    """The differences of two values, field by field. NaN equals NaN here.

    Args:
        sent: One value: a record, a dict, a list or anything else.
        received: The other.
        path: The name of the value; the name of a record's class if left out.

    Yields:
        A line for each difference: its path, and both values.

    Example:
        >>> list(differences({"lines": [{"n": 1}]}, {"lines": [{"n": 2}, {"n": 3}]}, "Order"))
        ['Order.lines[0].n: sent 1, received 2', "Order.lines[1]: received {'n': 3}, not sent"]
    """
    if path is None:
        path = type(sent).__name__ if attrs.has(type(sent)) else ""
    if _frozen(sent) == _frozen(received):
        return
    if attrs.has(type(sent)) and type(sent) is type(received):
        for field in attrs.fields(type(sent)):  # type: ignore[arg-type]  # as attrs.has said
            yield from differences(
                getattr(sent, field.name), getattr(received, field.name), f"{path}.{field.name}"
            )
    elif isinstance(sent, dict) and isinstance(received, dict):
        for key in [*sent, *(key for key in received if key not in sent)]:
            is_name = isinstance(key, str) and key.isidentifier()
            at = f"{path}.{key}" if is_name else f"{path}[{key!r}]"
            if key not in received:
                yield f"{at}: sent {sent[key]!r}, not received"
            elif key not in sent:
                yield f"{at}: received {received[key]!r}, not sent"
            else:
                yield from differences(sent[key], received[key], at)
    elif isinstance(sent, list) and isinstance(received, list):
        for index, (one, other) in enumerate(zip(sent, received, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
        for index in range(len(received), len(sent)):
            yield f"{path}[{index}]: sent {sent[index]!r}, not received"
        for index in range(len(sent), len(received)):
            yield f"{path}[{index}]: received {received[index]!r}, not sent"
    else:
        yield f"{path}: sent {sent!r}, received {received!r}".removeprefix(": ")


def _report(summary: str, lines: list[str]) -> str:
    more = len(lines) - _MAX_LINES
    shown = [summary, *lines[:_MAX_LINES], *([f"... and {more} more"] if more > 0 else [])]
    return "\n  ".join(shown)


@attrs.frozen
class _Item:
    """A record with its key: None for no key, ``_UNKNOWN`` for an unknown one."""

    value: Any
    key: Any

    @classmethod
    def of(cls, value: Any) -> _Item:
        if isinstance(value, Message):
            return cls(value.value, value.key)
        return cls(value, _key_of(value))


def _key_of(record: object) -> Any:
    """The key of a record by its own contract."""
    try:
        contracts = contracts_of(type(record)).values()
    except ConfigurationError:
        return _UNKNOWN
    keys = {contract.key for contract in contracts}
    if len(keys) != 1 or None in keys:
        return _UNKNOWN  # a record inside another, or of contracts with different keys
    contract = next(iter(contracts))
    return field_getter(contract.key or "", contract.schema, type(record))(record)


def _lines(got: list[_Item], wanted: list[_Item], order: Order) -> list[str]:
    if order == "total":
        return _compared(got, wanted, "")
    if order == "any":
        return list(_unordered(got, wanted))
    if not got or not wanted:
        return _compared(got, wanted, "")
    unknown = next((item for item in wanted if item.key is _UNKNOWN), None)
    if all(item.key is None or item.key is _UNKNOWN for item in got) and (
        unknown is not None or any(item.key is _UNKNOWN for item in got)
    ):
        return _compared(got, wanted, "")
    if unknown is not None:
        raise ConfigurationError(
            f"the messages have keys, and the key of what is expected is not known from"
            f" {unknown.value!r}: give what is expected by key, as {{key: [records]}}, or ask for"
            f' order="total" or order="any"'
        )
    return _by_key(got, wanted)


def _by_key(got: list[_Item], wanted: list[_Item]) -> list[str]:
    keys = {_frozen(item.key): item.key for item in (*wanted, *got)}
    lines: list[str] = []
    for frozen, key in keys.items():
        match key:
            case None:
                label = "without key, " if len(keys) > 1 else ""
            case _ if key is _UNKNOWN:
                label = "of unknown key, "
            case _:
                label = f"key {key!r}, "
        own = [item for item in got if _frozen(item.key) == frozen]
        lines += _compared(own, [item for item in wanted if _frozen(item.key) == frozen], label)
    return lines


def _compared(got: list[_Item], wanted: list[_Item], label: str) -> list[str]:
    """The differences of two sequences, aligned so that a missing item shifts no other."""
    before = [_frozen(item.value) for item in wanted]
    after = [_frozen(item.value) for item in got]
    if before == after:
        return []
    lost, gained = Counter(before) - Counter(after), Counter(after) - Counter(before)
    changed: list[str] = []
    missing: list[int] = []
    extra: list[int] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(last - first, end - start) if tag == "replace" else 0
        for step in range(paired):
            one, other = before[first + step], after[start + step]
            if not (lost[one] and gained[other]):  # moved rather than changed
                missing.append(first + step)
                extra.append(start + step)
                continue
            changed += [
                f"{label}message {start + step + 1}: {line}"
                for line in differences(wanted[first + step].value, got[start + step].value)
            ]
        missing += range(first + paired, last)
        extra += range(start + paired, end)
    for index in missing:
        twin = next((each for each in extra if after[each] == before[index]), None)
        value = wanted[index].value
        if twin is None:
            changed.append(f"{label}message {index + 1} is missing: {value!r}")
        else:
            extra.remove(twin)
            changed.append(f"{label}message {index + 1} came as message {twin + 1}: {value!r}")
    changed += [
        f"{label}message {each + 1} was not expected: {got[each].value!r}" for each in extra
    ]
    return changed


def _unordered(got: list[_Item], wanted: list[_Item]) -> Iterator[str]:
    left = Counter(_frozen(item.value) for item in got)
    for item in wanted:
        if left[_frozen(item.value)]:
            left[_frozen(item.value)] -= 1
        else:
            yield f"missing: {item.value!r}"
    for item in reversed(got):
        if left[_frozen(item.value)]:
            left[_frozen(item.value)] -= 1
            yield f"not expected: {item.value!r}"


def _frozen(value: Any) -> Hashable:
    """A hashable value that is equal for equal values, including NaN."""
    if attrs.has(type(value)):
        fields = attrs.fields(type(value))
        return (type(value), tuple(_frozen(getattr(value, field.name)) for field in fields))
    match value:
        case dict():
            return frozenset((key, _frozen(item)) for key, item in value.items())
        case list() | tuple():
            return (type(value), tuple(map(_frozen, value)))
        case float() if math.isnan(value):
            return (float, "nan")
        case _:
            stand_in: Hashable = value
            return stand_in
