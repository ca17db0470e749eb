"""Every entry of a lock file, changed one at a time: ``lock --check`` notices each.

Without a registry it notices all but what only a registry knows, which is listed here and in
docs/lock-file.md; with the registry it notices that too.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from streamcontract.cli import main
from streamcontract.devstack.registry import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = """\
[contracts.order]
schema = "order.avsc"
topic = "orders"
key_schema = "order-key.avsc"

[contracts.parcel]
schema = "parcel.avsc"
topic = "parcels"
"""

ONLY_THE_REGISTRY_KNOWS = {
    "environments.prod: renamed",
    "contracts.order.value.version: raised",
    "contracts.order.key.version: raised",
    "contracts.parcel.value.version: raised",
    "contracts.order.value.references[0].version: raised",
    "contracts.order.value.references[0].version: lowered",
    "contracts.order.value.references[0].id: raised",
    "contracts.order.value.references[0].id: lowered",
    "contracts.order.value.ids: turned round",
    "contracts.order.key.ids: first one repeated",
    "contracts.parcel.value.ids: first one repeated",
    # Of schemas, what Avro's canonical form leaves out: registries write it as they like. A logical
    # type is one of the contract's own, unless it is of an older version.
    "schemas.<older>.schema: default",
    "schemas.<older>.schema: doc",
    "schemas.<older>.schema: logical type",
    "schemas.<own>.schema: default",
    "schemas.<own>.schema: doc",
}

Path_ = tuple[str | int, ...]


def _write(file: Path, name: str, **types: Any) -> None:
    fields = [
        {"name": field, "type": kind} if not isinstance(kind, tuple) else kind[0]
        for field, kind in types.items()
    ]
    schema = {"type": "record", "name": name, "doc": "words", "fields": fields}
    file.write_text(json.dumps(schema), encoding="utf-8")


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """One registry for all of these tests."""
    with RegistryServer() as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: RegistryServer) -> Path:
    """A locked project: a value of two versions with a reference, a key, and one more value."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "streamcontract.toml").write_text(PROJECT, encoding="utf-8")
    moment = {"type": "long", "logicalType": "timestamp-millis"}
    count = ({"name": "count", "type": "int", "default": 1},)
    note = ({"name": "note", "type": "string", "default": ""},)
    _write(folder / "order-key.avsc", "shop.OrderKey", id="long")
    _write(folder / "Address.avsc", "shop.Address", city="string")
    _write(folder / "parcel.avsc", "shop.Parcel", at=moment)
    _write(folder / "order.avsc", "shop.Order", to="shop.Address", at=moment, count=count)
    assert _run(folder, server, "register").exit_code == 0
    _write(
        folder / "order.avsc", "shop.Order", to="shop.Address", at=moment, count=count, note=note
    )
    assert _run(folder, server, "register").exit_code == 0
    assert _run(folder, server, "lock", "--environment", "prod").exit_code == 0
    return folder


def _run(project: Path, server: RegistryServer, *arguments: str) -> Result:
    name, *options = arguments
    common = ["--project", str(project), "--registry", server.url]
    return CliRunner().invoke(main, [name, *common, *options])


def _mutations(document: Any, older: int) -> Iterator[tuple[str, Any]]:
    """Each way to change one entry, named, with the document that it makes."""
    for path, value in _entries(document, ()):
        for how, changed in _changes(path, value):
            yield _name(path, how, older), _with(document, path, changed)
    for path, value in _entries(document, ()):
        if path and not isinstance(path[-1], int):
            yield _name(path, "removed", older), _with(document, path, None, "remove")
            yield _name(path, "renamed", older), _with(document, path, value, "rename")


