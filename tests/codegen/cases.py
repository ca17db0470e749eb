"""Schemas that a code generator can get wrong, each for a reason of its own."""

from __future__ import annotations

from typing import Any, Final


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record schema."""
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    """A field of one."""
    return {"name": name, "type": kind, **more}


def logical(base: Any, name: str, **more: Any) -> dict[str, Any]:
    """A type with a logical type."""
    return {**({"type": base} if isinstance(base, str) else base), "logicalType": name, **more}


_ANY_ADDRESS: Final = ".".join("0000")  # spelt out, it would be a finding here too
_BUILTINS: Final = ("str", "int", "float", "bool", "bytes", "list", "dict", "builtins")
_MODULES: Final = ("attrs", "dt", "datetime", "decimal", "uuid", "enum", "Duration", "Contract")
_DURATION: Final = logical({"type": "fixed", "name": "Span", "size": 12}, "duration")

EVERY_TYPE: Final = record(
    "Every",
    field("nothing", "null"),
    field("flag", "boolean"),
    field("small", "int"),
    field("big", "long"),
    field("single", "float"),
    field("double", "double"),
    field("data", "bytes"),
    field("text", "string"),
    field("hash", {"type": "fixed", "name": "Hash", "size": 4}),
    field("items", {"type": "array", "items": "int"}),
    field("counts", {"type": "map", "values": "long"}),
    field("maybe", ["null", "string"]),
    field("either", ["int", "null", "string", "long"]),
    field("amount", logical("bytes", "decimal", precision=9, scale=2)),
    field("exact", logical("bytes", "big-decimal")),
    field("id", logical("string", "uuid")),
    field("day", logical("int", "date")),
    field("clock", logical("int", "time-millis")),
    field("fine_clock", logical("long", "time-micros")),
    field("at", logical("long", "timestamp-millis")),
    field("fine_at", logical("long", "timestamp-micros")),
    field("nano_at", logical("long", "timestamp-nanos")),
    field("local_at", logical("long", "local-timestamp-micros")),
    field("span", _DURATION),
    field("side", {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}),
)

DEFAULTS: Final = record(
    "Defaults",
    field("nothing", "null", default=None),
    field("no", "boolean", default=False),
    field("zero", "int", default=0),
    field("whole", "double", default=1),
    field("huge", "double", default=1e300),
    field("blank", "string", default=""),
    field("quoted", "string", default="\"'\\\n\u2028"),
    field("raw", "bytes", default="\u0000\u00ff"),
    field("hash", {"type": "fixed", "name": "Hash", "size": 2}, default="\u00fe\u0001"),
    field("side", {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}, default="SELL"),
    field("maybe", ["null", "int"], default=None),
    field("zero_or_null", ["int", "null"], default=0),
    field("tags", {"type": "array", "items": "string"}, default=[]),
    field("names", {"type": "array", "items": "string"}, default=["a", "b"]),
    field("counts", {"type": "map", "values": "int"}, default={}),
    field("limits", {"type": "map", "values": ["int", "string"]}, default={"a": 1, "b": "x"}),
    field(
        "nested",
        [{"type": "array", "items": {"type": "array", "items": "int"}}, "null"],
        default=[[]],
    ),
    field(
        "point", record("Point", field("x", "int", default=7), field("y", "int")), default={"y": 2}
    ),
    field("unit", record("Unit"), default={}),
    field("amount", logical("bytes", "decimal", precision=4, scale=2), default="\u0001\u00f4"),
    field("id", logical("string", "uuid"), default="12345678-1234-5678-1234-567812345678"),
    field("day", logical("int", "date"), default=18262),
    field("clock", logical("int", "time-millis"), default=1),
    field("at", logical("long", "timestamp-micros"), default=1),
    field("local_at", logical("long", "local-timestamp-millis"), default=-1),
    field("nano_at", logical("long", "timestamp-nanos"), default=1),
    field("span", _DURATION, default="\u0001" + "\u0000" * 11),
)


def _items(kind: Any) -> dict[str, Any]:
    return {"type": "array", "items": kind}


def _values(kind: Any) -> dict[str, Any]:
    return {"type": "map", "values": kind}


def _enum(name: str, *symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols)}


_NEVER: Final[list[Any]] = []
"""A union without branches."""

DEGENERATE: Final[dict[str, Any]] = {
    "empty_containers": record(
        "A",
        field("a", _items(_NEVER), default=[]),
        field("b", _values(_NEVER), default={}),
        field("c", ["null", _items(_NEVER)], default=None),
        field("d", [_items(_NEVER), "null"], default=[]),
        field("e", _items(_items(_values(_items(_NEVER)))), default=[[{"a": []}]]),
        field("f", ["null", _enum("E")], default=None),
        field("g", _items("E"), default=[]),
        field("i", ["E", "string", "null"]),
        field("h", ["null", record("Never", field("u", _NEVER))], default=None),
    ),
    "one_branch": record(
        "A",
        field("a", ["int"]),
        field("b", ["null"]),
        field("c", ["null"], default=None),
        field("d", _items(["null"]), default=[None]),
        field("e", _values("null"), default={"a": None}),
        field("f", _items(["null", _items(["null", _values(["null", "int"])])])),
    ),
    "no_fields": record(
        "A",
        field("a", record("B")),
        field("b", record("C"), default={}),
        field("c", _items("B"), default=[{}]),
        field("d", ["null", "B"], default=None),
    ),
    "no_bytes": record(
        "A",
        field("a", {"type": "fixed", "name": "Nothing", "size": 0}),
        field("b", "Nothing", default=""),
        field("c", ["Nothing", "null"], default=""),
        field("d", logical({"type": "fixed", "name": "None", "size": 0}, "decimal", precision=1)),
    ),
    "huge_enum": record("A", field("a", _enum("E", *(f"S{index}" for index in range(2000))))),
    "many_fields": record("A", *(field(f"f{index}", "int", default=index) for index in range(300))),
    "one_python_type": record(
        "A",
        field("a", ["int", "long"]),
        field("b", ["bytes", {"type": "fixed", "name": "F", "size": 1}]),
        field("c", _items(["string", {"type": "map", "values": "string"}])),
    ),
    "leads_back": record(
        "A",
        field("a", ["null", "A"], default=None),
        field("b", _items("A"), default=[]),
        field("c", record("B", field("x", ["null", "A"], default=None)), default={}),
    ),
    "names_of_never": record(
        "NoReturn",
        field("NoReturn", _items(_NEVER), default=[]),
        field("Never", _items(_NEVER)),
        field("Final", "string"),
    ),
}
"""Schemas at the edge of what Avro allows, which have values."""

WITHOUT_VALUES: Final[dict[str, Any]] = {
    "union": record("A", field("a", _NEVER), field("b", "int")),
    "enum": record("A", field("a", _enum("E"))),
    "record": record("A", field("a", record("B", field("u", _NEVER)))),
    "cycle": record("A", field("a", record("B", field("a", "A")))),
    "itself": record("A", field("a", "A")),
}
"""Schemas that Avro allows, and that no value fits."""

CASES: Final[dict[str, Any]] = {
    **DEGENERATE,
    **{f"without_values_{name}": schema for name, schema in WITHOUT_VALUES.items()},
    "every_type": EVERY_TYPE,
    "defaults": DEFAULTS,
    "empty": record("Empty"),
    "keywords": record(
        "Keywords",
        *(field(name, "int") for name in ("class", "class_", "None", "def", "match", "type")),
    ),
    "underscores": record(
        "Underscores",
        *(field(name, "int", default=0) for name in ("_", "__", "_x", "__x", "x", "_x_", "__x__")),
    ),
    "attrs_own": record(
        "AttrsOwn",
        *(
            field(name, "int")
            for name in (
                "self",
                "NOTHING",
                "attr_dict",
                "_setattr",
                "_cached_setattr_get",
                "_config",
                "__init__",
                "__class__",
                "__slots__",
                "__attrs_attrs__",
                "__contract__",
                "__eq__",
                "__hash__",
                "__weakref__",
                "__dict__",
                "__doc__",
                "__module__",
            )
        ),
    ),
    "hidden_builtins": record(
        "HiddenBuiltins",
        *(field(name, "string", default="") for name in (*_BUILTINS, *_MODULES)),
        *(
            field(f"a_{index}", kind)
            for index, kind in enumerate(
                [
                    "string",
                    "int",
                    "float",
                    "boolean",
                    "bytes",
                    {"type": "array", "items": {"type": "map", "values": "string"}},
                    logical("int", "date"),
                    logical("string", "uuid"),
                    logical("bytes", "decimal", precision=3),
                    _DURATION,
                ]
            )
        ),
        field("b", {"type": "array", "items": "string"}, default=[]),
        field("c", logical("int", "date"), default=0),
    ),
    "one_hidden_builtin": record("R", field("int", "int"), field("other", "int")),
    "one_hidden_import": record("R", field("Contract", _DURATION)),
    "hidden_classes": record(
        "Order",
        field("Customer", record("Customer", field("Order", ["null", "Order"], default=None))),
        field("Side", {"type": "enum", "name": "Side", "symbols": ["A"]}, default="A"),
        field("Again", ["null", "Customer"], default=None),
    ),
    "symbols": record(
        "Symbols",
        field(
            "odd",
            {
                "type": "enum",
                "name": "Odd",
                "doc": "Every one of them is legal.",
                "symbols": [
                    "None",
                    "mro",
                    "name",
                    "value",
                    "_x_",
                    "__init__",
                    "class",
                    "x_",
                    "_",
                    "__",
                    "_1",
                    "x",
                    "_generate_next_value_",
                    "__members__",
                    "_missing_",
                    "_ignore_",
                ],
                "default": "mro",
            },
        ),
    ),
    "same_names": record(
        "Item",
        field("b", record("Item", namespace="b")),
        field("c", record("Item", namespace="b.c")),
        field("d", record("item", namespace="d")),
        field("e", record("Contract", field("x", "int"))),
        field("f", record("ItemProducer", namespace="f")),
        field("g", {"type": "enum", "name": "order_line", "symbols": ["CONTRACT"]}),
        field("h", record("_", namespace="h")),
        field("i", record("ValueError", namespace="h")),
        field("j", record("O", field("l", "int"), field("I", "int"), namespace="h")),
    ),
    "top_contract": record("Contract", field("contract", ["null", "Contract"], default=None)),
    "recursive": record(
        "Tree",
        field("value", "int"),
        field("children", {"type": "array", "items": "Tree"}, default=[]),
        field("parent", ["null", "Tree"], default=None),
        field(
            "other",
            record(
                "Other",
                field("tree", ["null", "Tree"], default=None),
                field("others", {"type": "map", "values": "Other"}),
            ),
        ),
    ),
    "late_default": record(
        "A",
        field("b", ["null", record("B", field("a", ["null", "A"], default=None))], default=None),
        field(
            "c",
            record(
                "C",
                field(
                    "many",
                    [{"type": "array", "items": "A"}, "null"],
                    default=[{"b": None, "c": {"many": None}}],
                ),
            ),
        ),
    ),
    "long": record(
        "Long" + "g" * 60,
        field("n" * 90, "string", default="v" * 90),
        field(
            "union",
            ["null", *(record(f"{letter}{letter.lower() * 30}") for letter in "ABC")],
            default=None,
        ),
        field(
            "lists",
            {"type": "array", "items": ["A" + "a" * 30, "B" + "b" * 30, "string"]},
            default=["s" * 50, "t" * 60],
        ),
        namespace="a_rather_long_namespace.with_several_parts",
        doc="A first sentence. " + "And many more words. " * 12,
    ),
    "words": record(
        "Words",
        field(
            "password", "string", default="secret", doc="Type of password: 'x' or \"y\"\n\nArgs:"
        ),
        field("address", "string", default=_ANY_ADDRESS, doc="\\d+ at the end \\"),
        field("cyrillic", "string", default="\u0430\u0431\u0432", doc="\u0430\u0431\u0432 \u2019"),
        field("camelCase", "string", default="\u682a\u5f0f" * 30),
        doc="Args:\n  - one\n  - two\n\nReturns:\n\n\n    nothing\u2028\u202e\x00\f",
    ),
}
"""The schema of each case, by its name."""
