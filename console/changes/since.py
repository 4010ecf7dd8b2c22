"""The question itself: what left its usual way around a moment, in what order, and how far."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from console.changes import feedback, trained, words
from console.changes.focus import Focus
from console.changes.judge import FEWEST_BEFORE, LEAST_POINTS, SMALL, Grid, Moved, judge
from console.changes.onset import Shift
from console.changes.order import ordered
from console.changes.parts import Part, bad_only_within
from console.changes.tracks import BY_ROWS, Scale, Track, parts_of, parts_of_column, read, text_columns
from console.changes.usual import Bools
from console.changes.view import ChangeKind, ChangeRow, ChangesView, Trace
from console.errors import BadSettings
from console.jobs import Job, SilentJob
from console.metrics.catalogue import CATALOGUE
from console.metrics.format import format_exact, format_span, format_time, format_window
from console.metrics.grid import BUCKETS_S
from console.roles import Role, StreamKind
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

LEVELS_S = tuple(bucket for bucket in BUCKETS_S if bucket >= 10)
AFTER_BUCKETS, BEFORE_BUCKETS = 150, 2000
"""What lies after is cut into about so many buckets; of what lies before so many are looked at."""

MOST_BUCKETS = 20_000
"""From a reference that lies far back to the end."""

LEAST_AFTER = 8
"""Buckets after the moment, even if each then holds few rows."""

ROWS_A_BUCKET, ROWS_A_CLOSER_BUCKET = 30, 6
LONGEST_BACK_S, LEAST_BACK_S = 6 * 3600.0, 1800.0
"""A time is often typed, or an alarm raised, hours after it began: so far back a beginning is looked for."""

SCARCE = 0.25
"""Where less lies before than this share of what lies after, the training data is asked too."""

FAINT = 0.4
"""Moves below so much of what matters are not named."""

MOST_TRACED = 72
"""Points of the small picture beside a change."""

NONE, LEAST_NEW = 0.0005, 0.05
"""A share below the first is none: half an event was added to it. New values matter from the second on."""

LEAST_ABSENT = 200
"""Requests before the first one of a version, for it to have come and not to be rare."""

MOST_SPLIT, MOST_SCANNED = 6, 300_000.0
"""Columns by whose values metrics are split, and rows that are read for each of them."""

SPLITS = (Role.MODEL_VERSION, Role.MODEL, Role.HOST)
SCHEMA = "schema"


def changed_since(store: Workspace, at: datetime, job: Job | None = None, *, until: datetime | None = None,
                  reference: Window | None = None, only: Sequence[ChangeRow] = (), target: str = "",
                  stopwatch: Callable[[], float] = perf_counter) -> ChangesView:
    """What moved around and after `at`.

    until      up to when it is looked; the end of the log unless it is given
    reference  what is usual; all that lies before unless it is given, with the time of day and the weekend in it where
               they can be learned. Where nothing lies before, it is the training data, if the log has some.
    only       changes that were found before: nothing is looked at but what they are about, which is quick
    target     the folder or workspace as a command line names it, for the view's `command`
    Raises BadSettings when `at` lies outside of the log, JobStopped when the job is asked to stop.
    """
    started, job = stopwatch(), job or SilentJob()
    span = store.span()
    if span is None:
        raise BadSettings("The log has no rows with a time", where=str(store.path))
    end = min(until, span.end) if until is not None else span.end
    if not (span.start - timedelta(days=1) <= at < end):
        said = format_window(span, relative=store.relative)
        raise BadSettings(f"{format_exact(at, relative=store.relative)} is not in this log", where=str(store.path),
                          do=f"Choose a time within {said}")
    command = _command(target or str(store.path), at, until, store.relative)
    stretch = _Stretch.around(store, at, span, end, reference, closer=bool(only))
    if stretch is None:
        view = trained.compared(store, Window(max(at, span.start), end), job)
        return replace(view, at=at, command=command, seconds=stopwatch() - started)
    found = _Search(store, stretch, at, job, Focus.on(only)).rows()
    if not only and stretch.since.start - span.start < min(timedelta(days=1), (end - at) * SCARCE):
        found.add(trained.compared(store, Window(span.start, end), job))
    slack = timedelta(seconds=stretch.bucket_s)
    rows = ordered(found.rows, slack)
    back = format_span((at - stretch.since.start).total_seconds()) if at > stretch.since.start else ""
    sentence = words.overall([(words.short(row), row.weak) for row in rows],
                             format_time(at, seconds=stretch.bucket_s < 60, relative=store.relative), back)
    return ChangesView(at, stretch.since, stretch.reference, stretch.said, stretch.bucket_s, rows,
                       tuple(found.notes), sentence, command, stopwatch() - started, store.relative)


def _command(target: str, at: datetime, until: datetime | None, relative: bool) -> str:
    more = ["--until", format_exact(until, relative=relative)] if until is not None else []
    return " ".join(["pilothouse changes", shlex.quote(target), "--since", format_exact(at, relative=relative), *more,
                     "--json"])


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """The buckets, and which of them tell what is usual."""

    window: Window
    bucket_s: int
    since: Window
    reference: Window
    said: str
    grid: Grid

    @classmethod
    def around(cls, store: Workspace, at: datetime, span: Window, end: datetime,
               reference: Window | None, *, closer: bool) -> _Stretch | None:
        """None where too little lies before. closer: of what is known to have changed, in shorter buckets."""
        after_s, before_s = (end - at).total_seconds(), (at - span.start).total_seconds()
        if before_s <= 0:
            return None
        bucket_s = _bucket(store, after_s, before_s, span, ROWS_A_CLOSER_BUCKET if closer else ROWS_A_BUCKET)
        if reference is not None:
            far = (end - min(reference.start, at)).total_seconds() / MOST_BUCKETS
            bucket_s = next((bucket for bucket in LEVELS_S if bucket >= max(bucket_s, far)), bucket_s)
        back_s = min(LONGEST_BACK_S, before_s / 6, max(2 * after_s, LEAST_BACK_S))
        first = math.ceil(max(span.start.timestamp(), at.timestamp() - BEFORE_BUCKETS * bucket_s) / bucket_s)
        if reference is not None:
            first = min(first, math.floor(reference.start_s / bucket_s))
        last = math.floor(end.timestamp() / bucket_s)       # a bucket that is still filling would look like a fall
        if last - first < 4:
            return None
        times = (np.arange(first, last) * bucket_s).astype(np.float64)
        asked = max(0, int(np.searchsorted(times, at.timestamp(), "right")) - 1)
        start_at = min(int(np.searchsorted(times, at.timestamp() - back_s)), asked)
        before = np.arange(len(times)) < start_at
        if reference is not None:
            before = (times >= reference.start_s) & (times + bucket_s <= reference.end_s)
        if np.count_nonzero(before) < FEWEST_BEFORE or start_at >= len(times) - 1:
            return None
        window = Window.from_epoch(first * bucket_s, last * bucket_s)
        known = times[before]
        used = Window.from_epoch(float(known[0]), float(known[-1]) + bucket_s)
        said = format_window(used, relative=store.relative)
        since = Window(from_epoch(float(times[start_at])), from_epoch(last * bucket_s))
        return cls(window, bucket_s, since, used, said,
                   Grid(times, bucket_s, start_at, before, asked, closer))


def _bucket(store: Workspace, after_s: float, before_s: float, span: Window, rows: int) -> int:
    """Short enough to see when it began, long enough to hold some rows."""
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS and stream.rows]
    rate = sum(stream.rows for stream in streams) / span.seconds
    steps = [2 * stream.step_s for stream in store.streams() if stream.kind is StreamKind.SAMPLES and stream.rows]
    wanted = max(after_s / AFTER_BUCKETS, rows / rate if rate else min(steps, default=10.0))
    most = max(min(after_s, before_s) / LEAST_AFTER, LEVELS_S[0])
    # Each stretch of buckets is looked at: twice as many of them take four times as long, and as much memory.
    least = after_s / (2 * AFTER_BUCKETS)
    wanted = max(min(wanted, most), least)
    longer = [bucket for bucket in LEVELS_S if bucket >= wanted]
    if longer and longer[0] <= max(most, least):
        return longer[0]
    shorter = [bucket for bucket in LEVELS_S if least <= bucket <= most]
    return shorter[-1] if shorter else longer[0] if longer else math.ceil(wanted / LEVELS_S[-1]) * LEVELS_S[-1]


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[ChangeRow]
    notes: list[str]

    def add(self, view: ChangesView) -> None:
        """What was so from the beginning, and not told as changed since."""
        told = {row.column for row in self.rows if not row.weak}
        rows = [row for row in view.rows if not row.weak and row.column not in told]
        self.rows.extend(rows)
        self.notes.extend(view.notes if rows else ())


class _Search:
    """One answer in the making."""

    def __init__(self, store: Workspace, stretch: _Stretch, at: datetime, job: Job, focus: Focus) -> None:
        self._focus = focus
        self._store, self._stretch, self._at, self._job = store, stretch, at, job
        self._grid = stretch.grid
        self._relative = store.relative

    def rows(self) -> _Found:
        """All that moved, not yet in order."""
        job, stretch = self._job, self._stretch
        job.report(0, 3, "Reading what was usual")
        tracks, notes, sds = read(self._store, stretch.window, stretch.bucket_s, job, self._focus)
        job.report(1, 3, "Looking for what moved")
        moved = []
        for track in tracks:
            job.stop_if_asked()
            if (one := judge(track, self._grid)) is not None:
                moved.append(one)
        job.report(2, 3, "Looking at versions and hosts")
        parts: list[Track] = []
        for role in SPLITS:
            job.stop_if_asked()
            if self._focus.split(role.value):
                parts += parts_of(self._store, stretch.window, stretch.bucket_s, role, sds, self._focus.metrics)
        schema = self._schema()
        changed_columns = {name for row in schema for name in words.between_marks(row.title)}
        moved = [one for one in moved if one.track.column not in changed_columns or
                 one.track.kind is not ChangeKind.COLUMN]
        versions = self._versions([one for one in moved if one.track.kind is ChangeKind.VERSION])
        metrics = [one for one in moved if one.track.kind in (ChangeKind.METRIC, ChangeKind.TRAFFIC)]
        within = bad_only_within(parts, self._grid)
        within += self._within_values(metrics, within, tracks, sds, notes)
        rows = [*schema, *self._version_rows(versions, within)]
        columns = self._column_rows([one for one in moved if one.track.kind is ChangeKind.COLUMN], metrics)
        rows += columns
        rows += self._metric_rows(metrics, [*schema, *columns], within, versions)
        job.stop_if_asked()
        rows += self._following(tracks, notes) if self._focus.follows else []
        job.report(3, 3, "")
        return _Found([row for row in rows if row.strength >= FAINT], notes)

    def _within_values(self, metrics: Sequence[Moved], within: Sequence[Part], tracks: Sequence[Track],
                       sds: Mapping[str, float], notes: list[str]) -> list[Part]:
        """Metrics that moved and that no version or host explains, by the values of each column of words."""
        explained = {part.name for part in within}
        names = {one.track.name for one in metrics if one.track.name not in explained and one.strength >= FAINT}
        wanted = [metric for metric in CATALOGUE if metric.name in names and metric.source in BY_ROWS]
        streams = [stream for stream in self._store.streams() if stream.kind is StreamKind.REQUESTS and stream.rows]
        columns = [(stream, stored) for stream in streams for stored in text_columns(stream)
                   if self._focus.split(stream.named(stored).name)
                   and any(track.name == stream.named(stored).name and track.value for track in tracks)][:MOST_SPLIT]
        if not wanted or not columns:
            return []
        pivot = min(one.shift.earliest for one in metrics if one.track.name in names)
        grid, window = self._grid.around(pivot, MOST_SCANNED / max(1e-9, self._rows_a_second(streams)))
        if grid is not self._grid:
            where = format_window(window, relative=self._relative)
            notes.append(f"In which values of a column a metric moved was looked for in {where} only.")
        found: list[Track] = []
        for stream, stored in columns:
            self._job.stop_if_asked()
            found += parts_of_column(self._store, stream, stored, window, grid.bucket_s, wanted, sds, self._job)
        by = int(np.searchsorted(self._grid.times, grid.times[0]))
        return [part.later(by) for part in bad_only_within(found, grid)]

    def _rows_a_second(self, streams: Sequence[StreamInfo]) -> float:
        span = self._store.span()
        return sum(stream.rows for stream in streams) / span.seconds if span is not None else 0.0

    # ---- rows ----------------------------------------------------------------------------------------------

    def _schema(self) -> list[ChangeRow]:
        """What was noted about columns that came or went."""
        since, found = self._stretch.since, []
        for at, text, origin in self._store.annotations():
            if origin == SCHEMA and since.start <= at < since.end:
                names = words.between_marks(text)
                found.append(ChangeRow(
                    ChangeKind.SCHEMA, names[-1] if names else text, "", text, "", "input", "collection", at, at, at,
                    None, math.nan, math.nan, math.nan, "schema", 2.0, math.nan, False, "",
                    f"{words.named(text)} at {format_time(at, seconds=True, relative=self._relative)}.", "",
                    names[-1] if names else ""))
        return found

    def _versions(self, moved: Sequence[Moved]) -> list[Moved]:
        """Of the versions whose share moved those that gained; those that lost only where none gained."""
        gained = [one for one in moved if one.after > one.before]
        return gained or list(moved)

    def _version_rows(self, versions: Sequence[Moved], within: Sequence[Part]) -> list[ChangeRow]:
        rows = []
        for one in versions:
            own = [part for part in within if part.segment == one.track.segment]
            came = _first_seen(one.track)
            sure = came is not None or one.before < NONE or bool(own)
            one = replace(one, doubt="") if sure else one       # nobody comes and goes with the time of day
            row = self._row(one, "share of requests", partial(
                words.of_version, one.track.column, one.track.value, one.before, one.after,
                bad=[part.said for part in own]))
            if came is not None and came <= one.shift.latest:       # its first request is seen: no guess is needed
                shift = replace(one.shift, first=came, earliest=came, latest=came)
                row = self._row(replace(one, shift=shift, before=0.0), "share of requests", partial(
                    words.of_version, one.track.column, one.track.value, 0.0, one.after,
                    bad=[part.said for part in own]))
            if sure:
                strength = max([row.strength, 2.0, *(part.strength for part in own)])
                row = replace(row, strength=strength, weak=False, why_weak="")
            rows.append(row)
        return rows

    def _column_rows(self, moved: Sequence[Moved], metrics: Sequence[Moved]) -> list[ChangeRow]:
        charts = {one.track.column: one.track.chart for one in metrics if one.track.column}
        rows = []
        for name in dict.fromkeys(one.track.column for one in moved):
            own = [one for one in moved if one.track.column == name]
            values = [one for one in own if one.track.what == "values"]
            if values:
                rows.append(self._of_values(name, values))
            for one in own:
                if one.track.what == "values":
                    continue
                said = partial(words.of_column, name, one.track.what, one.before, one.after, one.track.sd, values=())
                missing = one.track.what == "missing"
                rows.append(self._row(one, "points" if missing else "standard deviations", said,
                                      chart="missing_values" if missing else charts.get(name, "")))
        return rows

    def _of_values(self, name: str, moved: Sequence[Moved]) -> ChangeRow:
        """One row for all values of a column: it began when the surest of them did, and moved by what all gained."""
        surest = max(moved, key=lambda one: one.shift.z)
        far = max(sum(max(0.0, one.after - one.before) for one in moved),
                  sum(max(0.0, one.before - one.after) for one in moved))
        most = sorted(moved, key=lambda one: -abs(one.after - one.before))
        least = LEAST_POINTS["values"] if all(one.before >= NONE for one in moved) else LEAST_NEW
        doubt = next(iter(sorted({one.doubt for one in moved})), "") if all(one.doubt for one in moved) else ""
        one = replace(surest, effect=far, strength=far / least, doubt=doubt)
        return self._row(one, "excess share", partial(
            words.of_column, name, "values", one.before, one.after, math.nan,
            values=[(each.track.value, each.before, each.after) for each in most]))

    def _metric_rows(self, metrics: Sequence[Moved], columns: Sequence[ChangeRow], within: Sequence[Part],
                     versions: Sequence[Moved]) -> list[ChangeRow]:
        named_versions = {one.track.segment for one in versions}
        rows = []
        shown: set[str] = set()
        for chart in dict.fromkeys(one.track.chart for one in metrics):
            own = sorted((one for one in metrics if one.track.chart == chart), key=lambda one: -_weight(one))
            best, rest = own[0], own[1:]
            if self._told_by_column(best, columns):
                continue
            beside = [f"{one.track.title.removeprefix(one.track.title.split()[0]).strip()} "
                      f"{words.from_to(*_shown(one), one.track.unit)}" for one in rest if one.strength >= FAINT]
            here = [part for part in within if part.chart == chart and any(part.explains(one) for one in own)]
            beside += [f"only in {words.named(part.segment)}" for part in here[:2] if part.name == best.track.name]
            shown.add(chart)
            known = _known_best([one for one in own if one.strength >= 1 and not one.why_weak] or [best])
            shift = replace(best.shift, first=known.first, earliest=known.earliest, latest=known.latest,
                            last=max(best.shift.last, known.first + 1))
            before, after = _shown(best)
            alone = any(part.name in {one.track.name for one in own} for part in here)
            if alone:       # the time of day is the same in every version
                best = replace(best, doubt="")
            row = self._row(replace(best, shift=shift), _EFFECTS[best.track.scale], partial(
                words.of_metric, best.track.title, best.track.column, before, after, best.track.unit, beside=beside))
            row = replace(row, only_in=tuple(dict.fromkeys(part.segment for part in here)))
            own_part = next((part for part in here if part.name == best.track.name), None)
            if own_part is not None and own_part.segment not in named_versions:
                row = replace(row, segment=own_part.segment)
            rows.append(replace(row, before=before, after=after))
        for part in within:
            if part.chart not in shown and part.segment not in named_versions and part.moved is not None:
                shown.add(part.chart)
                rows.append(self._of_part(part))
        return rows

    def _following(self, tracks: Sequence[Track], notes: list[str]) -> list[ChangeRow]:
        """Whether outcomes ceased to go along with the score or with an input: one row, for what shows it best."""
        times = self._grid.times
        pivot_s = float(times[(self._grid.start_at + self._grid.asked) // 2])
        found, note = feedback.followed(self._store, self._stretch.window, self._stretch.bucket_s, self._grid.before,
                                        pivot_s, tracks, self._job)
        notes += [note] if note else []
        best: tuple[feedback.Followed, Moved, Bools] | None = None
        for each in found:
            read = np.flatnonzero(each.track.n > 0)
            grid = replace(self._grid, before=self._grid.before & (np.arange(len(times)) >= read[0]))
            one = judge(each.track, grid)
            if one is None:
                continue
            inside = np.zeros(len(self._grid.times), dtype=bool)
            inside[one.shift.first:one.shift.last] = True
            one = replace(one, strength=each.strength(self._grid.before, inside))
            if best is None or (not one.why_weak, one.shift.z) > (not best[1].why_weak, best[1].shift.z):
                best = each, one, inside
        if best is None:
            return []
        each, one, inside = best
        (low, high), (low_now, high_now) = each.rates(self._grid.before), each.rates(inside)
        row = self._row(one, "points", partial(
            words.of_following, each.track.title, each.track.column, each.track.segment, low, low_now, high, high_now))
        return [replace(row, before=high - low, after=high_now - low_now, unit="share",
                        effect=(high_now - low_now) - (high - low))]

    def _of_part(self, part: Part) -> ChangeRow:
        assert part.moved is not None
        one, (before, after) = part.moved, _shown(part.moved)
        row = self._row(one, _EFFECTS[one.track.scale], partial(
            words.of_metric, one.track.title, one.track.column, before, after, one.track.unit,
            beside=("not elsewhere",), segment=part.segment))
        return replace(row, before=before, after=after)

    def _told_by_column(self, one: Moved, columns: Iterable[ChangeRow]) -> bool:
        """A metric of an input is told by the row of its column."""
        if one.track.group != "input":
            return False
        return any(row.strength >= FAINT and (not row.weak or one.why_weak) for row in columns
                   if not one.track.column or row.column == one.track.column)

    def _row(self, one: Moved, effect_name: str, sentence: Callable[..., str], *,
             chart: str | None = None) -> ChangeRow:
        track, shift, times, step = one.track, one.shift, self._grid.times, self._stretch.bucket_s
        onset, low, high = (from_epoch(float(times[at])) for at in (shift.first, shift.earliest, shift.latest))
        high += timedelta(seconds=step)
        ended = (from_epoch(float(times[shift.last - 1]) + step)
                 if shift.last < len(times) and not shift.lasts else None)
        if shift.first <= self._grid.asked < shift.last and onset <= self._at < onset + timedelta(seconds=step):
            onset = self._at        # the bucket that holds the moment itself
        text = sentence(when=words.when(onset, low, high, ended, step, relative=self._relative, slope=shift.slope,
                                        earlier=shift.first == self._grid.start_at))
        if one.why_weak not in ("", SMALL):
            text = f"{text[:-1]} ({one.why_weak})."
        size = len(times) - self._grid.start_at
        tries = 3 * size if abs(shift.first - self._grid.asked) <= 1 else size * size / 2
        p = min(1.0, tries * math.erfc(shift.z / math.sqrt(2)))
        traced = trace_of(track, shift, self._grid)
        return ChangeRow(track.kind, track.name, track.segment, track.title, track.unit, track.group, track.step, onset,
                         low, high, ended, one.before, one.after, one.effect, effect_name, one.strength, p,
                         bool(one.why_weak), one.why_weak, text, track.chart if chart is None else chart, track.column,
                         trace=traced)


_EFFECTS = {Scale.RATIO: "logarithm of the ratio", Scale.POINTS: "points", Scale.RATE: "relative change",
            Scale.SPREADS: "standard deviations", Scale.WANDER: "usual deviations"}


def trace_of(track: Track, shift: Shift, grid: Grid) -> Trace:
    """Around the change, from as long before it as it lasted: as many means as a small picture has room for."""
    long = max(shift.last - shift.first, MOST_TRACED // 2)
    start, end = max(0, shift.first - long), min(len(grid.times), shift.last + long // 2)
    size = -(-(end - start) // MOST_TRACED)
    values = np.exp(track.values[start:end]) if track.scale is Scale.RATIO else track.values[start:end]
    weight = np.where(np.isfinite(values), np.maximum(track.n[start:end], 0.0), 0.0)
    cuts = np.arange(0, end - start, size)
    n = np.add.reduceat(weight, cuts)
    means = np.full(len(cuts), np.nan)
    np.divide(np.add.reduceat(weight * np.nan_to_num(values), cuts), n, out=means, where=n > 0)
    return Trace(tuple(means.tolist()), (shift.first - start) // size, -(-(shift.last - start) // size))


def _first_seen(track: Track) -> int | None:
    """The bucket with the first request of a version; None where it was there from the beginning."""
    counts = np.where(np.isfinite(track.values), track.values * track.n, 0.0)
    at, there = np.flatnonzero(counts > 0), np.flatnonzero(track.n > 0)
    if not len(at) or track.n[there[0]:at[0]].sum() < LEAST_ABSENT:
        return None
    return int(at[0])


def _known_best(own: Sequence[Moved]) -> Shift:
    """Of several curves of one chart the beginning that is known best; one that surely began before it goes first."""
    best = min((one.shift for one in own), key=lambda shift: (shift.latest - shift.earliest, -shift.z))
    return min((one.shift for one in own if one.shift.latest < best.earliest), default=best,
               key=lambda shift: shift.latest)


def _weight(one: Moved) -> float:
    """Which of several curves of a chart speaks for it: a sure one that is large."""
    return min(one.strength, 5.0) * min(one.shift.z, 50.0) * (0.1 if one.why_weak else 1.0)


def _shown(one: Moved) -> tuple[float, float]:
    """Before and after in the unit of the metric."""
    if one.track.scale is Scale.RATIO:
        return math.exp(one.before), math.exp(one.after)
    return one.before, one.after

