"""Outcomes of two windows, read from the log and put before the drift room."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from console.drift import DriftView, compare
from console.drift.answers import Answers
from console.drift.outcomes import Told, judge_outcomes
from console.drift.outcomes_view import OutcomesView
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.grid import bucket_for
from console.roles import Role, StreamKind
from console.session.sides import Reference, Side, current_side, on_both, reference_side, samples, words_of
from console.window import Window

if TYPE_CHECKING:
    from console.store import AnsweredRows, Workspace

MOST_BUCKETS, LEAST_BUCKETS = 72, 12
ROWS_IN_BUCKET = 50
"""So many requests on average, or the line says nothing."""


def outcomes(store: Workspace, target: str, reference: Reference, current: Window, job: Job,
             version: str = "") -> OutcomesView:
    """See Session.outcomes."""
    side = current_side(store, current, version)
    outcome = store.outcome_column(side.stream.stream_id)
    if outcome is None:
        raise BadSettings("This log has no outcomes: no label, click or churn", where=side.stream.name,
                          do="Open a folder with labels, or give a column the role under Folder > Columns")
    answer = side.stream.column(Role.SCORE) or side.stream.column(Role.PREDICTION)
    if answer is None:
        raise BadSettings("This log has no answers: no prediction and no score", where=side.stream.name,
                          do="Give a column the role under Folder > Columns")
    job.report(0, 8, "Reading the current window")
    now = _answers(side.answers())
    with reference_side(store, reference, job) as before_side:
        job.stop_if_asked()
        job.report(1, 8, "Reading the reference")
        before = _answers(before_side.answers())
        job.stop_if_asked()
        job.report(2, 8, "Comparing the inputs")
        inputs = _inputs(before_side, side, job)
    hull = _hull(store, reference.window, current)
    wide = replace(current_side(store, hull, version))
    job.stop_if_asked()
    job.report(3, 8, "Reading the time between")
    line = now if wide.window == current else _answers(wide.answers())
    buckets = min(MOST_BUCKETS, max(LEAST_BUCKETS, len(line) // ROWS_IN_BUCKET))
    command = " ".join(["pilothouse drift", shlex.quote(target), "--outcomes",
                        *words_of(reference, current, version, store.relative), "--json"])
    told = Told(answer.name, outcome.name, _until(store, side, line), bucket_for(hull, buckets), side.each,
                store.relative)
    return judge_outcomes(before, now, line, current, told, inputs, reference_window=reference.window,
                          reference_name=before_side.name, current_name=side.name, command=command,
                          job=_Behind(job, 4, 8))


def _answers(rows: AnsweredRows) -> Answers:
    return Answers(rows.at_s, rows.told_s, rows.score, rows.choice, rows.word, rows.truth, rows.true_word)


def _inputs(before: Side, now: Side, job: Job) -> DriftView | None:
    columns = on_both(before, now, now.inputs())
    if not columns[0]:
        return None
    sides = [samples(found, side.rows(found)[1]) for side, found in zip((before, now), columns, strict=True)]
    both = {sample.column for sample in sides[0]} & {sample.column for sample in sides[1]}
    job.stop_if_asked()
    return compare(*([sample for sample in side if sample.column in both] for side in sides))


def _hull(store: Workspace, reference: Window | None, current: Window) -> Window:
    """From the one that begins first to the one that ends last; of a reference without a place, from the first row."""
    span = store.span()
    first = reference.start if reference is not None else span.start if span is not None else current.start
    return Window(min(first, current.start), max(current.end, reference.end if reference is not None else current.end))


def _until(store: Workspace, side: Side, line: Answers) -> float:
    """Up to when outcomes are known; nan where the log does not tell."""
    told = line.told_s[~np.isnan(line.told_s)]
    if not len(told):
        return math.nan
    ends = [stream.last.timestamp() for stream in store.streams() if stream.last is not None
            and (stream.kind is StreamKind.OUTCOMES or stream.stream_id == side.stream.stream_id)]
    return max([float(told.max()), *ends])


class _Behind:
    """A part of a job."""

    def __init__(self, job: Job, done: int, total: int) -> None:
        self._job, self._done, self._total = job, done, total

    def report(self, done: int, total: int, note: str) -> None:
        """Its steps behind those that were done before."""
        self._job.report(self._done + done, self._total, note)

    def stop_if_asked(self) -> None:
        """As the job."""
        self._job.stop_if_asked()
