"""Rules and alarms in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from console.alarms.rules import Band, BurnRate, Labels, Op, Rule, Side, Threshold, length
from console.alarms.templates import expand
from console.errors import BadSettings
from console.metrics.catalogue import find
from console.metrics.format import format_number, format_since, format_span, format_value
from console.window import from_epoch

if TYPE_CHECKING:
    from console.alarms.firings import Firings

TITLES = {Op.GREATER: "above", Op.AT_LEAST: "at or above", Op.LESS: "below", Op.AT_MOST: "at or below",
          Op.EQUAL: "equal to", Op.UNEQUAL: "other than"}
SIDES = {Side.ABOVE: "above", Side.BELOW: "below", Side.BOTH: "outside of"}


def title_of(rule: Rule) -> str:
    """What its number is called."""
    try:
        metric = find(rule.metric)
    except BadSettings:
        return rule.metric
    return f"{metric.title} {metric.series}".strip()


def value_text(rule: Rule, value: float) -> str:
    """A value of its number with its unit; of a burn rate how many times too fast the budget is used."""
    if isinstance(rule.condition, BurnRate):
        return f"{format_number(value)} × budget"
    return format_value(value, _unit(rule))


def threshold_text(rule: Rule) -> str:
    """What is bad, in the metric's unit: `above 250 ms for 5m`."""
    match rule.condition:
        case Threshold(op, value, clear):
            level = format_value(value, _unit(rule))
            back = format_value(clear, _unit(rule)) if clear is not None else level
            text = f"{TITLES[op]} {level}" + (f" until {back}" if back != level else "")
        case Band() as band:
            by = {0: "", 86400: " of the time of day", 604800: " of the time of week"}.get(
                band.period_s, f" of the place in {length(band.period_s)}")
            text = f"{SIDES[band.side]} the usual{by} by {format_number(band.width)} times its spread"
        case BurnRate(objective, factors, _):
            parts = ", ".join(f"{format_number(one.factor)} times over {length(one.long_s)} and {length(one.short_s)}"
                              for one in factors)
            text = f"budget of {format_number((1 - objective) * 100)} % used faster than {parts}"
        case _:
            assert_never(rule.condition)
    return f"{text} for {length(rule.for_s)}" if rule.for_s else text


def sentence(rule: Rule, labels: Labels, value: float) -> str:
    """What is said when it fires. Text of labels is data, and is put in as it is."""
    said = dict(labels)
    if rule.sentence:
        return expand(rule.sentence, said, value, lambda number: value_text(rule, number))
    own = [text for name, text in labels if rule.labels.get(name) != text]
    whose = f" of {', '.join(own)}" if own else ""
    return f"{title_of(rule)}{whose} is {value_text(rule, value)}: {threshold_text(rule)}"


def labels_text(rule: Rule, labels: Labels) -> str:
    """What tells its alarms apart, `host serve-1`; labels that all alarms of the rule have are left out."""
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in labels if rule.labels.get(name) != text)


def often_text(found: Firings, last_s: float, *, relative: bool = False) -> str:
    """How often a rule would have fired, for how long in all, and when last: `3 times, 1 h 12 min in all, last 14:05`.

    last_s  the end of the log: the day is said where the last time is not within a day of it
    """
    if not found.count:
        return "Never in this log"
    start_s, end_s = found.spans[-1]
    at = from_epoch(start_s)
    clock = f"{at:%H:%M}" if last_s - start_s < 86400 else f"{at.day} {at:%b %H:%M}"
    when = f"+{format_since(at)}" if relative else clock
    still = ", fires still" if end_s >= last_s else ""
    if found.count == 1:
        return f"Once, {format_span(found.total_s)}, {when}{still}"
    return f"{found.count:,} times, {format_span(found.total_s)} in all, last {when}{still}"


def _unit(rule: Rule) -> str:
    try:
        return find(rule.metric).unit
    except BadSettings:
        return ""
