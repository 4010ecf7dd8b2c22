"""Advice over the open log: each question asked apart, its answer kept while the log and its settings stay as they are.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from console.advice.events import KnownEvent
from console.advice.labelled import Labelled
from console.advice.shock import Shock, judge
from console.advice.shock_view import around, shock_view
from console.advice.view import AdviceView, BacktestView, ResponseAnswer, ResponseView, ShockView, TrainingAnswer
from console.drift.course_view import CourseView
from console.drift.courses import Axis
from console.drift.result import Floats
from console.errors import BadSettings, TooFewRows
from console.jobs import Job
from console.metrics.format import format_exact
from console.roles import Role, StreamKind
from console.session import own_metrics, settings
from console.session.advice_join import Join, join_of
from console.session.advice_rows import labelled_rows
from console.session.advice_settings import costs_of, events_of, fallback_of
from console.session.over_time import over_time
from console.session.samples_over_time import samples_over_time
from console.session.sides import requests_of
from console.store import bucketed
from console.store.grid import Grid

if TYPE_CHECKING:
    from console.logs.config import FolderSettings
    from console.session.view import SelectionView
    from console.store import Workspace
    from console.window import Window

MOST_VERSIONS = 20
"""Model versions whose share of the requests is looked at."""
NO_REQUESTS = ("The log has series of samples and no requests, so there are no answers that could be judged. To be "
               "told what else could answer, and how to train again, log a row for each request with its inputs and "
               "the model's answer, and its outcome once that is known.")
MOST_KEPT = 8
"""Answers of a kind, each about another moment or with another expression."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MomentChoice:
    """A moment that can be asked about. `at` is None for the one that is looked for, and for one to be typed."""

    word: str                    # found | alarm | current | typed
    text: str
    at: datetime | None = None


def moments(chosen: SelectionView, alarm: datetime | None = None) -> tuple[MomentChoice, ...]:
    """What can be asked about now. alarm: when the alarm that is looked at began."""
    whole, current = chosen.whole, chosen.current
    found = [MomentChoice("found", "Found by itself")]
    if alarm is not None and whole is not None and whole.start < alarm < whole.end:
        found.append(MomentChoice("alarm", "Since the alarm", alarm))
    if current is not None and whole is not None and whole.start < current.start < whole.end:
        found.append(MomentChoice("current", "Beginning of the current window", current.start))
    return (*found, MomentChoice("typed", "A time that I type"))


