"""What every command that finds something shares: places in files, and how they are shown."""

from streamcontract.reporting.places import Place, repository_path, shown

__all__ = ["Place", "repository_path", "shown"]
