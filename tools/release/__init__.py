"""Distributions of streamcontract, and the interpreters that they are built for and tried on.

- ``interpreters``: what this machine has, one of each minor version; ``debian``: one it lacks.
- ``environments``: a virtual environment for any of them.
- ``suites``: ``make test`` on each of them (``make test-pythons``).
- ``wheels``: the source distribution and the wheels, built and tried (``make wheels``).
- ``python -m release``: what is uploaded (``make release``).
"""
