"""Advice after a change, read from the log and put before the room of advice."""

from __future__ import annotations

import shlex
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.advice.view import AdviceView, BacktestView, ResponseView
from console.jobs import Job
from console.metrics.format import format_exact
from console.session import settings
from console.session.advice_settings import costs_of
from console.session.advising import Advising

if TYPE_CHECKING:
    from console.session.advice_join import Join
    from console.store import Workspace


def advise(store: Workspace, target: str, job: Job, folder: Path | None = None, *, at: datetime | None = None,
           fallback: str = "", training: bool = True, join: Join | None = None) -> AdviceView:
    """What changed at a time, and what to do about it.

    folder    has the calendar of known events and what answers cost
    at        the change in question; it is looked for without
    fallback  an expression that could answer, instead of the folder's
    training  whether ways to train again are tried, which takes long
    join      a file of further columns to train on, instead of the folder's
    Raises BadSettings, JobStopped.
    """
    began = time.perf_counter()
    said = settings.read(store, folder)
    costs_of(said)
    advising = Advising(store, folder, target, keeps=False, join=join)
    found = advising.shock(job, at)
    words = ["pilothouse advise", shlex.quote(target)]
    words += ["--shock", format_exact(at, relative=store.relative)] if at is not None else []
    words += ["--fallback", shlex.quote(fallback)] if fallback else []
    words += ["--join", shlex.quote(str(join.file)), "--key", shlex.quote(join.key)] if join is not None else []
    words += [] if training else ["--no-training"]
    notes = list(found.notes)
    response: ResponseView | None = None
    trained: BacktestView | None = None
    if found.at is not None:
        answer = advising.response(job, found.at, fallback)
        response = answer.response
        notes += answer.notes
        if training:
            tried = advising.training(job, found.at)
            trained = tried.backtest
            notes += tried.notes
    sentence = " ".join([found.sentence, *(one.sentence for one in (response, trained) if one is not None)])
    return AdviceView(found.at, found.shock, response, trained, sentence, tuple(dict.fromkeys(notes)), store.relative,
                      " ".join([*words, "--json"]), time.perf_counter() - began)
