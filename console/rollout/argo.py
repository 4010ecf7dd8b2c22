"""Plans of Argo Rollouts: `kind: Rollout` with its AnalysisTemplates, read and written.

What cannot be honoured is refused with its line. What has no effect on a replay is kept, and said in a note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from console.errors import BadSettings
from console.rollout import durations
from console.rollout.checked import refuse_problems
from console.rollout.conditions import read as read_condition
from console.rollout.plan import (
    MISSING,
    Analysis,
    AnalysisStep,
    Args,
    Arm,
    Counting,
    Degree,
    Experiment,
    ExperimentAnalysis,
    ExperimentArm,
    Gate,
    HeaderMatch,
    Kind,
    MatchKind,
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
    filled,
    without_effect,
)
from console.rollout.yaml_tree import OWN_ARGUMENT, Table, documents

TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")
GROUP = "argoproj.io/"
FROM = "valueFrom "
"""Begins an argument that is asked of the cluster; JSON follows."""

METRIC_KEYS = ("name", "interval", "initialDelay", "count", "successCondition", "failureCondition", "failureLimit",
               "inconclusiveLimit", "consecutiveErrorLimit", "consecutiveSuccessLimit", "provider")
STEP_KEYS = ("setWeight", "pause", "analysis", "experiment", "setCanaryScale", "setHeaderRoute", "setMirrorRoute",
             "plugin")


class Note(NamedTuple):
    """Something to know about a plan that was read. line 0: of the whole."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan of another tool."""

    plan: Plan
    notes: tuple[Note, ...] = ()


@dataclass
class _Reading:
    """What is known while one Rollout is read."""

    templates: Mapping[str, Table]
    notes: list[Note] = field(default_factory=list)
    asked: dict[str, list[dict[str, str]]] = field(default_factory=dict)      # arguments by template
    scale: float = 1.0

    def note(self, line: int, text: str) -> None:
        self.notes.append(Note(line, text))


def read_argo(text: str, *, file: str = "rollout.yaml", more: Sequence[tuple[str, str]] = (),
              name: str = "") -> Imported:
    """The Rollout of a file, by its name where there are several.

    more    files (name, text) whose templates are known too
    Raises BadSettings with file, line, reason, and what to do.
    """
    rollouts: list[Table] = []
    templates: dict[str, Table] = {}
    for source, content in ((file, text), *more):
        for document in documents(content, file=source):
            table = Table(document, source, "the document")
            kind = table.text("kind")
            if kind in TEMPLATES and table.text("apiVersion", GROUP).startswith(GROUP):
                templates.setdefault(_name(table), table)
            elif kind == "Rollout" and source == file and table.text("apiVersion", GROUP).startswith(GROUP):
                rollouts.append(table)
    chosen = [table for table in rollouts if not name or _name(table) == name]
    if len(chosen) != 1:
        names = ", ".join(map(_name, rollouts))
        raise BadSettings(f"It holds {len(rollouts)} rollouts: {names}" if rollouts else "It holds no `kind: Rollout`",
                          where=file, do="Choose one by its name" if rollouts else
                          "Read a file with a Rollout of Argo, a Canary of Flagger, or a plan of ours")
    reading = _Reading(templates)
    plan = _rollout(chosen[0], reading)
    refuse_problems(plan, file=file)
    for gate in plan.gates:
        if not gate.runnable and gate.provider != MISSING:
            reading.note(0, f"`{gate.name}` asks {gate.provider or 'nobody'}, which is not asked here: bind it to a "
                            "metric of the log before the plan can run")
    if plan.gates:
        reading.note(0, "Without data Argo would count an error; here a gate without data holds")
    return Imported(plan, tuple(reading.notes))


def _name(table: Table) -> str:
    metadata = table.table("metadata")
    return (metadata.text("name") or metadata.text("generateName")) if metadata is not None else ""


def _rollout(table: Table, reading: _Reading) -> Plan:
    spec = table.table("spec") or table
    strategy = spec.table("strategy")
    if strategy is None:
        table.fail("The rollout has no strategy", "Give it canary or blueGreen", "spec")
    given = [key for key in ("canary", "blueGreen") if key in strategy.members]
    if len(given) != 1:
        strategy.fail("A strategy is canary or blueGreen" + (", not both" if given else ""), "Give exactly one")
    name = _name(table) or "rollout"
    inside = strategy.table(given[0])
    usual: dict[str, Any] = {"counting": Counting.ARGO, "degree": Degree.FULL, "min_sample": 0, "min_errors": 0}
    if given[0] == "blueGreen":
        plan = _blue_green(inside, name, usual, reading, strategy)
    else:
        plan = _canary(inside, name, usual, reading)
    gates, defaults = _gates(plan, reading)
    return replace(plan, gates=gates, defaults=defaults)


