"""JSON of values, as plain JSON or in the JSON encoding of the Avro specification."""

from streamcontract.json_codec.codec import JsonCodec

__all__ = ["JsonCodec"]