def _entries(value: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:
    yield path, value
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _entries(item, (*path, key))


def _changes(path: Path_, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            yield "added to", {**value, "more": {}}
        case list() if value:
            yield "emptied", []
            yield "first one repeated", [value[0], *value]
            if value[::-1] != value:
                yield "turned round", value[::-1]
        case int():
            yield "raised", value + 1
            yield "lowered", value - 1
            yield "a float", float(value)
            yield "true", True
        case str() if path[-1] in {"fingerprint", "source"}:
            yield "zeroed", "0" * 64
            yield "last digit", value[:-1] + ("0" if value[-1] != "0" else "1")
        case str() if path[-1] == "schema":
            yield "doc", value.replace("words", "other words")
            yield "logical type", value.replace("-millis", "-micros")
            yield "default", re.sub(r'"default": ?1', '"default": 2', value)
            yield "type", value.replace('"string"', '"bytes"').replace('"long"', '"int"')
        case str():
            yield "longer", f"{value}x"


def _name(path: Path_, how: str, older: int) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    text = text.removeprefix(".").replace("environments.prod.", "")
    if path[-1:] == ("schema",):
        text = f"schemas.<{'older' if path[-2] == str(older) else 'own'}>.schema"
    return f"{text}: {how}"


def _with(document: Any, path: Path_, value: Any, how: str = "set") -> Any:
    changed = copy.deepcopy(document)
    if not path:
        return value
    target = changed
    for key in path[:-1]:
        target = target[key]
    if how != "set":
        del target[path[-1]]
    if how != "remove":
        target[f"{path[-1]}x" if how == "rename" else path[-1]] = value
    return changed


@pytest.mark.searching
def test_every_entry_is_checked(project: Path, server: RegistryServer) -> None:
    """What no check without a registry can see is exactly what is listed; the registry sees it."""
    file = project / "streamcontract.lock"
    text = file.read_text(encoding="utf-8")
    document = json.loads(text)
    older, _own = document["environments"]["prod"]["contracts"]["order"]["value"]["ids"]
    assert _run(project, server, "lock", "--check", "--offline").exit_code == 0
    unseen: set[str] = set()
    tried = 0
    try:
        for name, changed in _mutations(document, older):
            if json.dumps(changed) == json.dumps(document):
                continue
            tried += 1
            file.write_text(json.dumps(changed), encoding="utf-8")
            offline = _run(project, server, "lock", "--check", "--offline")
            assert offline.exit_code in {0, 1, 2}, (name, offline.output)
            assert not isinstance(offline.exception, (KeyError, TypeError)), name
            if offline.exit_code == 0:
                unseen.add(name)
                online = _run(project, server, "lock", "--check", "--environment", "prod")
                assert online.exit_code == 1, name
    finally:
        file.write_text(text, encoding="utf-8")
    assert tried > 150
    assert unseen == ONLY_THE_REGISTRY_KNOWS


def test_a_byte_order_mark_and_other_line_ends_are_no_change(
    project: Path, server: RegistryServer
) -> None:
    """Git and editors on Windows leave them; both checks say that nothing is to be done."""
    file = project / "streamcontract.lock"
    before = file.read_bytes()
    try:
        file.write_bytes(b"\xef\xbb\xbf" + before.replace(b"\n", b"\r\n"))
        assert _run(project, server, "lock", "--check", "--offline").exit_code == 0
        online = _run(project, server, "lock", "--check", "--environment", "prod")
        assert online.exit_code == 0, online.output
        written = _run(project, server, "lock", "--environment", "prod")
        assert "up to date" in written.output
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    finally:
        file.write_bytes(before)


def test_a_key_that_is_there_twice(project: Path, server: RegistryServer) -> None:
    """A merge by hand leaves it; which of the two counts is for nobody to guess."""
    file = project / "streamcontract.lock"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(text.replace('"version": 2', '"version": 1, "version": 2'), "utf-8")
        result = _run(project, server, "lock", "--check", "--offline")
    finally:
        file.write_text(text, encoding="utf-8")
    assert result.exit_code == 2
    assert "the key 'version' is there twice" in result.stderr


def test_an_unknown_entry_is_named_and_goes(project: Path, server: RegistryServer) -> None:
    """Its place is in the message, and `lock` writes the file without it."""
    file = project / "streamcontract.lock"
    text = file.read_text(encoding="utf-8")
    document = json.loads(text)
    document["environments"]["prod"]["contracts"]["order"]["value"]["owner"] = "me"
    try:
        file.write_text(json.dumps(document), encoding="utf-8")
        result = _run(project, server, "lock", "--check", "--offline")
        assert result.exit_code == 1
        place = "environments.prod.contracts.order.value.owner"
        assert f"streamcontract.lock: {place} is not an entry of a lock file" in result.stderr
        assert _run(project, server, "lock", "--environment", "prod").exit_code == 0
        assert file.read_text(encoding="utf-8") == text
    finally:
        file.write_text(text, encoding="utf-8")
