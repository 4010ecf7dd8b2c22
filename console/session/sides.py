"""The two sides of a question: a window of the log, one model version in it, a reference stream, or a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.drift import CategoryCounts, ColumnSample
from console.drift.counts import count_values
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.format import format_exact, format_window
from console.roles import INPUT_ROLES, Role, StreamKind
from console.session.files import loaded_file
from console.store.answered import NOT
from console.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from console.store import ColumnInfo, StreamInfo, Workspace

MOST_ROWS = 200_000
"""Of a side are read; of more every so many-th."""
MOST_CATEGORIES = 20_000
"""A text column with more values is free text or an id."""


def others(version: str) -> str:
    """In the place of a version: all others."""
    return f"{NOT}{version}"


@dataclass(frozen=True, slots=True)
class Reference:
    """What the current window is compared with: exactly one of window, stream and file.

    stream   the name of a reference stream of the log; version   only requests of that model version
    """

    window: Window | None = None
    stream: str = ""
    file: Path | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of one side, wherever they are."""

    store: Workspace
    stream: StreamInfo
    window: Window | None
    version: str
    name: str
    each: int                    # every so many-th row is read

    def inputs(self) -> tuple[ColumnInfo, ...]:
        """What goes into the model."""
        return self.stream.columns_of(*INPUT_ROLES)

    def rows(self, columns: Sequence[ColumnInfo], *, each: int | None = None,
             keys: Sequence[str] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Request ids and cells of columns."""
        return self.store.whole_rows(self.stream.stream_id, [column.stored for column in columns], self.window,
                                     each=each or self.each, version=self.version or None, keys=keys)

    def answers(self) -> Any:
        """Its requests with answers and outcomes."""
        return self.store.answered_rows(self.stream.stream_id, self.window, each=self.each,
                                        version=self.version or None)


def current_side(store: Workspace, window: Window | None, version: str = "") -> Side:
    """A window of the largest stream of requests. Raises BadSettings without one, or for a version it has not."""
    stream = requests_of(store)
    return _side(store, stream, window, version,
                 format_window(window, relative=store.relative) if window else "the whole log")


@contextmanager
def reference_side(store: Workspace, reference: Reference, job: Job) -> Iterator[Side]:
    """The other one; a file is loaded and thrown away afterwards. Raises BadSettings, ConsoleError."""
    if reference.file is not None:
        with loaded_file(reference.file, job) as (other, stream):
            yield _side(other, stream, None, reference.version, reference.file.name)
        return
    if reference.window is not None:
        yield _side(store, requests_of(store), reference.window, reference.version,
                    format_window(reference.window, relative=store.relative))
        return
    found = [stream for stream in reference_streams(store) if reference.stream in ("", stream.name)]
    if not found:
        names = ", ".join(stream.name for stream in reference_streams(store))
        raise BadSettings(f"There is no reference stream `{reference.stream}`" if reference.stream
                          else "This log has no reference stream, and no other reference is given",
                          do=f"Reference streams are {names}" if names
                          else "Choose a reference window, or give a file of training data")
    yield _side(store, found[0], None, reference.version, found[0].name)


def requests_of(store: Workspace) -> StreamInfo:
    """The largest stream of requests. Raises BadSettings without one."""
    found = max((stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS),
                key=lambda stream: stream.rows, default=None)
    if found is None:
        raise BadSettings("This log has no requests, so there is nothing to compare", where=str(store.path),
                          do="Open a folder with a row for each request")
    return found


def reference_streams(store: Workspace) -> tuple[StreamInfo, ...]:
    """Training and validation data of the log, the largest first."""
    return tuple(sorted((stream for stream in store.streams() if stream.kind is StreamKind.REFERENCE and stream.rows),
                        key=lambda stream: (-stream.rows, stream.name)))


def samples(columns: Sequence[ColumnInfo], cells: Mapping[str, Any]) -> list[ColumnSample]:
    """Columns of rows that were read, to be compared; without those that are free text."""
    found = []
    for column in columns:
        values = cells[column.name]
        if values.dtype.kind == "O":
            counts: CategoryCounts = count_values(values)
            if len(counts.counts) > MOST_CATEGORIES:
                continue
            values = counts
        found.append(ColumnSample(column.name, values, column.role, column.type))
    return found


def on_both(one: Side, other: Side, columns: Sequence[ColumnInfo]) -> tuple[tuple[ColumnInfo, ...], ...]:
    """Columns of the second side that the first has under the same name, as each side keeps them."""
    there = {column.name: column for column in one.stream.columns}
    both = [(there[column.name], column) for column in columns if column.name in there]
    return tuple(before for before, _ in both), tuple(now for _, now in both)


def words_of(reference: Reference, current: Window | None, version: str, relative: bool) -> list[str]:
    """The options of the command line that choose these sides."""
    words = []
    if reference.window is not None:
        words += ["--reference", _pair(reference.window, relative)]
    elif reference.file is not None:
        words += ["--reference-file", shlex.quote(str(reference.file))]
    elif reference.stream:
        words += ["--reference-stream", shlex.quote(reference.stream)]
    words += ["--reference-version", shlex.quote(reference.version)] if reference.version else []
    words += ["--current", _pair(current, relative)] if current is not None else []
    return words + (["--current-version", shlex.quote(version)] if version and not version.startswith(NOT) else [])


def _side(store: Workspace, stream: StreamInfo, window: Window | None, version: str, name: str) -> Side:
    if version and stream.column(Role.MODEL_VERSION) is None:
        raise BadSettings(f"{stream.name} does not tell model versions", do="Leave the version out")
    each = max(1, -(-store.rows_in(stream.stream_id, window) // MOST_ROWS))
    return Side(store, stream, window, version, f"{_named(version)}, {name}" if version else name, each)


def _named(version: str) -> str:
    return f"versions other than {version.removeprefix(NOT)}" if version.startswith(NOT) else f"version {version}"


def _pair(window: Window, relative: bool) -> str:
    return "..".join(format_exact(moment, relative=relative) for moment in (window.start, window.end))
