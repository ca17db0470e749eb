"""Reports of commands that find something: positions in files, and output formats."""

from streamcontract.reporting.places import Place, repository_path, shown

__all__ = ["Place", "repository_path", "shown"]
