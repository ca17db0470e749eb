"""What Hypothesis runs when it is imported: ``st.from_type`` and ``st.builds`` know our records.

Hypothesis calls :func:`register` through its entry point ("Write a plugin", Hypothesis
documentation), in every process that imports it and has streamcontract installed. So nothing is
imported here, parsed or built before somebody asks for a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from streamcontract._bound_classes import watch

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["register"]


def register() -> None:
    """Have Hypothesis told of each record class, of those bound so far and of all later ones."""
    watch(_register)


def _register(cls: type) -> None:
    """Tell Hypothesis how to draw a record class, and each of its fields.

    ``st.from_type`` looks classes up in a table. ``st.builds`` does not: it goes by the types of
    attrs' attributes, and draws what an ``Annotated`` type names. That they are annotated is seen
    by nobody who goes by the class's own annotations, as type checkers and ``get_type_hints`` do.
    """
    import attrs  # noqa: PLC0415 - a bound class exists, so attrs was imported already
    from hypothesis import strategies as st  # noqa: PLC0415 - the caller is importing it

    def of_class(thing: type) -> Any:
        # Hypothesis asks for base classes and protocols too, such as Hashable.
        return _records(cls) if thing is cls else NotImplemented

    st.register_type_strategy(cls, of_class)
    if not attrs.has(cls):
        return  # using the class says what is wrong with it; importing its module shall not
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
