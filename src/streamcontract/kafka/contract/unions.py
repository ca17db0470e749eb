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

__all__ = ["ReadsTopics", "ReadsUnions"]

_UNIONS: Final = (Union, types.UnionType)


class ReadsUnions:
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
        alias: Any = super().__class_getitem__(item)  # type: ignore[misc] # it is Generic's
        if alias.__parameters__ or get_origin(item) not in _UNIONS:
            return alias
        return _subclass(alias, get_args(item))


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    T = TypeVar("T")
    P = TypeVarWithDefault("P", default=int)
    K = TypeVarWithDefault("K", default=Any)

    class ReadsTopics(ReadsUnions, Generic[T, P, K]):
        """Generic over the types of values, of partitions' names, and of keys.

        A partition is called by its number, and by topic and number where there are several topics.
        """

else:
    T = TypeVar("T")
    P = TypeVar("P")
    K = TypeVar("K")

    class ReadsTopics(ReadsUnions, Generic[T]):
        """The same at run time, where brackets may name the others too."""

        def __class_getitem__(cls, item):
            return super().__class_getitem__(item[0] if isinstance(item, tuple) else item)


@functools.cache
def _subclass(alias: Any, members: tuple[type[Any], ...]) -> type[Any]:
    return types.new_class(repr(alias), (alias,), {}, lambda body: body.update(union=members))
