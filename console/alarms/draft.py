"""A rule while somebody writes it: text in each field, and what is wrong with it beside the field it is wrong in.

Levels are written in the unit that is shown: shares in percent. Medians of a band are learned and never typed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from console.alarms.rules import (
    MONTH_S,
    PAGE_FACTORS,
    TICKET_FACTORS,
    Band,
    BurnRate,
    Condition,
    NoData,
    Op,
    Rule,
    Severity,
    Side,
    Threshold,
    length,
    seconds,
)
from console.errors import BadSettings
from console.roles import Role

THRESHOLD, BAND, OBJECTIVE = "threshold", "band", "objective"
PAGE_PACE, TICKET_PACE, OWN_PACE = "hours", "days", "as it is"
PACES = {PAGE_PACE: PAGE_FACTORS, TICKET_PACE: TICKET_FACTORS}
"""How fast an error budget must be used up: 14.4 and 6 times over hours, or at its rate over three days."""


class _Number(Protocol):
    def __call__(self, key: str, text: str, *, percent: bool = False) -> float: ...


_Time = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of a rule as text. learned: the baseline of a band, None while it is not known."""

    name: str = ""
    metric: str = ""
    by: str = ""
    kind: str = THRESHOLD
    op: str = ">"
    level: str = ""
    clear: str = ""
    side: str = "above"
    width: str = "4"
    learned: Band | None = None
    objective: str = "99.9"
    pace: str = PAGE_PACE
    period: str = "30d"
    over: str = "5m"
    every: str = "1m"
    lag: str = "0s"
    wait: str = "0s"
    keep: str = "0s"
    min_samples: str = "0"
    no_data: str = "no_data"
    no_data_for: str = "5m"
    severity: str = "ticket"
    sentence: str = ""
    runbook: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Understood:
    """What a draft says: a rule, or for each field that is wrong a sentence."""

    rule: Rule | None
    wrong: Mapping[str, str] = field(default_factory=dict)


def draft_of(rule: Rule, unit: str) -> Draft:
    """The rule as text. `unit` of its metric."""
    plain = Draft(rule.name, rule.metric, str(rule.by) if rule.by is not None else "", over=length(rule.over_s),
                  every=length(rule.every_s), lag=length(rule.lag_s), wait=length(rule.for_s),
                  keep=length(rule.keep_firing_for_s), min_samples=str(rule.min_samples), no_data=str(rule.no_data),
                  no_data_for=length(rule.no_data_for_s), severity=str(rule.severity), sentence=rule.sentence,
                  runbook=rule.runbook, enabled=rule.enabled)
    match rule.condition:
        case Threshold(op, value, clear):
            return replace(plain, kind=THRESHOLD, op=op.value, level=shown(value, unit),
                           clear="" if clear is None else shown(clear, unit))
        case Band() as band:
            return replace(plain, kind=BAND, side=str(band.side), width=f"{band.width:.12g}", learned=band,
                           clear="" if band.clear_width is None else f"{band.clear_width:.12g}")
        case BurnRate(objective, factors, period_s):
            pace = next((name for name, known in PACES.items() if known == factors), OWN_PACE)
            return replace(plain, kind=OBJECTIVE, objective=f"{objective * 100:.12g}", pace=pace,
                           period=length(period_s))


def shown(value: float, unit: str) -> str:
    """A level as it is typed: a share in percent, without its sign."""
    return f"{value * 100:.12g}" if unit == "share" else f"{value:.12g}"


