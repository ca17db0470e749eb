"""Keys of a contract: their Python types in generated code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.codegen.annotations import annotation_of
from streamcontract.codegen.layout import (
    Alternatives,
    Group,
    Subscript,
    flat_annotation,
    lay_out_field,
)
from streamcontract.codegen.sources import roots_of
from streamcontract.codegen.text import string_literal
from streamcontract.codegen.walk import in_order_of_use
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from streamcontract.codegen.layout import Annotation
    from streamcontract.codegen.sources import ModuleSource
    from streamcontract.codegen.vocabulary import Vocabulary

__all__ = ["contract_of_class", "key_annotations"]


def key_annotations(source: ModuleSource, words: Vocabulary) -> tuple[Annotation, Annotation]:
    """The types of the keys that a producer takes, and of those that a consumer returns.

    A producer's key may be left out if its type includes None. In a message any key may be missing,
    whatever the contract, because other clients write to the topic too. The annotations are for
    places where all classes are defined.

    Args:
        source: The contract.
        words: The vocabulary of the module.
    """
    defined = frozenset(node.full_name for node in in_order_of_use(*roots_of(source)))
    if source.key_schema is not None:
        key = annotation_of(source.key_schema.root, words, defined)
        return key, _or_none(key)
    root = source.schema.root
    for field in root.fields if isinstance(root, RecordType) else ():
        if field.name == source.key:
            derived = _or_none(annotation_of(field.type, words, defined))
            return derived, derived
    raw = words.builtin("bytes")
    return Alternatives((words.builtin("str"), raw, "None")), Alternatives((raw, "None"))


def contract_of_class(
    own: str, keys: tuple[Annotation, Annotation], words: Vocabulary, *, indent: int
) -> list[str]:
    """The declaration of the key types of clients with ``record=``, for type checkers.

    Args:
        own: The class.
        keys: The result of :func:`key_annotations`.
        words: The vocabulary of the module.
        indent: The indentation of the body of the class.
    """
    contract = Subscript(words.support("Contract"), (own, *keys))
    annotation = Subscript(words.support("ClassVar"), (contract,))
    # A text, since the class does not exist before its body ends.
    text = string_literal(flat_annotation(annotation))
    lines = lay_out_field("__contract__", text, Group("", (), ""), indent=2 * indent)
    return ["", f"{' ' * indent}if {words.support('TYPE_CHECKING')}:", *lines]


def _or_none(key: Annotation) -> Annotation:
    members = key.members if isinstance(key, Alternatives) else (key,)
    return key if "None" in members else Alternatives((*members, "None"))
