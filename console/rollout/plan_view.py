"""What the editor of a plan shows: steps, gates, the ramp over time, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import assert_never

from console.metrics.format import format_span
from console.rollout.chances import Traffic
from console.rollout.edits import messages, step_text
from console.rollout.lint import Remark, Severity
from console.rollout.plan import (
    AnalysisStep,
    Bake,
    Binding,
    Counting,
    Degree,
    Experiment,
    Gate,
    GateKind,
    Kind,
    MetricKind,
    Pause,
    Plan,
    Plugin,
    Purpose,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    Step,
    without_effect,
)
from console.rollout.schedule import Span, ramp_seconds, spans
from console.rollout.written import gate_keys, plan_settings

METRICS = {
    MetricKind.ERROR_RATE: "errors", MetricKind.SUCCESS_RATE: "successes", MetricKind.LATENCY_SHARE: "slow answers",
    MetricKind.LATENCY_PERCENTILE: "latency", MetricKind.LATENCY_MEAN: "mean latency",
    MetricKind.SCORE_MEAN: "mean score", MetricKind.CTR: "clicks", MetricKind.WRONG_SHARE: "wrong predictions",
    MetricKind.NULL_SHARE: "missing answers", MetricKind.DRIFT: "drift", MetricKind.REQUESTS: "requests",
    MetricKind.SQL: "SQL"}
KINDS = {Kind.CANARY: "Canary", Kind.BLUE_GREEN: "Blue/green", Kind.AB_TEST: "A/B test", Kind.SHADOW: "Shadow"}
DEGREES = {Degree.HUMAN_ONLY: "human only", Degree.SHADOW_MODE: "shadow mode", Degree.AI_ASSISTANCE: "AI assistance",
           Degree.PARTIAL: "partial automation", Degree.FULL: "full automation"}
TESTS = {GateKind.FIXED: "fixed limit", GateKind.ERROR_SHARE: "error share", GateKind.DIFFERENCE: "difference",
         GateKind.RANK_SUM: "rank sum", GateKind.SRM: "split"}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the list. typed: as it can be typed again."""

    number: int
    said: str
    when: str
    typed: str
    without_effect: str


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate of the list. Each cell as it can be read; typed: each key that is not as usual, as it is typed."""

    number: int
    name: str
    test: str
    measures: str
    limit: str
    purpose: str
    runs: str
    runnable: bool
    dry_run: bool
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as the editor shows it.

    seconds     of the ramp at least; infinite where an analysis never ends
    waits       whether it waits for a person somewhere
    messages    what cannot be in it
    remarks     of the lint; None while they are being worked out
    judged_at   the traffic that they were judged at, in words; "" for none
    undo, redo  what was changed last, and what was taken back last, in words; "" for nothing
    settings    what the plan says of itself and is not as usual, as it is typed
    """

    name: str
    source: str
    sentence: str
    kind: str
    degree: str
    steps: tuple[StepRow, ...]
    gates: tuple[GateRow, ...]
    spans: tuple[Span, ...]
    seconds: float
    waits: bool
    messages: tuple[str, ...]
    notes: tuple[str, ...]
    remarks: tuple[Remark, ...] | None
    judged_at: str
    undo: str = ""
    redo: str = ""
    changed: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Kind, length and verdict in one line."""
        length = "without end" if self.seconds == inf else f"at least {format_span(self.seconds)}"
        waits = ", and waits for a person" if self.waits else ""
        return f"{self.kind}, {len(self.steps)} steps, {len(self.gates)} gates. The ramp takes {length}{waits}."

    @property
    def verdict(self) -> str:
        """What the lint says in all."""
        if self.messages:
            return self.messages[0]
        if self.remarks is None:
            return "Judging the plan"
        counts = {kind: sum(1 for remark in self.remarks if remark.severity is kind) for kind in Severity}
        at = f" at {self.judged_at}" if self.judged_at else ""
        if counts[Severity.ERROR]:
            return f"{_counted(counts[Severity.ERROR], 'error')}{at}: not to be run like this"
        if counts[Severity.WARNING]:
            return f"No error{at}, {_counted(counts[Severity.WARNING], 'warning')}"
        return f"Nothing is wrong with it{at}"


def _counted(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def plan_view(plan: Plan, traffic: Traffic | None = None, remarks: tuple[Remark, ...] | None = None, *,
              source: str = "", notes: tuple[str, ...] = (), undo: str = "", redo: str = "",
              changed: bool = False) -> PlanView:
    """Of a plan, and of what is known of the log."""
    walked = spans(plan, traffic.requests_per_s if traffic is not None else None)
    steps = tuple(StepRow(index + 1, step_said(step), _when(walked[index]), step_text(step), without_effect(step))
                  for index, step in enumerate(plan.steps))
    gates = tuple(_gate_row(index, gate, plan) for index, gate in enumerate(plan.gates))
    endless = any(span.seconds == inf for span in walked)
    judged = "" if traffic is None else f"{traffic.requests_per_s:,.3g} requests a second"
    return PlanView(plan.name, source, plan.sentence, KINDS[plan.kind], plan.degree.value, steps, gates, walked,
                    inf if endless else ramp_seconds(plan, traffic.requests_per_s if traffic is not None else None),
                    any(span.waits for span in walked) or (plan.kind is Kind.BLUE_GREEN and not plan.auto_promotion),
                    messages(plan), notes, remarks, judged, undo, redo, changed, plan_settings(plan))


def step_said(step: Step) -> str:
    """A step in a few words."""
    match step:
        case SetWeight(percent):
            return f"{percent:g} % of requests"
        case Pause(None):
            return "Wait for a person"
        case Pause(seconds):
            return f"Wait {format_span(seconds or 0.0)}"
        case Bake(seconds, least, passes):
            more = f", {least:,} requests" if least else ""
            more += f", {_counted(passes, 'passed check')}" if passes else ""
            return f"Bake {format_span(seconds)}{more}"
        case AnalysisStep(analysis):
            return f"Analyse {', '.join(analysis.templates)}"
        case Experiment(arms):
            return f"Experiment with {', '.join(arm.name for arm in arms)}"
        case SetMirrorRoute(name, None):
            return f"End mirror {name}"
        case SetMirrorRoute(_, percent, match):
            return f"Mirror {percent:g} %" + (" of some requests" if match else " of requests")
        case SetHeaderRoute(name, match):
            return f"Route by header {match[0].header}" if match else f"End route {name}"
        case SetCanaryScale():
            return "Scale the candidate"
        case Plugin(name):
            return f"Plugin {name}"
        case _:
            assert_never(step)


def _when(span: Span) -> str:
    if span.seconds == inf:
        return "without end"
    start = format_span(span.start_s) if span.start_s < inf else "never"
    return start


def _gate_row(index: int, gate: Gate, plan: Plan) -> GateRow:
    interval = gate.interval_s or (plan.check_every_s if plan.counting is not Counting.ARGO else None)
    runs = f"every {format_span(interval)}" if interval else "once"
    if gate.count:
        runs += f", {gate.count:,} times"
    if gate.failure_limit and plan.counting is not Counting.FLAGGER:
        runs += f", {gate.failure_limit:,} may fail" if gate.failure_limit > 0 else ", never fails"
    if gate.template:
        runs += f" ({gate.template})"
    return GateRow(index, gate.name, TESTS[gate.kind], measured_said(gate), limit_said(gate),
                   "holds" if gate.purpose is Purpose.SIGNAL else "rolls back", runs, gate.runnable, gate.dry_run,
                   gate_keys(gate))


def measured_said(gate: Gate) -> str:
    """What a gate measures, in a few words."""
    if gate.kind is GateKind.SRM:
        return "users in each arm"
    binding = gate.binding
    if binding is None:
        return "bound to nothing"
    return metric_said(binding)


def metric_said(binding: Binding) -> str:
    """A metric in a few words."""
    match binding.metric:
        case MetricKind.LATENCY_SHARE:
            return f"answers above {binding.limit or 0:g} ms"
        case MetricKind.LATENCY_PERCENTILE:
            return f"latency p{binding.percentile:g}"
        case MetricKind.DRIFT:
            return f"drift of {binding.column}"
        case _:
            return METRICS[binding.metric]


def limit_said(gate: Gate) -> str:
    """What a gate tolerates, in a few words."""
    if gate.success or gate.failure:
        return gate.success or f"not {gate.failure}"
    parts = [f"at least {gate.at_least:g}" if gate.at_least is not None else "",
             f"at most {gate.at_most:g}" if gate.at_most is not None else ""]
    said = ", ".join(filter(None, parts))
    if said:
        return said
    if gate.kind in (GateKind.FIXED, GateKind.SRM):
        return ""
    return f"{gate.margin:g}" if gate.margin else "nothing"
