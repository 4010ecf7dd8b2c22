"""Plans as they are written: TOML of our own.

    name = "careful canary"
    steps = [
      { weight = 5 },
      { bake = "10m" },               # and until the candidate had `min_sample` requests
      { pause = "until promoted" },   # or a length of time
      { weight = 100 },
    ]

    [[gate]]
    name = "errors"
    test = "error_share"
    measure = "error_rate"            # or { metric = "latency_share", limit_ms = 250 }

What is as usual is left out when a plan is written. A key is one row of a table below: how it is read, how it is
written, and what is allowed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, NamedTuple

from console.errors import BadSettings
from console.rollout import durations
from console.rollout.checked import refuse_problems
from console.rollout.plan import (
    Analysis,
    AnalysisStep,
    Arm,
    Bake,
    Binding,
    Counting,
    Degree,
    Experiment,
    ExperimentAnalysis,
    ExperimentArm,
    FlaggerTiming,
    Gate,
    GateKind,
    HeaderMatch,
    Kind,
    MatchKind,
    MetricKind,
    Pause,
    Plan,
    Plugin,
    Purpose,
    RouteMatch,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    Step,
    TextMatch,
    Unit,
    Worse,
)

MOST_CHARACTERS = 1_000_000
UNTIL_PROMOTED = "until promoted"


class Wrong(Exception):
    """A value that its key cannot have; `path` grows outwards."""

    def __init__(self, what: str, do: str, path: str = "") -> None:
        super().__init__(what)
        self.what, self.do, self.path = what, do, path

    def within(self, place: str) -> Wrong:
        """The same, one level further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Wrong(self.what, self.do, f"{place}{joint}{self.path}")


class Form(NamedTuple):
    """How a value is read and written."""

    allowed: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any] = lambda value: value


class Key(NamedTuple):
    """One key of a table and the field that it is."""

    name: str
    field: str
    form: Form


# ---- forms -----------------------------------------------------------------------------------------------------

def _instance(allowed: str, *types: type) -> Form:
    def read(value: Any) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError
        return value

    return Form(allowed, read)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise ValueError
    return float(value)


def _shortest(value: float) -> int | float:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _word(words: type[StrEnum]) -> Form:
    return Form(f"one of {', '.join(words)}", words, str)


def _many(form: Form) -> Form:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError
        found = []
        for index, each in enumerate(value, start=1):
            try:
                found.append(_read(form, each))
            except Wrong as error:
                raise error.within(f"[{index}]") from error
        return tuple(found)

    return Form(f"a list, each {form.allowed}", read, lambda value: [form.write(each) for each in value])


TEXT = _instance("text in quotes", str)
WHOLE = _instance("a whole number", int)
FLAG = _instance("true or false", bool)
NUMBER = Form("a number", _float, _shortest)
TIME = Form("a length of time, as in 90s, 10m or 1h30m", durations.seconds_of, durations.written)
TEXTS = _many(TEXT)


def _read_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError
    return tuple(value.items())


PAIRS = Form("a table of names and texts", _read_pairs, dict)


def _table(made: type, keys: Sequence[Key], allowed: str) -> Form:
    """A table whose keys are fields of a dataclass."""
    usual = {each.name: each.default for each in fields(made)}
    by_name = {key.name: key for key in keys}

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError
        unknown = next((name for name in value if name not in by_name), None)
        if unknown is not None:
            raise Wrong(f"There is no setting `{unknown[:60]}` here", f"There are {', '.join(by_name)}")
        given = {}
        for key in keys:
            if key.name in value:
                try:
                    given[key.field] = _read(key.form, value[key.name])
                except Wrong as error:
                    raise error.within(key.name) from error
            elif usual[key.field] is MISSING:
                raise Wrong(f"`{key.name}` is not given", f"Give {key.form.allowed}")
        return made(**given)

    def write(value: Any) -> dict[str, Any]:
        return {key.name: key.form.write(getattr(value, key.field)) for key in keys
                if usual[key.field] is MISSING or getattr(value, key.field) != usual[key.field]}

    return Form(allowed, read, write)


def _read(form: Form, value: Any) -> Any:
    try:
        return form.read(value)
    except BadSettings as error:
        raise Wrong(error.what, error.do) from error
    except (ValueError, TypeError, OverflowError) as error:
        said = json.dumps(value, default=str)[:60]
        raise Wrong(f"It cannot be {said}", f"Give {form.allowed}") from error


# ---- tables ----------------------------------------------------------------------------------------------------

