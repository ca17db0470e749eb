"""The language of ``--where``: conditions on the fields of a value, typed against its schema.

    condition   = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation    = "not" negation | comparison
    comparison  = operand [("=" | "!=" | "<" | "<=" | ">" | ">=") operand] | "(" condition ")"
    operand     = path | number | text | "true" | "false" | "null"
    path        = name {"." name | "[" index "]" | "[" text "]"}

Text is in single or double quotes, and the quote itself is written twice in it. Keywords are lower
case. ``[0]`` is an item of an array, ``["colour"]`` and ``.colour`` the value of a key of a map.
A path whose value is not there (null, no such item or key) is null: it is equal to null alone,
and not less or greater than anything.
"""

from streamcontract.messages.where.errors import WhereError
from streamcontract.messages.where.parser import parse_where
from streamcontract.messages.where.typed import compile_where

__all__ = ["WhereError", "compile_where", "parse_where"]
