"""Plans of Flagger: `kind: Canary` with its MetricTemplates, read and written.

Flagger ticks: at each one all metrics are checked; a failed check holds the weight where it is and is counted, and
when `threshold` of them have failed over the whole run, the next tick rolls back. Here a tick is a `Bake` that ends
with one passed check. A canary goes on while its weight is below `maxWeight`, so 20 and 50 really goes to 60.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from console.errors import BadSettings
from console.rollout import durations
from console.rollout.argo import Imported, Note, route_match
from console.rollout.argo_written import headers_of
from console.rollout.checked import refuse_problems
from console.rollout.plan import (
    Bake,
    Binding,
    Counting,
    Degree,
    FlaggerTiming,
    Gate,
    Kind,
    MetricKind,
    Pause,
    Plan,
    RouteMatch,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    Step,
    TextMatch,
)
from console.rollout.yaml_tree import Table, documents

GROUP = "flagger.app/"
API = "flagger.app/v1beta1"
LEAST_INTERVAL_S = 10.0
USUAL_INTERVAL_S = 60.0
MIRROR = "mirror"
INSIDERS = "ab-test"
CONFIRM = {"confirm-rollout", "confirm-traffic-increase", "confirm-promotion"}
WEBHOOKS = CONFIRM | {"rollback", "pre-rollout", "rollout", "post-rollout", "event"}
MOST_TICKS = 1000


def read_flagger(text: str, *, file: str = "canary.yaml", more: Sequence[tuple[str, str]] = (),
                 name: str = "") -> Imported:
    """The Canary of a file, by its name where there are several. Raises BadSettings with file, line and reason."""
    canaries: list[Table] = []
    queries: dict[str, tuple[str, str, str]] = {}
    for source, content in ((file, text), *more):
        for document in documents(content, file=source):
            table = Table(document, source, "the document")
            if not table.text("apiVersion", GROUP).startswith(GROUP):
                continue
            if table.text("kind") == "Canary" and source == file:
                canaries.append(table)
            elif table.text("kind") == "MetricTemplate":
                spec = table.table("spec")
                provider = spec.table("provider") if spec is not None else None
                if spec is not None:
                    queries[_name(table)] = (provider.text("type") if provider is not None else "", spec.text("query"),
                                             provider.text("address") if provider is not None else "")
    chosen = [table for table in canaries if not name or _name(table) == name]
    if len(chosen) != 1:
        names = ", ".join(map(_name, canaries))
        raise BadSettings(f"It holds {len(canaries)} canaries: {names}" if canaries else "It holds no `kind: Canary`",
                          where=file, do="Choose one by its name" if canaries else "Read a file with a Canary")
    notes: list[Note] = []
    plan = _canary(chosen[0], queries, notes)
    refuse_problems(plan, file=file)
    return Imported(plan, tuple(notes))


def _name(table: Table) -> str:
    metadata = table.table("metadata")
    return metadata.text("name") if metadata is not None else ""


def _canary(table: Table, queries: dict[str, tuple[str, str, str]], notes: list[Note]) -> Plan:
    spec = table.table("spec")
    if spec is None:
        table.fail("The canary has no spec", "Give it one")
    analysis = spec.table("analysis") or spec.table("canaryAnalysis")
    if analysis is None:
        spec.fail("The canary has no analysis", "Give it analysis with an interval and a threshold")
    timing = _timing(spec, analysis, notes)
    kind = (Kind.AB_TEST if timing.match and timing.iterations else
            Kind.BLUE_GREEN if timing.iterations else Kind.CANARY)
    gates = tuple(_gate(each, timing, queries, notes) for each in analysis.tables("metrics"))
    for gate in gates:
        if not gate.runnable:
            notes.append(Note(0, f"`{gate.name}` is not one of Flagger's own metrics: bind it to a metric of the log "
                                 "before the plan can run"))
    if gates:
        notes.append(Note(0, "Without data Flagger would count a failed check; here a gate without data holds"))
    return Plan(
        _name(table) or "canary", kind, steps_of(timing), () if timing.skip_analysis else gates,
        counting=Counting.FLAGGER, degree=Degree.FULL, min_sample=0, min_errors=0, check_every_s=timing.interval_s,
        flagger=timing)


def _timing(spec: Table, analysis: Table, notes: list[Note]) -> FlaggerTiming:
    interval = _seconds(analysis, "interval") if "interval" in analysis else USUAL_INTERVAL_S
    if interval < LEAST_INTERVAL_S:
        notes.append(Note(analysis.line_of("interval"), f"An interval of {interval:g} s is below the least: 10 s"))
        interval = LEAST_INTERVAL_S
    threshold = analysis.whole("threshold", 1) or 1
    most = analysis.number("maxWeight") or 100.0
    step = analysis.number("stepWeight") or None
    weights = tuple(_weight(analysis, each.value) for each in analysis.items("stepWeights"))
    iterations = analysis.whole("iterations", 0) or 0
    match = tuple(route_match(each) for each in analysis.tables("match"))
    for key, value in (("threshold", threshold), ("iterations", iterations), ("stepWeight", step or 0),
                       ("maxWeight", most)):
        if value < 0:
            analysis.fail(f"`{key}` is {value:g}", "Give a number above zero", key)
    if iterations > MOST_TICKS or (step and most / step > MOST_TICKS):
        analysis.fail(f"It takes more than {MOST_TICKS:,} checks", "Give larger steps")
    if not iterations and step is None and not weights:
        analysis.fail("It says neither stepWeight, nor stepWeights, nor iterations", "Give one of them")
    if weights and step is not None:
        notes.append(Note(analysis.line_of("stepWeights"), "`stepWeight` is given too: of `stepWeights` only "
                                                         "the last counts, as the highest"))
        most, weights = min(weights[-1], 100.0), ()
    if weights and not iterations and most != 100:
        notes.append(Note(analysis.line_of("maxWeight"), "`stepWeights` decide: `maxWeight` has no effect"))
    if any(later <= earlier for earlier, later in pairwise(weights)):
        analysis.fail("`stepWeights` do not grow", "Give each weight once, from small to large", "stepWeights")
    promotion = analysis.number("stepWeightPromotion")
    if promotion is not None:
        notes.append(Note(analysis.line_of("stepWeightPromotion"), "The way back to the primary has no effect in a "
                                                                   "replay: the candidate has passed by then"))
    webhooks = []
    for each in analysis.tables("webhooks"):
        kind = each.text("type") or "rollout"
        if kind not in WEBHOOKS:
            each.fail(f"There is no webhook of type `{kind[:40]}`", f"There are {', '.join(sorted(WEBHOOKS))}", "type")
        webhooks.append((each.text("name"), kind))
        if kind in CONFIRM:
            notes.append(Note(each.line, f"{kind}: waits for a person here"))
        elif kind == "rollback":
            notes.append(Note(each.line, "rollback: by hand here"))
        else:
            notes.append(Note(each.line, f"{kind}: no effect in a replay"))
    skip = spec.flag("skipAnalysis", False) or analysis.flag("skipAnalysis", False)
    if skip:
        notes.append(Note(spec.line_of("skipAnalysis"), "`skipAnalysis`: the candidate gets all requests at once, "
                                                        "and nothing is checked"))
    for name in ("primaryReadyThreshold", "canaryReadyThreshold", "alerts"):
        if name in analysis:
            notes.append(Note(analysis.line_of(name), f"`{name}` has no effect in a replay"))
    return FlaggerTiming(
        interval, threshold, most, step, weights, promotion, iterations, analysis.flag("mirror", False),
        analysis.number("mirrorWeight"), match, "sessionAffinity" in analysis, skip, tuple(webhooks))


def _weight(table: Table, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        table.fail(f"`stepWeights` holds {value!r:.40}", "Give numbers above 0", "stepWeights")
    return float(value)


def _seconds(table: Table, key: str) -> float:
    value: Any = table.members[key].value
    try:
        return durations.seconds_of(value)
    except BadSettings as error:
        table.fail(f"`{key}`: {error.what}", error.do, key)


def steps_of(timing: FlaggerTiming) -> tuple[Step, ...]:
    """The walk that a timing means; after it the candidate gets all requests."""
    if timing.skip_analysis:
        return ()
    confirm = {kind for _, kind in timing.webhooks if kind in CONFIRM}
    steps: list[Step] = [Pause(None)] if "confirm-rollout" in confirm else []
    tick = Bake(timing.interval_s, 0, 1)
    mirror = SetMirrorRoute(MIRROR, 100.0 if timing.mirror_weight is None else timing.mirror_weight)
    if timing.iterations:
        if timing.match:
            steps.append(SetHeaderRoute(INSIDERS, tuple(header for each in timing.match for header in each.headers)))
        elif timing.mirror:
            steps.append(mirror)
        steps.append(Bake(timing.interval_s * timing.iterations, 0, timing.iterations))
    else:
        if timing.mirror:
            steps += [mirror, tick, SetMirrorRoute(MIRROR)]
        for weight in weights_of(timing):
            if "confirm-traffic-increase" in confirm:
                steps.append(Pause(None))
            steps += [SetWeight(weight), tick]
    if "confirm-promotion" in confirm:
        steps.append(Pause(None))
    return tuple(steps)


def weights_of(timing: FlaggerTiming) -> tuple[float, ...]:
    """The weights that a canary goes through before it is promoted."""
    if timing.step_weight is None:
        return tuple(dict.fromkeys(min(weight, 100.0) for weight in timing.step_weights))
    found = []
    weight = 0.0
    while weight < min(timing.max_weight, 100.0):
        weight = min(weight + timing.step_weight, 100.0)
        found.append(weight)
    return tuple(found)


# ---- metrics ---------------------------------------------------------------------------------------------------

def _gate(table: Table, timing: FlaggerTiming, queries: dict[str, tuple[str, str, str]], notes: list[Note]) -> Gate:
    name = table.text("name")
    if not name:
        table.fail("A metric has no name", "Give it one")
    limits = table.table("thresholdRange")
    low = limits.number("min") if limits is not None else None
    high = limits.number("max") if limits is not None else None
    if limits is None and "threshold" in table:
        notes.append(Note(table.line_of("threshold"),
                          "`threshold` is the old spelling of `thresholdRange`; it is read"))
        if name == "request-success-rate":
            low = table.number("threshold")
        else:
            high = table.number("threshold")
    if low is None and high is None:
        notes.append(Note(table.line, f"`{name}` has no limit: it always passes"))
    window = _seconds(table, "interval") if "interval" in table else USUAL_INTERVAL_S
    binding = None
    if name == "request-success-rate":
        binding = Binding(MetricKind.SUCCESS_RATE, window, scale=100.0)
    elif name == "request-duration":
        binding = Binding(MetricKind.LATENCY_PERCENTILE, window, percentile=99.0)
    provider, query, address = "prometheus", table.text("query"), ""
    reference = table.table("templateRef")
    if reference is not None:
        provider, query, address = queries.get(reference.text("name"), (f"MetricTemplate {reference.text('name')}",
                                                                        "", ""))
        binding = None
    return Gate(name, binding=binding, interval_s=timing.interval_s, at_least=low, at_most=high, failure_limit=-1,
                provider=provider if query or reference is not None else "flagger", query=query, address=address)


# ---- writing ---------------------------------------------------------------------------------------------------

def as_flagger(plan: Plan) -> str:
    """A Canary that means this plan. Raises BadSettings for a plan that did not come from Flagger."""
    import yaml

    timing = plan.flagger
    if timing is None:
        raise BadSettings(f"`{plan.name}` is no plan of Flagger", do="Export it to Argo")
    analysis: dict[str, Any] = {"interval": durations.written(timing.interval_s), "threshold": timing.threshold}
    for key, value, usual in (
            ("maxWeight", timing.max_weight, 100.0), ("stepWeight", timing.step_weight, None),
            ("stepWeights", [_short(each) for each in timing.step_weights], []),
            ("stepWeightPromotion", timing.step_weight_promotion, None), ("iterations", timing.iterations, 0),
            ("mirror", timing.mirror, False), ("mirrorWeight", timing.mirror_weight, None),
            ("match", [_match(each) for each in timing.match], [])):
        if value != usual:
            analysis[key] = _short(value) if isinstance(value, float) else value
    if timing.session_affinity:
        analysis["sessionAffinity"] = {"cookieName": "pilothouse"}
    documents_: list[dict[str, Any]] = []
    metrics = []
    for gate in plan.gates:
        metric: dict[str, Any] = {"name": gate.name}
        limits = {key: _short(value) for key, value in (("min", gate.at_least), ("max", gate.at_most))
                  if value is not None}
        if limits:
            metric["thresholdRange"] = limits
        metric["interval"] = durations.written(gate.binding.window_s if gate.binding else USUAL_INTERVAL_S)
        if gate.provider.startswith("MetricTemplate "):
            metric["templateRef"] = {"name": gate.provider.removeprefix("MetricTemplate ")}
        elif gate.provider != "flagger":
            metric["templateRef"] = {"name": gate.name}
            documents_.append({"apiVersion": API, "kind": "MetricTemplate", "metadata": {"name": gate.name}, "spec": {
                "provider": {"type": gate.provider} | ({"address": gate.address} if gate.address else {}),
                "query": gate.query}})
        metrics.append(metric)
    if metrics:
        analysis["metrics"] = metrics
    if timing.webhooks:
        analysis["webhooks"] = [{"name": name, "type": kind, "url": "http://fill-in.example"}
                                for name, kind in timing.webhooks]
    spec: dict[str, Any] = {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.name}}
    if timing.skip_analysis:
        spec["skipAnalysis"] = True
    canary = {"apiVersion": API, "kind": "Canary", "metadata": {"name": plan.name},
              "spec": spec | {"analysis": analysis}}
    text = yaml.safe_dump_all([canary, *documents_], sort_keys=False, allow_unicode=True, width=10_000)
    return "# targetRef, service and the addresses of webhooks are to be filled in\n" + str(text)


def _short(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _match(match: RouteMatch) -> dict[str, Any]:
    def text(each: TextMatch) -> dict[str, str]:
        return {each.kind.value: each.text}

    table: dict[str, Any] = {"headers": headers_of(match.headers)} if match.headers else {}
    if match.method is not None:
        table["method"] = text(match.method)
    if match.path is not None:
        table["uri"] = text(match.path)
    return table
