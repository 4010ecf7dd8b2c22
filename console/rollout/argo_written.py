"""A plan as Argo Rollouts would have it, with a comment for each thing that Argo cannot express."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any, assert_never

from console.rollout import durations
from console.rollout.argo import FROM
from console.rollout.plan import (
    ALPHA,
    CHECK_EVERY_S,
    MIN_SAMPLE,
    MISSING,
    Analysis,
    AnalysisStep,
    Args,
    Arm,
    Bake,
    Counting,
    Experiment,
    Gate,
    GateKind,
    HeaderMatch,
    Kind,
    Pause,
    Plan,
    Plugin,
    RouteMatch,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    Step,
    TextMatch,
    Unit,
)

API = "argoproj.io/v1alpha1"
OWN_TEMPLATE = "gates-of-the-plan"
"""The template of the gates that belong to no template."""


def as_argo(plan: Plan) -> str:
    """A Rollout and its AnalysisTemplates, as YAML of several documents. The workload is left to whoever deploys it."""
    lines = [f"# {line}" for line in _of_the_whole(plan)]
    lines += ["apiVersion: " + API, "kind: Rollout", *_dumped({"metadata": {"name": _label(plan.name)}}), "spec:",
              "  # selector, template (or workloadRef) and replicas are those of the workload", "  strategy:"]
    lines += [f"    {line}" for line in (_blue_green(plan) if plan.kind is Kind.BLUE_GREEN and not plan.steps
                                         else _canary(plan))]
    cluster = {name for _, analysis in plan.analyses() for name in analysis.cluster}
    for template in _templates(plan):
        gates = [gate for gate in plan.gates if gate.template == template]
        if any(gate.provider == MISSING for gate in gates):
            lines += ["---", f"# The template {json.dumps(template)} was not in the files that the plan was read from."]
            continue
        lines += _template(template or OWN_TEMPLATE, gates, dict(plan.defaults).get(template, ()), template in cluster,
                           plan.check_every_s)
    return "\n".join(lines) + "\n"


def _label(name: str) -> str:
    """A name that a cluster takes: `careful canary` is careful-canary."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def _templates(plan: Plan) -> list[str]:
    return list(dict.fromkeys(gate.template for gate in plan.gates))


def _of_the_whole(plan: Plan) -> Iterator[str]:
    if plan.sentence:
        yield " ".join(plan.sentence.split())
    said: list[tuple[str, object, object]] = [
        ("seed", plan.seed, 0), ("salt", plan.salt, ""), ("unit", plan.unit, Unit.USER), ("alpha", plan.alpha, ALPHA),
        ("attribution_s", plan.attribution_s, 0.0), ("max_hold_s", plan.max_hold_s, None),
        ("check_every_s", plan.check_every_s, CHECK_EVERY_S),
        ("min_sample", plan.min_sample, MIN_SAMPLE if plan.counting is Counting.NATIVE else 0)]
    for name, value, usual in said:
        if value != usual:
            yield f"Not in Argo: {name} = {json.dumps(value)}"
    if plan.counting is Counting.NATIVE:
        yield f"Not in Argo: the degree of automation ({plan.degree.replace('_', ' ')}); here the program acts alone"
    if plan.flagger is not None:
        yield (f"Not in Argo: Flagger's counting (rolled back when {plan.flagger.threshold} checks failed over the "
               "whole run)")


def _dumped(value: object) -> list[str]:
    import yaml

    text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000))
    if any(line_end in text for line_end in "\x85\u2028\u2029"):       # YAML ends lines there too: written as escapes
        text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=10_000))
    return text.rstrip("\n").split("\n")


# ---- strategies ------------------------------------------------------------------------------------------------

def _blue_green(plan: Plan) -> list[str]:
    table: dict[str, Any] = {"activeService": f"{_label(plan.name)}-active",
                             "previewService": f"{_label(plan.name)}-preview"}
    if not plan.auto_promotion:
        table["autoPromotionEnabled"] = False
    if plan.auto_promotion_s is not None:
        table["autoPromotionSeconds"] = _whole(plan.auto_promotion_s)
    if plan.keep_old_s != 30:
        table["scaleDownDelaySeconds"] = _whole(plan.keep_old_s)
    for key, analysis in (("prePromotionAnalysis", plan.pre_promotion), ("postPromotionAnalysis", plan.post_promotion)):
        if analysis is not None:
            table[key] = _analysis(analysis)
    return ["blueGreen:", "  # the names of the services are made up", *(f"  {line}" for line in _dumped(table))]


