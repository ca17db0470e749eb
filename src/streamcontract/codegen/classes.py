"""Classes of records and enums, as lines of a generated module.

Annotations are not strings (there is no ``from __future__ import annotations``), so that tools find
types in ``attrs.fields(Stock)``. Only cycles of records need strings.

Records take keyword arguments only. A schema may gain a field anywhere, and change the order of
its fields, without breaking callers; positional arguments would then silently change meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.codegen.annotations import annotation_of, remark_on
from streamcontract.codegen.defaults import DefaultGenerator, branch_of
from streamcontract.codegen.layout import Group, lay_out, lay_out_field, lay_out_return
from streamcontract.codegen.names import attribute_names, class_names, member_names, module_name
from streamcontract.codegen.text import LINE_LENGTH, docstring, fill, sentence, string_literal
from streamcontract.codegen.vocabulary import Vocabulary
from streamcontract.errors import CodegenError
from streamcontract.schema.model import ArrayType, MapType, Missing, RecordType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamcontract.codegen.layout import Expression
    from streamcontract.codegen.vocabulary import Imported
    from streamcontract.schema.model import AvroType, EnumType, Field, JsonValue

__all__ = ["INDENT", "ClassGenerator", "kind_of", "remark_on_others"]

INDENT: Final = 4
"""The indentation of the body of a class."""

_MOST_OTHERS: Final = 3


def kind_of(node: AvroType) -> str:
    """The kind of a type, in a word."""
    return type(node).__name__.removesuffix("Type").lower()


def remark_on_others(full_name: str, others: Sequence[str]) -> list[str]:
    """Comments above a class whose name other contracts define differently.

    Args:
        full_name: The full name of its type.
        others: Those contracts.

    Example:
        >>> remark_on_others("shop.Address", ["order", "parcel"])
        ['# Another shop.Address than that of order, parcel, which define it in another way.']
    """
    if not others:
        return []
    more = len(others) - _MOST_OTHERS
    named = ", ".join(others[:_MOST_OTHERS]) + (f" and {more} more" if more > 0 else "")
    words = f"Another {full_name} than that of {named}, which define it in another way."
    return [f"# {line}" for line in fill(words, LINE_LENGTH - 2)]


@attrs.frozen
class _Default:
    """A default: the argument of ``attrs.field``, and the lines that it needs before the class."""

    argument: str
    expression: Expression
    above: list[str] = attrs.field(factory=list)


class ClassGenerator:
    """Generates the classes of one module; every method returns lines.

    Args:
        types: The types that the module has classes of, its own or imported, the most important
            one first.
        reserved: Names that the module uses itself.
        imported: The imports of classes of other modules, by full name.
        decorators: The decorators of a class of the module's own.
        origin: The file that defines a type, for messages.
        body: The lines of a record's class between its docstring and its fields.

    Attributes:
        classes: The class of each type, by full name.
        words: The vocabulary of the module, with its imports.
    """

    def __init__(
        self,
        types: Sequence[RecordType | EnumType],
        reserved: frozenset[str],
        *,
        imported: Mapping[str, Imported],
        decorators: Callable[[RecordType | EnumType], list[Group]],
        origin: Callable[[RecordType | EnumType], str],
        body: Callable[[RecordType], list[str]] = lambda _: [],
    ) -> None:
        self._decorators = decorators
        self._body = body
        self._origin = origin
        self._attributes = {
            node.full_name: _by_name([field.name for field in node.fields], attribute_names)
            for node in types
            if isinstance(node, RecordType)
        }
        self._members = {
            node.full_name: _by_name(node.symbols, member_names)
            for node in types
            if not isinstance(node, RecordType)
        }
        self.classes = class_names(types, reserved)
        self._own = [node.full_name for node in types if node.full_name not in imported]
        names = [name for each in self._own for name in self._attributes.get(each, {}).values()]
        self.words = Vocabulary(self.classes, frozenset(names), imported)
        self._defaults = DefaultGenerator(self.words, self._attributes, self._members)
        self._defined = set(imported)

    @property
    def identifiers(self) -> list[str]:
        """The names in the module that come from schemas."""
        tables = (self._attributes, self._members)
        inside = (table.get(each, {}).values() for each in self._own for table in tables)
        return [*self.classes.values(), *(name for names in inside for name in names)]

    def write(self, node: RecordType | EnumType) -> list[str]:
        """The class of a type, after the classes of its parts."""
        lines = self._record(node) if isinstance(node, RecordType) else self._enum(node)
        self._defined.add(node.full_name)
        return lines

    def _enum(self, node: EnumType) -> list[str]:
        closing = (
            f"A reader takes a symbol that it does not know as ``{node.default}``."
            if node.default is not None
            else None
        )
        bases = Group("(", (("", f"{self.words.support('enum')}.Enum"),), ")")
        return [
            *(line for each in self._decorators(node) for line in lay_out("@", each, indent=0)),
            *lay_out(f"class {self.classes[node.full_name]}", bases, indent=0, suffix=":"),
            *docstring(
                node.doc,
                otherwise=f"The Avro enum ``{node.full_name}``.",
                closing=closing,
                indent=INDENT,
            ),
            *([""] if node.symbols else []),
            *(
                f"{' ' * INDENT}{member} = {string_literal(symbol)}"
                for symbol, member in self._members[node.full_name].items()
            ),
            *self._alias(node.full_name),
        ]

    def _record(self, node: RecordType) -> list[str]:
        functions: list[str] = []
        fields: list[str] = []
        for field in node.fields:
            above, lines = self._field(node, field)
            functions += above
            fields += lines
        return [
            *functions,
            *(line for each in self._decorators(node) for line in lay_out("@", each, indent=0)),
            f"@{self.words.support('attrs')}.frozen(kw_only=True)",
            f"class {self.classes[node.full_name]}:",
            *docstring(
                node.doc,
                otherwise=f"The Avro record ``{node.full_name}``.",
                attributes=self._described(node),
                indent=INDENT,
            ),
            *self._body(node),
            *([""] if fields else []),
            *fields,
            *self._alias(node.full_name),
        ]

    def _described(self, node: RecordType) -> list[tuple[str, str]]:
        """The attributes with a description beyond their name and type."""
        described: list[tuple[str, str]] = []
        for field in node.fields:
            attribute = self._attributes[node.full_name][field.name]
            wire_name = f"The schema's ``{field.name}``." if attribute != field.name else ""
            words = [
                sentence(" ".join((field.doc or "").split())),
                remark_on(field.type),
                wire_name,
            ]
            if any(words):
                described.append((attribute, " ".join(filter(None, words))))
        return described

    def _field(self, node: RecordType, field: Field) -> tuple[list[str], list[str]]:
        """The lines of an attribute: those before its class, and those inside."""
        attribute = self._attributes[node.full_name][field.name]
        # Without the class itself, which does not exist before its body ends.
        annotation = annotation_of(field.type, self.words, frozenset(self._defined))
        arguments: list[tuple[str, Expression]] = []
        above: list[str] = []
        if not isinstance(field.default, Missing):
            where = f"{self._origin(node)}: {node.full_name}.{field.name}"
            name = f"{module_name(node.name)}_{attribute.strip('_').lower()}"
            default = self._default(field, field.default, name, where)
            arguments.append((default.argument, default.expression))
            above = default.above
        if attribute.startswith("_"):
            # attrs would strip the underscore from the argument of __init__.
            arguments.append(("alias=", string_literal(attribute)))
        call = Group(f"{self.words.support('attrs')}.field(", tuple(arguments), ")")
        return above, lay_out_field(attribute, annotation, call, indent=INDENT)

    def _default(self, field: Field, default: JsonValue, name: str, where: str) -> _Default:
        """The parts of a default in ``attrs.field``, and in the lines before the class."""
        expression = self._defaults.expression(field.type, default, where)
        branch = branch_of(field.type, default, where)
        if not isinstance(branch, (ArrayType, MapType, RecordType)):
            return _Default("default=", expression)
        # Each record gets a list, dict or record of its own.
        if not isinstance(expression, Group):
            raise CodegenError(f"{where}: the default is no {kind_of(branch)}")
        late = Group(f"lambda: {expression.start}", expression.items, expression.end)
        if isinstance(branch, RecordType):
            if expression.items or branch.full_name not in self._defined:
                return _Default("factory=", late)
            return _Default("factory=", self.words.type_class(branch.full_name))
        if not expression.items:
            kind = "list" if isinstance(branch, ArrayType) else "dict"
            return _Default("factory=", self.words.builtin(kind))
        if branch is field.type:
            return _Default("factory=", late)
        # A type checker cannot infer which alternative a lambda's empty list is.
        function = self.words.private(f"default_{name}")
        annotation = annotation_of(branch, self.words, frozenset(self._defined))
        lines = [
            *lay_out_return(f"def {function}() -> ", annotation),
            *lay_out(f"{' ' * INDENT}return ", expression, indent=INDENT),
        ]
        return _Default("factory=", function, [*lines, "", ""])

    def _alias(self, full_name: str) -> list[str]:
        alias = self.words.hidden_class_alias(full_name)
        if alias is None:
            return []
        # Two blank lines: this is at the top level, after the class.
        return ["", "", f"{alias} = {self.classes[full_name]}"]


def _by_name(names: Sequence[str], choose: Callable[[Sequence[str]], list[str]]) -> dict[str, str]:
    return dict(zip(names, choose(names), strict=True))
