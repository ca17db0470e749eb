"""Batches of Arrow with messages, decoded in the workers of another engine."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from streamcontract import Codec, Schema, parse_schema
from streamcontract.errors import ArgumentError, ColumnsError, ConfigurationError
from streamcontract.integrations.arrow import arrow_decoder
from streamcontract.registry.data_contracts import Rule, RuleSet
from streamcontract.registry.lock import Lock, LockedSchema, canonical_fingerprint
from streamcontract.registry.lock_file import write_locks
from streamcontract.wire import frame


def _ping(kind: str) -> Schema:
    fields = [{"name": "n", "type": kind}]
    return parse_schema({"type": "record", "name": "Ping", "fields": fields})


INT, LONG = _ping("int"), _ping("long")
RULES = RuleSet(
    domain_rules=(Rule(name="secret", kind="TRANSFORM", mode="WRITEREAD", type="ENCRYPT"),)
)


def _locked(schema: Schema, rules: RuleSet | None = None) -> LockedSchema:
    return LockedSchema(
        fingerprint=canonical_fingerprint(schema), schema=schema.inlined_json, rule_set=rules
    )


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of two versions, and of one with rules."""
    schemas = {1: _locked(INT), 2: _locked(LONG), 3: _locked(LONG, RULES)}
    path = tmp_path / "streamcontract.lock"
    write_locks(path, [Lock(environment="prod", contracts={}, schemas=schemas)])
    return path


def _messages() -> Any:
    n = Codec[Any]("int").encode(5)
    values = [frame(1, n), None, frame(2, n), frame(3, n), frame(4, n), frame(2, b""), b""]
    return pa.table({"value": pa.array(values, pa.binary()), "offset": range(len(values))})


@pytest.mark.parametrize("kind", ["table", "batch"])
def test_rows_stay_where_they_are(lock: Path, kind: str) -> None:
    """Values, tombstones and poison, each with the other columns of its message."""
    table = _messages()
    decode = pickle.loads(pickle.dumps(arrow_decoder(LONG, lock=lock)))  # noqa: S301 - our own
    decoded = decode(table if kind == "table" else table.to_batches()[0])
    assert type(decoded) is type(table if kind == "table" else table.to_batches()[0])
    assert decoded.schema.field("value").type == pa.struct(
        [pa.field("n", pa.int64(), nullable=False)]
    )
    values = decoded.column("value").to_pylist()
    assert values == [{"n": 5}, None, {"n": 5}, None, None, None, None]
    assert decoded.column("offset").to_pylist() == list(range(7))
    errors = decoded.column("error").to_pylist()
    assert [error and error["schema_id"] for error in errors] == [None, None, None, 3, 4, 2, None]
    assert [error and error["value"] for error in errors][3:] == table["value"].to_pylist()[3:]
    assert errors[:3] == [None, None, None]
    rules, unknown, torn, unframed = errors[3:]
    assert "ENCRYPT" in rules["reason"]
    assert "`streamcontract lock --environment prod`" in unknown["reason"]
    assert torn["path"] == "Ping.n"
    assert "too few" in unframed["reason"]


WORKER = """
import pickle, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
decode, messages = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(decode(messages)))
"""


def test_a_worker_needs_no_registry_and_no_lock_file(lock: Path) -> None:
    """Another process decodes without either, unknown ids too."""
    decode = arrow_decoder(LONG, lock=lock)
    lock.unlink()
    worker = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WORKER],
        input=pickle.dumps((decode, _messages())),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert pickle.loads(worker.stdout).equals(decode(_messages()))  # noqa: S301 - our own


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_every_type_of_bytes_in_chunks(lock: Path, kind: Any) -> None:
    """Each chunk has frames of its own, and may be a slice of others."""
    whole = _messages()["value"].chunk(0)
    chunks = [whole.slice(2, 3).cast(kind), whole.slice(0, 1).cast(kind), pa.array([], kind)]
    decoded = arrow_decoder(LONG, lock=lock)(pa.table({"value": pa.chunked_array(chunks)}))
    decoded.validate(full=True)
    assert decoded["value"].to_pylist() == [{"n": 5}, None, None, {"n": 5}]
    assert [each and each["schema_id"] for each in decoded["error"].to_pylist()] == [
        None,
        3,
        4,
        None,
    ]


def test_headers_of_a_map(lock: Path) -> None:
    """As Ray has them; a schema id in a header takes precedence."""
    kind = pa.map_(pa.string(), pa.binary())
    headers = pa.array([[("__value_schema_id", b"\0\0\0\0\1")], None], kind)
    payload = Codec[Any](INT).encode({"n": 5})
    batch = pa.table({"value": [payload, frame(2, payload)], "headers": headers})
    assert arrow_decoder(LONG, lock=lock)(batch)["value"].to_pylist() == [{"n": 5}, {"n": 5}]


def test_values_that_are_no_records(lock: Path) -> None:
    """They are in the column as they are."""
    batch = pa.table({"key": pa.array([frame(9, b"\2a")], pa.binary())})
    schemas = {9: _locked(parse_schema('"string"'))}
    write_locks(lock, [Lock(environment="prod", contracts={}, schemas=schemas)])
    decode = arrow_decoder(parse_schema('"string"'), lock=lock, column="key")
    assert decode(batch)["key"].to_pylist() == ["a"]


def test_the_environment(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only one of the file needs no name; of several the process names one."""
    environments = ("dev", "prod")
    write_locks(lock, [Lock(environment=each, contracts={}, schemas={}) for each in environments])
    monkeypatch.delenv("STREAMCONTRACT_ENVIRONMENT", raising=False)
    with pytest.raises(ConfigurationError, match="no environment"):
        arrow_decoder(LONG, lock=lock)
    assert "'dev'" in arrow_decoder(LONG, lock=lock, environment="dev").writers.unknown
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "prod")
    assert "'prod'" in arrow_decoder(LONG, lock=lock).writers.unknown


def test_mistakes_are_refused_before_any_worker_starts(lock: Path, tmp_path: Path) -> None:
    """A missing lock, a field that there is not, a schema without columns."""
    with pytest.raises(ConfigurationError, match="there is no lock file"):
        arrow_decoder(LONG, lock=tmp_path / "none.lock")
    with pytest.raises(ArgumentError, match="a field of Ping"):
        arrow_decoder(LONG, lock=lock, columns=["m"])
    fields = [{"name": "next", "type": ["null", "Node"]}]
    with pytest.raises(ColumnsError, match="contains itself"):
        arrow_decoder(parse_schema({"type": "record", "name": "Node", "fields": fields}), lock=lock)
