"""The native engine, which may be left out: everything else is in setup.cfg and pyproject.toml.

Where there is no C compiler the installation goes on without it, and the portable engine serves.
"""

import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

_ROOT = Path(__file__).parent
_STAMP = "src/streamcontract/codec/stamp.py"
_VERSION = "src/streamcontract/_version.py"

_version = runpy.run_path(str(_ROOT / _VERSION))["__version__"]
_digest = runpy.run_path(str(_ROOT / _STAMP))["sources_digest"]()

_extensions = cythonize(
    [
        Extension(
            f"streamcontract.{package}._native", [f"src/streamcontract/{package}/_native.pyx"]
        )
        for package in ("codec", "columns", "kafka")
    ]
)
for extension in _extensions:  # cythonize does not hand all of this on
    extension.optional = True
    # Columns are loops in C alone, which gain from being inlined; the others call Python.
    level = "-O3" if ".columns." in extension.name else "-O2"
    extension.extra_compile_args = [level, "-g0"]
    # What engine.py holds against the package: a binary of other sources is never run.
    extension.define_macros = [("SC_VERSION", f'"{_version}"'), ("SC_SOURCES", f'"{_digest}"')]
    extension.depends = [*extension.depends, _STAMP, _VERSION]

setup(ext_modules=_extensions)