def _canary(plan: Plan) -> list[str]:
    most = _most(plan)
    routes = list(dict.fromkeys(step.name for step in plan.steps if isinstance(step, SetHeaderRoute | SetMirrorRoute)))
    table: dict[str, Any] = {}
    if routes or most != 100 or any(isinstance(step, SetCanaryScale) for step in plan.steps):
        table["trafficRouting"] = ({"maxTrafficWeight": most} if most != 100 else {}) | {
            "managedRoutes": [{"name": name} for name in routes]}
    background = plan.background
    if background is None and plan.own_gates():
        background = Analysis((OWN_TEMPLATE,))
    elif background is not None and plan.own_gates():
        background = Analysis((*background.templates, OWN_TEMPLATE), background.args, background.dry_run,
                              background.cluster, background.starting_step)
    if background is not None:
        table["analysis"] = _analysis(background)
    lines = ["canary:", *(f"  {line}" for line in (_dumped(table) if table else ()))]
    if "trafficRouting" in table:
        lines.insert(1, "  # the router of the cluster (istio, nginx, alb, ...) belongs under trafficRouting too")
    if plan.pre_promotion is not None or plan.post_promotion is not None:
        lines.insert(1, "  # Not in Argo: an analysis before or after the promotion of a canary")
    if not plan.steps:
        return [*lines, "  steps: []"]
    lines.append("  steps:")
    for step in plan.steps:
        made, comments = _step(step, most, plan)
        lines += [f"  # {comment}" for comment in comments]
        lines += [f"  {line}" for line in _dumped([made])]
    return lines


def _most(plan: Plan) -> int:
    """The weight that Argo shall take for all requests, so that all weights of the plan are whole."""
    weights = [step.percent for step in plan.steps if isinstance(step, SetWeight)]
    weights += [arm.weight for step in plan.steps if isinstance(step, Experiment) for arm in step.arms
                if arm.weight is not None]
    most = lcm(*(Fraction(weight / 100).limit_denominator(10_000).denominator for weight in weights))
    return 100 if 100 % most == 0 else most


def _step(step: Step, most: int, plan: Plan) -> tuple[dict[str, Any], list[str]]:
    match step:
        case SetWeight(percent):
            return {"setWeight": round(percent * most / 100)}, []
        case Pause(None):
            return {"pause": {}}, []
        case Pause(seconds):
            return {"pause": {"duration": durations.written(seconds or 0.0)}}, []
        case Bake(seconds, min_sample, passes):
            least = plan.min_sample if min_sample is None else min_sample
            comments = [f"Not in Argo: and until the candidate had {least:,} requests"] if least else []
            if passes:
                comments.append(f"Not in Argo: and until {passes} checks passed")
            return {"pause": {"duration": durations.written(seconds)}}, comments
        case AnalysisStep(analysis):
            return {"analysis": _analysis(analysis)}, []
        case Experiment():
            return {"experiment": _experiment(step, most)}, []
        case SetCanaryScale(replicas, weight, _):
            if replicas is not None:
                return {"setCanaryScale": {"replicas": replicas}}, []
            return {"setCanaryScale": {"weight": _whole(weight)} if weight is not None
                    else {"matchTrafficWeight": True}}, []
        case SetHeaderRoute(name, match):
            table: dict[str, Any] = {"name": name}
            if match:
                table["match"] = [{"headerName": each.header, "headerValue": _text_match(each.value)}
                                  for each in match]
            return {"setHeaderRoute": table}, []
        case SetMirrorRoute(name, None, _):
            return {"setMirrorRoute": {"name": name}}, []
        case SetMirrorRoute(name, percent, routes):
            comments = [] if routes else ["Argo mirrors nothing without `match`: all paths are meant"]
            matches = [_route(each) for each in routes] or [{"path": {"prefix": "/"}}]
            return {"setMirrorRoute": {"name": name, "percentage": _whole(percent or 0.0), "match": matches}}, comments
        case Plugin(name, config):
            return {"plugin": {"name": name} | ({"config": json.loads(config)} if config else {})}, []
        case _:
            assert_never(step)


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _experiment(step: Experiment, most: int) -> dict[str, Any]:
    table: dict[str, Any] = {} if step.seconds is None else {"duration": durations.written(step.seconds)}
    table["templates"] = [
        {"name": arm.name, "specRef": "stable" if arm.spec is Arm.STABLE else "canary"}
        | ({"weight": round(arm.weight * most / 100)} if arm.weight is not None else {})
        | ({"replicas": arm.replicas} if arm.replicas is not None else {}) for arm in step.arms]
    if step.analyses:
        table["analyses"] = [
            {"name": each.name, "templateName": each.template}
            | ({"clusterScope": True} if each.cluster else {}) | ({"requiredForCompletion": True} if each.required
                                                                  else {})
            | ({"args": _args(each.args)} if each.args else {}) for each in step.analyses]
    if step.dry_run:
        table["dryRun"] = [{"metricName": name} for name in step.dry_run]
    return table


