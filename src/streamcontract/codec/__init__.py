"""Encoding and decoding of values in Avro's binary encoding, and the contracts of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
    from streamcontract.codec.codec import Codec
    from streamcontract.codec.contract import Contract
    from streamcontract.codec.limits import Limits
    from streamcontract.codec.shared_types import shared_type
    from streamcontract.schema.logical import Duration

__all__ = ["Codec", "Contract", "Duration", "Limits", "shared_type"]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Codec": "codec.codec",
            "Contract": "codec.contract",
            "Duration": "schema.logical",
            "Limits": "codec.limits",
            "shared_type": "codec.shared_types",
        },
    )
