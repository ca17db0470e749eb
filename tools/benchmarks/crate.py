"""The Rust crate arrow-avro as a rival: a program of its own, built where there is cargo."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final

__all__ = ["PROGRAM", "ArrowAvro", "build"]

_SOURCE: Final = Path(__file__).with_name("arrow_avro")
_TARGET: Final = Path(__file__).resolve().parents[2] / "build" / "arrow_avro"

PROGRAM: Final = _TARGET / "release" / "arrow-avro-rival"
"""The program, once it is built."""


def build() -> Path | None:
    """Build the program, which takes minutes the first time; None where there is no cargo.

    Raises:
        subprocess.CalledProcessError: It does not compile.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        return None
    command = [cargo, "build", "--quiet", "--release", "--locked", "--target-dir", str(_TARGET)]
    subprocess.run(command, cwd=_SOURCE, check=True)  # noqa: S603 - our own command
    return PROGRAM


class ArrowAvro:
    """A running program, which decodes payloads as often as it is asked to.

    Args:
        program: The program.
        schema: The schema as JSON.
        payloads: Payloads in the frame of schema id 1.
    """

    def __init__(self, program: Path, schema: str, payloads: Sequence[bytes]) -> None:
        self._folder = TemporaryDirectory()
        files = [Path(self._folder.name) / name for name in ("schema.avsc", "payloads")]
        files[0].write_text(schema, "utf-8")
        files[1].write_bytes(b"".join(struct.pack("<I", len(each)) + each for each in payloads))
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [program, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._questions: Any = self._process.stdin
        self._answers: Any = self._process.stdout

    def __enter__(self) -> ArrowAvro:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def decode(self) -> float:
        """Decode all payloads; gives the seconds that the program measured."""
        return float(self._ask(""))

    def write(self, path: Path) -> None:
        """Decode them into a file of Arrow IPC."""
        self._ask(str(path))
        self._answer()

    def _ask(self, line: str) -> str:
        self._questions.write(f"{line}\n")
        self._questions.flush()
        return self._answer()

    def _answer(self) -> str:
        answer: str = self._answers.readline()
        if not answer:
            raise RuntimeError(f"the program ended with {self._process.wait()}, see above")
        return answer