BINDING = _table(Binding, (
    Key("metric", "metric", _word(MetricKind)), Key("window", "window_s", TIME), Key("arm", "arm", _word(Arm)),
    Key("limit_ms", "limit", NUMBER), Key("percentile", "percentile", NUMBER), Key("column", "column", TEXT),
    Key("sql", "sql", TEXT), Key("scale", "scale", NUMBER), Key("worse", "worse", _word(Worse))),
    "the name of a metric, or { metric = ..., window = \"5m\" }")
MEASURE = Form(BINDING.allowed, lambda value: BINDING.read({"metric": value} if isinstance(value, str) else value),
               lambda value: value.metric.value if value == Binding(value.metric) else BINDING.write(value))

ANALYSIS_KEYS = (
    Key("templates", "templates", TEXTS), Key("args", "args", PAIRS), Key("dry_run", "dry_run", TEXTS),
    Key("cluster", "cluster", TEXTS), Key("starting_step", "starting_step", WHOLE))
ANALYSIS = _table(Analysis, ANALYSIS_KEYS, "{ templates = [...] }")

TEXT_MATCH = _table(TextMatch, (Key("kind", "kind", _word(MatchKind)), Key("text", "text", TEXT)),
                    "{ kind = \"exact\", text = ... }")
HEADER = _table(HeaderMatch, (Key("header", "header", TEXT), Key("value", "value", TEXT_MATCH)),
                "{ header = ..., value = { kind = \"exact\", text = ... } }")
ROUTE = _table(RouteMatch, (Key("method", "method", TEXT_MATCH), Key("path", "path", TEXT_MATCH),
                            Key("headers", "headers", _many(HEADER))), "{ method, path, headers }")

_GATE = (
    Key("name", "name", TEXT), Key("test", "kind", _word(GateKind)), Key("purpose", "purpose", _word(Purpose)),
    Key("measure", "binding", MEASURE), Key("template", "template", TEXT), Key("interval", "interval_s", TIME),
    Key("initial_delay", "initial_delay_s", TIME), Key("count", "count", WHOLE), Key("success", "success", TEXT),
    Key("failure", "failure", TEXT), Key("at_least", "at_least", NUMBER), Key("at_most", "at_most", NUMBER),
    Key("failure_limit", "failure_limit", WHOLE), Key("inconclusive_limit", "inconclusive_limit", WHOLE),
    Key("consecutive_error_limit", "consecutive_error_limit", WHOLE),
    Key("consecutive_success_limit", "consecutive_success_limit", WHOLE), Key("margin", "margin", NUMBER),
    Key("alpha", "alpha", NUMBER), Key("min_sample", "min_sample", WHOLE), Key("dry_run", "dry_run", FLAG),
    Key("provider", "provider", TEXT), Key("query", "query", TEXT),
    Key("address", "address", TEXT))
GATE = _table(Gate, _GATE, "a table [[gate]]")
GATE_KEYS = tuple(key.name for key in _GATE)
"""What a gate can say of itself."""

FLAGGER = _table(FlaggerTiming, (
    Key("interval", "interval_s", TIME), Key("threshold", "threshold", WHOLE), Key("max_weight", "max_weight", NUMBER),
    Key("step_weight", "step_weight", NUMBER), Key("step_weights", "step_weights", _many(NUMBER)),
    Key("step_weight_promotion", "step_weight_promotion", NUMBER), Key("iterations", "iterations", WHOLE),
    Key("mirror", "mirror", FLAG), Key("mirror_weight", "mirror_weight", NUMBER),
    Key("match", "match", _many(ROUTE)), Key("session_affinity", "session_affinity", FLAG),
    Key("skip_analysis", "skip_analysis", FLAG), Key("webhooks", "webhooks", PAIRS)), "a table [flagger]")

ARM = _table(ExperimentArm, (Key("name", "name", TEXT), Key("copy_of", "spec", _word(Arm)),
                             Key("weight", "weight", NUMBER), Key("replicas", "replicas", WHOLE)),
             "{ name = ..., copy_of = \"stable\" }")
WITHIN = _table(ExperimentAnalysis, (
    Key("name", "name", TEXT), Key("template", "template", TEXT), Key("required", "required", FLAG),
    Key("args", "args", PAIRS), Key("cluster", "cluster", FLAG)), "{ name = ..., template = ... }")


def _pause(value: Any) -> Pause:
    return Pause(None if value == UNTIL_PROMOTED else durations.seconds_of(value))


PAUSE = Form(f"a length of time, or \"{UNTIL_PROMOTED}\"", _pause,
             lambda value: UNTIL_PROMOTED if value.seconds is None else durations.written(value.seconds))
