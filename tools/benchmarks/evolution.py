"""What evolution costs: compiling a plan, decoding older data, and checking a long history."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import attrs

from benchmarks.measure import Ratio, in_turn
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table
from streamcontract import Codec, Schema, check_level, parse_schema

__all__ = ["tables"]


def tables(rounds: int) -> list[Table]:
    """One table."""
    history = _check_history(fields=500, versions=1_000)
    rows = [
        *[
            (
                f"resolve and compile, {shape.name}",
                f"{_compile_seconds(shape, rounds) * 1e3:.1f} ms",
            )
            for shape in SHAPES
        ],
        *[
            (
                f"decode stock, writer {evolved.change}",
                f"{evolved.ratio} of same-schema decode",
            )
            for evolved in _evolved_decode(SHAPES[0], rounds)
        ],
        (
            f"FULL_TRANSITIVE, {history.fields} fields against {history.versions:,} versions",
            f"{history.seconds:.1f} s",
        ),
    ]
    return [Table("evolution", ("what", "cost"), tuple(rows))]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def _compile_seconds(shape: Shape, rounds: int) -> float:
    """Median seconds to resolve the schema with itself and compile encoder and decoder."""

    def compile_both() -> None:
        codec: Codec[Any] = Codec(type(shape.record))
        codec.encoder()
        codec.decoder()

    return in_turn({"compile": compile_both}, rounds)["compile"].median


@attrs.frozen
class _Evolved:
    """Decoding what another version wrote, against decoding what the same version wrote.

    Attributes:
        change: How the writer's version differs.
        ratio: How many times as long it takes.
    """

    change: str
    ratio: Ratio


Fields = list[dict[str, Any]]


def _reordered(fields: Fields) -> Fields:
    return fields[::-1]


def _with_fields_to_skip(fields: Fields) -> Fields:
    extra: Fields = [
        {"name": "exchange", "type": "string"},
        {"name": "trades", "type": "long"},
    ]
    return [extra[0], *fields, extra[1]]


def _promoted(fields: Fields) -> Fields:
    narrower = {"long": "int", "double": "float"}
    return [{**field, "type": _narrow(field["type"], narrower)} for field in fields]


def _narrow(kind: Any, narrower: dict[str, str]) -> Any:
    return narrower.get(kind, kind) if isinstance(kind, str) else kind


def _without_the_defaulted(fields: Fields) -> Fields:
    return [field for field in fields if "default" not in field]


_CHANGES: dict[str, Callable[[Fields], Fields]] = {
    "reordered": _reordered,
    "two fields to skip": _with_fields_to_skip,
    "promoted": _promoted,
    "defaulted": _without_the_defaulted,
}


def _evolved_decode(shape: Shape, rounds: int) -> list[_Evolved]:
    """Decode what each changed version of a flat record wrote."""
    codec: Codec[Any] = Codec(type(shape.record))
    same, data = codec.decoder(), codec.encode(shape.record)
    decoders: dict[str, Callable[[], object]] = {"same": lambda: same(data)}
    for change, make in _CHANGES.items():
        document = json.loads(shape.schema.json)
        document["fields"] = make(document["fields"])
        writer = parse_schema(document)
        old = Codec[Any](writer).encode(_value(writer, shape))
        decode = codec.decoder(writer)
        decoders[change] = lambda decode=decode, old=old: decode(old)  # type: ignore[misc]
    timings = in_turn(decoders, rounds)
    return [_Evolved(change, timings[change].over(timings["same"])) for change in _CHANGES]


def _value(writer: Schema, shape: Shape) -> dict[str, Any]:
    known = {**shape.to_dict(shape.record), "exchange": "XNAS", "trades": 12_345}
    return {field["name"]: known[field["name"]] for field in json.loads(writer.json)["fields"]}


@attrs.frozen
class _History:
    """Checking one candidate against many versions.

    Attributes:
        fields: Fields of the candidate.
        versions: Earlier versions it was held against, each way.
        seconds: What the check took, schemas parsed already.
    """

    fields: int
    versions: int
    seconds: float


def _check_history(fields: int, versions: int) -> _History:
    """Hold a wide record against a history in which every version added a field with a default."""
    most = [{"name": f"f{i}", "type": ["null", "long"], "default": None} for i in range(fields)]

    def version(width: int) -> Schema:
        return parse_schema({"type": "record", "name": "Wide", "fields": most[:width]})

    first = fields // 2
    history = [version(first + i % (fields - first)) for i in range(versions)]
    candidate = version(fields)
    start = time.perf_counter()
    findings = check_level("FULL_TRANSITIVE", candidate=candidate, history=history)
    seconds = time.perf_counter() - start
    if findings:
        raise AssertionError(f"adding fields with defaults keeps FULL_TRANSITIVE: {findings[0]}")
    return _History(fields, versions, seconds)
