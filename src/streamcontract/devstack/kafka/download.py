"""Files of a Maven repository, downloaded over HTTP: resumed after a break, and verified."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Final, Protocol

import attrs
import requests
import urllib3

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REPOSITORY_VARIABLE", "Artifact", "Progress", "download_all", "read_artifacts"]

REPOSITORY_VARIABLE: Final = "STREAMCONTRACT_MAVEN_REPOSITORY"
"""The environment variable with the URL of a Maven repository to download from."""

_DEFAULT_REPOSITORY: Final = "https://repo1.maven.org/maven2"
_TIMEOUTS: Final = (10.0, 60.0)  # seconds to connect, and between two pieces
_TRIES: Final = 3
_PIECE: Final = 256 * 1024


class Progress(Protocol):
    """What shows how far a fetch is."""

    def start(self, what: str, size: int) -> object:
        """A fetch of ``size`` bytes begins."""

    def advance(self, size: int) -> object:
        """``size`` more bytes are there."""


@attrs.frozen
class Artifact:
    """A file of a Maven repository, as it has to be.

    Attributes:
        path: Where it is in the repository: ``org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar``.
        size: Its size in bytes.
        sha256: Its SHA-256 in hexadecimal.
    """

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name alone."""
        return self.path.rpartition("/")[2]

    def is_at(self, file: Path) -> bool:
        """Whether a file is there and has this size and content."""
        try:
            if file.stat().st_size != self.size:
                return False
        except FileNotFoundError:
            return False
        with file.open("rb") as content:
            return _digest(content.read()) == self.sha256


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_artifacts(file: Path) -> list[Artifact]:
    """The artifacts that a data file of this package lists; ``make kafka-jars`` writes it."""
    return [Artifact(**row) for row in json.loads(file.read_text(encoding="utf-8"))]


def download_all(artifacts: list[Artifact], folder: Path, progress: Progress, *, what: str) -> None:
    """Fill a folder with artifacts; what an earlier try left there is gone on from.

    Args:
        artifacts: What to download.
        folder: Where to; it exists.
        progress: What shows how far it is.
        what: What the artifacts are, for messages.

    Raises:
        StackError: The repository cannot be reached or has something else, or the disk is full.
    """
    total = sum(artifact.size for artifact in artifacts)
    missing = [each for each in artifacts if not each.is_at(folder / each.name)]
    _check_space(folder, sum(each.size for each in missing), what)
    repository = os.environ.get(REPOSITORY_VARIABLE) or _DEFAULT_REPOSITORY
    progress.start(f"{what} from {repository}", total)
    progress.advance(total - sum(each.size for each in missing))
    with requests.Session() as session:
        for artifact in missing:
            _download(session, f"{repository.rstrip('/')}/{artifact.path}", artifact, folder)
            progress.advance(artifact.size)


def _check_space(folder: Path, size: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise StackError(
            f"{what} needs {_megabytes(size)} in {folder}, and {_megabytes(free)} are free there:"
            " free some, or set XDG_CACHE_HOME to a folder on another disk"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _download(session: requests.Session, url: str, artifact: Artifact, folder: Path) -> None:
    """Download a file beside its place, and put it there when it is whole."""
    part = folder / f"{artifact.name}.part"
    gone_on_from = part.exists()
    _complete(session, url, artifact, part)
    if not artifact.is_at(part):
        found = _digest(part.read_bytes())
        part.unlink()  # to go on from it would never help
        if gone_on_from:  # an earlier run may have left something else
            _download(session, url, artifact, folder)
            return
        raise StackError(
            f"{url} is not the file that it has to be: its SHA-256 is {found}, not"
            f" {artifact.sha256}. Something on the way changed it; {_ADVICE}"
        )
    part.rename(folder / artifact.name)


def _complete(session: requests.Session, url: str, artifact: Artifact, part: Path) -> None:
    """Append to a file what it lacks, with another try where the connection breaks."""
    for tries_left in reversed(range(_TRIES)):
        try:
            _append_rest(session, url, artifact, part)
        except requests.HTTPError as error:
            raise StackError(f"{url} is not to be had: {error}; {_ADVICE}") from error
        except (OSError, urllib3.exceptions.HTTPError) as error:  # RequestException is an OSError
            is_network = isinstance(
                error, (requests.RequestException, urllib3.exceptions.HTTPError)
            )
            if is_network and tries_left:
                continue
            raise StackError(
                f"{url} could not be downloaded ({error}): run it again to go on from there;"
                f" {_ADVICE}"
            ) from error
        return


_ADVICE: Final = (
    f"{REPOSITORY_VARIABLE} names another repository, such as a mirror of Maven Central;"
    " `streamcontract dev --broker mock` downloads nothing"
)


def _append_rest(session: requests.Session, url: str, artifact: Artifact, part: Path) -> None:
    """Append to a file what it lacks, up to the size that it has to have."""
    have = part.stat().st_size if part.exists() else 0
    if have >= artifact.size:
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
        response.raise_for_status()
        # 206: the range that was asked for (RFC 9110, 15.3.7). Anything else is the whole file.
        goes_on = response.status_code == requests.codes.partial_content
        with part.open("ab" if goes_on else "wb") as file:
            # Piece by piece as they come: what is there when the connection breaks is kept.
            while piece := response.raw.read1(_PIECE):
                file.write(piece)
                if file.tell() > artifact.size:  # endless or another file: its digest will say so
                    return
    if part.stat().st_size < artifact.size:
        raise requests.ConnectionError(f"cut off after {part.stat().st_size:,} bytes")
