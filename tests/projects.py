"""Projects of several contracts: their files, and their generated code in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamcontract.codegen import Modules, make_modules
from streamcontract.project import load_project
from streamcontract.testing.suite.in_memory import InMemoryPackage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SHOP_FILES", "code_of", "package_of", "put", "put_shop"]

SHOP = """\
schemas = ["common"]

[contracts.order]
schema = "orders/order.avsc"
topic = "{orders}"
key = "id"

[contracts.order_retry]
schema = "orders/order.avsc"
topic = "{retries}"
{retry_key}

[contracts.parcel]
schema = "shipping/parcel.avsc"
topic = "{parcels}"
"""
"""The project file of two teams' folders and a common one."""

SHOP_FILES: Mapping[str, Any] = {
    "common/address.avsc": {
        "type": "record",
        "name": "Address",
        "namespace": "shop.common",
        "doc": "Where somebody lives.",
        "fields": [
            {"name": "street", "type": "string"},
            {"name": "country", "type": "Country", "default": "CH"},
        ],
    },
    "common/country.avsc": {
        "type": "enum",
        "name": "Country",
        "namespace": "shop.common",
        "symbols": ["CH", "DE"],
    },
    "orders/order.avsc": {
        "type": "record",
        "name": "Order",
        "namespace": "shop",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "to", "type": "shop.common.Address"},
            {"name": "billed", "type": ["null", "shop.common.Address"], "default": None},
        ],
    },
    "shipping/parcel.avsc": {
        "type": "record",
        "name": "Parcel",
        "namespace": "shipping",
        "fields": [
            {"name": "to", "type": "shop.common.Address"},
            {
                "name": "weight",
                "type": {
                    "type": "record",
                    "name": "Weight",
                    "fields": [{"name": "grams", "type": "int"}],
                },
            },
        ],
    },
}
"""Its schemas: an order and a parcel have an address, and the order has a retry topic."""


def put(folder: Path, files: Mapping[str, Any]) -> Path:
    """Write files, what is no text as JSON; returns the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return folder


def put_shop(folder: Path, **facts: str) -> Path:
    """Write the shop's project; its topics and the key of its retry topic may be others."""
    given = {
        "orders": "orders",
        "retries": "orders-retry",
        "parcels": "parcels",
        "retry_key": 'key = "id"',
        **facts,
    }
    return put(folder, {"streamcontract.toml": SHOP.format(**given), **SHOP_FILES})


def code_of(folder: Path) -> Modules:
    """The modules of the project of a folder."""
    project = load_project(folder)
    return make_modules(project.contracts, project.root)


def package_of(folder: Path) -> InMemoryPackage:
    """The same, imported."""
    return InMemoryPackage(code_of(folder).require_all())
