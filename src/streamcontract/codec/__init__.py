"""Values to Avro's binary encoding and back; the contract that ties classes to a schema."""

from streamcontract.codec.codec import Codec
from streamcontract.codec.contract import Contract
from streamcontract.codec.duration import Duration
from streamcontract.codec.limits import Limits

__all__ = ["Codec", "Contract", "Duration", "Limits"]
