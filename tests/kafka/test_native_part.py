"""The native part of the clients: used where it belongs to the codec's, else done without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from streamcontract.codec.engine import choose_engine
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import native
from streamcontract.kafka.connection.runs import portable_split, splitter
from streamcontract.kafka.contract.message_deserializer import PortableMessageReader, message_reader
from streamcontract.kafka.producer.plain_records import PortableReport, reporter

_PART = "streamcontract.kafka._native"


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    """Each test finds it, or not, by itself."""
    if choose_engine().name != "native":
        pytest.skip("the native engine is not built here, or not asked for")
    native._find.cache_clear()
    yield
    native._find.cache_clear()


def test_the_part_that_was_built_with_the_engine_is_used() -> None:
    """Both come from one build."""
    assert native.native_part().__name__ == _PART


def test_the_portable_engine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for Python gets Python."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", "portable")
    assert native.native_part() is None


def _stale() -> ModuleType:
    made = ModuleType(_PART)
    made.VERSION, made.SOURCES = "0.0.1", "others"  # type: ignore[attr-defined] # as the extension has
    return made


@pytest.mark.parametrize(
    ("part", "reason"),
    [(None, "was not built"), (_stale(), "is that of version 0.0.1")],
    ids=["none", "stale"],
)
def test_clients_do_without(
    part: ModuleType | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that is not there, or not of this build, is logged once; Python does its work."""
    monkeypatch.delenv("STREAMCONTRACT_ENGINE", raising=False)
    monkeypatch.setitem(sys.modules, _PART, part)
    assert isinstance(message_reader("t", {}, bytes.decode), PortableMessageReader)
    assert splitter() is portable_split
    assert reporter() is PortableReport
    [record] = caplog.records
    assert reason in record.getMessage()


def test_the_native_engine_that_is_asked_for_has_all_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the wheels' own test asks for it: a wheel that lacks a part is not published."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", "native")
    monkeypatch.setitem(sys.modules, _PART, None)
    with pytest.raises(ConfigurationError, match="part in the clients was not built"):
        splitter()
