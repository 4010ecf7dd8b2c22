"""Finds the files of a folder without opening any of them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from console.errors import NoSuchFolder
from console.jobs import Job
from console.logs.names import is_passed_over
from console.logs.plan import Refused

DEEPEST = 24
"""Folders below this depth are named and left alone."""

MOST_FILES = 50_000
"""Files beyond are not read. The first of them is named, for all: a list of millions is of use to nobody."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file. `path` is relative to the folder, with forward slashes; `about` is what was asked to find it."""

    path: str
    where: str
    about: os.stat_result

    @property
    def place(self) -> Path:
        """Where it lies."""
        return Path(self.where)


def walk(folder: Path, job: Job) -> tuple[list[Found], list[Refused]]:
    """All regular files below a folder, each once, and what was left alone. Links are followed, loops are not.

    A FIFO, a socket or a device is told by its mode and never opened: opening could block for ever.
    """
    check_folder(folder)
    found: list[Found] = []
    refused: list[Refused] = []
    links: list[tuple[str, str]] = []
    seen_folders: set[tuple[int, int]] = {_identity(folder.stat())}
    seen_files: dict[tuple[int, int], str] = {}
    beyond: list[str] = []

    def visit(place: str, prefix: str, depth: int) -> None:
        job.stop_if_asked()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            refused.append(Refused(prefix.rstrip("/"), f"This folder could not be read ({error.strerror or error})"))
            return
        for entry in entries:
            if is_passed_over(entry.name):
                continue
            path = prefix + entry.name
            if not _is_text(entry.name):
                refused.append(Refused(shown_name(path), "Its name is no valid UTF-8. Rename it"))
                continue
            if entry.is_symlink():
                links.append((path, entry.path))
            else:
                take(path, entry.path, depth)

    def take(path: str, place: str, depth: int, *, link: bool = False) -> None:
        try:
            about = os.stat(place)      # noqa: PTH116
        except OSError as error:
            refused.append(Refused(path, "It is a link to nothing" if link else
                                   f"It could not be looked at ({error.strerror or error})", rejected=not link))
            return
        mode = about.st_mode
        if stat.S_ISDIR(mode):
            if depth >= DEEPEST:
                refused.append(Refused(path, f"It lies deeper than {DEEPEST} folders", rejected=False))
            elif _identity(about) in seen_folders:
                refused.append(Refused(path, "It is a link to a folder that is read already", rejected=False))
            else:
                seen_folders.add(_identity(about))
                visit(place, path + "/", depth + 1)
        elif not stat.S_ISREG(mode):
            refused.append(Refused(path, f"It is {_special(mode)}, no file; it is never opened", rejected=False))
        elif (first := seen_files.get(_identity(about))) is not None:
            refused.append(Refused(path, f"It is the same file as {first}", rejected=False))
        elif len(found) >= MOST_FILES:
            if not beyond:
                refused.append(Refused(path, f"The folder has more than {MOST_FILES:,} files: this one and all that "
                                             "come after it are not read. Open a part of the folder"))
                beyond.append(path)
        else:
            seen_files[_identity(about)] = path
            found.append(Found(path, place, about))

    visit(str(folder), "", 0)       # places as plain text: a path object for each would double what a look costs
    while links:       # after all real files, so that a file is known by its own name and not by a link's
        path, place = links.pop(0)
        take(path, place, path.count("/"), link=True)
    return found, refused


def check_folder(folder: Path) -> None:
    """Raise NoSuchFolder, with what to do, for what cannot be opened as a folder."""
    try:
        if not folder.exists():
            raise NoSuchFolder("There is no such folder", where=str(folder), do="Check the path")
        if not folder.is_dir():
            raise NoSuchFolder("It is a file, not a folder", where=str(folder), do="Open the folder that it lies in")
        os.scandir(folder).close()
    except OSError as error:
        raise NoSuchFolder(f"The folder could not be read ({error.strerror or error})", where=str(folder),
                           do="Give this user the right to read it") from error


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_name(path: str) -> str:
    """A path that can be written down: bytes that are no UTF-8 as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _identity(about: os.stat_result) -> tuple[int, int]:
    return about.st_dev, about.st_ino


def _special(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "something special"
