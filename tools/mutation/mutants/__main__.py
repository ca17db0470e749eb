"""Mutate resolution, compatibility and wire with mutmut, in a copy, and judge what survives.

``python -m mutation.mutants [PART ...]`` runs the parts that are named, or all. The exit code is 1
if a mutant survives that ``equivalent.toml`` does not explain, or if an explained one no longer
does.

mutmut mutates what is in functions. Tables at the top of a module, such as that of the promotions,
it leaves alone: those have seeded faults, and tests that hold them against a second copy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from mutation.scratch import scratch_tree

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Part(NamedTuple):
    """What to mutate, and the quick tests that have to notice."""

    files: list[str]
    tests: list[str]


_COMPATIBILITY: Final = "src/streamcontract/compatibility"
_PROPERTIES: Final = "tests/compatibility/test_evolution_properties.py"

PARTS: Final = {
    "wire": Part(["src/streamcontract/wire/prefix.py"], ["tests/wire"]),
    "resolution": Part(["src/streamcontract/resolution/*.py"], ["tests/resolution"]),
    "compatibility": Part(
        [
            f"{_COMPATIBILITY}/{name}.py"
            for name in ("findings", "levels", "messages", "rollout", "walk")
        ],
        [f"tests/compatibility/test_{name}.py" for name in ("findings", "golden", "walk")],
    ),
    "drift": Part(
        [
            f"{_COMPATIBILITY}/{name}.py"
            for name in ("counterexample", "drift", "rewrite", "samples", "witness")
        ],
        [
            "tests/compatibility/test_golden.py",
            "tests/compatibility/test_counterexamples.py",
            "tests/compatibility/test_findings.py::test_what_is_no_drift",
            f"{_PROPERTIES}::test_counterexamples_show_what_findings_say",
            f"{_PROPERTIES}::test_a_schema_does_not_drift_from_itself",
            f"{_PROPERTIES}::test_the_minimal_value_is_a_value",
            f"{_PROPERTIES}::test_no_value_is_smaller_than_the_minimal_one",
        ],
    ),
    "dialects": Part([f"{_COMPATIBILITY}/dialects/*.py"], ["tests/compatibility/test_dialects.py"]),
}

_CHILDREN: Final = 2

# Run in the copy: the lines of every surviving mutant, without a process for each.
_SURVIVORS: Final = """
import json
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

found, total = [], 0
for path in walk_mutatable_files():
    data = SourceFileMutationData(path=path)
    data.load()
    for name, code in data.exit_code_by_key.items():
        total += 1
        status = status_by_exit_code[code]
        if status not in ("killed", "timeout"):
            found.append((name, status, get_diff_for_mutant(name, path=path)))
print("RESULT" + json.dumps({"total": total, "survivors": found}))
"""


class Mutant(NamedTuple):
    """A mutant that no test killed.

    Attributes:
        function: The mutated function, as mutmut names it, without the mutant's number.
        change: The lines that differ, ``-`` before ``+``.
        status: What mutmut says of it.
    """

    function: str
    change: str
    status: str


def run(part: Part) -> tuple[int, list[Mutant]]:
    """Mutate one part; gives how many mutants there were, and those that survived."""
    with scratch_tree() as tree:
        settings = {
            "source_paths": ["src"],
            "only_mutate": part.files,
            "also_copy": [
                "src",
                "tools",
                "schemas",
                "examples",
                "docs",
                "README.md",
                "streamcontract.toml",
            ],
            "pytest_add_cli_args_test_selection": part.tests,
            # A slow machine is no endless loop: (seconds measured + 5) * 8.
            "timeout_constant": 5,
            "timeout_multiplier": 8,
            "pytest_add_cli_args": [
                *("-p", "no:cacheprovider", "-n", "0"),
                *("-p", "mutation.without_shrinking", "--hypothesis-profile=searching"),
            ],
        }
        with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n[tool.mutmut]\n")
            file.writelines(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        mutmut = [sys.executable, "-m", "mutmut", "run", "--max-children", str(_CHILDREN)]
        done = subprocess.run(mutmut, cwd=tree, check=False, capture_output=True, text=True)  # noqa: S603 - of this interpreter
        if done.returncode != 0:
            raise SystemExit(f"mutmut ended with {done.returncode}:\n{done.stdout[-3000:]}")
        told = subprocess.run(  # noqa: S603 - likewise
            [sys.executable, "-c", _SURVIVORS],
            cwd=tree,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    result = json.loads(told.stdout.rpartition("RESULT")[2])
    return result["total"], [_mutant(*each) for each in result["survivors"]]


def _mutant(name: str, status: str, diff: str) -> Mutant:
    lines = [
        f"{line[0]} {line[1:].strip()}"
        for line in diff.splitlines()
        if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))
    ]
    return Mutant(name.partition("__mutmut_")[0], "\n".join(lines), status)


def explained(part: str) -> dict[tuple[str, str], str]:
    """The reason of each mutant of a part that no test can tell from the original."""
    text = Path(__file__).with_name("equivalent.toml").read_text("utf-8")
    rows = tomllib.loads(text).get("equivalent", [])
    return {
        (row["function"], row["change"].strip()): row["reason"]
        for row in rows
        if row["part"] == part
    }


def main(names: list[str]) -> int:
    """Run the parts and print what survived and the scores."""
    unknown = set(names) - PARTS.keys()
    if unknown:
        print(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    failed = False
    for name in names or PARTS:
        total, survivors = run(PARTS[name])
        reasons = explained(name)
        left = [each for each in survivors if (each.function, each.change) not in reasons]
        stale = reasons.keys() - {(each.function, each.change) for each in survivors}
        for mutant in left:
            print(f"{mutant.status}: {mutant.function}\n{mutant.change}\n")
        for function, change in sorted(stale):
            print(f"explained, but killed or gone: {function}\n{change}\n")
        failed = failed or bool(left or stale)
        equivalent = len(survivors) - len(left)
        print(
            f"{name}: {total} mutants, {total - len(survivors)} killed, {equivalent} equivalent, "
            f"{len(left)} survived",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
