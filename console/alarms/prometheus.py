"""Rule files of Prometheus: the part of them that is understood here, and a word about each part that is not.

Groups have name, interval, limit, query_offset, labels, rules; rules have alert, expr, for, keep_firing_for, labels,
annotations. An expression compares one number with a constant:

    error_rate > 0.02                               a metric of the catalogue, over one evaluation interval
    avg_over_time(error_rate{host="a"}[5m]) > 0.02  over a longer stretch
    p95_over_time(latency_ms[5m]) >= 250            p50, p95, p99; also quantile_over_time(0.95, latency_ms[5m])
    rate(requests_total[5m]) < 1                    requests a second
    null_rate(prediction[5m]) > 0.01                answers that are missing; of `inputs`: input cells
    avg by (host) (cpu) > 90                        one alarm for each value
    absent(throughput)                              no number at all

A name that the catalogue has not is that of a series of samples. Not understood, and said so: recording rules; `and`,
`or`, `unless`; arithmetic; matchers other than `=`; offset, @, subqueries; all other functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from console.alarms.rules import LEAST_EVERY_S, NoData, Op, Rule, Severity, Threshold, seconds
from console.alarms.written import text_of
from console.errors import BadSettings
from console.metrics.catalogue import SAMPLED_PREFIX, find
from console.roles import SERIES_ROLES, Role

GROUP_KEYS = ("name", "interval", "limit", "query_offset", "labels", "rules")
RULE_KEYS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
SEVERITIES = {"page": Severity.PAGE, "critical": Severity.PAGE, "error": Severity.PAGE, "info": Severity.INFO,
              "none": Severity.INFO}
LATENCY = ("latency_ms", "latency")
REQUESTS = ("requests_total", "requests")
NEVER = -1e308
"""A level that nothing is below."""

EVALUATION_S = 60
"""Of a group that names no interval, as in Prometheus."""

TOKEN = re.compile(r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|(?P<name>[a-zA-Z_:][\w:]*)
                       |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<window>\[[^\]]*\])
                       |(?P<sign>==|!=|>=|<=|=~|!~|[-+*/%^><=(){},@]))""", re.VERBOSE)
FLIPPED = {Op.GREATER: Op.LESS, Op.LESS: Op.GREATER, Op.AT_LEAST: Op.AT_MOST, Op.AT_MOST: Op.AT_LEAST}


