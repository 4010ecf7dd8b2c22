"""What a gate found, in one sentence with its numbers, and what would have changed it."""

from __future__ import annotations

from math import isfinite

from console.rollout.finding import Finding, Outcome, Why
from console.rollout.plan import PROPORTIONS, Gate, GateKind, MetricKind, Worse

MILLISECONDS = (MetricKind.LATENCY_MEAN, MetricKind.LATENCY_PERCENTILE)

HITS = {MetricKind.ERROR_RATE: "errors", MetricKind.SUCCESS_RATE: "errors", MetricKind.LATENCY_SHARE: "slow answers",
        MetricKind.CTR: "clicks", MetricKind.WRONG_SHARE: "wrong answers", MetricKind.NULL_SHARE: "empty answers"}


def reason(gate: Gate, found: Finding) -> str:
    """Why the outcome is what it is."""
    if found.outcome is Outcome.HELD and found.why is not Why.NO_GAIN:
        return _held(gate, found)
    match gate.kind:
        case GateKind.ERROR_SHARE:
            return _error_share(gate, found)
        case GateKind.DIFFERENCE:
            return _difference(gate, found)
        case GateKind.FIXED:
            return _fixed(gate, found)
        case GateKind.RANK_SUM:
            return _rank_sum(gate, found)
        case GateKind.SRM if found.why is Why.NO_DATA:
            return "There is no live split yet."
        case GateKind.SRM if found.why is Why.TOO_FEW:
            return f"{found.n_c:,.0f} and {found.n_s:,.0f} users so far are too few to judge the split."
        case GateKind.SRM:
            return (f"{percent(found.candidate)} of {found.n_c + found.n_s:,.0f} users met the candidate, "
                    f"{percent(found.stable)} were planned (p {small(found.statistic)}, limit {small(found.limit)})"
                    + ("; the split is broken and no other number counts." if found.outcome is Outcome.FAILED else "."))


def change(gate: Gate, found: Finding) -> str:
    """What would have given another verdict; "" where nothing simple would."""
    bad = found.outcome is Outcome.FAILED
    if found.why is Why.NO_DATA:
        return "" if gate.kind is GateKind.SRM else "Requests of both versions are needed."
    if found.why is Why.TOO_FEW:
        return f"It waits for {found.turns:,.0f} more." if gate.kind is not GateKind.SRM \
            else "At least 8 users an arm are needed."
    if not isfinite(found.turns):
        return ""
    match gate.kind:
        case GateKind.ERROR_SHARE:
            what = _hits(gate) if found.turns != 1 else _hits(gate).removesuffix("s")
            return f"{found.turns:,.0f} {what} fewer of the candidate would have passed." if bad else \
                f"{found.turns:,.0f} {what} more of the candidate would have stopped it."
        case GateKind.DIFFERENCE:
            by = amount(gate, found.turns, of_difference=True)
            return f"A difference smaller by {by} would have passed." if bad else \
                f"A difference larger by {by} would have " + ("shown it." if found.why is Why.NO_GAIN
                                                              else "stopped it.")
        case GateKind.FIXED:
            if not found.detail:
                return ""
            side = "lower" if (found.detail == "above") == bad else "higher"
            return f"{amount(gate, found.turns)} {side} would have " + ("passed." if bad else "failed.")
        case GateKind.RANK_SUM:
            return f"A shift {'smaller' if bad else 'larger'} by {amount(gate, found.turns)} would have " \
                   + ("passed." if bad else "failed.")
        case GateKind.SRM:
            return f"{found.turns:,.0f} users are on the wrong side." if bad else ""


def _held(gate: Gate, found: Finding) -> str:
    if found.why is Why.TOO_FEW:
        return f"Too few candidate requests: {found.n_c:,.0f} of {found.n_c + found.turns:,.0f}."
    return "Nothing to measure yet: no request with a known outcome on both sides." \
        if gate.kind is not GateKind.FIXED else "Nothing to measure: no data in its window."


