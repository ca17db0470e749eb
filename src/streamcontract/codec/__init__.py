"""Encoding and decoding of values in Avro's binary encoding, and the contracts of classes."""

from streamcontract.codec.codec import Codec
from streamcontract.codec.contract import Contract
from streamcontract.codec.limits import Limits
from streamcontract.codec.shared_types import shared_type
from streamcontract.schema.logical import Duration

__all__ = ["Codec", "Contract", "Duration", "Limits", "shared_type"]
