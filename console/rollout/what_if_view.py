"""What the page of a what-if shows: for each plan and each candidate what became of the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from console.rollout.what_if import HarmResult, Spread, WhatIf

IDENTICAL = "identical"


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """One plan with one candidate.

    share, low, high    of the runs that were stopped, with its 95 % interval, 0 to 1
    good                the candidate is as good as stable: to stop it is a false abort
    """

    plan: str
    number: int
    candidate: str
    good: bool
    share: float
    low: float
    high: float
    minutes: str
    requests: str
    excess_errors: str
    clicks_lost: str
    to_full: str
    stopped_by: str


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """All plans that were tried; sentences say the same in words."""

    plans: tuple[str, ...]
    candidates: tuple[str, ...]
    rows: tuple[WhatIfRow, ...]
    sentences: tuple[str, ...]
    runs: int


def what_if_view(found: Iterable[WhatIf]) -> WhatIfView:
    """Rows by candidate, plans beside each other."""
    tried = tuple(found)
    candidates = tuple(dict.fromkeys(result.harm for one in tried for result in one.results))
    rows = tuple(_row(one.plan, number, result) for harm in candidates for number, one in enumerate(tried)
                 for result in one.results if result.harm == harm)
    several = len(tried) > 1
    sentences = [f"{one.plan}: {text}" if several else text for one in tried for text in one.sentences]
    sentences += dict.fromkeys(one.of for one in tried if one.of)
    left = dict.fromkeys(name for one in tried for name in one.left_out)
    if left:
        sentences.append(f"A what-if cannot measure {', '.join(left)}: those gates are left out.")
    if tried:
        sentences.append("Other users are first in each run, and the log is put together anew from blocks of half an "
                         "hour: medians, and 5 to 95 % of the runs.")
    return WhatIfView(tuple(one.plan for one in tried), candidates, rows, tuple(sentences),
                      tried[0].runs if tried else 0)


def _row(plan: str, number: int, result: HarmResult) -> WhatIfRow:
    most = max(result.stopped_by, key=lambda each: each[1], default=("", 0))
    return WhatIfRow(plan, number, result.harm, result.harm == IDENTICAL, result.aborted_share, result.share_low,
                     result.share_high, spread_said(result.minutes, " min"), spread_said(result.requests),
                     spread_said(result.excess_errors), spread_said(result.clicks_lost),
                     spread_said(result.to_full, " min"), most[0])


def spread_said(spread: Spread, unit: str = "") -> str:
    """`17 (6 to 40)`; a dash where there were no runs."""
    if not isfinite(spread.median):
        return "–"
    return f"{spread.median:,.0f} ({spread.low:,.0f} to {spread.high:,.0f}){unit}"