def understood(draft: Draft, base: Rule | None, taken: Collection[str], unit: str) -> Understood:
    """The rule that the draft says, on top of what `base` has that no field shows (labels, where, limit).

    taken  names of other rules
    """
    wrong: dict[str, str] = {}

    def number(key: str, text: str, *, percent: bool = False) -> float:
        try:
            found = float(text.strip().removesuffix("%").replace(",", ""))
        except ValueError:
            wrong[key] = "Write a number" if text.strip() else "A number is missing"
            return 0.0
        return float(f"{found / 100:.12g}") if percent else found

    def time(key: str, text: str) -> float:
        try:
            return seconds(text)
        except BadSettings as error:
            wrong[key] = error.do
            return 0.0

    name = draft.name.strip()
    if not name or name in taken:
        wrong["name"] = "Another rule has this name" if name else "A rule needs a name"
    if not draft.metric:
        wrong["metric"] = "Choose what is judged"
    every, over = time("every", draft.every), time("over", draft.over)
    lag, wait, keep = time("lag", draft.lag), time("wait", draft.wait), time("keep", draft.keep)
    no_data_for = time("no_data_for", draft.no_data_for)
    least = number("min_samples", draft.min_samples)
    if "min_samples" not in wrong and (least < 0 or least != int(least)):
        wrong["min_samples"] = "Write a whole number"
    if "every" not in wrong and (every < 10 or every != int(every)):
        wrong["every"] = "Whole seconds, 10s at least"
    elif "over" not in wrong and "every" not in wrong and (over <= 0 or over % every):
        wrong["over"] = f"A multiple of {length(every)}"
    condition = _condition(draft, base, unit, wrong, number, time)
    if wrong or condition is None:
        return Understood(None, wrong)
    by = Role(draft.by) if draft.by else None
    try:
        start = base or Rule(name, draft.metric, condition, every_s=int(every))
        rule = replace(start, name=name, metric=draft.metric, condition=condition, by=by, over_s=int(over),
                       every_s=int(every), lag_s=int(lag), for_s=wait, keep_firing_for_s=keep, min_samples=int(least),
                       no_data=NoData(draft.no_data), no_data_for_s=no_data_for, severity=Severity(draft.severity),
                       sentence=draft.sentence.strip(), runbook=draft.runbook.strip(), enabled=draft.enabled,
                       proposed=False)
    except BadSettings as error:
        return Understood(None, {_field_of(error): f"{error.what}. {error.do}" if error.do else error.what})
    return Understood(rule)


def _condition(draft: Draft, base: Rule | None, unit: str, wrong: dict[str, str], number: _Number,
               time: _Time) -> Condition | None:
    if draft.kind == THRESHOLD:
        level = number("level", draft.level, percent=unit == "share")
        clear = number("clear", draft.clear, percent=unit == "share") if draft.clear.strip() else None
        if "level" in wrong or "clear" in wrong:
            return None
        try:
            return Threshold(Op(draft.op), level, clear)
        except BadSettings as error:
            wrong["clear"] = error.do
            return None
    if draft.kind == BAND:
        width = number("width", draft.width)
        clear = number("clear", draft.clear) if draft.clear.strip() else None
        if "width" not in wrong and width <= 0:
            wrong["width"] = "Above zero"
        if clear is not None and not wrong.keys() & {"width", "clear"} and not 0 < clear <= width:
            wrong["clear"] = "Above zero, and no wider than the band"
        if draft.learned is None:
            wrong["width"] = "What is usual has not been learned yet"
        if wrong.keys() & {"width", "clear"} or draft.learned is None:
            return None
        return replace(draft.learned, width=width, side=Side(draft.side), clear_width=clear)
    objective, period = number("objective", draft.objective, percent=True), time("period", draft.period)
    if "objective" not in wrong and not 0 < objective < 1:
        wrong["objective"] = "Between 0 and 100 %"
    if unit != "share":
        wrong["metric"] = "An objective is about a share of what is bad, as the error rate is"
    if wrong.keys() & {"objective", "period", "metric"}:
        return None
    own = base.condition.factors if base is not None and isinstance(base.condition, BurnRate) else PAGE_FACTORS
    return BurnRate(objective, PACES.get(draft.pace, own), int(period) or MONTH_S)


def _field_of(error: BadSettings) -> str:
    """The field that a refusal of `Rule` is about."""
    said = error.what
    return ("every" if "`every`" in said else "over" if "`over`" in said else "by" if "split" in said or "`by`" in said
            else "name" if "name" in said else "wait")
