"""Code that encodes and decodes numbers together where it can, and else one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamcontract.codec.emitter import Emitter
from streamcontract.codec.number_lists import FEWEST, list_decoder, list_encoder
from streamcontract.resolution import Action
from streamcontract.schema.model import AvroType

__all__ = ["decoded_together", "encoded_together"]


@contextmanager
def encoded_together(emitter: Emitter, node: AvroType | None, xs: str) -> Iterator[None]:
    """Encode the values of a list; what is written inside does so one by one.

    Args:
        emitter: What the code is written through.
        node: The type of the values; None where they have several.
        xs: The name of the list.
    """
    encoder = None if emitter.explain else list_encoder(node)
    if encoder is None:
        yield
        return
    source, many = emitter.source, emitter.source.fresh("m")
    encode = source.bind(encoder, "numbers")
    source.line(f"{many} = {encode}({xs}) if len({xs}) >= {FEWEST} else None")
    source.line(f"if {many} is not None: w({many})")
    with source.block("else:"):
        yield


@contextmanager
def decoded_together(
    emitter: Emitter, action: Action | None, count: str, xs: str
) -> Iterator[None]:
    """Decode values into a list; what is written inside does so one by one.

    Args:
        emitter: What the code is written through.
        action: How to read a value; None where they are read in several ways.
        count: How many there are, as an expression.
        xs: The name of the list.
    """
    decoder = None if emitter.explain else list_decoder(action)
    if decoder is None:
        yield
        return
    source, many = emitter.source, emitter.source.fresh("m")
    decode = source.bind(decoder, "numbers")
    source.line(f"{many} = {decode}(data, pos, end, {count}) if {count} >= {FEWEST} else None")
    with source.block(f"if {many} is not None:"):
        source.line(f"{xs} += {many}[0]")
        source.line(f"pos = {many}[1]")
    with source.block("else:"):
        yield
