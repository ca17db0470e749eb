"""The native engine, which may be left out: everything else is in setup.cfg and pyproject.toml.

Where there is no C compiler the installation goes on without it, and the portable engine serves.
"""

from Cython.Build import cythonize
from setuptools import Extension, setup

_extensions = cythonize(
    [Extension("streamcontract.codec._native", ["src/streamcontract/codec/_native.pyx"])]
)
for extension in _extensions:
    extension.optional = True  # cythonize does not hand it on
    extension.extra_compile_args = ["-O2", "-g0"]

setup(ext_modules=_extensions)
