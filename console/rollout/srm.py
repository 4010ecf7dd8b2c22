"""Sample-ratio mismatch: whether the split is the planned one. The first check of all: where it is not, every other
number compares two different crowds.

One look: Pearson's chi-square of the numbers of users. All the time: the Bayes factor of any other split against the
planned one, with a Dirichlet prior around it; slices under one weight share a prior, and weights multiply.
Source: M. Lindon, A. Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022 (the test of `ssrm`).

Of a log with two live versions only users are kept whose logged version is the simulated one, and what is to be
expected is another share p in each slice. There each user is a bet, as the errors of `error_share`: the factor of a
slice with c of n users at the candidate is psi^c / (psi p + 1 - p)^n, and one psi stays for all slices, so that they
add up. With C and S users of the two versions, of which each is kept with probability w and 1 - w, its expected value
is at most 1, since ln(1 + x) <= x: C ln(1 + w (psi t - 1)) + S ln(1 + (1 - w)(t - 1)) <= 0 for t = 1/(psi p + 1 - p)
and p = C w / (C w + S (1 - w)).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, nan

from console.rollout.finding import Finding, Outcome, Why
from console.rollout.slices import EMPTY, Slice

ALPHA = 0.001
LEAST_USERS = 8
"""An arm, before anything is said. Too few users hold no step, nor none (a shadow): where 5 % of all
users are fewer, it would for ever."""

CONCENTRATION = 10_000.0
"""Of the prior, in users: how close another split is thought to be to the planned one."""


def srm_p(users_c: float, users_s: float, weight_percent: float) -> float:
    """Of one look: Pearson's chi-square with one degree of freedom; nan under `LEAST_USERS` an arm.

    A planned share of 0 or 1 with users on the wrong side has p 0.
    """
    from math import erfc, sqrt

    total, share = users_c + users_s, weight_percent / 100
    if share in (0.0, 1.0):
        return 1.0 if (users_c if share == 0 else users_s) == 0 else 0.0
    if min(users_c, users_s) < LEAST_USERS and total * min(share, 1 - share) < LEAST_USERS:
        return nan
    chi2 = (users_c - total * share) ** 2 / (total * share * (1 - share))
    return erfc(sqrt(chi2 / 2))


ODDS = (0.25, 0.5, 0.8, 0.9, 1 / 0.9, 1.25, 2.0, 4.0)
"""How many times as likely a kept user could be at the candidate; all are bet on alike."""


class SampleRatio:
    """The sequential test. Slices count users at their first request: `n_c` and `n_s`, under `weight`."""

    def __init__(self, alpha: float = ALPHA) -> None:
        self.alpha = alpha
        self._by_weight: dict[float, tuple[float, float]] = {}
        self._done = 0.0                # log Bayes factor of all weights
        self._bets = [0.0] * len(ODDS)  # log of each bet on users that were kept
        self.total = EMPTY
        self.expected = 0.0
        self.peak = 0.0                 # log of the highest Bayes factor

    def add(self, part: Slice, *, kept: bool = False) -> None:
        """One more slice of time.

        kept    its users were kept of more, and its weight is what of them is to be expected at the candidate
        """
        self.total = self.total.plus(part)
        share, users = part.weight / 100, part.n_c + part.n_s
        self.expected += share * users
        if not users or not 0 < share < 1:
            return
        if kept:
            self._bets = [grown + part.n_c * log(psi) - users * log(psi * share + 1 - share)
                          for grown, psi in zip(self._bets, ODDS, strict=True)]
        else:
            had = self._by_weight.get(part.weight, (0.0, 0.0))
            now = had[0] + part.n_c, had[1] + part.n_s
            self._done += _log_factor(now, share) - _log_factor(had, share)
            self._by_weight[part.weight] = now
        if min(self.total.n_c, self.total.n_s) >= LEAST_USERS or self.expected >= LEAST_USERS:
            self.peak = max(self.peak, self._done + _log_mean(self._bets))

    @property
    def evidence(self) -> float:
        """The Bayes factor now; `peak` is the highest that it was, which is what the verdict goes by."""
        return exp(min(self._done + _log_mean(self._bets), 700.0))

    @property
    def p_value(self) -> float:
        """At most alpha with probability alpha, however often one looks."""
        return min(1.0, exp(-self.peak))

    def look(self, *, turns: bool = True) -> Finding:
        """What is known by now."""
        total = self.total
        users = total.n_c + total.n_s
        broken = self.p_value <= self.alpha
        enough = min(total.n_c, total.n_s) >= LEAST_USERS
        outcome, why = (Outcome.FAILED, Why.BEYOND) if broken else \
            (Outcome.SUCCESSFUL, Why.WITHIN) if enough else \
            (Outcome.SUCCESSFUL, Why.TOO_FEW if users else Why.NO_DATA)
        if not turns:
            return Finding(outcome, why)
        return Finding(outcome, why, total.n_c / users if users else nan, self.expected / users if users else nan,
                       total.n_c, total.n_s, self.p_value, self.alpha, abs(total.n_c - self.expected))


def _log_factor(counts: tuple[float, float], share: float) -> float:
    """Log of the probability of these counts under the prior, over that under the planned split."""
    a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
    c, s = counts
    return (_log_beta(a + c, b + s) - _log_beta(a, b)) - (c * log(share) + s * log(1 - share))


def _log_mean(logs: Sequence[float]) -> float:
    """Log of the mean of what these are the logs of."""
    top = max(logs)
    return top + log(sum(exp(each - top) for each in logs) / len(logs))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