def _canary(table: Table | None, name: str, usual: dict[str, Any], reading: _Reading) -> Plan:
    if table is None:
        reading.note(0, "There are no steps: the candidate gets all requests at once")
        return Plan(name, **usual)
    routing = table.table("trafficRouting")
    most = (routing.whole("maxTrafficWeight", 100) if routing is not None else 100) or 100
    if most < 1:
        table.fail(f"`maxTrafficWeight` is {most}", "Give 1 or more", "trafficRouting")
    reading.scale = most / 100
    steps = tuple(_step(each, reading, most, routing is not None) for each in table.tables("steps"))
    if not steps:
        reading.note(table.line, "There are no steps: the candidate gets all requests at once")
    background = _analysis(table.table("analysis"), reading)
    return Plan(name, steps=steps, background=background, **usual)


def _blue_green(table: Table | None, name: str, usual: dict[str, Any], reading: _Reading, strategy: Table) -> Plan:
    if table is None or "activeService" not in table:
        (table or strategy).fail("A blueGreen strategy names its activeService", "Give activeService", "blueGreen")
    for key in ("abortScaleDownDelaySeconds", "previewReplicaCount", "scaleDownDelayRevisionLimit"):
        if key in table:
            reading.note(table.line_of(key), f"`{key}` has no effect in a replay")
    seconds = table.number("autoPromotionSeconds")
    return Plan(
        name, Kind.BLUE_GREEN, pre_promotion=_analysis(table.table("prePromotionAnalysis"), reading),
        post_promotion=_analysis(table.table("postPromotionAnalysis"), reading),
        auto_promotion=table.flag("autoPromotionEnabled", True), auto_promotion_s=seconds,
        keep_old_s=table.number("scaleDownDelaySeconds") or (0.0 if "scaleDownDelaySeconds" in table else 30.0),
        **usual)


# ---- steps -----------------------------------------------------------------------------------------------------

def _step(table: Table, reading: _Reading, most: int, routed: bool) -> Step:
    known = [key for key in table.members if key in STEP_KEYS]
    other = next((key for key in table.members if key not in STEP_KEYS), None)
    if other is not None:
        table.fail(f"There is no step `{other[:60]}`", f"There are {', '.join(STEP_KEYS)}", other)
    if len(known) != 1:
        table.fail(f"A step has exactly one key, and this one has {', '.join(known) or 'none'}",
                   "Make a step of each")
    key, = known
    if key in ("setCanaryScale", "setHeaderRoute", "setMirrorRoute") and not routed:
        table.fail(f"`{key}` needs trafficRouting, which is not given", "Give trafficRouting, or take the step out",
                   key)
    step = _READERS[key](table, key, reading, most)
    why = without_effect(step)
    if why:
        reading.note(table.line, f"{key}: {why}")
    return step


def _set_weight(table: Table, key: str, reading: _Reading, most: int) -> Step:
    weight = table.whole(key)
    if weight is None or not 0 <= weight <= most:
        table.fail(f"A weight of {weight} of {most}", f"Give a whole number from 0 to {most}", key)
    return SetWeight(weight * 100 / most)