def _analysis(analysis: Analysis) -> dict[str, Any]:
    table: dict[str, Any] = {"templates": [
        {"templateName": name} | ({"clusterScope": True} if name in analysis.cluster else {})
        for name in analysis.templates]}
    if analysis.starting_step:
        table["startingStep"] = analysis.starting_step
    if analysis.args:
        table["args"] = _args(analysis.args)
    if analysis.dry_run:
        table["dryRun"] = [{"metricName": name} for name in analysis.dry_run]
    return table


def _args(args: Args) -> list[dict[str, Any]]:
    return [{"name": name, "valueFrom": json.loads(value.removeprefix(FROM))} if value.startswith(FROM)
            else {"name": name, "value": value} for name, value in args]


def _route(match: RouteMatch) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if match.method is not None:
        table["method"] = _text_match(match.method)
    if match.path is not None:
        table["path"] = _text_match(match.path)
    if match.headers:
        table["headers"] = headers_of(match.headers)
    return table


def headers_of(headers: Iterable[HeaderMatch]) -> dict[str, Any]:
    """As Istio has them: by name."""
    return {each.header: _text_match(each.value) for each in headers}


def _text_match(match: TextMatch) -> dict[str, str]:
    return {match.kind.value: match.text}


# ---- templates -------------------------------------------------------------------------------------------------

def _template(name: str, gates: list[Gate], args: Args, cluster: bool, every_s: float) -> list[str]:
    spec: dict[str, Any] = {}
    names = dict.fromkeys([*dict(args)])
    if names:
        spec["args"] = _args(args)
    if any(gate.dry_run for gate in gates):
        spec["dryRun"] = [{"metricName": gate.name} for gate in gates if gate.dry_run]
    lines = ["---", f"apiVersion: {API}", f"kind: {'ClusterAnalysisTemplate' if cluster else 'AnalysisTemplate'}",
             *_dumped({"metadata": {"name": name}}), "spec:"]
    lines += [*(f"  {line}" for line in (_dumped(spec) if spec else ())), "  metrics:"]
    for gate in gates:
        metric, comments = _metric(gate if gate.template or gate.interval_s else replace(gate, interval_s=every_s))
        lines += [f"  # {comment}" for comment in comments]
        lines += [f"  {line}" for line in _dumped([metric])]
    return lines


def _metric(gate: Gate) -> tuple[dict[str, Any], list[str]]:
    comments = []
    metric: dict[str, Any] = {"name": gate.name}
    if gate.interval_s is not None:
        metric["interval"] = durations.written(gate.interval_s)
    if gate.initial_delay_s:
        metric["initialDelay"] = durations.written(gate.initial_delay_s)
    if gate.count is not None:
        metric["count"] = gate.count
    success = gate.success
    if gate.at_least is not None or gate.at_most is not None:
        parts = [f"result[0] >= {gate.at_least!r}" if gate.at_least is not None else "",
                 f"result[0] <= {gate.at_most!r}" if gate.at_most is not None else ""]
        success = " && ".join(filter(None, parts))
    for key, text in (("successCondition", success), ("failureCondition", gate.failure)):
        if text:
            metric[key] = text
    for key, value, usual in (("failureLimit", gate.failure_limit, 0),
                              ("inconclusiveLimit", gate.inconclusive_limit, 0),
                              ("consecutiveErrorLimit", gate.consecutive_error_limit, 4),
                              ("consecutiveSuccessLimit", gate.consecutive_success_limit, 0)):
        if value != usual:
            metric[key] = value
    if gate.kind is not GateKind.FIXED:
        margin = f", margin {gate.margin:g}" if gate.margin else ""
        comments.append(f"Not in Argo: the test `{gate.kind}`{margin}; the metric below only stands for it")
    if gate.purpose != "guardrail":
        comments.append(f"Not in Argo: a {gate.purpose} holds and does not abort")
    if gate.binding is not None:
        comments.append(f"Measured on the log as {gate.binding.metric}")
    if gate.provider == "prometheus" and not gate.query.startswith("{"):
        metric["provider"] = {gate.provider: ({"address": gate.address} if gate.address else {})
                              | {"query": gate.query}}
    elif gate.provider:
        metric["provider"] = {gate.provider: json.loads(gate.query) if _is_json(gate.query) else {"query": gate.query}}
    else:
        comments.append("The provider is to be filled in: none is known")
    return metric, comments


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