@dataclass(frozen=True, slots=True)
class Read:
    """One rule of a file.

    series       the name that its expression has for its numbers, as a test of rules gives them
    how          what is made of the series over the window: "", "mean", "rate" or a quantile as text
    annotations  as they stand there
    """

    rule: Rule
    alert: str
    group: str
    series: str
    how: str
    absent: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression says."""

    metric: str
    series: str
    how: str
    condition: Threshold
    over_s: int
    by: Role | None
    where: Mapping[Role, str]
    absent: bool


def read_rules(path: Path) -> tuple[Read, ...]:
    """The rules of a file. Raises BadSettings naming file, group, rule and the part that is not understood."""
    return rules_of(load_yaml(text_of(path), path.name), path.name)


def load_yaml(text: str, name: str) -> Any:
    """One YAML document without aliases, by the safe loader. Raises BadSettings with the line."""
    import yaml

    class Plain(yaml.SafeLoader):
        """An alias could make a small file a large one."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            """As the base, but for aliases."""
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an alias, which is not understood here")
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Loader=Plain)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}" if mark is not None else name
        what = getattr(error, "problem", None) or str(error).split("\n")[0][:120]
        raise BadSettings(f"It is not valid YAML: {what}", where=where, do="Mend this line") from error


def read_some(path: Path) -> tuple[tuple[Read, ...], tuple[BadSettings, ...]]:
    """The rules of a file that are understood, and why each other one is not. Raises BadSettings where the file as a
    whole is no file of rules."""
    refused: list[BadSettings] = []
    return rules_of(load_yaml(text_of(path), path.name), path.name, refused), tuple(refused)


def rules_of(document: Any, name: str, refused: list[BadSettings] | None = None) -> tuple[Read, ...]:
    """The rules of a parsed file. Rules that are not understood go to `refused`, or are raised where there is none."""
    groups = _table(document, name, ("groups",)).get("groups", [])
    if not isinstance(groups, list):
        _fail(name, "`groups` must be a list", "Write each as `- name: ...`")
    found: list[Read] = []
    for number, raw in enumerate(groups, start=1):
        where = f"{name}, group {number}"
        group = _table(raw, where, GROUP_KEYS)
        title = str(group.get("name", ""))
        if not title:
            _fail(where, "A group has no name", "Give it a `name`")
        where = f"{name}, group `{title}`"
        rules = group.get("rules", [])
        if not isinstance(rules, list):
            _fail(where, "`rules` must be a list", "Write each as `- alert: ...`")
        for place, each in enumerate(rules, start=1):
            try:
                found.append(_rule(each, group, title, where, place))
            except BadSettings as error:
                if refused is None:
                    raise
                refused.append(error)
    return _named(found)


def _rule(raw: Any, group: Mapping[str, Any], title: str, where: str, place: int) -> Read:
    if isinstance(raw, dict) and "record" in raw:
        _fail(f"{where}, rule `{raw['record']}`", "Recording rules are not understood",
              "Take it out; metrics of your own stand in pilothouse.toml")
    alert = raw.get("alert") if isinstance(raw, dict) else None
    where = f"{where}, rule `{alert}`" if isinstance(alert, str) and alert else f"{where}, rule {place}"
    table = _table(raw, where, RULE_KEYS)
    for key in ("alert", "expr"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            _fail(where, f"`{key}` is not given", f"Write `{key}: ...`")

    def time(source: Mapping[str, Any], key: str, otherwise: float) -> float:
        if key not in source:
            return otherwise
        try:
            return seconds(str(source[key]))
        except BadSettings as error:
            raise BadSettings(f"`{key}`: {error.what}", where=where, do=error.do) from error

    labels = _texts(group.get("labels", {}), where, "labels") | _texts(table.get("labels", {}), where, "labels")
    annotations = _texts(table.get("annotations", {}), where, "annotations")
    every = time(group, "interval", EVALUATION_S)
    if every < LEAST_EVERY_S or every != int(every):
        _fail(where, f"The interval {group['interval']} of the group is too short",
              f"Give whole seconds, {LEAST_EVERY_S}s or more")
    limit = group.get("limit", 0)
    if not isinstance(limit, int) or limit < 0:
        _fail(where, "`limit` must be a whole number", "Leave it out for no limit")
    try:
        said = parse(table["expr"])
        text = annotations.get("summary") or annotations.get("description", "")
        rule = Rule(
            table["alert"], said.metric, said.condition, said.by, said.where, said.over_s or int(every), int(every),
            max(0, int(time(group, "query_offset", 0)) - 10), time(table, "for", 0.0),
            time(table, "keep_firing_for", 0.0), 0, NoData.FIRING if said.absent else NoData.OK, 0.0, limit,
            SEVERITIES.get(labels.get("severity", ""), Severity.TICKET), text, annotations.get("runbook_url", ""),
            labels)
    except BadSettings as error:
        raise BadSettings(error.what, where=where, do=error.do) from error
    return Read(rule, table["alert"], title, said.series, said.how, said.absent, annotations)


def _named(found: list[Read]) -> tuple[Read, ...]:
    """Prometheus lets two rules have one name, as for a page and a ticket: the second one has a number here."""
    seen: dict[str, int] = {}
    named = []
    for each in found:
        number = seen[each.alert] = seen.get(each.alert, 0) + 1
        name = each.alert if number == 1 else f"{each.alert} #{number}"
        named.append(replace(each, rule=replace(each.rule, name=name)))
    return tuple(named)


# ---- expressions ---------------------------------------------------------------------------------------------------

def parse(text: str) -> Expression:
    """An expression, as the page of this file has them. Raises BadSettings that quotes the part not understood."""
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise BadSettings(f"`{text[:30]}...` has too many brackets", do="Take some out") from None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        place, end = 0, len(text.rstrip())
        while place < end:
            found = TOKEN.match(text, place)
            if found is None:
                raise self._refuse(text[place:].strip()[:30])
            self._tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            place = found.end()
        self._at = 0

    def whole(self) -> Expression:
        if self._peek() == ("name", "absent"):
            self._next()
            self._take("(")
            metric, series, how, over, by, where = self._number()
            self._take(")")
            self._ended()
            return Expression(metric, series, how, Threshold(Op.LESS, NEVER), over, by, where, True)
        if self._peek()[0] == "number":
            level = float(self._next()[1])
            op = self._op()
            parts = self._number()
            self._ended()
            return _compared(parts, FLIPPED.get(op, op), level)
        parts = self._number()
        op = self._op()
        kind, said = self._next()
        if kind != "number":
            raise self._refuse(said or "nothing after the comparison")
        self._ended()
        return _compared(parts, op, float(said))

    def _number(self) -> tuple[str, str, str, int, Role | None, Mapping[Role, str]]:
        kind, name = self._next()
        if name == "(":
            inside = self._number()
            self._take(")")
            return inside
        if kind != "name":
            raise self._refuse(name or "nothing")
        if name in ("avg", "min", "max") and self._peek()[1] in ("by", "("):
            return self._split(name)
        quantile = {"p50_over_time": "0.5", "p95_over_time": "0.95", "p99_over_time": "0.99"}.get(name, "")
        if self._peek()[1] != "(":
            series, where, window = self._selector(name)
            return _metric_of(series), series, "mean" if window else "", window, None, where
        self._take("(")
        if name == "quantile_over_time":
            kind, quantile = self._next()
            self._take(",")
            if kind != "number" or float(quantile) not in (0.5, 0.95, 0.99):
                raise self._refuse(f"quantile_over_time({quantile}, ...)", "Of quantiles there are 0.5, 0.95 and 0.99")
        series, where, window = self._selector(self._next()[1])
        self._take(")")
        if not window:
            raise self._refuse(f"{name}({series})", f"Give it a window: {name}({series}[5m])")
        if quantile:
            if series not in LATENCY:
                raise self._refuse(f"{name}({series}[...])", "Percentiles are known of latency_ms")
            metric = {0.5: "latency_p50", 0.95: "latency_p95", 0.99: "latency_p99"}[float(quantile)]
            return metric, series, str(float(quantile)), window, None, where
        match name, series:
            case "avg_over_time", _:
                return _metric_of(series), series, "mean", window, None, where
            case "rate", _ if series in REQUESTS:
                return "throughput", series, "rate", window, None, where
            case "null_rate", "prediction" | "inputs":
                metric = "null_responses" if series == "prediction" else "missing_values"
                return metric, series, "mean", window, None, where
        raise self._refuse(f"{name}({series}[...])")

    def _split(self, name: str) -> tuple[str, str, str, int, Role | None, Mapping[Role, str]]:
        if self._peek()[1] != "by":
            raise self._refuse(f"{name}(...)", f"Say by what: {name} by (host) (...)")
        self._next()
        self._take("(")
        role = self._next()[1]
        if role not in SERIES_ROLES:
            raise self._refuse(f"by ({role})", f"Numbers are split by {', '.join(SERIES_ROLES)}")
        self._take(")")
        self._take("(")
        metric, series, how, window, _, where = self._number()
        self._take(")")
        return metric, series, how, window, Role(role), where

    def _selector(self, name: str) -> tuple[str, Mapping[Role, str], int]:
        where: dict[Role, str] = {}
        if self._peek()[1] == "{":
            self._next()
            while self._peek()[1] != "}":
                label, sign, (kind, text) = self._next()[1], self._next()[1], self._next()
                if sign != "=" or kind != "text":
                    raise self._refuse(f"{label}{sign}{text}", "Labels are matched by = only")
                if label not in SERIES_ROLES:
                    raise self._refuse(f"{label}={text}", f"Labels are {', '.join(SERIES_ROLES)}")
                where[Role(label)] = re.sub(r"\\(.)", r"\1", text[1:-1])
                if self._peek()[1] == ",":
                    self._next()
            self._take("}")
        window = 0
        if self._peek()[0] == "window":
            said = self._next()[1][1:-1]
            if ":" in said:
                raise self._refuse(f"[{said}]", "There are no subqueries")
            length = seconds(said)
            if length != int(length):
                raise self._refuse(f"[{said}]", "Windows are whole seconds")
            window = int(length)
        return name, where, window

    def _op(self) -> Op:
        kind, said = self._next()
        if kind == "sign" and said in set(Op):
            return Op(said)
        if not said:
            raise self._refuse("no comparison", "Compare it with a number, as in error_rate > 0.02")
        raise self._refuse(said)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self._at += 1
        return found

    def _take(self, wanted: str) -> None:
        found = self._next()[1]
        if found != wanted:
            raise self._refuse(found or f"a missing {wanted}")

    def _ended(self) -> None:
        rest = " ".join(text for _, text in self._tokens[self._at:])
        if rest:
            raise self._refuse(rest[:40])

    def _refuse(self, part: str, do: str = "") -> BadSettings:
        return BadSettings(f"`{part}` is not understood in the expression `{self._text.strip()[:80]}`",
                           do=do or "Compare one metric with one number, as in avg_over_time(error_rate[5m]) > 0.02")


def _compared(parts: tuple[str, str, str, int, Role | None, Mapping[Role, str]], op: Op, level: float) -> Expression:
    metric, series, how, window, by, where = parts
    return Expression(metric, series, how, Threshold(op, level), window, by, where, False)


def _metric_of(series: str) -> str:
    try:
        return find(series).name
    except BadSettings:
        return SAMPLED_PREFIX + series


def _table(raw: Any, where: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        _fail(where, "This must be a mapping", f"Write {allowed[0]}: ...")
    unknown = next((str(key) for key in raw if key not in allowed), None)
    if unknown is not None:
        _fail(where, f"There is no `{unknown}` here", f"Allowed are {', '.join(allowed)}")
    return raw


def _texts(raw: Any, where: str, key: str) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(each, str | int | float | bool) for each in raw.values()):
        _fail(where, f"`{key}` must be a mapping of names to text", "Write each as `name: text`")
    return {str(name): str(text) for name, text in raw.items()}


def _fail(where: str, what: str, do: str) -> NoReturn:
    raise BadSettings(what, where=where, do=do)
