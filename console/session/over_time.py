"""Every column of the log over time against one reference: read, counted, and put before the drift room."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from console.drift import regimes
from console.drift.bins import quantile_cuts
from console.drift.causes import Cause, suspicions
from console.drift.columns import few_values
from console.drift.counts import MOST_CATEGORIES
from console.drift.course_view import CourseRow, CourseView, DriftKind, RegimeMatch, RowGroup
from console.drift.courses import Axis, by_size, ranking_row, rate_row, schema_row, values_row
from console.drift.outcome_courses import SCORE_BINS, Told, ranking, relation
from console.drift.over_time import Counted, Flags, distances, number_cuts, rates
from console.drift.result import Floats
from console.drift.summary import match_words, summary
from console.drift.words import quoted
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.catalogue import CATALOGUE
from console.metrics.format import format_exact, format_time, format_value
from console.metrics.maturity import mature
from console.metrics.measure import Reading
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.session import compare, schema
from console.store import bucketed
from console.store.every_kth import inputs_and_outcomes
from console.store.grid import Grid
from console.window import Window

if TYPE_CHECKING:
    from console.store import ColumnInfo, StreamInfo, Workspace

BUCKETS, LEAST_BUCKETS, MOST_BUCKETS = 60, 16, 400
"""As many as tell a slope from a step; at least what tells any kind; at most what a screen can show."""
HOUR_S, DAY_S, DAYS_FROM_S = 3600.0, 86400.0, 64800.0
"""Buckets from three quarters of a day on are whole days from the first row's hour on: each has every hour as often as
the others. What is left at the end, less than half a bucket, is left out: a part of a day is like no day."""
ROWS_A_BUCKET = 100
"""A short log has fewer buckets, each with so many rows."""
WHOLE_S = ((600.0, 60), (0.0, 1))
"""Buckets longer than ten minutes begin and end on the minute: people read their times."""
MOST_SAMPLED = 400_000
"""Values of the reference that its bins are made from; the counts are of all rows."""
MOST_JOINED = 3_000_000
"""Requests whose outcomes are joined one by one. Beyond, only rates are told."""
MOST_COMPARED = 50_000
"""Values on each side in which a changed unit or spelling is looked for."""
LEAST_SCORED = 100
"""Outcomes in the reference, or nothing is learned from them."""
ALL_COME = 0.999
TRUTHS = (Role.CLICKED, Role.LABEL, Role.CHURNED)
PREDICTIONS = (Role.PREDICTION, Role.SCORE, Role.SHADOW_PREDICTION)
UNIT_FROM = 0.2
"""From this distance on a step is looked at for another unit or spelling."""


@dataclass(slots=True)
class _Read:
    """What was counted, before it is known how many rows the map has."""

    counted: dict[str, Counted] = field(default_factory=dict)
    rows: list[Callable[[Axis], CourseRow]] = field(default_factory=list)
    columns: dict[str, ColumnInfo] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The map, and the counts behind it: another window is matched with earlier times without reading a row."""

    view: CourseView
    grid: Grid
    axis: Axis
    counted: Mapping[str, Counted]

    def match(self, window: Window) -> RegimeMatch | None:
        """The earlier stretch that this window is most like; None where there is none."""
        return _match(self.grid, self.view.rows, self.axis, self.counted, window, chosen=True)


