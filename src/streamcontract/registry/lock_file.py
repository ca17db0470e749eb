"""Lock file ``streamcontract.lock``: strict parsing, and deterministic writing."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from streamcontract.atomic_file import remove_draft, write_atomically
from streamcontract.errors import ConfigurationError
from streamcontract.registry.body import BodyError, read_integer, read_key, read_string
from streamcontract.registry.contexts import (
    DEFAULT_CONTEXT,
    QualifiedSubject,
    normalize_context,
)
from streamcontract.registry.data_contracts import RuleSet
from streamcontract.registry.lock import (
    KEY,
    VALUE,
    Lock,
    LockedReference,
    LockedSchema,
    LockedSubject,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "LOCK_FILE",
    "LOCK_FILE_VARIABLE",
    "check_environment",
    "find_lock",
    "read_locks",
    "render",
    "unknown_entries",
    "write_locks",
]

LOCK_FILE: Final = "streamcontract.lock"
"""The name of the file, which is beside ``streamcontract.toml``."""

LOCK_FILE_VARIABLE: Final = "STREAMCONTRACT_LOCK_FILE"
"""The environment variable with the file's path."""

ENVIRONMENT_VARIABLE: Final = "STREAMCONTRACT_ENVIRONMENT"
"""The environment variable with the file's environment that this process runs in."""

_T = TypeVar("_T")

_FORMAT: Final = 1
_WITH_CONTEXTS: Final = 2
"""The format of a file in which an environment has a context, which earlier releases ignore."""
_WITH_RULES: Final = 3
"""The format of a file in which a schema has rules, which earlier releases ignore."""
_FORMATS: Final = (_FORMAT, _WITH_CONTEXTS, _WITH_RULES)
_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def check_environment(name: str) -> str:
    """Check an environment's name, and return it.

    Raises:
        ConfigurationError: It is not valid.
    """
    if not _ENVIRONMENT.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be an environment: 1 to 64 ASCII letters, digits, '.', '_' and '-', "
            f"such as prod"
        )
    return name


def find_lock(file: str | os.PathLike[str] | None, environment: str | None) -> Lock | None:
    """The lock of this process; None if no environment is named.

    An id has a meaning in one registry only, so a lock is used only if its environment is named.

    Args:
        file: The file; None takes STREAMCONTRACT_LOCK_FILE, and else ``streamcontract.lock``
            beside the project file of the current folder or one above it.
        environment: The environment; None takes STREAMCONTRACT_ENVIRONMENT.

    Raises:
        ConfigurationError: A file is named and no environment, there is no file, it cannot be
            read, or it does not have the environment.
    """
    named = file or os.environ.get(LOCK_FILE_VARIABLE) or None
    environment = environment or os.environ.get(ENVIRONMENT_VARIABLE) or None
    if environment is None:
        if named is not None:
            raise ConfigurationError(
                f"the lock file {os.fspath(named)} is given and no environment: name the one of "
                f"this process, with streamcontract.lock.environment or "
                f"{ENVIRONMENT_VARIABLE}"
            )
        return None
    path = Path(named) if named is not None else _beside_the_project(environment)
    locks = read_locks(path)
    if environment not in locks:
        known = ", ".join(locks) or "none"
        raise ConfigurationError(
            f"{path} has no environment {environment!r}, only: {known}; "
            f"`streamcontract lock --environment {shlex.quote(environment)}` adds it"
        )
    return locks[environment]


def _beside_the_project(environment: str) -> Path:
    # Imported here, because few programs need it and it imports the rules of lint.
    from streamcontract.project import PROJECT_FILE, find_project_file  # noqa: PLC0415

    project = find_project_file()
    if project is None:
        raise ConfigurationError(
            f"the environment {environment!r} is named, and no lock file is found: there is no "
            f"{PROJECT_FILE} in the current folder or above it, so give the file itself with "
            f"streamcontract.lock.file or {LOCK_FILE_VARIABLE}"
        )
    return project.with_name(LOCK_FILE)


def read_locks(path: Path) -> dict[str, Lock]:
    """The locks in a file by environment.

    Raises:
        ConfigurationError: The file is missing or is not a lock file; the message names the
        position.
    """
    document = _document(path)
    try:
        _read(document, "format", _known_format)
        environments = _object("environments", read_key(document, "environments"))
        locks = {
            name: _at(f"environments.{name}", functools.partial(_lock, name), value)
            for name, value in environments.items()
        }
        _read(document, "format", functools.partial(_require_format, _format_of(locks.values())))
    except (BodyError, ConfigurationError) as error:
        raise ConfigurationError(f"the lock file {path} is damaged: {error}") from error
    return locks


def unknown_entries(path: Path) -> list[str]:
    """The unknown entries of a lock file, each by its path; the locks can be read.

    Such entries have no meaning, and the next ``streamcontract lock`` removes them.

    Raises:
        ConfigurationError: As for :func:`read_locks`.
    """
    known = json.loads(render(read_locks(path).values()))
    return list(_surplus(_document(path), known, ""))


def _surplus(found: object, known: object, place: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(known, dict):
        for key, value in found.items():
            at = f"{place}.{key}".lstrip(".")
            if key in known:
                yield from _surplus(value, known[key], at)
            else:
                yield at
    elif isinstance(found, list) and isinstance(known, list):
        for index, (value, other) in enumerate(zip(found, known, strict=True)):
            yield from _surplus(value, other, f"{place}[{index}]")


def _document(path: Path) -> object:
    try:
        # Some editors write a byte order mark at the start, which JSON does not allow.
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_unique)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no lock file {path}: `streamcontract lock --environment NAME` writes it"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"the lock file {path} cannot be read: {error}; if a merge left it broken, "
            f"delete it and run `streamcontract lock`"
        ) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object with unique keys; a merge by hand may leave a key twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice in one object")
    return found


