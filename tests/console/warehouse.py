"""A warehouse: contracts that strain pages, with long names, shared types, and one invalid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HIDDEN", "write_warehouse"]

HIDDEN = "in cents\u202eor so"
"""A documentation with a control that changes the direction of text."""

_NAMESPACE = "com.example.shared.types.of.the.whole.company"
_ADDRESS: Any = {
    "type": "record",
    "name": "Address",
    "namespace": _NAMESPACE,
    "doc": "Where a parcel goes.",
    "fields": [
        {"name": "street", "type": "string", "doc": "Street and number."},
        {
            "name": "country",
            "type": {
                "type": "enum",
                "name": "CountryCode",
                "symbols": [f"{first}{second}" for first in "ABCDE" for second in "RSTUVWXYZ"],
            },
        },
    ],
}


def _nested(depth: int = 1) -> Any:
    inner = _nested(depth + 1) if depth < 6 else "int"
    fields = [{"name": f"compartment_{depth}", "type": inner, "doc": "One deeper. " * 8}]
    return {"type": "record", "name": f"Shelf{depth}", "fields": fields}


def _record(name: str, *fields: Any, **others: Any) -> Any:
    return {"type": "record", "name": name, "namespace": "com.example", "fields": fields, **others}


_BY_CARD = _record("Card", {"name": "number", "type": "string", "doc": "Without spaces."})
_BY_BANK = _record("Account", {"name": "number", "type": "string", "doc": "Its IBAN."})
_PARCEL = _record(
    "Parcel",
    {"name": "parcel_id", "type": "string"},
    {"name": "to", "type": f"{_NAMESPACE}.Address"},
    {"name": "returns_to", "type": ["null", f"{_NAMESPACE}.Address"], "default": None},
    {"name": "paid_by", "type": ["null", _BY_CARD, _BY_BANK], "default": None},
    {"name": "stored_in", "type": _nested()},
    {"name": "price", "type": "long", "doc": HIDDEN, "default": 0},
    {
        "name": "a_field_whose_name_is_long_enough",
        "type": {"type": "map", "values": {"type": "array", "items": "string"}},
        "default": {"refrigerated": ["from", "to"]},
        "doc": "A_word_of_many_characters",
    },
    doc="A parcel, from the order to the door. " * 6,
)
_SCHEMAS: Mapping[str, Any] = {
    "shared/address.avsc": _ADDRESS,
    "parcel.avsc": _PARCEL,
    "parcel_key.avsc": _record("ParcelKey", {"name": "parcel_id", "type": "string"}),
    "ping.avsc": _record("Ping"),
    "label.avsc": _record("Label", {"name": "to", "type": f"{_NAMESPACE}.Address"}),
    "text.avsc": "string",
}
_PROJECT = """\
output = "contracts"
schemas = ["schemas/shared"]

[contracts.parcel]
schema = "schemas/parcel.avsc"
key_schema = "schemas/parcel_key.avsc"
topic = "parcels-of-all-warehouses.of-the-whole-company.v1.compacted"

[contracts.ping]
schema = "schemas/ping.avsc"

[contracts.label_of_parcel]
schema = "schemas/label.avsc"

[contracts.text]
schema = "schemas/text.avsc"

[contracts.invalid]
schema = "schemas/invalid.avsc"
"""


def write_warehouse(folder: Path) -> Path:
    """Write the project file and the schemas; the project file."""
    schemas = folder / "schemas"
    (schemas / "shared").mkdir(parents=True)
    for name, schema in _SCHEMAS.items():
        (schemas / name).write_text(json.dumps(schema, indent=2), "utf-8")
    (schemas / "invalid.avsc").write_text('{"type": "recrd"}', "utf-8")
    file = folder / "streamcontract.toml"
    file.write_text(_PROJECT, "utf-8")
    return file
