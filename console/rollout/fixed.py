"""A number against fixed limits, or against Argo's conditions.

Compared with a constant, not with stable: what the traffic itself does on a bad day counts against the candidate.
"> 2 % in a minute" on a healthy service with 1 % of errors and 10 requests/s stops 99 of 100 good candidates at a first
step of 5 %; with `failureLimit: 3` 70, three in a row 11. Where such a gate is offered, its own rate is told.
"""

from __future__ import annotations

from math import isfinite, nan

from console.rollout.conditions import measured
from console.rollout.finding import Finding, Outcome, Why
from console.rollout.plan import Counting, Gate, MetricKind, Plan

ERRORS_SHOWN = frozenset({MetricKind.ERROR_RATE, MetricKind.LATENCY_SHARE, MetricKind.WRONG_SHARE,
                          MetricKind.NULL_SHARE})
"""Shares of something bad: a few hits say enough, however few requests there were."""


class Fixed:
    """One number, looked at by itself."""

    def __init__(self, gate: Gate, *, min_sample: int = 0, min_errors: int = 0) -> None:
        self.gate, self.min_sample, self.min_errors = gate, min_sample, min_errors
        self.shows_errors = gate.binding is not None and gate.binding.metric in ERRORS_SHOWN

    @classmethod
    def of(cls, gate: Gate, plan: Plan) -> Fixed:
        """Native gates ask for a minimum sample; imported ones keep their own counting."""
        native = plan.counting is Counting.NATIVE
        least = gate.min_sample if gate.min_sample is not None else plan.min_sample if native else 0
        return cls(gate, min_sample=least, min_errors=plan.min_errors if native else 0)

    def look(self, number: float | None, n: float, hits: float = 0.0, stable: float = nan) -> Finding:
        """number  None or nan: there was nothing to measure
        n, hits    requests of the arm that it was measured on, and errors among them
        """
        gate = self.gate
        if number is None or not isfinite(number):
            return Finding(Outcome.HELD, Why.NO_DATA, stable=stable)
        if n < self.min_sample and not (self.shows_errors and hits >= self.min_errors):
            return Finding(Outcome.HELD, Why.TOO_FEW, number, stable, n, turns=self.min_sample - n)
        if gate.success or gate.failure:
            found = measured(gate.success, gate.failure, number)
            outcome = Outcome(found.value.lower())
            why = {Outcome.SUCCESSFUL: Why.WITHIN, Outcome.FAILED: Why.BEYOND,
                   Outcome.INCONCLUSIVE: Why.NEITHER}.get(outcome, Why.BROKEN)
            return Finding(outcome, why, number, stable, n, statistic=number)
        if gate.at_most is not None and number > gate.at_most:
            return Finding(Outcome.FAILED, Why.BEYOND, number, stable, n, 0.0, number, gate.at_most,
                           number - gate.at_most, detail="above")
        if gate.at_least is not None and number < gate.at_least:
            return Finding(Outcome.FAILED, Why.BEYOND, number, stable, n, 0.0, number, gate.at_least,
                           gate.at_least - number, detail="below")
        edges = [(gate.at_most - number, gate.at_most, "above")] if gate.at_most is not None else []
        if gate.at_least is not None:
            edges.append((number - gate.at_least, gate.at_least, "below"))
        gap, limit, side = min(edges, default=(nan, nan, ""))
        return Finding(Outcome.SUCCESSFUL, Why.WITHIN, number, stable, n, 0.0, number, limit, gap, detail=side)
