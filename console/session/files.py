"""Two files compared without a folder: each is loaded like a reference, into a workspace that is thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import NoLogs, NoSuchFolder
from console.jobs import Job
from console.logs.discover import discover
from console.logs.load import load_folder
from console.store import StreamInfo, Workspace


@contextmanager
def loaded_file(path: Path, job: Job) -> Iterator[tuple[Workspace, StreamInfo]]:
    """The one stream of a file. A folder named `reference` makes it one that needs no times. Raises ConsoleError."""
    if not path.is_file():
        raise NoSuchFolder("There is no such file", where=str(path), do="Check the path")
    with tempfile.TemporaryDirectory(prefix="pilothouse-") as name:
        folder = Path(name) / "files"
        inside = folder / "reference" / path.name
        inside.parent.mkdir(parents=True)
        try:
            inside.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, inside)
        store = Workspace.open(Path(name) / "workspace.duckdb", folder=folder)
        try:
            load_folder(discover(folder, job), store, job)
            streams = [stream for stream in store.streams() if stream.rows]
            if not streams:
                raise NoLogs("The file holds no rows", where=str(path))
            yield store, streams[0]
        finally:
            store.close()