def over_time(store: Workspace, target: str, job: Job, *, reference: Window | None = None,
              current: Window | None = None, bucket_s: float | None = None,
              names: tuple[str, ...] | None = None) -> Looked:
    """The map of the largest stream of requests.

    reference  what all buckets are compared with; the first quarter of the log without
    current    the window that is matched with earlier times; without, what follows the last change
    bucket_s   a sixtieth of the log without
    Raises BadSettings for a log without requests, of too short a span, or too many buckets; JobStopped.
    """
    began = time.perf_counter()
    wanted = compare.tested(store) if names is None else names
    stream = max((one for one in store.streams() if one.kind is StreamKind.REQUESTS), key=lambda one: one.rows)
    by_name = {column.name: column for column in stream.columns}
    if unknown := [name for name in wanted if name not in by_name]:
        raise BadSettings(f"There is no column `{unknown[0]}` in {stream.name}",
                          do="Columns are " + ", ".join(sorted(by_name)[:40]))
    grid = _grid(stream, bucket_s)
    before, inside = _reference(grid, reference)
    steps = len(wanted) + 3
    job.report(0, steps, "Counting rows")
    con = store.cursor()
    rows_n = bucketed.rows_of(con, stream, grid).astype(np.float64)
    read = _Read()
    for number, name in enumerate(wanted):
        job.report(1 + number, steps, f"Counting {name[:60]}")
        job.stop_if_asked()
        _count(store, stream, by_name[name], grid, before, inside, job, read)
    job.report(steps - 2, steps, "Joining outcomes")
    job.stop_if_asked()
    if names is None:
        _outcomes(store, stream, grid, before, inside, rows_n, job, read)
    job.report(steps - 1, steps, "Telling kinds of change")
    axis = Axis(grid.times, grid.step_us / 1e6, store.relative, inside, max(1, len(read.rows)))
    found = []
    for make in read.rows:
        job.stop_if_asked()
        found.append(make(axis))
    found = _with_schema(store, stream, grid, before, found, read, wanted, job)
    rows = by_size(found)
    told = summary(rows, axis, len(wanted))
    now = current or _latest(grid, rows, axis)
    match = _match(grid, rows, axis, read.counted, now, chosen=current is not None)
    reference_window = Window.from_epoch(before.first_us / 1e6, (before.first_us + before.step_us) / 1e6)
    view = CourseView(reference_window, now, grid.times, grid.step_us / 1e6, rows_n, rows, told.kind, told.verdict,
                      told.onset, told.onset_low, told.onset_high, told.sentence, match, tuple(read.notes),
                      store.relative, time.perf_counter() - began,
                      _command(target, reference, current, bucket_s, names, relative=store.relative))
    return Looked(view, grid, axis, read.counted)


# ---- time --------------------------------------------------------------------------------------------------


