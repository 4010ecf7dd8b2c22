"""Advice after a change, read from the log and put before the room of advice."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from console.advice.events import KnownEvent
from console.advice.labelled import Labelled
from console.advice.shock import Shock, judge
from console.advice.view import AdviceView, BacktestView, ResponseView
from console.drift.course_view import CourseView
from console.drift.courses import Axis
from console.drift.result import Floats
from console.errors import BadSettings, TooFewRows
from console.jobs import Job
from console.metrics.format import format_exact
from console.roles import Role
from console.session import own_metrics, settings
from console.session.advice_rows import labelled_rows
from console.session.advice_settings import costs_of, events_of, fallback_of
from console.session.over_time import over_time
from console.session.sides import requests_of
from console.store import bucketed
from console.store.grid import Grid
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

MOST_VERSIONS = 20
"""Model versions whose share of the requests is looked at."""


def advise(store: Workspace, target: str, job: Job, folder: Path | None = None, *, at: datetime | None = None,
           fallback: str = "", training: bool = True) -> AdviceView:
    """What changed at a time, and what to do about it.

    folder    has the calendar of known events and what answers cost
    at        the change in question; it is looked for without
    fallback  an expression that could answer, instead of the folder's
    training  whether ways to train again are tried, which takes long
    Raises BadSettings, JobStopped.
    """
    began = time.perf_counter()
    said = settings.read(store, folder)
    events, costs = events_of(said), costs_of(said)
    span = store.span()
    if at is not None and span is not None and not span.start < at < span.end:
        raise BadSettings("The shock lies outside of the log", where=format_exact(at, relative=store.relative),
                          do=f"Give a time between {format_exact(span.start, relative=store.relative)} and "
                             f"{format_exact(span.end, relative=store.relative)}")
    courses = over_time(store, target, job).view
    job.stop_if_asked()
    shock = judged(store, courses, events, at)
    words = ["pilothouse advise", shlex.quote(target)]
    words += ["--shock", format_exact(at, relative=store.relative)] if at is not None else []
    words += ["--fallback", shlex.quote(fallback)] if fallback else []
    words += [] if training else ["--no-training"]
    moment, notes = at or shock.onset, list(courses.notes)
    response, trained = None, None
    if moment is not None and span is not None:
        trusted = bool(fallback) or own_metrics.is_trusted(store, folder)
        rows, told = labelled_rows(store, job, fallback or fallback_of(said), trusted=trusted)
        notes += told
        job.stop_if_asked()
        if rows is not None:
            response = _response(rows, moment, span, costs, job, notes, relative=store.relative)
        if rows is not None and training:
            trained = _backtest(rows, moment, span, job, notes, relative=store.relative)
    sentence = " ".join([shock.sentence, *(one.sentence for one in (response, trained) if one is not None)])
    return AdviceView(moment, shock, response, trained, sentence, tuple(notes), store.relative,
                      " ".join([*words, "--json"]), time.perf_counter() - began)


def _response(rows: Labelled, moment: datetime, span: Window, costs: Mapping[str, float], job: Job,
              notes: list[str], *, relative: bool) -> ResponseView | None:
    from console.advice.response import simulate

    job.report(0, 0, "Simulating what could have answered")
    try:
        return simulate(rows, moment.timestamp(), span.end_s, costs, job, relative=relative)
    except TooFewRows as error:
        notes.append(f"{error.what}.")
        return None


def _backtest(rows: Labelled, moment: datetime, span: Window, job: Job, notes: list[str], *,
              relative: bool) -> BacktestView | None:
    from console.advice.backtest import backtest

    try:
        return backtest(rows, moment.timestamp(), span.end_s, job, relative=relative)
    except TooFewRows as error:
        notes.append(f"{error.what}.")
        return None


def judged(store: Workspace, courses: CourseView, events: Sequence[KnownEvent], at: datetime | None) -> Shock:
    """What changed at once, from every column's course."""
    axis = Axis(courses.starts_s, courses.bucket_s, courses.relative, np.zeros(len(courses.starts_s), dtype=bool),
                max(1, len(courses.rows)))
    return judge(courses.rows, axis, courses.rows_n, _versions(store, courses), events, at)


def _versions(store: Workspace, courses: CourseView) -> Mapping[str, Floats]:
    """Requests of each model version in each bucket."""
    stream = requests_of(store)
    column = stream.column(Role.MODEL_VERSION)
    if column is None:
        return {}
    con = store.cursor()
    grid = Grid(round(float(courses.starts_s[0]) * 1e6), round(courses.bucket_s * 1e6), len(courses.starts_s))
    names = bucketed.most_frequent(con, stream, column, grid, 0, grid.count, MOST_VERSIONS) or ()
    counts, _ = bucketed.texts_in_bins(con, stream, column, grid, names)
    return {name: counts[:, number].astype(np.float64) for number, name in enumerate(names)}
