"""Verdicts: checks of wide records, and of long histories."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import avro.schema
import fastavro
from avro.compatibility import ReaderWriterCompatibilityChecker

from benchmarks.growth.curves import OURS, Curve, Work
from benchmarks.growth.schemas import record
from streamcontract import Schema, check_level, parse_schema
from streamcontract.compatibility import find_incompatibilities

__all__ = ["CURVES"]

_by_avro: Any = ReaderWriterCompatibilityChecker

_TYPES: Final = (
    ("long", 0),
    ("double", 0.0),
    (["null", "string"], None),
    ({"type": "long", "logicalType": "timestamp-millis"}, 0),
)


def _version(size: int, suffix: str, *, defaults: bool) -> Schema:
    fields: list[dict[str, Any]] = [{"name": "id", "type": "long"}]
    for index in range(size):
        kind, default = _TYPES[index % len(_TYPES)]
        field = {"name": f"field_{index}{suffix}", "type": kind}
        fields.append({**field, "default": default} if defaults else field)
    return record(fields)


@contextmanager
def _renamed(size: int, *, defaults: bool) -> Iterator[Work]:
    """A check in which every field but one has another name, with every counterexample."""
    writer, reader = (_version(size, suffix, defaults=defaults) for suffix in ("", "_x"))

    def check() -> None:
        for finding in find_incompatibilities(reader=reader, writer=writer, drift=True):
            finding.counterexample  # noqa: B018 - worked out when it is asked for

    yield check


@contextmanager
def _renamed_by_avro(size: int, *, defaults: bool) -> Iterator[Work]:
    """The same by Apache avro, which has no counterexamples."""
    writer, reader = (
        avro.schema.parse(_version(size, suffix, defaults=defaults).json) for suffix in ("", "_x")
    )
    yield lambda: _by_avro().get_compatibility(reader, writer)


def _texts(size: int) -> list[str]:
    """Versions of 500 fields, each of which has one that no other has."""
    most = [{"name": f"f{i}", "type": ["null", "long"], "default": None} for i in range(500)]
    documents = [
        {
            "type": "record",
            "name": "Wide",
            "fields": [*most[:-1], {**most[-1], "name": f"v{index}"}],
        }
        for index in range(size)
    ]
    return [json.dumps(document) for document in documents]


@contextmanager
def _versions(size: int) -> Iterator[Work]:
    """FULL_TRANSITIVE, from text."""
    texts = _texts(size)

    def check() -> None:
        *history, candidate = [parse_schema(text) for text in texts]
        check_level("FULL_TRANSITIVE", candidate=candidate, history=history)

    yield check


@contextmanager
def _versions_by_avro(size: int) -> Iterator[Work]:
    """The same by Apache avro: both directions, version by version."""
    texts = _texts(size)

    def check() -> None:
        *history, candidate = [avro.schema.parse(text) for text in texts]
        for version in history:
            _by_avro().get_compatibility(candidate, version)
            _by_avro().get_compatibility(version, candidate)

    yield check


@contextmanager
def _versions_parsed(size: int) -> Iterator[Work]:
    """Only parsed, by fastavro."""
    texts = _texts(size)
    yield lambda: [fastavro.parse_schema(json.loads(text)) for text in texts]


@contextmanager
def _again(size: int) -> Iterator[Work]:
    """FULL_TRANSITIVE against versions of which four each are the same, parsed before."""
    most = [{"name": f"f{i}", "type": ["null", "long"], "default": None} for i in range(500)]
    distinct = [record(most[: 250 + index]) for index in range(size // 4)]
    history, candidate = distinct * 4, record(most)
    yield functools.partial(check_level, "FULL_TRANSITIVE", candidate=candidate, history=history)


CURVES: Final = (
    *(
        Curve(
            f"check, renamed fields {'with' if defaults else 'without'} defaults",
            "fields",
            (100, 300, 500, 1_000),
            {
                OURS: functools.partial(_renamed, defaults=defaults),
                "Apache avro": functools.partial(_renamed_by_avro, defaults=defaults),
            },
        )
        for defaults in (False, True)
    ),
    Curve(
        "FULL_TRANSITIVE from text, all versions different",
        "versions of 500 fields",
        (10, 50, 250, 1_000),
        {
            OURS: _versions,
            "Apache avro": _versions_by_avro,
            "fastavro, parsing alone": _versions_parsed,
        },
    ),
    Curve(
        "FULL_TRANSITIVE, each version four times, parsed before",
        "versions of 500 fields",
        (250, 500, 1_000),
        {OURS: _again},
    ),
)
"""Every curve."""
