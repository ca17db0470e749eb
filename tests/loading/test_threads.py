"""Names that several threads load at once: no two of them wait for each other's modules.

Python locks a module while it is imported, and with it still locked imports its package first. A
package that imports its own modules therefore waits for them in one thread while they wait for it
in another. Python ends that with an ImportError, or with half a module.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest
from tests.loading.test_loading import LAZY

_CLIENTS: Final = [
    "StockProducer({'bootstrap.servers': 'localhost:1', 'log_level': 0}).close()",
    "StockConsumer({'bootstrap.servers': 'localhost:1', 'log_level': 0}).close()",
    "Codec('int').decode(Codec('int').encode(1))",
]

_PROGRAM: Final = """
import builtins, importlib, json, sys
import confluent_kafka

statement, function = builtins.__import__, importlib.import_module
running = []  # modules that are being imported
waits = set()  # for each lock that was taken: the module that needs it, and the module


def noted(load, requester, name, *args):
    added, needed_by = len(running), requester if requester in running else (running or [""])[-1]
    while name.startswith("streamcontract") and name not in sys.modules:
        waits.add((needed_by, name))
        running.append(name)
        needed_by, name = name, name.rpartition(".")[0]
    try:
        return load(*args)
    finally:
        del running[added:]


def noted_statement(name, given=None, local=None, names=(), level=0):
    if level == 0:  # without the names, which are looked up when the locks are released
        noted(statement, (given or {}).get("__name__"), name, name, given, local)
    return statement(name, given, local, names, level)


def noted_function(name, package=None):
    return noted(function, None, name, name, package)


builtins.__import__, importlib.import_module = noted_statement, noted_function
for program in json.load(sys.stdin):
    for name in [each for each in sys.modules if each.startswith("streamcontract")]:
        del sys.modules[name]
    exec(program, {})
print(json.dumps(sorted(waits)))
"""


def one_name_of_each_module() -> list[str]:
    """Programs that load one name from each module that the packages have names of."""
    programs: dict[str, str] = {}
    for package in LAZY:
        for node in ast.walk(ast.parse(Path(str(package.__file__)).read_text())):
            if isinstance(node, ast.ImportFrom) and node.names[0].name in package.__all__:
                name = node.names[0].name
                programs[str(node.module)] = f"from {package.__name__} import {name}"
    return [*programs.values()]


@pytest.mark.searching
def test_no_two_threads_wait_for_each_other() -> None:
    """The order of locks is the same from wherever the first import comes."""
    clients = [f"from streamcontract import *; {each}" for each in _CLIENTS]
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps([*one_name_of_each_module(), *clients]),
        env={**os.environ, "STREAMCONTRACT_ENGINE": "portable"},
        capture_output=True,
        text=True,
        check=True,
    )
    waits: list[tuple[str, str]] = json.loads(done.stdout)
    assert {each.__name__ for each in LAZY} <= {module for _, module in waits}
    order: TopologicalSorter[str] = TopologicalSorter()
    for module, needed in waits:
        order.add(module, needed)
    order.prepare()  # raises a CycleError that names the modules