BAKE = _table(Bake, (Key("for", "seconds", TIME), Key("min_sample", "min_sample", WHOLE),
                     Key("passes", "passes", WHOLE)), "a length of time, or { for = \"10m\", min_sample = 500 }")

STEPS: dict[str, tuple[type, Form]] = {
    "weight": (SetWeight, Form("a number of percent, 0 to 100", lambda value: SetWeight(_float(value)),
                               lambda value: _shortest(value.percent))),
    "bake": (Bake, Form(BAKE.allowed, lambda value: BAKE.read(value if isinstance(value, dict) else {"for": value}),
                        lambda value: durations.written(value.seconds) if value == Bake(value.seconds)
                        else BAKE.write(value))),
    "pause": (Pause, PAUSE),
    "analysis": (AnalysisStep, Form(
        "a list of names of templates, or { templates = [...] }",
        lambda value: AnalysisStep(ANALYSIS.read({"templates": value} if isinstance(value, list) else value)),
        lambda value: list(value.analysis.templates) if value.analysis == Analysis(value.analysis.templates)
        else ANALYSIS.write(value.analysis))),
    "mirror": (SetMirrorRoute, _table(SetMirrorRoute, (
        Key("name", "name", TEXT), Key("percent", "percent", NUMBER), Key("match", "match", _many(ROUTE))),
        "{ name = ..., percent = 100 }; without percent the mirror ends")),
    "header_route": (SetHeaderRoute, _table(SetHeaderRoute, (
        Key("name", "name", TEXT), Key("match", "match", _many(HEADER))), "{ name = ..., match = [...] }")),
    "experiment": (Experiment, _table(Experiment, (
        Key("for", "seconds", TIME), Key("arms", "arms", _many(ARM)), Key("analyses", "analyses", _many(WITHIN)),
        Key("dry_run", "dry_run", TEXTS)), "{ arms = [...], for = \"1h\" }")),
    "canary_scale": (SetCanaryScale, _table(SetCanaryScale, (
        Key("replicas", "replicas", WHOLE), Key("weight", "weight", NUMBER),
        Key("match_traffic_weight", "match_traffic_weight", FLAG)), "{ replicas = 3 }")),
    "plugin": (Plugin, _table(Plugin, (Key("name", "name", TEXT), Key("config", "config", TEXT),
                                       Key("agreed", "agreed", FLAG)), "{ name = ... }")),
}
"""Every kind of step by its key."""


def _read_step(value: Any) -> Step:
    if not isinstance(value, dict):
        raise ValueError
    unknown = next((name for name in value if name not in STEPS), None)
    if unknown is not None:
        raise Wrong(f"There is no step `{unknown[:60]}`", f"There are {', '.join(STEPS)}")
    if len(value) != 1:
        raise Wrong(f"A step has one key, and this one has {len(value)}", "Make a step of each")
    (name, given), = value.items()
    try:
        step: Step = _read(STEPS[name][1], given)
    except Wrong as error:
        raise error.within(name) from error
    return step


def _write_step(step: Step) -> dict[str, Any]:
    return next({name: form.write(step)} for name, (made, form) in STEPS.items() if made is type(step))


STEP = Form("a table with one key, as in { weight = 5 }", _read_step, _write_step)
DEFAULTS = Form("a table of templates, each with the values of its arguments",
                lambda value: tuple((name, _read_pairs(given)) for name, given in value.items()),
                lambda value: {name: dict(given) for name, given in value})

PLAN = _table(Plan, (
    Key("name", "name", TEXT), Key("sentence", "sentence", TEXT), Key("kind", "kind", _word(Kind)),
    Key("degree", "degree", _word(Degree)), Key("unit", "unit", _word(Unit)), Key("counting", "counting",
                                                                                 _word(Counting)),
    Key("seed", "seed", WHOLE), Key("salt", "salt", TEXT), Key("alpha", "alpha", NUMBER),
    Key("min_sample", "min_sample", WHOLE), Key("min_errors", "min_errors", WHOLE),
    Key("check_every", "check_every_s", TIME), Key("attribution", "attribution_s", TIME),
    Key("max_hold", "max_hold_s", TIME), Key("keep_old", "keep_old_s", TIME),
    Key("auto_promotion", "auto_promotion", FLAG), Key("auto_promotion_after", "auto_promotion_s", TIME),
    Key("steps", "steps", _many(STEP)), Key("background", "background", ANALYSIS),
    Key("pre_promotion", "pre_promotion", ANALYSIS), Key("post_promotion", "post_promotion", ANALYSIS),
    Key("defaults", "defaults", DEFAULTS), Key("flagger", "flagger", FLAGGER), Key("gate", "gates", _many(GATE))),
    "a plan")


