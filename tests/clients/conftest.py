"""``streamcontract dev`` as users run it: the broker and the registry that the clients talk to."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from streamcontract.testing.plugin import stack_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_S = 60.0
_EXPORT = re.compile(r"  export (STREAMCONTRACT_\w+)=(\S+)")


@pytest.fixture(scope="session")
def addresses(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment variables that lead to a running ``streamcontract dev --broker kafka``."""
    if stack_kind(pytestconfig) != "kafka":
        pytest.skip("needs --streamcontract-stack=kafka (make test-clients)")
    state = tmp_path_factory.mktemp("dev")
    options = ["--broker=kafka", "--broker-port=0", "--registry-port=0", f"--state={state}"]
    with subprocess.Popen(  # noqa: S603 - the project's own command
        [sys.executable, "-m", "streamcontract", "dev", *options],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if "Ctrl-C" in line:
                    break
            yield dict(_EXPORT.findall(printed))
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE_S) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
