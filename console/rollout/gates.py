"""The gates by name, as functions of arrays; and how a plan shares its alpha among them.

`GATES` maps a kind of gate to a callable that takes slices of time (or a number, or two series) and gives a `Finding`.
The replay feeds the same classes slice by slice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from numpy.typing import ArrayLike

from console.rollout.difference import Difference
from console.rollout.error_share import ErrorShare
from console.rollout.finding import Finding
from console.rollout.fixed import Fixed
from console.rollout.plan import (
    ALPHA,
    MIN_ERRORS,
    MIN_SAMPLE,
    PROPORTIONS,
    Binding,
    Counting,
    Gate,
    GateKind,
    MetricKind,
    Plan,
    Purpose,
    Worse,
)
from console.rollout.rank_sum import TOLERANCE, RankSum
from console.rollout.slices import Slice, Slices
from console.rollout.srm import ALPHA as SRM_ALPHA
from console.rollout.srm import SampleRatio

SHARED = (GateKind.ERROR_SHARE, GateKind.DIFFERENCE)
"""Kinds with an alpha: k guardrails at alpha each would stop a good candidate up to k times as often."""

SIDES = {Worse.HIGHER: 1, Worse.LOWER: -1, Worse.EITHER: 0}

GateTest = ErrorShare | Difference | SampleRatio | RankSum | Fixed


def alpha_of(gate: Gate, plan: Plan) -> float:
    """The part of the plan's alpha that a gate has: guardrails share it, signals have it whole."""
    if gate.alpha is not None:
        return gate.alpha
    if gate.kind is GateKind.SRM:
        return SRM_ALPHA
    if gate.purpose is Purpose.SIGNAL:
        return plan.alpha
    return plan.alpha / max(1, sum(_shares(each) for each in plan.gates))


def _shares(gate: Gate) -> bool:
    return gate.purpose is Purpose.GUARDRAIL and gate.kind in SHARED and not gate.dry_run and gate.alpha is None


def test_behind(gate: Gate, plan: Plan) -> GateTest:
    """The test behind a gate of a plan, at its beginning."""
    binding = gate.binding or Binding(MetricKind.ERROR_RATE)
    native = plan.counting is Counting.NATIVE
    least = gate.min_sample if gate.min_sample is not None else plan.min_sample if native else 0
    side = SIDES[binding.bad_side]
    # a success rate is counted in failures: the rarer event says more
    as_failures = binding.metric is MetricKind.SUCCESS_RATE
    match gate.kind:
        case GateKind.FIXED:
            return Fixed.of(gate, plan)
        case GateKind.ERROR_SHARE:
            return ErrorShare(alpha_of(gate, plan), margin=gate.margin, min_sample=least,
                              lower=side < 0 and not as_failures)
        case GateKind.DIFFERENCE:
            return Difference(alpha_of(gate, plan), share=binding.metric in PROPORTIONS, margin=gate.margin,
                              min_sample=least, worse=1 if as_failures else side,
                              gain=gate.purpose is Purpose.SIGNAL)
        case GateKind.RANK_SUM:
            return RankSum(worse=side, tolerance=gate.margin or TOLERANCE, min_sample=least)
        case GateKind.SRM:
            return SampleRatio(alpha_of(gate, plan))
        case _:
            assert_never(gate.kind)





def fixed(value: float | None, *, n: float = float("inf"), errors: float = 0.0, at_least: float | None = None,
          at_most: float | None = None, success: str = "", failure: str = "", min_sample: int = MIN_SAMPLE,
          min_errors: int = MIN_ERRORS) -> Finding:
    """One number against limits or conditions; n and errors are those of the candidate behind it."""
    gate = Gate("", binding=Binding(MetricKind.ERROR_RATE), at_least=at_least, at_most=at_most, success=success,
                failure=failure)
    return Fixed(gate, min_sample=min_sample, min_errors=min_errors).look(value, n, errors)


def error_share(slices: Slices, *, alpha: float = ALPHA, margin: float = 0.0, min_sample: int = MIN_SAMPLE,
                lower: bool = False) -> Finding:
    """The e-process after all slices."""
    return _fed(ErrorShare(alpha, margin=margin, min_sample=min_sample, lower=lower), slices)


def difference(slices: Slices, *, alpha: float = ALPHA, share: bool = True, margin: float = 0.0,
               min_sample: int = MIN_SAMPLE, worse: int = 1, gain: bool = False) -> Finding:
    """The slice-wise difference after all slices; for means `slices` needs its sums of squares."""
    return _fed(Difference(alpha, share=share, margin=margin, min_sample=min_sample, worse=worse, gain=gain), slices)


def rank_sum(control: ArrayLike, experiment: ArrayLike, *, worse: int = 1, tolerance: float = TOLERANCE) -> Finding:
    """The judge over two series, a point a minute each."""
    judge = RankSum(worse=worse, tolerance=tolerance)
    import numpy as np

    judge.control = [float(each) for each in np.asarray(control, dtype=float)]
    judge.experiment = [float(each) for each in np.asarray(experiment, dtype=float)]
    return judge.look()


def srm(slices: Slices, *, alpha: float = SRM_ALPHA) -> Finding:
    """Users at their first request, slice by slice, against the planned weights of the slices."""
    return _fed(SampleRatio(alpha), slices)


GATES: dict[str, Callable[..., Finding]] = {
    GateKind.FIXED.value: fixed, GateKind.ERROR_SHARE.value: error_share, GateKind.DIFFERENCE.value: difference,
    GateKind.RANK_SUM.value: rank_sum, GateKind.SRM.value: srm}


def _fed(test: ErrorShare | Difference | SampleRatio, slices: Slices) -> Finding:
    part: Slice
    for part in slices:
        test.add(part)
    return test.look()
