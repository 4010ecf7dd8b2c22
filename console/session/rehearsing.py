"""The replay of the plan over the open log: prepared on a worker, then steered."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.jobs import Job
from console.reports.view import RolloutEvent
from console.rollout.deferral_view import DeferralView, deferral_view, wrong_of
from console.rollout.edits import fitted
from console.rollout.plan import Degree, Plan
from console.rollout.rehearsal import Rehearsal
from console.rollout.view import Action, RolloutView
from console.rollout.what_if_view import WhatIfView, what_if_view
from console.session.rollout_log import candidates, setup_for
from console.session.rollout_traffic import traffic_of
from console.session.rollouts import Prepared, Setup, keep_replay, keep_what_if, prepare, try_out
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import Workspace

MOST_SLICES_AT_ONCE = 5_000
PARTS = 1000


class _Part:
    """A job that is one of several of the same length."""

    def __init__(self, job: Job, number: int, of: int) -> None:
        self._job, self._number, self._of = job, number, of

    def report(self, done: int, total: int, note: str) -> None:
        """Its own progress, as that of the whole."""
        share = done / total if total else 0.0
        self._job.report(round((self._number + share) * PARTS), self._of * PARTS, note)

    def stop_if_asked(self) -> None:
        """As the whole."""
        self._job.stop_if_asked()


class Rehearsing:
    """One at a time. Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: Rehearsal | None = None
        self._prepared: Prepared | None = None

    def candidates(self) -> tuple[str, ...]:
        """What can be tried. Reads the log; for a worker."""
        return candidates(self._store)

    def prepare(self, plan: Plan, candidate: str, job: Job) -> RolloutView:
        """A new replay, its clock at the start of the log. Reads the log; for a worker.

        Raises BadSettings, JobStopped.
        """
        prepared = prepare(self._store, setup_for(self._store, plan, candidate), job)
        with self._lock:
            self._prepared, self._made = prepared, Rehearsal(prepared.replay)
            return self._made.view()

    def keep(self) -> int:
        """The replay as it is now, in the tables `rollouts` and `rollout_events`; gives its number there."""
        with self._lock:
            made, prepared = self._there(), self._prepared
            assert prepared is not None
            return keep_replay(self._store, replace(prepared, replay=made.replay))

    def try_out(self, plans: Sequence[Plan], runs: int, job: Job) -> WhatIfView:
        """Plans many times over the log, kept in the table `rollouts`. Gates that the log cannot show are left out.

        Reads the log; for a worker. Raises BadSettings, JobStopped.
        """
        found = []
        whole = self._store.span()
        for number, plan in enumerate(plans):
            suited = fitted(plan, traffic_of(self._store, plan)).plan
            setup = Setup(suited)
            found.append(try_out(self._store, setup, _Part(job, number, len(plans)), runs=runs))
            if whole is not None:
                keep_what_if(self._store, setup, found[-1], whole)
        return what_if_view(found)

    def deferral(self, job: Job) -> DeferralView:
        """Workload and error if answers that are not sure go to a person. Reads the log; for a worker.

        Raises BadSettings, TooFewRows, JobStopped.
        """
        rows = self._store.rollout_rows(None, stable="", candidate="")
        job.stop_if_asked()
        score = rows.get("score") if rows is not None else None
        if rows is None or score is None:
            raise BadSettings("The log has no scores and no numbers as predictions",
                              do="Name their column under Columns")
        return deferral_view(score, wrong_of(score, rows.get("wrong"), rows.get("clicked")))

    @property
    def slice_s(self) -> float:
        """Seconds of log time from one check of the gates to the next; 1 without a replay."""
        made = self._made
        return made.slice_s if made is not None else 1.0

    def forget(self) -> None:
        """None any more."""
        with self._lock:
            self._prepared = self._made = None

    def act(self, action: Action) -> RolloutView:
        """What a person does. Raises BadSettings with the reason where it is not allowed."""
        with self._lock:
            made = self._there()
            made.act(action)
            return made.view()

    def set_degree(self, degree: Degree) -> RolloutView:
        """Who may do what from now on."""
        with self._lock:
            made = self._there()
            made.set_degree(degree)
            return made.view()

    def advance(self, seconds: float, job: Job) -> RolloutView:
        """So many seconds of log time further, a check of the gates at least. For a worker."""
        with self._lock:
            made = self._there()
            left = min(max(1, round(seconds / made.slice_s)), MOST_SLICES_AT_ONCE)
            while left > 0 and not made.replay.over:
                job.stop_if_asked()
                made.advance(min(left, 50))
                left -= 50
            return made.view()

    def seek(self, at_s: float, job: Job) -> RolloutView:
        """The clock elsewhere. For a worker."""
        with self._lock:
            made = self._there()
            made.seek(at_s)
            return made.view()

    def events(self) -> tuple[Window, Window | None, tuple[RolloutEvent, ...]]:
        """What the rollout did, for an incident: from its start to the clock, and as much of the log before it."""
        with self._lock:
            made = self._there()
            log = made.replay.log
            if not log:
                raise BadSettings("Nothing has happened yet", do="Start the rollout first")
            start, end = log[0].at, max(made.replay.clock_s, log[-1].at, log[0].at + 1)
            before = max(made.replay.start_s, start - (end - start))
            reference = Window.from_epoch(before, start) if start - before >= 1 else None
            return Window.from_epoch(start, end), reference, tuple(
                RolloutEvent(from_epoch(entry.at), entry.what, entry.who, entry.sentence) for entry in log)

    def _there(self) -> Rehearsal:
        if self._made is None:
            raise BadSettings("No replay is prepared", do="Press Prepare")
        return self._made
