"""``python -m fuzz``: coverage-guided fuzzing of both engines, with atheris (libFuzzer).

The portable engine is instrumented, the functions it generates too, and leads the search; the
native engine has to keep up. What was found interesting is kept in ``build/fuzz/corpus``, where
the next run goes on; an input that shows a fault is written beside it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import CodeType
from typing import Any

_HOME = Path("build/fuzz")
_INSTRUMENTED = ["streamcontract.codec", "streamcontract.resolution"]
# Where atheris cannot be installed; CI goes on, since there is nothing to be found out.
_EXIT_SKIPPED = 0


def main() -> None:
    """Fuzz for a while, or judge the inputs given."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz (60)")
    parser.add_argument("--seed", type=int, default=0, help="libFuzzer's; 0 takes one by chance")
    parser.add_argument("inputs", nargs="*", type=Path, help="judge these files instead, and stop")
    options = parser.parse_args()
    if options.inputs:
        _repeat(options.inputs)
    else:
        _fuzz(options.seconds, options.seed)


def _repeat(paths: list[Path]) -> None:
    from fuzz.inputs import judge_input  # noqa: PLC0415 - in the other case, imported instrumented

    for path in paths:
        print(f"{path}: {judge_input(path.read_bytes())!r}")


def _fuzz(seconds: int, seed: int) -> None:
    try:
        import atheris  # noqa: PLC0415 - not on every Python and platform
    except ImportError as error:
        print(f"SKIPPED: no fuzzing without atheris, which is not here ({error})")
        sys.exit(_EXIT_SKIPPED)
    with atheris.instrument_imports(include=_INSTRUMENTED, enable_loader_override=False):
        from fuzz.inputs import judge_input, write_seeds  # noqa: PLC0415 - under instrumentation
        from fuzz.oracle import engines  # noqa: PLC0415
    _instrument_generated_code(atheris)
    corpus = _HOME / "corpus"
    count = write_seeds(_HOME / "seeds")
    corpus.mkdir(parents=True, exist_ok=True)
    print(f"fuzzing the engines {', '.join(engines())} from {count} seeds, {seconds} seconds")
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        "-timeout=20",  # seconds for one input
        "-rss_limit_mb=2048",
        "-max_len=2000",
        "-print_final_stats=1",
        f"-artifact_prefix={_HOME}/",
        f"-seed={seed}",
        str(corpus),
        str(_HOME / "seeds"),
    ]

    def one_input(data: bytes) -> None:
        judge_input(data)

    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


def _instrument_generated_code(atheris: Any) -> None:
    """Let coverage see the functions that the portable engine writes, not only their writer."""
    from streamcontract.codec import source  # noqa: PLC0415 - imported instrumented by then

    def compile_instrumented(*arguments: Any, **options: Any) -> CodeType:
        code: CodeType = atheris.instrument_bytecode.patch_code(
            compile(*arguments, **options), trace_dataflow=True
        )
        return code

    vars(source)["compile"] = compile_instrumented


if __name__ == "__main__":
    main()
