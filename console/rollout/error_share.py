"""The error-share e-process: whose errors are they?

While no version is worse, an error of a slice belongs to the candidate as often as its requests do. Each error is a
bet on that: E is the mean (by stakes), over odds psi, of the product of q/w for errors of the candidate and of
(1-q)/(1-w) for those of stable, q = psi w / (psi w + 1 - w). E >= 1/alpha happens to a candidate that is not worse with
probability alpha at most, however often one looks and however traffic, weights and the rate of errors change (Ville
1939).

w is the candidate's part of the requests of the slice, not the planned weight: so users who ask more than others, and
rejected rows of a log, need no correction. Given the numbers of requests, errors are drawn without putting back, which
spreads less than independent draws: the expected value of each factor stays at most 1 (Hoeffding 1963, theorem 4).
"""

from __future__ import annotations

from math import exp, log, nan

from console.rollout.finding import Finding, Outcome, Why
from console.rollout.slices import EMPTY, Slice

ODDS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
STAKES = (0.05, 0.3, 0.3, 0.1, 0.1, 0.05, 0.1)
"""How many times as likely an error could be with the candidate; all are bet on at once, and which part of the stake is
on each: most on small harms, which take longest to see. Equal stakes missed a doubled rate in 0.8 % of runs of the
simulation (`tests/benchmarks/rollout.py`), these in 0.5 %; twenty times as many errors take one minute with both."""


class ErrorShare:
    """Evidence that the candidate has more than its part of the hits.

    alpha       chance that a candidate that is not worse is ever called so
    margin      tolerated: the candidate's rate may be (1 + margin) times that of stable
    min_sample  candidate requests before it is called good; harm is told at once
    lower       fewer hits are the harm (clicks)
    """

    def __init__(self, alpha: float, *, margin: float = 0.0, min_sample: int = 0, lower: bool = False) -> None:
        self.alpha, self.margin, self.min_sample, self.lower = alpha, margin, min_sample, lower
        self._odds = tuple((psi, log(psi)) for psi in (tuple(1 / psi for psi in ODDS) if lower else ODDS))
        self._logs = [0.0] * len(ODDS)
        self.total = EMPTY
        self.peak = 1.0
        self._log_peak = 0.0

    def add(self, part: Slice) -> None:
        """One more slice of time."""
        self.total = self.total.plus(part)
        if part.pairs:
            self._bet(part.only_c, part.only_s, 0.5)        # McNemar: who is wrong alone, when one is
        elif part.n_c > 0 and part.n_s > 0:
            self._bet(part.x_c, part.x_s, part.n_c / (part.n_c + part.n_s))

    def _bet(self, hits_c: float, hits_s: float, share: float) -> None:
        hits = hits_c + hits_s
        if not hits:
            return
        tolerated = 1 / (1 + self.margin) if self.lower else 1 + self.margin
        share = tolerated * share / (tolerated * share + 1 - share)
        rest = 1 - share
        self._logs = [grown + hits_c * by - hits * log(psi * share + rest)
                      for grown, (psi, by) in zip(self._logs, self._odds, strict=True)]
        if max(self._logs) > self._log_peak:        # the mean of all is no more than the highest
            self.peak = max(self.peak, self.evidence)
            self._log_peak = log(self.peak)

    @property
    def evidence(self) -> float:
        """E now; `peak` is the highest it was, which is what the verdict goes by."""
        return sum(stake * exp(min(each, 700.0)) for stake, each in zip(STAKES, self._logs, strict=True))

    def look(self, *, turns: bool = True) -> Finding:
        """What is known by now. Without `turns` it does not search for what would have changed the verdict."""
        total, limit = self.total, 1 / self.alpha
        if self.peak >= limit:
            outcome, why = Outcome.FAILED, Why.BEYOND
        elif total.n_c <= 0:
            outcome, why = Outcome.HELD, Why.NO_DATA
        elif total.n_c < self.min_sample:
            outcome, why = Outcome.HELD, Why.TOO_FEW
        else:
            outcome, why = Outcome.SUCCESSFUL, Why.WITHIN
        away = self.min_sample - total.n_c if why is Why.TOO_FEW else self._turns(limit) if turns else nan
        return Finding(outcome, why, _ratio(total.x_c, total.n_c), _ratio(total.x_s, total.n_s), total.n_c, total.n_s,
                       self.peak, limit, away)

    def _turns(self, limit: float) -> float:
        """How many errors more of the candidate, all else equal, would carry E over the limit (or fewer, under it)."""
        total = self.total
        if total.n_c <= 0 or total.n_s <= 0 or self.lower:
            return nan
        share = total.n_c / (total.n_c + total.n_s)
        beyond = self.peak >= limit
        for count in range(1, 2001):
            signed = -count if beyond else count
            moved = sum(stake * exp(min(each + signed * (by - log(psi * share + 1 - share)), 700.0))
                        for stake, each, (psi, by) in zip(STAKES, self._logs, self._odds, strict=True))
            if (moved < limit) if beyond else (moved >= limit):
                return float(count)
        return nan


def _ratio(x: float, n: float) -> float:
    return x / n if n > 0 else nan
