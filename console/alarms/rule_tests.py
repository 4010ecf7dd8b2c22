"""Tests of rules in the form of promtool: series of numbers, and which alarms fire at a time.

    rule_files: [rules.yml]
    evaluation_interval: 1m
    tests:
      - interval: 1m
        input_series:
          - series: 'error_rate{host="a"}'
            values: '0.01x5 0.1+0.1x4 _ _x3'
        alert_rule_test:
          - eval_time: 12m
            alertname: errors
            exp_alerts:
              - exp_labels: {host: a, severity: page}

Values are those of promtool: `a+bxn` is a, a+b, ... and n more, `axn` is a and n more, `_` none, `_xn` n times none.
Times count from 0, and alarms are counted as in a log (`machine`), at the rule's own interval where it has one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from console.alarms.conditions import judged
from console.alarms.machine import NEW, RuleState, Sample, step
from console.alarms.prometheus import Read, load_yaml, read_rules
from console.alarms.rules import Band, Labels, Rule, Threshold, labels_from, seconds
from console.alarms.templates import expand, go_number
from console.alarms.written import read_toml, text_of
from console.errors import BadSettings
from console.metrics.view import Floats

LOOKBACK_S = 300.0
"""A series has the value of its newest sample, if that is no older (as in Prometheus)."""

MOST_STEPS = 1_000_000
SERIES = re.compile(r"\s*([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s*", re.DOTALL)
LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
VALUE = re.compile(r"(?P<none>_|stale)(?:x(?P<times>\d+))?|(?P<start>[-+]?[\d.]+(?:[eE][-+]?\d+)?|[-+]?Inf|NaN)"
                   r"(?:(?P<by>[-+][\d.]+(?:[eE][-+]?\d+)?)?x(?P<more>\d+))?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test of one file: what was wrong, empty when nothing was."""

    name: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    name: str
    labels: Labels
    times: Floats
    values: Floats


def read_any(path: Path) -> tuple[Read, ...]:
    """The rules of a file, TOML by its ending, else of Prometheus. Raises BadSettings."""
    if path.suffix.lower() == ".toml":
        return tuple(Read(rule, rule.name, "", rule.metric, "mean" if rule.over_s > rule.every_s else "")
                     for rule in read_toml(path))
    return read_rules(path)


def run(path: Path) -> tuple[Outcome, ...]:
    """Every test of a file. Raises BadSettings where it, or a file of rules that it names, cannot be read."""
    document = load_yaml(text_of(path), path.name)
    _known(document, path.name, ("rule_files", "evaluation_interval", "group_eval_order", "tests"))
    files = document.get("rule_files") or []
    if not isinstance(files, list) or not files:
        raise BadSettings("`rule_files` names no file", where=path.name, do="Write rule_files: [rules.yml]")
    rules = [each for file in files for each in read_any(path.parent / str(file))]
    every = _time(document.get("evaluation_interval", "1m"), path.name)
    tests = document.get("tests") or []
    if not isinstance(tests, list):
        raise BadSettings("`tests` must be a list", where=path.name, do="Write each as `- interval: 1m`")
    return tuple(_one(each, f"test {number}", path.name, rules, every) for number, each in enumerate(tests, start=1))


def _one(test: Any, name: str, file: str, rules: Sequence[Read], every: float) -> Outcome:
    where = f"{file}, {name}"
    _known(test, where, ("interval", "name", "input_series", "alert_rule_test", "external_labels", "external_url"))
    interval = _time(test.get("interval", every), where)
    if interval <= 0:
        raise BadSettings("`interval` must be above zero", where=where, do="Write interval: 1m")
    series = [_series(each, interval, where) for each in test.get("input_series") or []]
    wrong: list[str] = []
    cases = test.get("alert_rule_test") or []
    for case in cases:
        _known(case, where, ("eval_time", "alertname", "exp_alerts"))
        at = _time(case.get("eval_time", "0s"), where)
        wanted = str(case.get("alertname", ""))
        mine = [each for each in rules if each.alert == wanted]
        if not mine:
            raise BadSettings(f"No rule is called `{wanted}`", where=where,
                              do="Names are " + ", ".join(dict.fromkeys(each.alert for each in rules)))
        got = [found for each in mine for found in _firing(each, series, at)]
        expected = [_expected(each, where) for each in case.get("exp_alerts") or []]
        wrong += _compared(wanted, at, got, expected)
    return Outcome(str(test.get("name") or name), tuple(wrong))


def _firing(read: Read, series: Sequence[_Series], at: float) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Labels and annotations of the alarms that fire then."""
    rule = read.rule
    if not isinstance(rule.condition, Threshold | Band):
        raise BadSettings("A burn rate cannot be tested by a series of its values", where=f"alarm `{rule.name}`",
                          do="Look at its history in a log")
    count = math.floor(at / rule.every_s) + 1
    if count > MOST_STEPS:
        raise BadSettings(f"The test has {count:,} evaluations", where=f"alarm `{rule.name}`", do="Make it shorter")
    mine = [each for each in series if each.name == read.series and _fits(rule, each)]
    state: RuleState = NEW
    instants: Floats = np.arange(count, dtype=np.float64) * rule.every_s
    lines = {_labels(rule, each): _values(read, each, instants) for each in mine}
    verdicts = {labels: judged(rule.condition, instants, rule.over_s, values) for labels, values in lines.items()}
    for place, instant in enumerate(instants):
        found = tuple(Sample(labels, float(lines[labels][place]), bool(said.beyond[place]), bool(said.held[place]),
                             float(said.excess[place])) for labels, said in verdicts.items()
                      if math.isfinite(lines[labels][place]))
        state = step(rule, state, float(instant), found)
    return [(dict(one.labels), {name: expand(text, dict(one.labels), one.value, go_number)
                                for name, text in read.annotations.items()})
            for one in state.alerts.values() if one.state.fires]


def _fits(rule: Rule, series: _Series) -> bool:
    labels = dict(series.labels)
    return all(labels.get(str(role)) == text for role, text in rule.where.items())


def _labels(rule: Rule, series: _Series) -> Labels:
    """Those of the series, or of the split alone, with the rule's own on top."""
    own = dict(series.labels)
    if rule.by is not None:
        own = {str(rule.by): own.get(str(rule.by), "")}
    return labels_from({**own, **rule.labels})


