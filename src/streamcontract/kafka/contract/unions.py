"""Types of a client in its brackets, as in ``ContractConsumer[Trade | Quote]``."""

from __future__ import annotations

import functools
import types
from collections.abc import Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from streamcontract.kafka.message import Brackets, K, T

__all__ = ["K", "K_contra", "P", "Produces", "ReadsTopics", "ReadsUnions", "T"]

Classes: TypeAlias = Sequence[type[T]] | None
"""The classes of a topic with several types."""

_UNIONS: Final = (Union, types.UnionType)


class ReadsUnions(Brackets):
    """A generic class that has the members of the union in its subscript.

    In Python an instance gets its subscript only after ``__init__``. So a class with a union as
    subscript is a subclass of its own here, with the members as an attribute.

    Attributes:
        union: The members; None without a subscript, or without a union in it.

    Example:
        >>> from typing import Generic, TypeVar
        >>> T = TypeVar("T")
        >>> class Reader(ReadsUnions, Generic[T]):
        ...     pass
        >>> Reader[int | str]().union
        (<class 'int'>, <class 'str'>)
    """

    union: ClassVar[tuple[type[Any], ...] | None] = None

    def __class_getitem__(cls, item: Any) -> Any:
        """As in ``Generic``, except for a union without type variables."""
        alias: Any = super().__class_getitem__(item)
        (first, *others) = alias.__args__
        if others or alias.__parameters__ or get_origin(first) not in _UNIONS:
            return alias
        return _subclass(alias, get_args(first))

    def __repr__(self) -> str:
        topic = getattr(self, "topic", None)  # there is none if the configuration was refused
        of = "" if topic is None else f" of topic {topic!r}" if topic else " of several topics"
        return f"<{type(self).__name__}{of}>"


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    K_contra = TypeVarWithDefault("K_contra", default=Any, contravariant=True)
    P = TypeVarWithDefault("P", default=int)

    class Produces(ReadsUnions, Generic[T, K_contra]):
        """Generic over the types of values and of keys."""

    class ReadsTopics(ReadsUnions, Generic[T, K, P]):
        """Generic over the types of values, of keys, and of partitions' names.

        A partition is identified by its number, and by topic and number if there are several
        topics.
        """

else:
    K_contra, P = TypeVar("K_contra"), TypeVar("P")

    class ReadsTopics(ReadsUnions, Generic[T]):
        """The same at run time."""

    Produces = ReadsTopics


@functools.cache
def _subclass(alias: Any, members: tuple[type[Any], ...]) -> type[Any]:
    return types.new_class(repr(alias), (alias,), {}, lambda body: body.update(union=members))