def write_locks(path: Path, locks: Iterable[Lock]) -> bool:
    """Write the locks; return whether the file changed.

    The file is replaced atomically.
    """
    text = render(locks)
    if path.is_file() and path.read_text(encoding="utf-8-sig") == text:
        remove_draft(path)
        return False
    write_atomically(path, text)
    return True


def render(locks: Iterable[Lock]) -> str:
    """The text of the file: names and ids in order, one value per line.

    Ids never change their meaning, so a new version adds lines and changes few.
    """
    kept = sorted(locks, key=lambda each: each.environment)
    environments = {
        lock.environment: {
            **({} if lock.context == DEFAULT_CONTEXT else {"context": lock.context}),
            "contracts": {
                name: {side: attrs.asdict(sides[side]) for side in (VALUE, KEY) if side in sides}
                for name, sides in sorted(lock.contracts.items())
            },
            "schemas": {
                str(schema_id): _schema_json(lock.schemas[schema_id])
                for schema_id in sorted(lock.schemas)
            },
        }
        for lock in kept
    }
    document = {"format": _format_of(kept), "environments": environments}
    return json.dumps(document, indent=2) + "\n"


def _known_format(value: object) -> None:
    if type(value) is not int or value not in _FORMATS:
        known = " or ".join(map(str, _FORMATS))
        raise BodyError("", f"{known}, which this release reads, not {value!r}")


def _format_of(locks: Collection[Lock]) -> int:
    if any(each.rule_set is not None for lock in locks for each in lock.schemas.values()):
        return _WITH_RULES
    has_contexts = any(lock.context != DEFAULT_CONTEXT for lock in locks)
    return _WITH_CONTEXTS if has_contexts else _FORMAT


def _schema_json(locked: LockedSchema) -> dict[str, object]:
    facts: dict[str, object] = {"fingerprint": locked.fingerprint, "schema": locked.schema}
    if locked.rule_set is not None:
        facts["ruleSet"] = locked.rule_set.to_json()
    return facts


def _require_format(expected: int, value: object) -> None:
    if value != expected:
        raise BodyError("", f"{expected} for its content, not {value!r}")


def _lock(name: str, value: object) -> Lock:
    contracts = {
        contract: _at(f"contracts.{contract}", _sides, sides)
        for contract, sides in _object("contracts", read_key(value, "contracts")).items()
    }
    schemas = {
        _at("schemas", _id_key, key): _at(f"schemas.{key}", _schema, schema)
        for key, schema in _object("schemas", read_key(value, "schemas")).items()
    }
    context = DEFAULT_CONTEXT
    if isinstance(value, dict) and "context" in value:
        context = _read(value, "context", _context)
    return Lock(
        environment=check_environment(name), contracts=contracts, schemas=schemas, context=context
    )


def _context(value: object) -> str:
    text = read_string(value)
    try:
        if normalize_context(text) == text:
            return text
    except ValueError:
        pass
    raise BodyError("", f"the name of a context, such as .staging, not {text!r}")


def _own_subject(value: object) -> str:
    text = read_string(value)
    if QualifiedSubject.parse(text) != QualifiedSubject(DEFAULT_CONTEXT, text):
        # Written by a release without contexts, which did not distinguish their ids.
        raise BodyError("", f"a subject without a context, not {text!r}; run `streamcontract lock`")
    return text


def _sides(value: object) -> dict[str, LockedSubject]:
    sides = _object("", value)
    if not {VALUE} <= sides.keys() <= {VALUE, KEY}:
        raise BodyError("", f"the keys {VALUE!r} and, perhaps, {KEY!r}")
    return {side: _at(side, _subject, subject) for side, subject in sides.items()}


def _subject(value: object) -> LockedSubject:
    return LockedSubject(
        subject=_read(value, "subject", _own_subject),
        version=_read(value, "version", read_integer),
        id=_read(value, "id", read_integer),
        fingerprint=_read(value, "fingerprint", _fingerprint),
        source=_read(value, "source", _fingerprint),
        references=_read(value, "references", _references),
        ids=_read(value, "ids", _ids),
    )


def _references(value: object) -> tuple[LockedReference, ...]:
    return tuple(
        LockedReference(
            subject=_read(item, "subject", read_string),
            version=_read(item, "version", read_integer),
            id=_read(item, "id", read_integer),
        )
        for item in _list(value)
    )


def _ids(value: object) -> tuple[int, ...]:
    return tuple(read_integer(item) for item in _list(value))


def _schema(value: object) -> LockedSchema:
    return LockedSchema(
        fingerprint=_read(value, "fingerprint", _fingerprint),
        schema=_read(value, "schema", read_string),
        rule_set=RuleSet.from_json(value.get("ruleSet")) if isinstance(value, dict) else None,
    )


def _id_key(value: object) -> int:
    text = read_string(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise BodyError("", f"ids as keys, not {text!r}")
    return read_integer(int(text))


def _fingerprint(value: object) -> str:
    text = read_string(value)
    if not _FINGERPRINT.fullmatch(text):
        raise BodyError("", "64 hexadecimal digits in lower case")
    return text


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BodyError("", "a list")
    return value


def _object(path: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BodyError(path, "an object")
    return value


def _read(value: object, key: str, read: Callable[[object], _T]) -> _T:
    return _at(key, read, read_key(value, key))


def _at(path: str, read: Callable[[object], _T], value: object) -> _T:
    try:
        return read(value)
    except BodyError as error:
        raise BodyError(f"{path}.{error.path}".rstrip("."), error.expected) from error
