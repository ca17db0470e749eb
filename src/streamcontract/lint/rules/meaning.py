"""Rules about types that are less precise than the meaning of the field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.lint.units import UNIT_WORDS, said_unit, timestamps_of, unit_in_name
from streamcontract.lint.words import vocabulary, words
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.schema.model import Field, FixedType, PrimitiveType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.lint.document import Document

__all__ = ["RULES"]

_INSTANTS: Final = vocabulary(
    "at time timestamp timestamps datetime ts date dates created updated modified"
)
_SPANS: Final = vocabulary(
    "cpu delivery duration elapsed execution idle latency lead load processing remaining response"
    " run service total travel wait waiting"
)

_MONEY: Final = vocabulary(
    "amount balance commission cost costs discount fee fees income money payment premium price"
    " prices revenue salary subtotal tax turnover vat wage wages"
)
_CURRENCIES: Final = vocabulary("cents chf dollar dollars eur euro euros gbp jpy usd yen")
_RATIOS: Final = vocabulary(
    "change factor fraction index pct percent percentage probability rate ratio score share weight"
)
_PROSE: Final = re.compile(r"[A-Za-z]+")
_ON_NAMES: Final = "A guess from names: switch it off where it is wrong. "


def _plain_fields(document: Document, *names: str) -> Iterator[tuple[str, Field, PrimitiveType]]:
    """The uses of one of these types without a logical type in a field, in unions or arrays too."""
    for place in document.types:
        node, field = place.node, place.field
        if field is None or not isinstance(node, PrimitiveType):
            continue
        if node.name in names and node.logical is None:
            yield place.pointer, field, node


def _timestamp_without_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, field, node in _plain_fields(document, "int", "long"):
        advice = _as_instant(field, node) if _names_an_instant(field.name) else None
        if advice is not None:
            message = (
                f"{field.name} looks like a point in time but is a plain {node.name}: {advice}"
            )
            yield Remark(pointer, message)


def _as_instant(field: Field, node: PrimitiveType) -> str | None:
    """The advice for a point in time; None if its unit is given and Avro has no type for it."""
    fitting, unit = timestamps_of(node.name), said_unit(field)
    if unit is not None:
        row = fitting.get(unit)
        if row is None:
            return None
        return f"its name or doc has the unit {unit}; make it {row.written()}"
    if node.name == "int" and words(field.name)[-1] in {"date", "dates"}:
        date = LOGICAL_TYPES["date"].written()
        return (
            f"if it counts the days since 1970-01-01, make it {date}; if not, switch this rule off"
            " for it"
        )
    unsaid = "its unit is not given"
    if not fitting:
        return f"{unsaid}; add it to the name or the doc"
    names = " or ".join(row.name for row in fitting.values())
    return f"{unsaid}; give it the logical type of the unit that it is written in: {names}"


def _names_an_instant(name: str) -> bool:
    parts = words(name)
    while parts and parts[-1] in UNIT_WORDS:
        parts.pop()
    return bool(parts) and parts[-1] in _INSTANTS and _SPANS.isdisjoint(parts)


def _unit_contradicts_name(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        node, field = place.node, place.field
        if not isinstance(node, PrimitiveType) or node.logical is None or field is None:
            continue
        said = unit_in_name(field.name)
        unit = LOGICAL_TYPES[node.logical.name].unit
        if said is not None and unit is not None and said != unit.name:
            message = (
                f"the name {field.name} means {said}, its type {node.logical.name}; look at the"
                f" values: if they are {said}, correct the type, if not, the name"
            )
            yield Remark(place.pointer, message)


def _float_for_money(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, field, node in _plain_fields(document, "float", "double"):
        if _means_money(field):
            message = (
                f"{field.name} looks like money but is a {node.name}, which cannot hold 0.1; use"
                f" {LOGICAL_TYPES['decimal'].written()}, in a new field if data have this one"
            )
            yield Remark(pointer, message)


def _means_money(field: Field) -> bool:
    name = set(words(field.name))
    if not _RATIOS.isdisjoint(name):
        return False
    doc = {word.lower() for word in _PROSE.findall(field.doc or "")}
    return not (_MONEY | _CURRENCIES).isdisjoint(name) or not _CURRENCIES.isdisjoint(doc)


def _uuid_without_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, field, _node in _plain_fields(document, "string"):
        if not {"uuid", "guid"}.isdisjoint(words(field.name)):
            message = (
                f"{field.name} looks like a UUID but is a plain string, which any text fits; if"
                f" all data have UUIDs there, make it {LOGICAL_TYPES['uuid'].written()}"
            )
            yield Remark(pointer, message)


def _decimal_without_scale(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        node = place.node
        if place.is_definition and isinstance(node, PrimitiveType | FixedType):
            is_decimal = node.logical is not None and node.logical.name == "decimal"
            if is_decimal and "scale" not in document.written(place.pointer):
                message = (
                    "the decimal has no scale, which means 0: whole numbers only; write"
                    ' "scale": 0 if that is meant, or, while no data have it, the scale that is'
                )
                yield Remark(place.pointer, message)


RULES: Final = (
    Rule(
        id="timestamp-without-logical-type",
        tier="basic",
        severity="warning",
        summary="Points in time have a logical type.",
        rationale=(
            _ON_NAMES + "An int or long whose name ends in at, time, timestamp, ts or date, or is"
            " created, updated or modified, is most often a point in time (names with words like"
            " duration, elapsed or response are left alone). Without a logical type"
            " milliseconds are read as seconds, and no language reads it as its own type for time."
            " The suggested type has the unit in the name or the doc; a unit for which Avro has no"
            " type, such as seconds, is left alone if it is given. Adding the logical type later"
            " does not change the bytes, but it changes the values that readers get."
        ),
        source='Avro 1.12, "Logical Types", date and timestamps',
        check=_timestamp_without_logical_type,
    ),
    Rule(
        id="unit-contradicts-name",
        tier="minimal",
        severity="error",
        summary="The unit in a name is the unit of the type.",
        rationale=(
            "created_ms with timestamp-micros: a reader that trusts the name is wrong by a factor"
            " of a thousand. The logical type carries the unit; a name does not need to."
        ),
        check=_unit_contradicts_name,
    ),
    Rule(
        id="float-for-money",
        tier="basic",
        severity="warning",
        summary="Amounts of money are decimals.",
        rationale=(
            _ON_NAMES + "A float or double whose name suggests prices, costs, fees, amounts,"
            " taxes and the like, or whose doc names a currency, is most often money (names with"
            " words like rate, ratio or percent are left alone). Binary fractions cannot hold"
            " 0.1, and sums drift. The decimal logical type is exact. If values are only"
            " estimated or charted, doubles are fine: switch it off and give the reason."
        ),
        source='Avro 1.12, "Logical Types", decimal',
        check=_float_for_money,
    ),
    Rule(
        id="uuid-without-logical-type",
        tier="basic",
        severity="warning",
        summary="UUIDs have a logical type.",
        rationale=(
            _ON_NAMES + "A plain string whose name has the word uuid or guid takes any text; with"
            " the logical type, the producer refuses a wrong one."
        ),
        source='Avro 1.12, "Logical Types", uuid',
        check=_uuid_without_logical_type,
    ),
    Rule(
        id="decimal-without-scale",
        tier="basic",
        severity="warning",
        summary="A decimal has an explicit scale.",
        rationale=(
            "A scale that is left out is 0, so the decimal holds whole numbers only. That is"
            " seldom meant, and the scale cannot be changed later: it is not written with the"
            " data, and schemas with different scales do not resolve."
        ),
        source='Avro 1.12, "Logical Types", decimal, and "Schema Resolution"',
        check=_decimal_without_scale,
    ),
)
