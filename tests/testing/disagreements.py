"""What fastavro and Apache avro take though the Avro 1.12 specification forbids it, and why.

Each entry of :data:`SCHEMAS` names a rule of ``invalid_schemas``, whose clause says what is
forbidden, and who lets it pass, at least sometimes. Each of :data:`BYTES` does so for a corruption
of ``corrupt_payloads``. Whatever is not listed, both refuse.
"""

from __future__ import annotations

from typing import Final

SCHEMAS: Final = {
    ("ALIASES_NO_ARRAY", "avro"): "keeps the attribute as it stands",
    ("ALIASES_NO_ARRAY", "fastavro"): "goes through whatever is there, the letters of a string too",
    ("ALIAS_NO_STRING", "avro"): "keeps the attribute as it stands",
    ("ALIAS_NO_STRING", "fastavro"): "puts a namespace in front of it, where there is one",
    ("BRANCH_TWICE", "fastavro"): "compares no branches of unions",
    ("DEFAULT_OF_ANOTHER_TYPE", "avro"): "checks defaults of enums only",
    ("DEFAULT_OF_ANOTHER_TYPE", "fastavro"): "looks at an array's or a map's JSON type only",
    ("DOC_NO_STRING", "avro"): "keeps the attribute as it stands",
    ("DOC_NO_STRING", "fastavro"): "keeps the attribute as it stands",
    ("FIELDS_NO_ARRAY", "fastavro"): "goes through whatever is there, an object without keys too",
    ("FIELD_NAME_GRAMMAR", "avro"): "checks names of types only",
    ("FIELD_NAME_GRAMMAR", "fastavro"): "checks names of symbols only",
    ("FIELD_ORDER", "fastavro"): "keeps the attribute as it stands",
    ("FIELD_TWICE", "fastavro"): "keeps both fields, of which a dict has one",
    ("FIXED_SIZE", "fastavro"): "keeps the attribute as it stands",
    ("NAMESPACE_GRAMMAR", "fastavro"): "checks names of symbols only",
    ("NAME_GRAMMAR", "fastavro"): "checks names of symbols only",
    ("NAME_OF_A_PRIMITIVE", "avro"): "takes the namespace '' for none given, so inside another",
    ("NAME_OF_A_PRIMITIVE", "fastavro"): "defines a type of that name that nothing can refer to",
    ("RECORD_WITHOUT_FIELDS", "fastavro"): "takes it for a record without any",
    ("UNION_IN_UNION", "fastavro"): "takes the inner union for a branch",
}
"""Who parses a schema that breaks a rule."""

BYTES: Final = {
    "no boolean": "takes any byte but 1 for false",
    "int beyond 32 bits": "reads an int as a long, whatever its size",
    "negative block size": "does not look at a block's size",
    "block beyond the data": "does not look at a block's size",
    "no such symbol": "counts from the end of the symbols for an index below 0",
    "no such branch": "counts from the end of the branches for an index below 0",
}
"""What fastavro reads of bytes that no value has."""