# ---- reading and writing ---------------------------------------------------------------------------------------

def read_plan(text: str, *, file: str = "plan") -> Plan:
    """A plan from its TOML. Raises BadSettings that names file, place, what is wrong, and what is allowed."""
    if len(text) > MOST_CHARACTERS:
        raise BadSettings(f"The file is longer than {MOST_CHARACTERS:,} characters", where=file, do="Make it shorter")
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else len(text.splitlines()) if "end of document" in str(error) else None
        raise BadSettings(f"It is not valid TOML: {re.sub(r' ?[(]at .*', '', str(error))}",
                          where=f"{file}, line {line}" if line else file, do="Mend this line") from error
    try:
        plan: Plan = _read(PLAN, raw)
    except Wrong as error:
        raise BadSettings(error.what, where=", ".join(filter(None, (file, _named(error.path, raw)))),
                          do=error.do) from error
    refuse_problems(plan, file=file)
    return plan


def _named(path: str, raw: Mapping[str, Any]) -> str:
    """A path with the gate's own name instead of its number."""
    found = re.match(r"gate\[(\d+)\](.*)", path)
    if found is None:
        return path
    gate = raw["gate"][int(found[1]) - 1]
    name = gate.get("name") if isinstance(gate, dict) else None
    return f"gate `{name[:80]}`{found[2]}" if isinstance(name, str) and name else path


def as_toml(plan: Plan) -> str:
    """The TOML of a plan; what is as usual is left out, and what is read again is the same plan."""
    table = PLAN.write(plan)
    gates = table.pop("gate", [])
    inner = {name: table.pop(name) for name in ("background", "pre_promotion", "post_promotion", "defaults", "flagger")
             if name in table}
    lines = []
    for name, value in table.items():
        if name == "steps":
            lines += ["steps = [", *(f"  {_toml(step)}," for step in value), "]"]
        else:
            lines.append(f"{name} = {_toml(value)}")
    for name, value in inner.items():
        lines += ["", f"[{name}]", *_lines(value)]
    for gate in gates:
        lines += ["", "[[gate]]", *_lines(gate)]
    return "\n".join(lines) + "\n"


def as_step(step: Step) -> str:
    """One step as a line of TOML, `weight = 5`."""
    return "".join(_lines(_write_step(step)))


def gate_keys(gate: Gate) -> dict[str, str]:
    """Each key of a gate that is not as usual, with its value as TOML."""
    return {name: _toml(value) for name, value in GATE.write(gate).items()}


def gate_from(keys: Mapping[str, str], changed: str, text: str, name: str) -> Gate:
    """A gate from its keys, one of them changed; an empty text is the usual value. A text needs no quotes.

    Raises BadSettings.
    """
    table = {key: tomllib.loads(f"x = {value}")["x"] for key, value in keys.items() if key != changed}
    try:
        if text.strip():
            table[changed] = _typed(text)
        gate: Gate = GATE.read(table)
    except Wrong as error:
        raise BadSettings(error.what, where=f"gate `{name[:80]}`" + (f".{error.path}" if error.path else ""),
                          do=error.do) from error
    return gate


PLAN_SETTINGS = ("name", "sentence", "kind", "unit", "alpha", "min_sample", "min_errors", "check_every", "attribution",
                 "max_hold", "keep_old", "auto_promotion", "auto_promotion_after", "seed", "salt")
"""What a plan says of itself, beside its steps and gates."""


def plan_settings(plan: Plan) -> dict[str, str]:
    """Each of PLAN_SETTINGS that is not as usual, as TOML."""
    return {name: _toml(value) for name, value in PLAN.write(plan).items() if name in PLAN_SETTINGS}


def with_setting(plan: Plan, key: str, text: str) -> Plan:
    """A plan with one of PLAN_SETTINGS as it is typed; an empty text is the usual value. A text needs no quotes.

    Raises BadSettings.
    """
    table = PLAN.write(plan)
    table.pop(key, None)
    if text.strip():
        table[key] = _typed(text)
    try:
        changed: Plan = PLAN.read(table)
    except Wrong as error:
        raise BadSettings(error.what, where=error.path, do=error.do) from error
    return changed


def _typed(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _lines(table: Mapping[str, Any]) -> Iterable[str]:
    return (f"{_bare(name)} = {_toml(value)}" for name, value in table.items())


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case dict():
            inside = ", ".join(f"{_bare(name)} = {_toml(item)}" for name, item in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            return _quoted(str(value))


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string; DEL is escaped too, which JSON leaves."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
