"""History of a working tree, read with the ``git`` program; nothing is fetched.

Only commands that read the object store are called, so that no hook, filter or configured command
runs.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["GitFile", "Repository"]

# git sets the first four for hooks, with paths to the hook's repository that are valid in one
# folder only ("git help git", Environment Variables). Here the repository is that of the project.
# With the last two, git would read the patterns below as names, and find nothing.
_NOT_OURS: Final = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"),
        *("GIT_LITERAL_PATHSPECS", "GIT_NOGLOB_PATHSPECS"),
    }
)
_SYMBOLIC_LINK: Final = "120000"
_REGULAR: Final = frozenset({"100644", "100755", "100664"})


@attrs.frozen
class GitFile:
    """A file of a commit.

    Attributes:
        path: Its path in the repository.
        blob: The id of its content.
        is_link: Whether it is a symbolic link, its content the target.
    """

    path: PurePosixPath
    blob: str
    is_link: bool


class Repository:
    """The repository that a folder belongs to.

    Args:
        folder: A folder of its working tree.

    Raises:
        ConfigurationError: There is no ``git``, or the folder is not in a repository.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.top = Path(self._text("rev-parse", "--show-toplevel").rstrip("\n")).resolve()
        self._contents: dict[str, bytes] = {}

    def commit(self, ref: str) -> str:
        """The id of the commit of ``ref``.

        Raises:
            ConfigurationError: There is none.
        """
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        done = self._run(*arguments)
        if done.returncode and ref == "HEAD":
            raise ConfigurationError(
                f"there is no commit yet in {self.top}: commit the schemas first"
            )
        if done.returncode:
            raise ConfigurationError(
                f"git has no commit {ref!r} here: fetch it first, such as with `git fetch origin "
                f"main` (nothing is fetched by this command; in GitHub Actions, check out with "
                f"fetch-depth: 0)"
            )
        return done.stdout.decode().strip()

    def files(
        self, commit: str, suffixes: Collection[str], also: Iterable[PurePosixPath]
    ) -> list[GitFile]:
        """The files of a commit with one of the suffixes, those of ``also``, and all links."""
        wanted = set(also)
        found = []
        listing = self._text("ls-tree", "-r", "-z", "--full-tree", commit)
        for entry in listing.split("\0")[:-1]:
            about, _, name = entry.partition("\t")
            mode, _, blob = about.split(" ")
            path = PurePosixPath(name)
            is_link = mode == _SYMBOLIC_LINK  # perhaps a folder, with such files in it
            is_wanted = is_link or path.suffix in suffixes or path in wanted
            if is_wanted and mode in {*_REGULAR, _SYMBOLIC_LINK} and ".." not in path.parts:
                found.append(GitFile(path, blob, is_link))
        return found

    def contents(self, files: Iterable[GitFile]) -> Mapping[str, bytes]:
        """The contents of files, by the ids of their blobs."""
        missing = list(dict.fromkeys(f.blob for f in files if f.blob not in self._contents))
        if missing:
            answer = self._checked("cat-file", "--batch", stdin="\n".join(missing).encode() + b"\n")
            at = 0
            for blob in missing:
                # "<id> blob <size>\n<content>\n" ("git help cat-file", Batch Output)
                end = answer.index(b"\n", at)
                size = int(answer[at:end].split(b" ")[2])
                self._contents[blob] = answer[end + 1 : end + 1 + size]
                at = end + size + 2
        return self._contents

    def commits(
        self, commit: str, suffixes: Collection[str], also: Iterable[PurePosixPath]
    ) -> list[str]:
        """The commits up to ``commit`` that changed such files, newest first.

        They follow the first parents: the states of the branch itself, not those of a merged branch
        before the merge.

        Raises:
            ConfigurationError: The clone is shallow, so that git does not have all of them.
        """
        if self._text("rev-parse", "--is-shallow-repository").strip() == "true":
            raise ConfigurationError(
                "a transitive level is checked against every version in git's history, and this "
                "clone is shallow: run `git fetch --unshallow` (in GitHub Actions, check out with "
                "fetch-depth: 0)"
            )
        paths = [f":(top,glob)**/*{suffix}" for suffix in suffixes]
        paths += [f":(top,literal){path}" for path in also]
        return self._text("rev-list", "--first-parent", commit, "--", *paths).split()

    def _text(self, *arguments: str) -> str:
        # File names are bytes for git; the file system's codec keeps them unchanged.
        return os.fsdecode(self._checked(*arguments))

    def _checked(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ConfigurationError(f"git {arguments[0]} failed in {self._folder}: {said}")
        return done.stdout

    def _run(
        self, *arguments: str, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {name: at for name, at in os.environ.items() if name not in _NOT_OURS}
        try:
            return subprocess.run(  # noqa: S603 - a list of words, and no shell
                ["git", "-C", str(self._folder), *arguments],  # noqa: S607 - the user's own git
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                env={**environment, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
                check=False,
            )
        except OSError as error:
            raise ConfigurationError(
                f"git cannot be run to read earlier versions: {error.strerror}"
            ) from error