def _pause(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = table.table(key)
    if inside is None or "duration" not in inside:
        return Pause(None)
    return Pause(_seconds(inside, "duration"))


def _seconds(table: Table, key: str, text: str = "") -> float:
    value: Any = text or table.members[key].value
    try:
        return durations.seconds_of(value)
    except BadSettings as error:
        table.fail(f"`{key}`: {error.what}", error.do, key)


def _analysis_step(table: Table, key: str, reading: _Reading, most: int) -> Step:
    analysis = _analysis(table.table(key), reading)
    if analysis is None:
        table.fail("An analysis names no template", "Give it templates", key)
    return AnalysisStep(analysis)


def _analysis(table: Table | None, reading: _Reading) -> Analysis | None:
    if table is None:
        return None
    names: list[str] = []
    cluster = []
    for each in table.tables("templates"):
        names.append(each.text("templateName") or each.fail("A template has no templateName", "Name it"))
        if each.flag("clusterScope", False):
            cluster.append(names[-1])
    if "templateName" in table:
        names.append(table.text("templateName"))
        reading.note(table.line_of("templateName"), "`templateName` is the old spelling of `templates`; it is read")
    if not names:
        table.fail("An analysis names no template", "Give it templates with a templateName each")
    starting = table.whole("startingStep", 0) or 0
    args = _args(table)
    for name in names:
        reading.asked.setdefault(name, []).append(dict(args))
    return Analysis(tuple(names), args, _dry_run(table), tuple(cluster), starting)


def _args(table: Table) -> Args:
    found = []
    for each in table.tables("args"):
        if "valueFrom" in each:
            found.append((each.text("name"), FROM + json.dumps(each.members["valueFrom"].bare(), sort_keys=True)))
        elif "value" in each.members:
            found.append((each.text("name"), each.text("value")))
    return tuple(found)


def _dry_run(table: Table) -> tuple[str, ...]:
    return tuple(each.text("metricName") for each in table.tables("dryRun"))


def _experiment(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = table.table(key)
    if inside is None:
        table.fail("An experiment without templates", "Give it templates", key)
    arms = []
    for each in inside.tables("templates"):
        spec = each.text("specRef")
        if spec not in ("stable", "canary"):
            each.fail(f"`specRef` is {spec[:40]!r}", "Write stable or canary", "specRef")
        weight = each.number("weight")
        arms.append(ExperimentArm(each.text("name"), Arm.STABLE if spec == "stable" else Arm.CANDIDATE,
                                  None if weight is None else weight * 100 / most,
                                  each.whole("replicas")))
    analyses = []
    for each in inside.tables("analyses"):
        name = each.text("templateName")
        if not name:
            each.fail("An analysis names no template", "Give it a templateName")
        args = _args(each)
        reading.asked.setdefault(name, []).append(dict(args))
        analyses.append(ExperimentAnalysis(each.text("name") or name, name, each.flag("requiredForCompletion", False),
                                           args, each.flag("clusterScope", False)))
    seconds = _seconds(inside, "duration") if "duration" in inside else None
    if not arms:
        inside.fail("An experiment without templates", "Give it templates", key)
    return Experiment(tuple(arms), seconds, tuple(analyses), _dry_run(inside))


def _canary_scale(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = table.table(key)
    if inside is None:
        table.fail("`setCanaryScale` says nothing", "Give replicas, weight or matchTrafficWeight", key)
    return SetCanaryScale(inside.whole("replicas"), inside.number("weight"), inside.flag("matchTrafficWeight", False))


def _header_route(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = _route(table, key)
    match = tuple(HeaderMatch(each.text("headerName") or each.fail("A header has no name", "Give headerName"),
                              _text_match(each, "headerValue")) for each in inside.tables("match"))
    return SetHeaderRoute(inside.text("name"), match)


def _mirror_route(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = _route(table, key)
    name = inside.text("name")
    percent = inside.number("percentage")
    if "match" not in inside:
        if percent is not None:
            reading.note(inside.line, "A mirror without `match` mirrors nothing: Argo takes the route away")
        return SetMirrorRoute(name)
    match = tuple(route_match(each) for each in inside.tables("match"))
    if not match:
        inside.fail("`match` is empty", "Name what is mirrored, or leave `match` out to end the mirror", "match")
    return SetMirrorRoute(name, 100.0 if percent is None else percent, match)


def _route(table: Table, key: str) -> Table:
    inside = table.table(key)
    if inside is None or not inside.text("name"):
        table.fail("A route has no name", "Give it the name of a managed route", key)
    return inside


def route_match(table: Table) -> RouteMatch:
    """One entry of `match`: all that is in it must hold. Also as Flagger writes it."""
    headers: list[HeaderMatch] = []
    inside = table.table("headers")
    if inside is not None:
        headers = [HeaderMatch(name, _text_match(inside, name)) for name in inside.members]
    method = _text_match(table, "method") if "method" in table else None
    path = next((_text_match(table, key) for key in ("path", "uri") if key in table), None)
    if not headers and method is None and path is None:
        table.fail("An entry of `match` says nothing that is understood", "Give method, path or headers")
    return RouteMatch(method, path, tuple(headers))


def _text_match(table: Table, key: str) -> TextMatch:
    inside = table.table(key)
    given = [kind for kind in MatchKind if inside is not None and kind in inside.members]
    if inside is None or len(given) != 1:
        table.fail(f"`{key}` is compared by exactly one of exact, prefix and regex", "Give one of them", key)
    return TextMatch(given[0], inside.text(given[0]))


def _plugin(table: Table, key: str, reading: _Reading, most: int) -> Step:
    inside = table.table(key)
    if inside is None or not inside.text("name"):
        table.fail("A plugin has no name", "Name it", key)
    config = inside.members.get("config")
    return Plugin(inside.text("name"), json.dumps(config.bare(), sort_keys=True) if config is not None else "")


_READERS = {"setWeight": _set_weight, "pause": _pause, "analysis": _analysis_step, "experiment": _experiment,
            "setCanaryScale": _canary_scale, "setHeaderRoute": _header_route, "setMirrorRoute": _mirror_route,
            "plugin": _plugin}


# ---- templates -------------------------------------------------------------------------------------------------

def _gates(plan: Plan, reading: _Reading) -> tuple[tuple[Gate, ...], tuple[tuple[str, Args], ...]]:
    gates: list[Gate] = []
    defaults = []
    for name in reading.asked:
        table = reading.templates.get(name)
        if table is None:
            gates.append(Gate(name, template=name, provider=MISSING))
            reading.note(0, f"The template `{name}` is not in what was read: its gate stands empty and cannot run")
            continue
        spec = table.table("spec")
        metrics = spec.tables("metrics") if spec is not None else ()
        if spec is None or not metrics:
            table.fail(f"The template `{name}` has no metrics", "Give it metrics under spec", "spec")
        usual = _args(spec)
        if usual:
            defaults.append((name, usual))
        dry = set(_dry_run(spec))
        for metric in metrics:
            gates.append(_gate(metric, name, dict(usual), reading, dry))
    return tuple(gates), tuple(defaults)


def _gate(table: Table, template: str, usual: dict[str, str], reading: _Reading, dry: set[str]) -> Gate:
    name = table.text("name")
    if not name:
        table.fail("A metric has no name", "Give it one")
    old = "maxFailures" in table and "failureLimit" not in table
    for key in table.members:
        if key not in METRIC_KEYS:
            reading.note(table.line_of(key), "`maxFailures` is the old spelling of `failureLimit`; it is read"
                         if key == "maxFailures" and old else f"There is no `{key}` of a metric: it has no effect")
    asked = [usual | given for given in reading.asked[template]] or [usual]

    def scalar(key: str) -> str:
        """The text of a key, with arguments filled in: all analyses must give the same."""
        if key not in table:
            return ""
        text = table.text(key)
        if not OWN_ARGUMENT.search(text):
            return text
        found = {filled(text, args) for args in asked}
        if len(found) > 1 or OWN_ARGUMENT.search(next(iter(found))):
            table.fail(f"`{key}` is {text[:60]}, and "
                       + ("its analyses give it different values" if len(found) > 1 else "nothing gives it a value"),
                       "Write the number", key)
        return next(iter(found))

    def whole(key: str, usually: int) -> int:
        text = scalar(key)
        try:
            return int(text) if text else usually
        except ValueError:
            table.fail(f"`{key}` is {text[:40]!r}", "Give a whole number", key)

    def condition(key: str) -> str:
        text = table.text(key)
        try:
            if text:
                read_condition(OWN_ARGUMENT.sub("1", text))
        except BadSettings as error:
            table.fail(f"{key}: {error.what}", error.do, key)
        return text

    interval = _seconds(table, "interval", scalar("interval")) if "interval" in table else None
    provider, query, address = _provider(table)
    return Gate(
        name, template=template, interval_s=interval or None,
        initial_delay_s=_seconds(table, "initialDelay", scalar("initialDelay")) if "initialDelay" in table else 0.0,
        count=whole("count", 0) or None, success=condition("successCondition"), failure=condition("failureCondition"),
        failure_limit=whole("maxFailures" if old else "failureLimit", 0),
        inconclusive_limit=whole("inconclusiveLimit", 0), consecutive_error_limit=whole("consecutiveErrorLimit", 4),
        consecutive_success_limit=whole("consecutiveSuccessLimit", 0), dry_run=name in dry,
        provider=provider, query=query, address=address)


def _provider(table: Table) -> tuple[str, str, str]:
    inside = table.table("provider")
    if inside is None or not inside.members:
        return "", "", ""
    name = next(iter(inside.members))
    config = inside.members[name]
    keys = config.value if isinstance(config.value, dict) else {}
    if name == "prometheus" and "query" in keys and set(keys) <= {"query", "address"}:
        asked = Table(config, inside.file, name)
        return name, asked.text("query"), asked.text("address")
    return name, json.dumps(config.bare(), sort_keys=True, default=str), ""
