"""Plain classes: those whose instances may be filled attribute by attribute."""

from __future__ import annotations

from types import MemberDescriptorType

import attrs

__all__ = ["is_plain"]


def is_plain(cls: type) -> bool:
    """Whether a class only holds its attributes: making an instance only assigns them."""
    attributes = {attribute.name for attribute in attrs.fields(cls)}
    return (
        "__attrs_attrs__" in vars(cls)
        # ``__attrs_init__`` is there if the class has an ``__init__`` of its own.
        and not any(hasattr(cls, f"__attrs_{kind}init__") for kind in ("", "pre_", "post_"))
        and not any("__new__" in vars(base) for base in cls.__mro__ if base is not object)
        # Other slots are a hash that ``__init__`` prepares, or properties that are computed once.
        and attributes >= _slots(cls)
        and all(
            attribute.init
            and attribute.validator is None
            and attribute.converter is None
            and isinstance(getattr(cls, attribute.name, None), MemberDescriptorType)
            for attribute in attrs.fields(cls)
        )
    )


def _slots(cls: type) -> set[str]:
    """The names of the slots of a class and its bases."""
    return {
        name
        for base in cls.__mro__
        for name, member in vars(base).items()
        if isinstance(member, MemberDescriptorType)
    }
