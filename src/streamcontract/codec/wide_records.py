"""Records of many fields: their fields of one kind share their code.

Code that is written out for each field takes time and memory to compile for each field. In a record
of more than :data:`MOST_WRITTEN_OUT` fields, a loop goes over them, with a branch for each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any, Final

import attrs

from streamcontract.codec.emitter import Emitter
from streamcontract.codec.kinds import Run, kind_of_step, kind_of_type, runs
from streamcontract.codec.plain_classes import is_plain
from streamcontract.codec.refusal import Refused
from streamcontract.codec.source import GeneratedCode
from streamcontract.codec.together import decoded_together, encoded_together
from streamcontract.resolution import FieldStep, ReadRecord
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.model import AvroType, Field, RecordType

__all__ = ["MOST_WRITTEN_OUT", "NO_DEFAULT", "WideReader", "build_wide", "name_of", "write_wide"]

MOST_WRITTEN_OUT: Final = 100
"""Fields of a record; a loop over as many is compiled in less time, and takes no more."""

NO_DEFAULT: Final = "missing: the field has no default"


def default_of(defaults: dict[str, bytes], name: str) -> bytes:
    """What is written for a field that a dict lacks."""
    if name not in defaults:
        raise Refused(NO_DEFAULT)
    return defaults[name]


# ---- to bytes


def write_wide(
    emitter: Emitter,
    node: RecordType,
    attributes: Sequence[str] | None,
    write: Callable[[AvroType, str], None],
) -> None:
    """Write code that encodes all fields of ``x``.

    Args:
        emitter: What it is written through.
        node: The record.
        attributes: The attributes of its class; None where ``x`` is a dict.
        write: Writes code that encodes a value of a type, by the name that holds it.
    """
    source = emitter.source
    source.namespace.update(default_of=default_of, repeat=repeat)
    xs = source.fresh("xs")
    if attributes is None:
        names = source.bind(tuple(field.name for field in node.fields), "names")
        source.line(f"{xs} = [*map(x.get, {names}, repeat(MISSING))]")
    else:
        source.line(f"{xs} = {source.bind(attrgetter(*attributes), 'values')}(x)")
    for run in runs([kind_of_type(field.type) for field in node.fields]):
        part, fields = source.fresh("xs"), node.fields[run.start : run.stop]
        source.line(f"{part} = {xs}[{run.start}:{run.stop}]")
        with encoded_together(emitter, fields[0].type if len(run.fields) == 1 else None, part):
            _write_run(emitter, node, run, part, write, is_dict=attributes is None)


def _write_run(
    emitter: Emitter,
    node: RecordType,
    run: Run,
    xs: str,
    write: Callable[[AvroType, str], None],
    *,
    is_dict: bool,
) -> None:
    """A loop with a branch for each kind of field, and one for a key that a dict lacks."""
    source = emitter.source
    kind, x, name = (source.fresh(each) for each in ("kind", "x", "name"))
    fields = node.fields[run.start : run.stop]
    kinds = source.bind(run.kinds, "kinds")
    names = source.bind(tuple(field.name for field in fields), "names")
    head = f"for {kind}, {x}, {name} in zip({kinds}, {xs}, {names}):"
    with emitter.loop(head), emitter.at(f"'.' + {name}"):
        if is_dict:
            defaults = {each.name: default_bytes(each) for each in fields if each.has_default}
            missing = f"default_of({source.bind(defaults, 'defaults')}, {name})"
            source.line(f"if {x} is MISSING: w({missing})")
        for number, index in enumerate(run.fields):
            with source.block(f"{'el' if number or is_dict else ''}if {kind} == {number}:"):
                write(node.fields[index].type, x)


# ---- from bytes


@attrs.frozen
class WideReader:
    """Writes code that decodes the fields of a record.

    Attributes:
        emitter: What it is written through.
        read: Writes code that reads a field, or passes over it, into a name.
        default: Writes code that puts a field's default into a name.
    """

    emitter: Emitter
    read: Callable[[FieldStep, str], None]
    default: Callable[[Field, str], None]

    def values(self, action: ReadRecord) -> str:
        """Decode all fields; gives the name of the list of their values."""
        source = self.emitter.source
        xs, add, x = (source.fresh(each) for each in ("xs", "add", "x"))
        source.line(f"{xs} = []")
        source.line(f"{add} = {xs}.append")
        for run in runs([kind_of_step(step) for step in action.steps]):
            steps = action.steps[run.start : run.stop]
            only = steps[0].action if len(run.fields) == 1 else None
            with decoded_together(self.emitter, only, str(len(steps)), xs):
                self._run(action, run, x, add)
        for index in action.defaults:
            self.default(action.reader.fields[index], x)
            source.line(f"{add}({x})")
        targets = [step.target for step in action.steps if step.target is not None]
        targets += action.defaults
        if targets != sorted(targets):
            places = sorted(range(len(targets)), key=targets.__getitem__)
            source.line(f"{xs} = {source.bind(itemgetter(*places), 'in_order')}({xs})")
        return xs

    def _run(self, action: ReadRecord, run: Run, x: str, add: str) -> None:
        """A loop with a branch for each kind of field."""
        source = self.emitter.source
        kind, name = source.fresh("kind"), source.fresh("name")
        steps = action.steps[run.start : run.stop]
        kinds = source.bind(run.kinds, "kinds")
        names = source.bind(tuple(name_of(action, step) for step in steps), "names")
        with self.emitter.loop(f"for {kind}, {name} in zip({kinds}, {names}):"):
            for number, index in enumerate(run.fields):
                step = action.steps[index]
                with source.block(f"{'el' if number else ''}if {kind} == {number}:"):
                    with self.emitter.at(f"'.' + {name}"):
                        self.read(step, x)
                    source.line("pass" if step.action is None else f"{add}({x})")


def name_of(action: ReadRecord, step: FieldStep) -> str:
    """What paths call a field: the reader's name, or where it is skipped the writer's."""
    return (step.field if step.target is None else action.reader.fields[step.target]).name


def build_wide(
    source: GeneratedCode, node: RecordType, bound: tuple[type, tuple[str, ...]] | None, xs: str
) -> str:
    """Write code that makes a record of a list of values; gives its expression."""
    if bound is None:
        names = source.bind(tuple(field.name for field in node.fields), "names")
        return f"dict(zip({names}, {xs}))"
    cls, attributes = bound
    kind = source.bind(cls, "cls")
    if not is_plain(cls):
        aliases: tuple[Any, ...] = tuple(attribute.alias for attribute in attrs.fields(cls))
        return f"{kind}(**dict(zip({source.bind(aliases, 'aliases')}, {xs})))"
    record, put, x = (source.fresh(each) for each in ("r", "set", "x"))
    puts = source.bind(tuple(getattr(cls, name).__set__ for name in attributes), "sets")
    source.line(f"{record} = new({kind})")
    with source.block(f"for {put}, {x} in zip({puts}, {xs}):"):
        source.line(f"{put}({record}, {x})")
    return record