class Advising:
    """Safe to call from several threads; each question reads the log, and is for a worker."""

    def __init__(self, store: Workspace, folder: Path | None, target: str, *, keeps: bool = True,
                 join: Join | None = None) -> None:
        """keeps: whether what was advised is kept in the workspace, for the lifecycle of the model versions; join: a
        file instead of the one that the folder names."""
        self._store, self._folder, self._target, self._keeps, self._join = store, folder, target, keeps, join
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, Hashable], Any] = {}
        self._kept_for: Hashable = None

    def shock(self, job: Job, at: datetime | None = None) -> ShockView:
        """What changed at once, and what it was; around `at`, or wherever that was.

        Raises BadSettings for a moment outside of the log, and for a log without requests; JobStopped.
        """
        said = self._said()
        self._inside(at)

        def work() -> ShockView:
            began = time.perf_counter()
            events = events_of(said)
            courses = self._courses(job)
            job.stop_if_asked()
            found = judged(self._store, courses, events, at)
            return replace(shock_view(courses, found, at, len(events)), seconds=time.perf_counter() - began,
                           command=self._command(at, "--no-training"))

        return self._once("shock", at, work)

    def response(self, job: Job, at: datetime, fallback: str = "") -> ResponseAnswer:
        """What could have answered since that moment; with an expression instead of the folder's own.

        Raises BadSettings for an expression that is not allowed, JobStopped.
        """
        said = self._said()
        self._inside(at)
        own, trusted = fallback_of(said), own_metrics.is_trusted(self._store, self._folder)

        def work() -> ResponseAnswer:
            from console.advice.response import simulate

            began, span = time.perf_counter(), self._span()
            costs = costs_of(said)
            rows, told = self._rows(job, fallback or own, trusted=bool(fallback) or trusted)
            job.stop_if_asked()
            notes = list(told)
            found: ResponseView | None = None
            if rows is not None:
                job.report(0, 0, "Simulating what could have answered")
                try:
                    found = simulate(rows, at.timestamp(), span.end_s, costs, job, relative=self._store.relative)
                except TooFewRows as error:
                    notes.append(f"{error.what}.")
            return ResponseAnswer(at, found, fallback or own, "" if fallback or trusted else own, tuple(notes),
                                  *around(at, span), self._store.relative,
                                  self._command(at, *(["--fallback", shlex.quote(fallback)] if fallback else []),
                                                "--no-training"), time.perf_counter() - began)

        return self._once("response", (at, fallback, trusted), work, advises=at)

    def training(self, job: Job, at: datetime) -> TrainingAnswer:
        """Ways to train again since that moment; takes long. Raises BadSettings, JobStopped."""
        self._said()
        self._inside(at)

        def work() -> TrainingAnswer:
            from console.advice.backtest import backtest

            began, span = time.perf_counter(), self._span()
            rows, told = self._rows(job)
            job.stop_if_asked()
            notes = list(told)
            found: BacktestView | None = None
            if rows is not None:
                try:
                    found = backtest(rows, at.timestamp(), span.end_s, job, relative=self._store.relative)
                except TooFewRows as error:
                    notes.append(f"{error.what}.")
            return TrainingAnswer(at, found, tuple(notes), *around(at, span), self._store.relative,
                                  self._command(at), time.perf_counter() - began)

        return self._once("training", at, work, advises=at)

    def advice(self, at: datetime) -> AdviceView | None:
        """All that was answered about a moment; None before it was looked at."""
        with self._lock:
            kept = [one for one in self._kept.values() if getattr(one, "at", None) == at]
        shock = next((one for one in reversed(kept) if isinstance(one, ShockView)), None)
        if shock is None:
            return None
        response = next((one for one in reversed(kept) if isinstance(one, ResponseAnswer)), None)
        training = next((one for one in reversed(kept) if isinstance(one, TrainingAnswer)), None)
        parts = [one for one in (shock, response, training) if one is not None]
        return AdviceView(at, shock.shock, response.response if response is not None else None,
                          training.backtest if training is not None else None,
                          " ".join(one.sentence for one in parts),
                          tuple(dict.fromkeys(note for one in parts for note in one.notes)), self._store.relative,
                          parts[-1].command, sum(one.seconds for one in parts))

    def whole(self, job: Job, at: datetime) -> AdviceView:
        """All that is known by now about a moment; what changed is looked for where it was not. Raises BadSettings,
        JobStopped."""
        self._said()
        known = self.advice(at)
        if known is not None:
            return known
        found = self.shock(job, at)
        return AdviceView(at, found.shock, None, None, found.sentence, found.notes, found.relative, found.command,
                          found.seconds)

    def courses(self, job: Job) -> CourseView:
        """Every column over time, as all questions here see it; counted once. Raises BadSettings, JobStopped."""
        self._said()
        return self._courses(job)

    # ---- inside --------------------------------------------------------------------------------------------

    def _courses(self, job: Job) -> CourseView:
        def work() -> CourseView:
            if self._has_requests():
                return over_time(self._store, self._target, job).view
            return samples_over_time(self._store, job)

        return self._once("courses", None, work)

    def _has_requests(self) -> bool:
        return any(one.kind is StreamKind.REQUESTS for one in self._store.streams())

    def _rows(self, job: Job, fallback: str | None = None, *, trusted: bool = True
              ) -> tuple[Labelled | None, tuple[str, ...]]:
        """With the answers of an expression; None: with those of any, or none."""
        if not self._has_requests():
            return None, (NO_REQUESTS,)
        if fallback is None:
            with self._lock:
                read: tuple[Labelled | None, tuple[str, ...]] | None = next(
                    (one for (kind, _), one in self._kept.items() if kind == "rows"), None)
            if read is not None:
                return read
        join, why_not = (self._join, "") if self._join is not None else join_of(
            settings.read(self._store, self._folder), self._folder,
            trusted=own_metrics.is_trusted(self._store, self._folder))

        def work() -> tuple[Labelled | None, tuple[str, ...]]:
            rows, notes = labelled_rows(self._store, job, fallback or "", trusted=trusted, join=join)
            return rows, (*notes, *([why_not] if why_not else []))

        return self._once("rows", (fallback or "", trusted, join), work, most=1)

    def _said(self) -> FolderSettings:
        """What the folder says now. Answers from before a change of it, or of the log, are dropped."""
        said = settings.read(self._store, self._folder)
        key = (self._store.generation, repr(said))
        with self._lock:
            if key != self._kept_for:
                self._kept_for = key
                self._kept.clear()
        return said

    def _once(self, kind: str, about: Hashable, work: Callable[[], T], *, most: int = MOST_KEPT,
              advises: datetime | None = None) -> T:
        """What is kept, or the work's answer; that is kept unless log or settings changed meanwhile. advises: it says
        what to do after that moment."""
        key = (kind, about)
        with self._lock:
            if key in self._kept:
                kept: T = self._kept[key]
                return kept
            kept_for = self._kept_for
        made = work()
        with self._lock:
            if kept_for == self._kept_for:
                older = [one for one in self._kept if one[0] == kind]
                for one in older[:max(0, len(older) - most + 1)]:
                    del self._kept[one]
                self._kept[key] = made
        view = self.advice(advises) if advises is not None and self._keeps else None
        if view is not None and (view.response is not None or view.backtest is not None):
            from console.session import results
            from console.session.results_of import of_advice

            results.keep(self._store, of_advice(view, self._store.span()))
        return made

    def _span(self) -> Window:
        span = self._store.span()
        if span is None:
            raise BadSettings("This log has no rows yet", do="Wait for its files to be loaded")
        return span

    def _inside(self, at: datetime | None) -> None:
        span, relative = self._store.span(), self._store.relative
        if at is not None and span is not None and not span.start < at < span.end:
            raise BadSettings("The shock lies outside of the log", where=format_exact(at, relative=relative),
                              do=f"Give a time between {format_exact(span.start, relative=relative)} and "
                                 f"{format_exact(span.end, relative=relative)}")

    def _command(self, at: datetime | None, *more: str) -> str:
        words = ["pilothouse advise", shlex.quote(self._target)]
        words += ["--shock", format_exact(at, relative=self._store.relative)] if at is not None else []
        return " ".join([*words, *more, "--json"])


