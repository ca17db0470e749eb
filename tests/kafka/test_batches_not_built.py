"""Batches where the native code was not built: names can be imported, use is one typed error."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from streamcontract.codec.engine import ENGINE_VARIABLE

_PROGRAM: Final = """
import importlib.abc
import sys


class NotBuilt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("streamcontract.") and name.endswith("._native"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotBuilt())

from streamcontract import Codec, ContractConsumer, ContractProducer, columns, kafka
from streamcontract.errors import ConfigurationError
from streamcontract.export import job  # of the command

for module in (columns, kafka):
    for name in module.__all__:
        getattr(module, name)

config = {"bootstrap.servers": "localhost:1", "log_level": 0}
codec = Codec("string")
consumer = ContractConsumer(config, schema="string", topic="t")
producer = ContractProducer(config, schema="string", topic="t")
for call in (
    lambda: codec.decode_columns([]),
    lambda: codec.encode_columns(None),
    lambda: consumer.consume_batch(1, timeout=0),
    lambda: consumer.batches(),
    lambda: producer.produce_batch(None),
    lambda: kafka.TopicScan(config, schema="string", topic="t", ranges=[]),
):
    try:
        call()
    except ConfigurationError as error:
        assert "install streamcontract again with a C compiler" in str(error), error
        print("refused")
"""


def test_one_error_names_the_fix() -> None:
    """Each way to columns and back is refused by the same error."""
    command = [sys.executable, "-c", _PROGRAM]
    environment = {name: value for name, value in os.environ.items() if name != ENGINE_VARIABLE}
    done = subprocess.run(  # noqa: S603 - this interpreter
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert (done.returncode, done.stdout.split()) == (0, ["refused"] * 6), done.stderr
