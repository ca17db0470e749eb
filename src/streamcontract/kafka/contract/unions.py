"""``ContractConsumer[Trade | Quote]``: the types of a client, said once, in the brackets."""

from __future__ import annotations

import functools
import types
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from streamcontract.kafka.message import Brackets, K, T

__all__ = ["K", "K_contra", "P", "Produces", "ReadsTopics", "ReadsUnions", "T"]

_UNIONS: Final = (Union, types.UnionType)


class ReadsUnions(Brackets):
    """A generic class that knows the members of the union it is subscripted with.

    Python forgets them: an instance learns of its brackets only when ``__init__`` is over. So a
    class subscripted with a union is a subclass of its own here, that has them as an attribute.

    Attributes:
        union: The members; None where there are no brackets, or no union is in them.

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
        """As ``Generic`` has it, but for a union without type variables."""
        alias: Any = super().__class_getitem__(item)
        (first, *others) = alias.__args__
        if others or alias.__parameters__ or get_origin(first) not in _UNIONS:
            return alias
        return _subclass(alias, get_args(first))


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    K_contra = TypeVarWithDefault("K_contra", default=Any, contravariant=True)
    P = TypeVarWithDefault("P", default=int)

    Classes: TypeAlias = Sequence[type[T]] | None

    class Produces(ReadsUnions, Generic[T, K_contra]):
        """Generic over the types of values and of keys."""

    class ReadsTopics(ReadsUnions, Generic[T, K, P]):
        """Generic over the types of values, of keys, and of partitions' names.

        A partition is called by its number, and by topic and number where there are several topics.
        """

else:
    K_contra, P = TypeVar("K_contra"), TypeVar("P")

    class ReadsTopics(ReadsUnions, Generic[T]):
        """The same at run time."""

    Produces = ReadsTopics


@functools.cache
def _subclass(alias: Any, members: tuple[type[Any], ...]) -> type[Any]:
    return types.new_class(repr(alias), (alias,), {}, lambda body: body.update(union=members))
