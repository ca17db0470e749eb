"""JSON of values: plain JSON, and the JSON encoding of the Avro specification."""

from streamcontract.json_codec.codec import JsonCodec

__all__ = ["JsonCodec"]
