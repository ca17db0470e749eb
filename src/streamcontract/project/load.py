"""Loading of the project that a folder belongs to."""

from __future__ import annotations

from pathlib import Path

from streamcontract.errors import ConfigurationError, ProjectError, ProjectFault
from streamcontract.project.files import PROJECT_FILE, PYPROJECT, Document, find_project_file
from streamcontract.project.positions import KeyPath
from streamcontract.project.reader import DEFAULT_OUTPUT, project_of
from streamcontract.project.values import Project
from streamcontract.schema import SchemaFolders

__all__ = ["fault_at", "find_project", "folders_for", "load_project", "read_project"]


def load_project(start: Path | None = None, *, is_past: bool = False) -> Project:
    r"""Load the contracts of the project that a folder belongs to.

    Args:
        start: A folder, searched upwards as :func:`find_project_file` does; or the project file
            itself. The current folder if left out.
        is_past: Whether it is a checkout of an earlier state, without the folders of types that are
            elsewhere or empty.

    Returns:
        The project, with every path absolute and every value checked.

    Raises:
        ProjectError: The file is wrong; the error has all its faults.
        ConfigurationError: There is no such path or no project file.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "order.avsc").write_text('{"type": "record", "name": "O", "fields": []}')
        >>> _ = (folder / "streamcontract.toml").write_text(
        ...     '[contracts.order]\nschema = "order.avsc"\ntopic = "orders"'
        ... )
        >>> [contract.topic for contract in load_project(folder).contracts]
        ['orders']
    """
    project = read_project(start, is_past=is_past)
    if project.faults:
        raise ProjectError(project.faults)
    return project


def read_project(start: Path | None = None, *, is_past: bool = False) -> Project:
    r"""Load the valid part of a project, and the faults of the rest.

    Args:
        start: As for :func:`load_project`.
        is_past: Likewise.

    Returns:
        The project, with its faults.

    Raises:
        ConfigurationError: There is no such path or no project file.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "streamcontract.toml").write_text('[contracts.order]\ntopics = "orders"')
        >>> for fault in read_project(folder).faults:
        ...     print(fault.line, fault.column, fault.statement)
        1 12 contracts.order: needs schema = "<path of an .avsc file>"
        2 1 contracts.order.topics: is not a known key; did you mean 'topic'?
    """
    project = find_project(start, is_past=is_past)
    if project is None:
        folder = (start or Path.cwd()).resolve()
        raise ConfigurationError(
            f"no {PROJECT_FILE}, and no {PYPROJECT} with a [tool.streamcontract] table, in"
            f" {folder} or any folder above it; write one, such as:\n\n"
            '  output = "contracts"\n\n'
            "  [contracts.order]\n"
            '  schema = "schemas/order.avsc"\n'
            '  topic = "orders"\n'
        )
    return project


def find_project(start: Path | None = None, *, is_past: bool = False) -> Project | None:
    """As :func:`read_project`; None if there is no project file.

    Args:
        start: As for :func:`load_project`.
        is_past: Likewise.

    Raises:
        ConfigurationError: There is no such path.
    """
    if start is not None and not start.exists():
        # A folder above may have a project file that is not the one meant.
        raise ConfigurationError(f"there is no file or folder {start}")
    try:
        is_file = start is not None and start.is_file()
        file = start.resolve() if start is not None and is_file else find_project_file(start)
        return None if file is None else project_of(Document.read(file), is_past=is_past)
    except ProjectError as error:
        wrong = Path(error.faults[0].file)
        return Project(
            file=wrong,
            output=wrong.parent / DEFAULT_OUTPUT,
            contracts=(),
            faults=error.faults,
            is_complete=False,
        )


def fault_at(
    project: Project, path: KeyPath, message: str, *, contract: str | None = None
) -> ProjectFault:
    """A fault of a project file that only a comparison with a schema shows.

    Args:
        project: The project.
        path: The keys that lead to the fault, from the project's table.
        message: What is wrong.
        contract: The contract that it is about.
    """
    try:
        document = Document.read(project.file)
    except ProjectError as error:  # the file was changed meanwhile
        return error.faults[0]
    line, column = document.place(path)
    return ProjectFault(
        path=(*document.prefix, *path),
        message=message,
        file=str(project.file),
        line=line,
        column=column,
        contract=contract,
    )


def folders_for(file: Path) -> SchemaFolders:
    """The folders of types of the project that a schema file is in; none without a project.

    Raises:
        ProjectError: The project file is wrong.
    """
    project = find_project(file.parent)
    if project is None:
        return SchemaFolders()
    if project.faults:
        raise ProjectError(project.faults)
    return project.folders
