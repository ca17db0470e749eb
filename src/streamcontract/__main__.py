"""``python -m streamcontract`` is the command line."""

from streamcontract.cli import main

main()
