"""Two windows of the log, or two files, put before the drift room."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.drift import CategoryCounts, ColumnSample, DriftView, compare
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.format import format_exact, format_window
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.session.files import loaded_file
from console.store import values
from console.store.picked import Pick
from console.window import Window

if TYPE_CHECKING:
    from console.store import ColumnInfo, StreamInfo, Workspace

TESTED_ROLES = (Role.PREDICTION, Role.SCORE, Role.SHADOW_PREDICTION, Role.LABEL, Role.CLICKED, Role.CHURNED,
                Role.LATENCY, Role.STATUS, Role.TIME_TO_FIRST_TOKEN, Role.OUTPUT_TOKENS, *INPUT_ROLES)
"""What a model reads and answers, and how it served. Ids, hosts and versions change without anything being wrong."""

MOST_CATEGORIES = 20_000
"""A text column with more values than this is free text or an id: counting it would say nothing."""


Told = Callable[[str, str], str]
"""(column, value) -> what stands in the place of the value."""


def tested(store: Workspace) -> tuple[str, ...]:
    """The columns that two windows are compared by. Raises BadSettings for a log without requests."""
    return tuple(column.name for column in _chosen(_requests(store), None))


def windows(store: Workspace, target: str, reference: Window, current: Window, job: Job,
            names: tuple[str, ...] | None, told: Told | None = None, tests: Sequence[str] = ()) -> DriftView:
    """Two windows of the largest stream of requests. Raises BadSettings when there is none, or a name is not in it.

    told   texts are compared by what it gives for them, and nobody sees the values
    tests  names of tests to show beside the verdicts
    """
    stream = _requests(store)
    columns = _chosen(stream, names)
    job.report(0, 3, "Reading the reference window")
    before = _samples(store, stream, columns, reference, job, told)
    job.report(1, 3, "Reading the current window")
    after = _samples(store, stream, columns, current, job, told)
    before, after = _countable(before, after)
    job.report(2, 3, "Testing")
    relative = store.relative
    command = " ".join(["pilothouse drift", shlex.quote(target), "--reference", _pair(reference, relative),
                        "--current", _pair(current, relative), *_column_words(names), *_test_words(tests), "--json"])
    return compare(before, after, tests=tests, reference_window=reference, current_window=current,
                   reference_name=format_window(reference, relative=relative),
                   current_name=format_window(current, relative=relative), command=command, job=job)


def with_file(store: Workspace, target: str, reference: Path, current: Window | None, job: Job,
              names: tuple[str, ...] | None, tests: Sequence[str] = ()) -> DriftView:
    """A file of training or validation data against a window of the log (None: all of it)."""
    stream = _requests(store)
    columns = _chosen(stream, names)
    after = _samples(store, stream, columns, current, job)
    with loaded_file(reference, job) as (other, other_stream):
        wanted = {column.name for column in columns}
        before = _samples(other, other_stream, tuple(column for column in other_stream.columns
                                                     if column.name in wanted), None, job)
    before, after = _countable(before, after)
    command = _command(target, ["--reference-file", shlex.quote(str(reference))], store, current, names, tests)
    return compare(before, after, tests=tests, current_window=current, reference_name=reference.name,
                   current_name=format_window(current, relative=store.relative) if current else "the whole log",
                   command=command, job=job)


def with_stream(store: Workspace, target: str, reference: str, current: Window | None, job: Job,
                names: tuple[str, ...] | None, tests: Sequence[str] = ()) -> DriftView:
    """A reference stream of the log against a window of it (None: all of it). Raises BadSettings."""
    stream = _requests(store)
    columns = _chosen(stream, names)
    known = {one.name: one for one in store.streams() if one.kind is StreamKind.REFERENCE}
    if reference not in known:
        raise BadSettings(f"The log has no reference stream `{reference}`",
                          do="Choose one of " + (", ".join(sorted(known)) or "none: there is no such stream"))
    wanted = {column.name for column in columns}
    job.report(0, 3, "Reading the reference stream")
    before = _samples(store, known[reference], tuple(column for column in known[reference].columns
                                                     if column.name in wanted), None, job)
    job.report(1, 3, "Reading the current window")
    before, after = _countable(before, _samples(store, stream, columns, current, job))
    command = _command(target, ["--reference-stream", shlex.quote(reference)], store, current, names, tests)
    return compare(before, after, tests=tests, current_window=current, reference_name=f"stream {reference}",
                   current_name=format_window(current, relative=store.relative) if current else "the whole log",
                   command=command, job=job)


def by_version(store: Workspace, target: str, version: str, window: Window | None, job: Job,
               names: tuple[str, ...] | None, tests: Sequence[str] = ()) -> DriftView:
    """The rows that a model version served against those of all others, at the same time. Raises BadSettings."""
    stream = _requests(store)
    columns = _chosen(stream, names)
    if stream.column(Role.MODEL_VERSION) is None:
        raise BadSettings("The requests of this log do not say which model version served them",
                          do="Give the column of the version its role under Folder > Columns")
    sides = []
    for number, out in enumerate((False, True)):
        job.report(number, 3, "Reading the other versions" if out else f"Reading version {version}")
        some = Pick(Role.MODEL_VERSION.value, version, out).rows_of(stream)
        sides.append(_samples(store, some, columns, window, job))
    before, after = _countable(*sides)
    command = _command(target, ["--reference-version", shlex.quote(version)], store, window, names, tests)
    at = format_window(window, relative=store.relative) if window else "the whole log"
    return compare(before, after, tests=tests, current_window=window, reference_name=f"model version {version}, {at}",
                   current_name=f"other versions, {at}", command=command, job=job)


def _command(target: str, reference: list[str], store: Workspace, current: Window | None,
             names: tuple[str, ...] | None, tests: Sequence[str]) -> str:
    words = ["--current", _pair(current, store.relative)] if current else []
    return " ".join(["pilothouse drift", shlex.quote(target), *reference, *words, *_column_words(names),
                     *_test_words(tests), "--json"])


def files(reference: Path, current: Path, job: Job, names: tuple[str, ...] | None,
          tests: Sequence[str] = ()) -> DriftView:
    """Two files, no folder."""
    sides = []
    for path in (reference, current):
        with loaded_file(path, job) as (store, stream):
            sides.append(_samples(store, stream, _chosen(stream, names, roleless=True), None, job))
    before, after = _countable(*sides)
    command = " ".join(["pilothouse drift --reference-file", shlex.quote(str(reference)), "--current-file",
                        shlex.quote(str(current)), *_column_words(names), *_test_words(tests), "--json"])
    return compare(before, after, tests=tests, reference_name=reference.name, current_name=current.name,
                   command=command, job=job)


def _requests(store: Workspace) -> StreamInfo:
    found = max((stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS),
                key=lambda stream: stream.rows, default=None)
    if found is None:
        raise BadSettings("This log has no requests, so there are no columns to compare", where=str(store.path),
                          do="Open a folder with a row for each request")
    return found


def _chosen(stream: StreamInfo, names: tuple[str, ...] | None, *, roleless: bool = False) -> tuple[ColumnInfo, ...]:
    """The columns to test: those with a role that says something, or exactly those named.

    roleless  take columns without a role too: whoever compares two files means all that is in them
    """
    if names is None:
        return tuple(column for column in stream.columns
                     if column.role in TESTED_ROLES or (roleless and column.role is None))
    by_name = {column.name: column for column in stream.columns}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise BadSettings(f"There is no column `{unknown[0]}` in {stream.name}",
                          do="Columns are " + ", ".join(sorted(by_name)[:40]))
    return tuple(by_name[name] for name in names)


def _samples(store: Workspace, stream: StreamInfo, columns: tuple[ColumnInfo, ...], window: Window | None,
             job: Job, told: Told | None = None) -> list[ColumnSample]:
    samples = []
    for column in columns:
        job.stop_if_asked()
        if column.type is ColumnType.TEXT:
            counts = CategoryCounts.of(values.category_counts(store.cursor(), stream, column.stored, window))
            if told is not None:
                counts = _told(column.name, counts, told)
            samples.append(ColumnSample(column.name, counts, column.role, column.type))
        else:
            numbers = values.column_values(store.cursor(), stream, column.stored, window)
            samples.append(ColumnSample(column.name, numbers, column.role, column.type))
    return samples


def _told(column: str, counts: CategoryCounts, told: Told) -> CategoryCounts:
    found: dict[str, int] = {}
    for value, count in counts.counts.items():
        shown = told(column, value)
        found[shown] = found.get(shown, 0) + count
    return CategoryCounts(found, counts.n_missing)


def _countable(*sides: list[ColumnSample]) -> tuple[list[ColumnSample], ...]:
    """Without the columns that are free text on either side: left out of one only, they would seem to vanish."""
    free = {sample.column for side in sides for sample in side
            if isinstance(sample.values, CategoryCounts) and len(sample.values.counts) > MOST_CATEGORIES}
    return tuple([sample for sample in side if sample.column not in free] for side in sides)


def _pair(window: Window, relative: bool) -> str:
    return "..".join(format_exact(moment, relative=relative) for moment in (window.start, window.end))


def _column_words(names: tuple[str, ...] | None) -> list[str]:
    return [word for name in names or () for word in ("--columns", shlex.quote(name))]


def _test_words(tests: Sequence[str]) -> list[str]:
    return ["--tests", ",".join(tests)] if tests else []