def _values(read: Read, series: _Series, instants: Floats) -> Floats:
    """The rule's number at each instant."""
    values = np.full(len(instants), np.nan)
    span = LOOKBACK_S if not read.how else float(read.rule.over_s)
    for place, instant in enumerate(instants):
        low, high = np.searchsorted(series.times, [instant - span, instant], side="right")
        inside = series.values[low:high]
        inside = inside[~np.isnan(inside)] if read.how else inside
        if len(inside):
            values[place] = _made(read.how, inside, span)
    return values


def _made(how: str, inside: Floats, span: float) -> float:
    match how:
        case "":
            return float(inside[-1])
        case "mean":
            return float(inside.mean())
        case "rate":
            steps = np.diff(inside)
            return float(np.where(steps < 0, inside[1:], steps).sum() / span) if len(steps) else math.nan
        case _:
            return float(np.sort(inside)[max(0, math.ceil(float(how) * len(inside) - 1e-9) - 1)])


def _series(raw: Any, interval: float, where: str) -> _Series:
    _known(raw, where, ("series", "values"))
    found = SERIES.fullmatch(str(raw.get("series", "")))
    if found is None:
        raise BadSettings(f"`{raw.get('series')}` is no series", where=where,
                          do='Write it as error_rate{host="a"}')
    labels: dict[str, str] = {}
    rest, place = found[2] or "", 0
    while rest[place:].strip():
        label = LABEL.match(rest, place)
        if label is None:
            raise BadSettings(f"`{rest[place:][:40]}` is no label", where=where, do='Write labels as host="a"')
        labels[label[1]] = re.sub(r"\\(.)", r"\1", label[2])
        place = label.end()
    values = expanded(str(raw.get("values", "")), where)
    times: Floats = np.arange(len(values), dtype=np.float64) * interval
    return _Series(found[1], labels_from(labels), times, np.array(values, dtype=np.float64))


def expanded(text: str, where: str = "") -> list[float]:
    """The numbers of promtool's notation; NaN where there is none. Raises BadSettings."""
    values: list[float] = []
    for part in text.split():
        found = VALUE.fullmatch(part)
        try:
            if found is None:
                raise ValueError(part)
            if int(found["times"] or found["more"] or 0) > MOST_STEPS:
                raise BadSettings(f"A series has more than {MOST_STEPS:,} values", where=where, do="Make it shorter")
            if found["none"]:
                values += [math.nan] * int(found["times"] or 1)
            else:
                start, by = float(found["start"]), float(found["by"] or 0)
                values += [start + by * number for number in range(int(found["more"] or 0) + 1)]
        except ValueError:
            raise BadSettings(f"`{part[:40]}` is no value", where=where,
                              do="Write numbers as 1, 1x3, 1+0.5x3, or _ for none") from None
    return values


def _expected(raw: Any, where: str) -> tuple[dict[str, str], dict[str, str] | None]:
    _known(raw, where, ("exp_labels", "exp_annotations"))
    labels = {str(key): str(text) for key, text in (raw.get("exp_labels") or {}).items()}
    said = raw.get("exp_annotations")
    return labels, None if said is None else {str(key): str(text) for key, text in said.items()}


def _compared(name: str, at: float, got: Sequence[tuple[dict[str, str], dict[str, str]]],
              expected: Sequence[tuple[dict[str, str], dict[str, str] | None]]) -> list[str]:
    when = f"{name} at {at:g} s"
    wrong = []
    rest = list(got)
    for labels, said in expected:
        found = next((one for one in rest if one[0] == labels), None)
        if found is None:
            wrong.append(f"{when}: {_shown(labels)} should fire and does not")
            continue
        rest.remove(found)
        if said is not None and said != found[1]:
            wrong.append(f"{when}: {_shown(labels)} says {found[1]}, expected {said}")
    return wrong + [f"{when}: {_shown(labels)} fires and should not" for labels, _ in rest]


def _shown(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{key}="{text}"' for key, text in sorted(labels.items())) + "}"


def _known(raw: Any, where: str, allowed: tuple[str, ...]) -> None:
    if not isinstance(raw, dict):
        raise BadSettings("This must be a mapping", where=where, do=f"Write {allowed[0]}: ...")
    unknown = next((str(key) for key in raw if key not in allowed), None)
    if unknown is not None:
        raise BadSettings(f"There is no `{unknown}` here", where=where, do=f"Allowed are {', '.join(allowed)}")


def _time(raw: Any, where: str) -> float:
    try:
        return float(raw) if isinstance(raw, float) else seconds(str(raw))
    except BadSettings as error:
        raise BadSettings(error.what, where=where, do=error.do) from error