def _error_share(gate: Gate, found: Finding) -> str:
    what = _hits(gate)
    hits_c, hits_s = found.candidate * found.n_c, found.stable * found.n_s if found.n_s else 0.0
    hits, share = hits_c + hits_s, found.n_c / (found.n_c + found.n_s) if found.n_c + found.n_s else 0.0
    told = (f"{hits_c:,.0f} of {hits:,.0f} {what} are the candidate's, with {percent(share)} of the requests "
            f"({percent(found.candidate)} against {percent(found.stable)}); evidence {found.statistic:.3g}, "
            f"limit {found.limit:.3g}")
    return f"More than its part: {told}." if found.outcome is Outcome.FAILED else f"{told}."


def _difference(gate: Gate, found: Finding) -> str:
    told = f"{amount(gate, found.candidate)} against {amount(gate, found.stable)}"
    if isfinite(found.low):
        told += f", difference {signed(gate, found.low)} to {signed(gate, found.high)}"
    if gate.margin:
        told += f", margin {amount(gate, gate.margin, of_difference=True)}"
    match found.why:
        case Why.BEYOND:
            either = gate.binding is not None and gate.binding.bad_side is Worse.EITHER
            return f"{'Different' if either else 'Worse'}: {told}."
        case Why.GAIN:
            return f"Better: {told}."
        case Why.NO_GAIN:
            return f"No gain shown yet: {told}."
        case _:
            either = gate.binding is not None and gate.binding.bad_side is Worse.EITHER
            return f"No {'difference' if either else 'harm'} shown: {told}."


def _fixed(gate: Gate, found: Finding) -> str:
    number = amount(gate, found.candidate)
    match found.why:
        case Why.NEITHER:
            return f"{number} meets neither the success nor the failure condition."
        case Why.BROKEN:
            return f"The condition has no answer for {number}."
        case _ if not found.detail:
            return f"{number} {'fails' if found.outcome is Outcome.FAILED else 'meets'} the condition."
        case Why.BEYOND:
            return f"{number} misses the limit of {_side(found)} {amount(gate, found.limit)}."
        case _:
            return f"{number} keeps the limit of {_side(found)} {amount(gate, found.limit)}."


def _side(found: Finding) -> str:
    return "at least" if found.detail == "below" else "at most"


def _rank_sum(gate: Gate, found: Finding) -> str:
    told = (f"98 % interval of the shift {signed(gate, found.low)} to {signed(gate, found.high)}, tolerance "
            f"{amount(gate, found.limit)}")
    return f"{found.detail.capitalize()}: {told}."


def amount(gate: Gate, value: float, *, of_difference: bool = False) -> str:
    """A number in the unit of the gate's metric, as its limits are written."""
    if not isfinite(value):
        return "no number"
    binding = gate.binding
    if binding is None:
        return f"{value:.4g}"
    if binding.metric in PROPORTIONS:
        if binding.scale != 1 and gate.kind is GateKind.FIXED:
            return f"{value:.4g}"
        return f"{value * 100:.3g} points" if of_difference else percent(value)
    return f"{value:.4g} ms" if binding.metric in MILLISECONDS and binding.scale == 1 else f"{value:.4g}"


def signed(gate: Gate, value: float) -> str:
    """A difference with its sign."""
    if not isfinite(value):
        return "unbounded"
    told = amount(gate, abs(value), of_difference=True)
    return f"{'−' if value < 0 else '+'}{told}"


def percent(share: float) -> str:
    """Of 0 to 1."""
    return f"{share * 100:.3g} %" if isfinite(share) else "no number"


def small(p: float) -> str:
    """A p-value."""
    return f"{p:.2g}" if p >= 1e-12 else "under 1e-12"


def _hits(gate: Gate) -> str:
    return HITS.get(gate.binding.metric, "hits") if gate.binding is not None else "hits"
