"""All columns at once: whether rows of two windows can be told apart, by which columns, and correlations that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from console.drift.classifier import MOST_ROWS, Contribution, DomainResult, domain_classifier
from console.drift.correlation import CorrelationChange, correlation_changes
from console.drift.verdict import LEVEL
from console.drift.view import Verdict
from console.drift.words import quoted
from console.jobs import Job, SilentJob
from console.metrics.format import format_count
from console.window import Window

WATCH_AUC, ALARM_AUC = 0.535, 0.57
"""What one column shifted by an eighth and by a quarter of a standard deviation gives: the limits of single columns."""
WATCH_CORRELATION, ALARM_CORRELATION = 0.1, 0.2
"""Differences of two rank correlations; less is real at many rows and changes no model."""
NAMED_AT_MOST = 3
LEAST_NAMED = 0.005
"""AUC lost without a column, from which on it is named."""


@dataclass(frozen=True, slots=True)
class PairChange:
    """One pair of columns with its verdict."""

    change: CorrelationChange
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class TogetherView:
    """Two windows by all their columns at once.

    n_reference, n_current   rows that were looked at, at most 20,000 together
    columns    by what they give away, the most telling first
    pairs      all that were tested, those that changed most surely first
    """

    reference: Window | None
    current: Window | None
    reference_name: str
    current_name: str
    n_reference: int
    n_current: int
    auc: float
    auc_low: float
    auc_high: float
    p_value: float
    columns: tuple[Contribution, ...]
    pairs: tuple[PairChange, ...]
    sentence: str
    pairs_sentence: str
    verdict: Verdict             # the worse of both
    command: str
    seconds: float


def together(reference: Mapping[str, Any], current: Mapping[str, Any], *, reference_window: Window | None = None,
             current_window: Window | None = None, reference_name: str = "reference", current_name: str = "current",
             command: str = "", job: Job | None = None, stopwatch: Callable[[], float] = perf_counter) -> TogetherView:
    """Column name -> cells of the rows, of one length within a side (see `domain_classifier`).

    Raises TooFewRows with fewer than 30 rows on a side, ValueError where no column is on both, JobStopped.
    """
    started, job = stopwatch(), job or SilentJob()
    job.report(0, 2, "Trying to tell the windows apart")
    domain = domain_classifier(reference, current)
    job.stop_if_asked()
    job.report(1, 2, "Comparing correlations")
    changes = correlation_changes(_some(reference), _some(current))
    pairs = tuple(sorted((PairChange(change, _pair(change)) for change in changes),
                         key=lambda pair: list(Verdict).index(pair.verdict)))
    job.report(2, 2, "")
    domain_verdict = _domain(domain)
    return TogetherView(
        reference_window, current_window, reference_name, current_name, domain.n_reference, domain.n_current,
        domain.auc, domain.low, domain.high, domain.p_value, domain.columns, pairs, _sentence(domain, domain_verdict),
        _of_pairs(pairs), min([domain_verdict, *(pair.verdict for pair in pairs)], key=list(Verdict).index), command,
        stopwatch() - started)


def _some(side: Mapping[str, Any]) -> dict[str, Any]:
    """Of more rows every so many-th, as the classifier takes no more."""
    rows = len(next(iter(side.values()))) if side else 0
    each = max(1, -(-rows // (MOST_ROWS // 2)))
    return {name: np.asarray(cells)[::each] for name, cells in side.items()}


def _domain(found: DomainResult) -> Verdict:
    if not found.p_value < LEVEL or found.auc < WATCH_AUC:
        return Verdict.NONE
    return Verdict.ALARM if found.auc >= ALARM_AUC else Verdict.WATCH


def _pair(change: CorrelationChange) -> Verdict:
    moved = abs(change.current - change.reference)
    if not change.p_adjusted < LEVEL or moved < WATCH_CORRELATION:
        return Verdict.NONE
    return Verdict.ALARM if moved >= ALARM_CORRELATION else Verdict.WATCH


def _sentence(found: DomainResult, verdict: Verdict) -> str:
    numbers = f"AUC {found.auc:.3f} (95 % interval {found.low:.3f} to {found.high:.3f}; 0.5 is no difference), " \
              f"{format_count(found.n_reference)} against {format_count(found.n_current)} rows"
    if verdict is Verdict.NONE:
        why = "cannot tell" if not found.p_value < LEVEL else "can hardly tell"
        return f"A classifier {why} the rows of the two windows apart: {numbers}."
    named = [column for column in found.columns if column.auc_lost >= LEAST_NAMED][:NAMED_AT_MOST]
    by = ", ".join(f"{quoted(column.column)} ({column.auc_lost:.3f})" for column in named)
    return f"A classifier tells the rows of the two windows apart: {numbers}" + (f"; by {by}." if by else ".")


def _of_pairs(pairs: tuple[PairChange, ...]) -> str:
    if not pairs:
        return "No pair of numeric columns to compare."
    moved = [pair.change for pair in pairs if pair.verdict is not Verdict.NONE]
    count = f"{format_count(len(pairs))} {'pair' if len(pairs) == 1 else 'pairs'} of numeric columns"
    if not moved:
        return f"None of {count} changed its correlation."
    named = ", ".join(f"{quoted(one.column)} and {quoted(one.other)} ({one.reference:+.2f} → {one.current:+.2f})"
                      for one in moved[:NAMED_AT_MOST])
    rest = f" and {len(moved) - NAMED_AT_MOST} more" if len(moved) > NAMED_AT_MOST else ""
    return f"{len(moved)} of {count} changed: {named}{rest}."
