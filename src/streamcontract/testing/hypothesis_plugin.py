"""Hypothesis plugin, which registers record classes for ``st.from_type`` and ``st.builds``.

Hypothesis calls :func:`register` through its entry point ("Write a plugin", Hypothesis
documentation), in every process that imports it with streamcontract installed. So nothing is
imported, parsed or built here before the first record is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from streamcontract._bound_classes import watch

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["register"]


def register() -> None:
    """Register each record class with Hypothesis, those bound so far and all later ones."""
    watch(_register)


def _register(cls: type) -> None:
    """Register the strategies of a record class, and of each of its fields.

    ``st.from_type`` looks classes up in a table. ``st.builds`` uses the types of attrs' attributes
    instead, and draws from the strategy of an ``Annotated`` type. The class's own annotations,
    which type checkers and ``get_type_hints`` use, do not change.
    """
    import attrs  # noqa: PLC0415 - a bound class exists, so attrs was imported already
    from hypothesis import strategies as st  # noqa: PLC0415 - the caller is importing it

    def of_class(thing: type) -> Any:
        # Hypothesis looks up base classes and protocols too, such as Hashable.
        return _records(cls) if thing is cls else NotImplemented

    st.register_type_strategy(cls, of_class)
    if not attrs.has(cls):
        return  # using the class raises its error; importing its module must not
    fields = attrs.fields(cls)
    annotated = (
        field.evolve(type=Annotated[field.type, _field(cls, i)]) for i, field in enumerate(fields)
    )
    cls.__attrs_attrs__ = type(fields)(annotated)


def _records(cls: type) -> SearchStrategy[Any]:
    from streamcontract.testing.strategies import records  # noqa: PLC0415 - not before it is needed

    return records(cls)


def _field(cls: type, index: int) -> SearchStrategy[Any]:
    from hypothesis import strategies as st  # noqa: PLC0415 - as above

    def values() -> SearchStrategy[Any]:
        from streamcontract.testing.strategies.values import field_values  # noqa: PLC0415 - ditto

        return field_values(cls, index)

    return st.deferred(values)
