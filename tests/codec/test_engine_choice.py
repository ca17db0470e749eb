"""Which engine runs, and why: what the environment asks for, what was built, and what is broken."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import runpy
import shutil
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streamcontract import Codec, __version__
from streamcontract.codec import engine, stamp
from streamcontract.codec.engine import ENGINE_VARIABLE, choose_engine
from streamcontract.codec.stamp import sources_digest
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTENSION = "streamcontract.codec._native"


@pytest.fixture(autouse=True)
def engines_agree() -> Iterator[None]:
    """What was found out about the native engine holds for a process; here, for one test.

    Stands in for the fixture of this name that takes every warning for a disagreement.
    """
    engine._find_native.cache_clear()
    yield
    engine._find_native.cache_clear()


@pytest.fixture(params=[None, "native"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Nothing is asked for, or the native engine."""
    if request.param is None:
        monkeypatch.delenv(ENGINE_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(ENGINE_VARIABLE, request.param)
    name: str | None = request.param
    return name


def extension(**names: Any) -> types.ModuleType:
    """A binary with these names in it."""
    module = types.ModuleType(EXTENSION)
    vars(module).update(names)
    return module


class _Broken(importlib.abc.Loader):
    """An import system in which the extension is there, but raises when loaded."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == EXTENSION else None

    def exec_module(self, _: types.ModuleType) -> None:
        raise self._error


def expect_makeshift(asked: str | None, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    """Asked for, it is an error; else the portable engine serves, says why, and logs it once."""
    if asked:
        with pytest.raises(ConfigurationError, match=reason):
            Codec("int")
        return
    chosen = [choose_engine() for _ in range(3)][-1]
    assert (chosen.name, chosen.is_makeshift) == ("portable", True)
    assert reason in chosen.reason
    assert "install streamcontract again" in chosen.reason
    (record,) = caplog.records
    assert reason in record.getMessage()


@pytest.mark.parametrize("wrong", ["Native", "fast", "0"])
def test_unknown_engine(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """An engine that there is not is named, with those there are."""
    monkeypatch.setenv(ENGINE_VARIABLE, wrong)
    with pytest.raises(ConfigurationError, match=f"portable or native, not '{wrong}'"):
        Codec("int")


def test_portable_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portable engine serves whoever asks for it, and nothing is looked for."""
    monkeypatch.setenv(ENGINE_VARIABLE, "portable")
    monkeypatch.setitem(sys.modules, EXTENSION, extension())
    chosen = choose_engine()
    assert (chosen.name, chosen.is_makeshift) == ("portable", False)
    assert ENGINE_VARIABLE in chosen.reason


def test_native_where_built(asked: str | None) -> None:
    """The native engine is the default where it was built from these sources."""
    pytest.importorskip(EXTENSION, reason="the native engine is not built here")
    chosen = choose_engine()
    assert (chosen.name, chosen.is_makeshift) == ("native", False)
    assert ENGINE_VARIABLE in chosen.reason


def test_not_built(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the portable engine serves and says what to do; that is no fault."""
    monkeypatch.setitem(sys.modules, EXTENSION, None)
    if asked:
        with pytest.raises(ConfigurationError, match=r"was not built.* C compiler"):
            Codec("int")
        return
    chosen = choose_engine()
    assert (chosen.name, chosen.is_makeshift) == ("portable", False)
    assert "was not built" in chosen.reason
    assert "C compiler" in chosen.reason


@pytest.mark.parametrize(
    "error",
    [
        ImportError("undefined symbol: PyNoSuchThing"),
        ModuleNotFoundError("No module named 'gone'", name="gone"),
        ValueError("type size changed, may indicate binary incompatibility"),
    ],
    ids=["symbol", "module", "size"],
)
def test_cannot_be_loaded(
    asked: str | None,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A binary that Python cannot load is named as such, with what Python said."""
    monkeypatch.delitem(sys.modules, EXTENSION, raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Broken(error), *sys.meta_path])
    expect_makeshift(asked, str(error), caplog)


def test_of_another_version(
    asked: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A binary of another version is never run."""
    older = extension(VERSION="0.0.1", SOURCES=sources_digest())
    monkeypatch.setitem(sys.modules, EXTENSION, older)
    expect_makeshift(asked, f"is that of version 0.0.1, not of {__version__}", caplog)


def test_of_no_version(
    asked: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor one that does not say its version."""
    monkeypatch.setitem(sys.modules, EXTENSION, extension())
    expect_makeshift(asked, "is that of version unknown", caplog)


def test_of_other_sources(
    asked: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor one that was built before its sources changed, as in an editable installation."""
    stale = extension(VERSION=__version__, SOURCES="0" * 64)
    monkeypatch.setitem(sys.modules, EXTENSION, stale)
    monkeypatch.setattr(engine, "sources_digest", lambda: "1" * 64)
    expect_makeshift(asked, "was built from other sources than those beside it", caplog)


def test_the_digest_follows_the_sources(tmp_path: Path) -> None:
    """Every byte and name of the sources counts; without any there is no digest."""
    copy = Path(shutil.copy(stamp.__file__, tmp_path))

    def digest() -> str:
        found: str = runpy.run_path(str(copy))["sources_digest"]()
        return found

    seen = [digest()]
    assert seen == [""]
    for name, text in [
        ("_native.pyx", "a"),
        ("_native.pyx", "b"),
        ("_native_x.pxi", "b"),
        ("_native_x.pxi", ""),
    ]:
        (tmp_path / name).write_text(text)
        seen.append(digest())
    assert len(set(seen)) == len(seen)
    for name in ("other.py", "_native.pyi"):
        (tmp_path / name).write_text("no source of it")
        assert digest() == seen[-1]


def test_types_alone_are_no_sources(tmp_path: Path) -> None:
    """A wheel has them without the sources; its binary is taken all the same."""
    copy = Path(shutil.copy(stamp.__file__, tmp_path))
    (tmp_path / "_native.pyi").write_text("VERSION: str")
    assert runpy.run_path(str(copy))["sources_digest"]() == ""
