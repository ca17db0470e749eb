"""A release: ``python -m release`` makes, in ``dist``, what is uploaded.

It refuses a tree that is not committed, tagged with the package's version and in the changelog. The
wheels come from cibuildwheel where a container engine runs, else from this machine's interpreters.
Each Python version that the metadata claims has to have one, and each that runs here is tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release.interpreters import ROOT, Found, claimed, find
from release.readiness import missing_wheels, unready
from release.wheels import (
    WORKERS,
    DistributionError,
    build_sdist,
    build_wheel,
    try_sdist,
    try_wheel,
)
from streamcontract._version import __version__

_DIST = ROOT / "dist"


def _container_engine() -> str | None:
    """The container engine that runs here, by its command."""
    for engine in ("docker", "podman"):
        if shutil.which(engine) is None:
            continue
        done = subprocess.run([engine, "info"], capture_output=True, check=False)  # noqa: S603 - one of the two above
        if done.returncode == 0:
            return engine
    return None


def _build_wheels(sdist: Path, folder: Path, found: Found) -> None:
    engine = _container_engine()
    if engine is None:
        print("no container engine runs here: wheels of this machine's interpreters", flush=True)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda each: build_wheel(each, sdist, folder), found.chosen))
        return
    print(f"wheels of cibuildwheel, in {engine}", flush=True)
    command = [sys.executable, "-m", "cibuildwheel", "--platform=linux", f"--output-dir={folder}"]
    environment = {**os.environ, "CIBW_CONTAINER_ENGINE": engine}
    subprocess.run([*command, str(sdist)], env=environment, check=True)  # noqa: S603 - of this module


def _try_all(sdist: Path, wheels: list[Path], found: Found) -> None:
    """Try what runs here, each on its own interpreter."""
    pairs = [
        (interpreter, wheel)
        for interpreter in found.chosen
        for wheel in wheels
        if not missing_wheels([interpreter.minor], [wheel.name])
    ]
    print("\n".join(["", f"{sdist.name}:", *try_sdist(found.chosen[0], sdist)]), flush=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        for (_, wheel), lines in zip(
            pairs, pool.map(lambda pair: try_wheel(*pair), pairs), strict=True
        ):
            print("\n".join(["", f"{wheel.name}:", *lines]), flush=True)


def _release(folder: Path) -> list[str]:
    """Make everything in a folder; return what is wrong with it."""
    found = find()
    sdist = build_sdist(folder)
    _build_wheels(sdist, folder, found)
    wheels = sorted(folder.glob("*.whl"))
    missing = missing_wheels(claimed(), [wheel.name for wheel in wheels])
    if missing:
        why = [what for what in found.skipped if what.partition(":")[0] in missing]
        return [f"there is no wheel for Python {', '.join(missing)}, which is claimed", *why]
    _try_all(sdist, wheels, found)
    files = [str(path) for path in [sdist, *wheels]]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)  # noqa: S603 - of this module
    return []


def main() -> int:
    """Make a release, and print how to upload it."""
    faults = unready(ROOT, __version__)
    if not faults:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                faults = _release(Path(scratch))
            except (DistributionError, subprocess.CalledProcessError) as error:
                faults = [str(error)]
            if not faults:
                shutil.rmtree(_DIST, ignore_errors=True)
                shutil.copytree(scratch, _DIST)
    if faults:
        print("\n".join([f"{__version__} cannot be released:", *faults]), file=sys.stderr)
        return 1
    files = "\n".join(f"  {path.relative_to(ROOT)}" for path in sorted(_DIST.iterdir()))
    print(
        f"\n{__version__} is in dist:\n{files}\n\nTo upload it, and publish its tag:\n"
        f"  {os.path.relpath(sys.executable, ROOT)} -m twine upload dist/*\n"
        f"  git push origin v{__version__}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