def judged(store: Workspace, courses: CourseView, events: Sequence[KnownEvent], at: datetime | None) -> Shock:
    """What changed at once, from every column's course."""
    axis = Axis(courses.starts_s, courses.bucket_s, courses.relative, np.zeros(len(courses.starts_s), dtype=bool),
                max(1, len(courses.rows)))
    requests = any(one.kind is StreamKind.REQUESTS for one in store.streams())
    return judge(courses.rows, axis, courses.rows_n if requests else np.zeros(0), _versions(store, courses), events, at,
                 series=0 if requests else len(courses.rows))


def _versions(store: Workspace, courses: CourseView) -> Mapping[str, Floats]:
    """Requests of each model version in each bucket."""
    if all(one.kind is not StreamKind.REQUESTS for one in store.streams()):
        return {}
    stream = requests_of(store)
    column = stream.column(Role.MODEL_VERSION)
    if column is None:
        return {}
    con = store.cursor()
    grid = Grid(round(float(courses.starts_s[0]) * 1e6), round(courses.bucket_s * 1e6), len(courses.starts_s))
    names = bucketed.most_frequent(con, stream, column, grid, 0, grid.count, MOST_VERSIONS) or ()
    counts, _ = bucketed.texts_in_bins(con, stream, column, grid, names)
    return {name: counts[:, number].astype(np.float64) for number, name in enumerate(names)}