def _grid(stream: StreamInfo, bucket_s: float | None) -> Grid:
    if stream.first is None or stream.last is None or stream.last <= stream.first:
        raise BadSettings("All requests have one time, so there is nothing to see over time", where=stream.name)
    whole = Window(stream.first, stream.last + timedelta(microseconds=1))
    if bucket_s is not None:
        grid = Grid.over(whole, bucket_s)
        if grid.count > MOST_BUCKETS:
            raise BadSettings(f"{grid.count:,} buckets are more than the {MOST_BUCKETS} that can be told apart",
                              do="Choose longer buckets")
        return grid
    count = min(BUCKETS, max(LEAST_BUCKETS, stream.rows // ROWS_A_BUCKET))
    length = whole.seconds / count
    if length >= DAYS_FROM_S:
        first, step = int(whole.start_s // HOUR_S * HOUR_S) * 1_000_000, round(length / DAY_S) * int(DAY_S) * 1_000_000
        return Grid(first, step, round((whole.end_s * 1e6 - first) / step))
    whole_us = next(step for least, step in WHOLE_S if length > least) * 1_000_000 if length > 10 else 1
    first = math.floor(whole.start_s * 1e6 / whole_us) * whole_us
    step = math.ceil((round(whole.end_s * 1e6) - first) / count / whole_us) * whole_us
    return Grid(first, step, -(-(round(whole.end_s * 1e6) - first) // step))


def _reference(grid: Grid, reference: Window | None) -> tuple[Grid, Flags]:
    """The reference as a grid of one bucket, and which buckets are parts of it."""
    number = np.arange(grid.count)
    if reference is None:
        quarter = max(1, grid.count // 4)
        return Grid(grid.first_us, quarter * grid.step_us, 1), number < quarter
    start, end = round(reference.start_s * 1e6), round(reference.end_s * 1e6)
    starts = grid.first_us + number * grid.step_us
    return Grid(start, end - start, 1), (starts >= start) & (starts + grid.step_us <= end)


# ---- columns -----------------------------------------------------------------------------------------------


def _group(role: Role | None) -> RowGroup:
    if role in PREDICTIONS:
        return RowGroup.PREDICTION
    if role in TRUTHS:
        return RowGroup.OUTCOME
    return RowGroup.INPUT if role is None or role in INPUT_ROLES else RowGroup.SERVING


def _count(store: Workspace, stream: StreamInfo, column: ColumnInfo, grid: Grid, before: Grid, inside: Flags, job: Job,
           read: _Read) -> None:
    """One column: its values against the reference's, and its missing cells."""
    con, text = store.cursor(), column.type is ColumnType.TEXT
    if text:
        labels = bucketed.most_frequent(con, stream, column, before, 0, 1, compare.MOST_CATEGORIES)
        if labels is None:
            read.notes.append(f"{quoted(column.name)} has too many values to be compared.")
            return
        kept = labels[: MOST_CATEGORIES - 1]
        counts, missing = bucketed.texts_in_bins(con, stream, column, grid, kept)
        reference, reference_missing = bucketed.texts_in_bins(con, stream, column, before, kept)
        ordered = False
    else:
        values = np.asarray(bucketed.some_values(con, stream, column, before, 0, 1, MOST_SAMPLED), dtype=np.float64)
        rising = np.sort(values[~np.isnan(values)])
        cuts, ordered = number_cuts(rising) if len(rising) else (np.zeros(0), True)
        counts, missing = bucketed.numbers_in_bins(con, stream, column, grid, cuts, job)
        reference, reference_missing = bucketed.numbers_in_bins(con, stream, column, before, cuts, job)
    if not counts.any() and not reference.any():
        return
    group, name = _group(column.role), column.name
    read.columns[name] = column
    one = Counted(counts.astype(np.float64), reference[0].astype(np.float64), ordered, inside)
    if reference.any() and not (column.role in TRUTHS and not text):
        read.counted[name] = one
        far = distances(one)
        read.rows.append(lambda axis: values_row(name, group, far, axis, ordered=ordered))
    if missing.any() or reference_missing.any():
        n = counts.sum(axis=1) + missing
        gone = rates(missing.astype(np.float64), n.astype(np.float64), float(reference_missing[0]),
                     float(reference[0].sum() + reference_missing[0]), inside)
        read.rows.append(lambda axis: rate_row(name, f"{quoted(name)} missing", "missing", group, gone, axis))


# ---- outcomes ----------------------------------------------------------------------------------------------


def _outcomes(store: Workspace, stream: StreamInfo, grid: Grid, before: Grid, inside: Flags, rows_n: Floats, job: Job,
              read: _Read) -> None:
    """What came true: its rate, its rate at the same score, and the order that the score gives."""
    if not _scored(store, stream, grid, before, inside, rows_n, job, read):
        _right_or_wrong(store, stream, grid, inside, rows_n, read)


def _right_or_wrong(store: Workspace, stream: StreamInfo, grid: Grid, inside: Flags, rows_n: Floats,
                    read: _Read) -> None:
    """Where answers are words or classes: how many were right."""
    if grid.step_us % 1_000_000 or not inside.any():
        return
    metric = next(one for one in CATALOGUE if one.name == "accuracy")
    phase_us = grid.first_us % grid.step_us
    start_us = grid.first_us - phase_us
    window = Window.from_epoch(start_us / 1e6, (start_us + grid.count * grid.step_us) / 1e6)
    seen = cast("Workspace", store.seen(phase_s=phase_us / 1e6))
    reading = Reading(seen, window, grid.step_us // 1_000_000, metrics=(metric,))
    parts = reading.measure(metric) if reading.has(metric) else []
    if len(parts) != 1:
        return
    n, share = parts[0].n[: grid.count], parts[0].values[: grid.count]
    ripe = _ripe(store, grid, n, rows_n)
    n = np.where(ripe & np.isfinite(share), n, 0.0)
    hits = np.where(n > 0, share, 0.0) * n
    column = stream.column(Role.PREDICTION) or stream.column(Role.SCORE)
    name = column.name if column is not None else "prediction"
    right = rates(hits, n, float(hits[inside].sum()), float(n[inside].sum()), inside)
    read.rows.append(lambda axis: rate_row(name, f"{quoted(name)} right", "right", RowGroup.RELATION, right, axis))


def _scored(store: Workspace, stream: StreamInfo, grid: Grid, before: Grid, inside: Flags, rows_n: Floats, job: Job,
            read: _Read) -> bool:
    """Outcomes that are numbers, beside the score; whether that says how the two go along."""
    told = [one for one in store.streams() if one.kind is StreamKind.OUTCOMES] + [stream]
    role = next((role for role in TRUTHS[:2] if any(one.column(role) for one in told)), None)
    if role is None:
        return False
    name = next(column.name for one in told if (column := one.column(role)) is not None)
    if stream.rows > MOST_JOINED:
        read.notes.append(f"Outcomes of {stream.rows:,} requests are too many to be joined here.")
        return False
    end_us = max(grid.first_us + grid.count * grid.step_us, before.first_us + before.step_us)
    window = Window.from_epoch(min(grid.first_us, before.first_us) / 1e6, end_us / 1e6)
    wait_s = store.outcome_wait(ALL_COME)
    times, truth, numbers = inputs_and_outcomes(store.cursor(), stream, [], role, window,
                                                None if wait_s is None else 1.1 * wait_s)
    job.stop_if_asked()
    if not len(times):
        return False
    bucket = (times - grid.first_us) // grid.step_us
    on = (bucket >= 0) & (bucket < grid.count)
    referred = (times >= before.first_us) & (times < before.first_us + before.step_us)
    n = np.bincount(bucket[on], minlength=grid.count).astype(np.float64)
    ripe = _ripe(store, grid, n, rows_n)
    if not ripe.all():
        read.notes.append(f"Outcomes of the last {int((~ripe).sum())} buckets have not all come; they are left out.")
    on &= ripe[np.clip(bucket, 0, grid.count - 1)]
    score = numbers[""]
    if np.all((truth == 0) | (truth == 1)):
        return _yes_or_no(name, bucket, on, referred, truth, score, grid.count, inside, read)
    _amounts(name, bucket, on, referred, truth, score, grid.count, inside, read)
    return True


def _ripe(store: Workspace, grid: Grid, outcomes: Floats, rows_n: Floats) -> Flags:
    """Buckets whose outcomes have come."""
    window = Window.from_epoch(grid.first_us / 1e6, (grid.first_us + grid.count * grid.step_us) / 1e6)
    reading = Reading(store, window, max(1, round(grid.step_us / 1e6)), metrics=())
    reading.times = grid.times
    return mature(reading, outcomes, rows_n)


def _yes_or_no(name: str, bucket: Floats, on: Flags, referred: Flags, truth: Floats, score: Floats, count: int,
               inside: Flags, read: _Read) -> bool:
    def per_bucket(weights: Floats | None) -> Floats:
        found: Floats = np.bincount(bucket[on], weights=None if weights is None else weights[on],
                                    minlength=count).astype(np.float64)
        return found

    share = rates(per_bucket(truth), per_bucket(None), float(truth[referred].sum()),
                  float(np.count_nonzero(referred)), inside)
    read.rows.append(lambda axis: rate_row(name, name, "rate", RowGroup.OUTCOME, share, axis))
    scored = np.isfinite(score)
    known = np.sort(score[referred & scored])
    if len(known) < LEAST_SCORED or len(few_values(known) or range(3)) < 3:
        return False
    cuts = quantile_cuts(known, SCORE_BINS)
    bins = len(cuts) + 1
    at = np.searchsorted(cuts, score, side="right")

    def table(rows: Flags, weights: Floats | None, *, buckets: bool) -> Floats:
        cell = (bucket[rows] * bins if buckets else 0) + at[rows]
        size = count * bins if buckets else bins
        found: Floats = np.bincount(cell, weights=None if weights is None else weights[rows],
                                    minlength=size).astype(np.float64)
        return found.reshape(count, bins) if buckets else found

    told = Told(table(on & scored, None, buckets=True), table(on & scored, truth, buckets=True),
                table(referred & scored, None, buckets=False), table(referred & scored, truth, buckets=False), inside)
    beside, order = relation(told), ranking(told)
    read.rows.append(lambda axis: rate_row(name, f"{quoted(name)} at the same score", "relation", RowGroup.RELATION,
                                           beside, axis))
    if np.isfinite(order.reference):
        read.rows.append(lambda axis: ranking_row(name, f"order of {quoted(name)} by the score", order, axis))
    return True


def _amounts(name: str, bucket: Floats, on: Flags, referred: Flags, truth: Floats, score: Floats, count: int,
             inside: Flags, read: _Read) -> None:
    """Outcomes that are numbers: their distribution, and that of what the prediction missed them by."""
    for what, title, group, values in (("values", name, RowGroup.OUTCOME, truth),
                                       ("residual", f"error of {quoted(name)}", RowGroup.RELATION, truth - score)):
        known = np.isfinite(values)
        rising = np.sort(values[referred & known])
        if len(rising) < LEAST_SCORED:
            continue
        cuts, ordered = number_cuts(rising)
        bins = len(cuts) + 1
        at = np.searchsorted(cuts, values, side="right")
        rows = on & known
        one = Counted(np.bincount(bucket[rows] * bins + at[rows], minlength=count * bins).reshape(count, bins)
                      .astype(np.float64), np.bincount(at[referred & known], minlength=bins).astype(np.float64),
                      ordered, inside)
        far = distances(one)
        read.rows.append(partial(values_row, name, group, far, ordered=ordered, title=title, what=what))


# ---- schema ------------------------------------------------------------------------------------------------


def _with_schema(store: Workspace, stream: StreamInfo, grid: Grid, before: Grid, rows: list[CourseRow], read: _Read,
                 wanted: Sequence[str], job: Job) -> list[CourseRow]:
    """Rows of columns that came, went, or changed type or unit are told as that, once a column."""
    said = {change.column: change for change in schema.found(store, stream)}
    made: list[CourseRow] = []
    done: set[str] = set()
    for row in rows:
        change = said.get(row.column)
        if change is not None and row.group not in (RowGroup.RELATION, RowGroup.OUTCOME):
            if row.column not in done:
                done.add(row.column)
                words = change.text.removeprefix(f"{stream.name}: ").replace("“", "").replace("”", "")
                made.append(schema_row(row, f"{words}, {format_time(change.at, relative=store.relative)}.", change.at))
            continue
        job.stop_if_asked()
        made.append(_other_unit(store, stream, grid, before, row, read))
    return made


def _other_unit(store: Workspace, stream: StreamInfo, grid: Grid, before: Grid, row: CourseRow,
                read: _Read) -> CourseRow:
    """A step after which all values are a known factor larger, or written otherwise, is no drift of the world."""
    column = read.columns.get(row.column)
    if row.kind is not DriftKind.SUDDEN or row.what != "values" or abs(row.size) < UNIT_FROM or column is None \
            or row.onset is None:
        return row
    first = round((row.onset.timestamp() - grid.first_us / 1e6) / (grid.step_us / 1e6)) + 1
    if first >= grid.count:
        return row
    con = store.cursor()
    old = bucketed.some_values(con, stream, column, before, 0, 1, MOST_COMPARED)
    new = bucketed.some_values(con, stream, column, grid, first, grid.count, MOST_COMPARED)
    cause = next((one for one in suspicions(old, new) if one.cause in (Cause.UNIT, Cause.LABELS_WRITTEN)), None)
    if cause is None:
        return row
    said = cause.sentence if cause.cause is Cause.UNIT else \
        f"{format_value(cause.share, 'share')} of the rows have a value of before, written otherwise"
    return schema_row(row, f"{quoted(row.column)} changed at once, {format_time(row.onset, relative=store.relative)}: "
                           f"{said}.", row.onset)


# ---- regimes -----------------------------------------------------------------------------------------------


def _segments(rows: Sequence[CourseRow], axis: Axis) -> tuple[tuple[int, int], ...]:
    buckets = len(axis.starts_s)
    at = [place for row in rows if row.kind in (DriftKind.SUDDEN, DriftKind.GRADUAL, DriftKind.RECURRING,
                                                DriftKind.TRANSIENT) and row.what == "values"
          for place in row.switches]
    return regimes.segments(at, buckets)


def _latest(grid: Grid, rows: Sequence[CourseRow], axis: Axis) -> Window:
    """What follows the last change; the last quarter where nothing has changed."""
    found = _segments(rows, axis)
    first = found[-1][0] if len(found) > 1 else grid.count - max(1, grid.count // 4)
    start, end = axis.time(first), axis.time(grid.count)
    assert start is not None and end is not None, "both lie on the axis"
    return Window(start, end)


def _match(grid: Grid, rows: Sequence[CourseRow], axis: Axis, counted: Mapping[str, Counted],
           now: Window, *, chosen: bool) -> RegimeMatch | None:
    """chosen: whether somebody chose that window, or it is what follows the last change."""
    bucket_s = grid.step_us / 1e6
    first = round((now.start_s - float(axis.starts_s[0])) / bucket_s)
    last = max(first + 1, round((now.end_s - float(axis.starts_s[0])) / bucket_s))
    first, last = max(0, first), min(grid.count, last)
    names = [name for name in counted if any(row.column == name and row.group in (
        RowGroup.INPUT, RowGroup.PREDICTION) for row in rows)]
    if last <= first or not names:
        return None
    earlier = [one for one in _segments(rows, axis) if one[1] <= first]
    best = regimes.nearest([counted[name] for name in names], earlier, first, last)
    if best is None:
        return None
    start, end = axis.time(best.first), axis.time(best.last)
    assert start is not None and end is not None, "both lie on the axis"
    window, column = Window(start, end), names[best.column]
    return RegimeMatch(window, best.like, best.distance, column,
                       match_words(window, best.like, best.distance, column, relative=axis.relative,
                                   since=None if chosen else now.start))


def _command(target: str, reference: Window | None, current: Window | None, bucket_s: float | None,
             names: tuple[str, ...] | None, *, relative: bool) -> str:
    words = ["pilothouse drift", shlex.quote(target), "--over-time"]
    for option, window in (("--reference", reference), ("--current", current)):
        if window is not None:
            words += [option, "..".join(format_exact(at, relative=relative) for at in (window.start, window.end))]
    if bucket_s is not None:
        words += ["--bucket", f"{bucket_s:g}s"]
    words += [word for name in names or () for word in ("--columns", shlex.quote(name))]
    return " ".join([*words, "--json"])
