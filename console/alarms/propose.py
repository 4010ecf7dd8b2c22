"""Rules proposed from a healthy window: high enough to be quiet in it, and for long after it.

Decisions
- A number is bad on the side that its metric says (`better`); where neither is better, on both, a rule each, for what
  has fallen and what has risen are two troubles.
- Where the number is usual by time of day or week (`usual`), the rule is a band with these numbers in it; else a
  threshold.
- The level is the one that healthy times would pass once in `weeks`. A log shares one budget among its rules: all
  together may be wrong once in BUDGET_WEEKS.
- A number whose healthy window has short excursions gets two rules: one for what is beyond even those, at once, and one
  for what lasts longer than those, at a lower level. `for` is the shortest wait of WAITS at which the level comes down
  to TIMES_NORMAL times what normal noise would need; longer waits find less.
- Chance is not trouble: a share from n rows strays by itself, so its level is never below what the binomial law gives
  at the fewest rows that are judged (`min_samples`).
- A level that can't be reached, a share above 1 or traffic below 0, is no rule.

Tried on the Numenta Anomaly Benchmark (tests/console/alarms/nab.py), against a rule of mean +- 3 standard deviations.
The scoring was chosen before anything was looked at:
- Learned on the first 15 % of a series (the probationary period of that benchmark), by both; judged on the rest.
- By windows: a labelled window is found when an alarm fires within it; an alarm that touches no labelled window is
  false. F1 = 2 found / (2 found + false + missed). An alarm is one uninterrupted stretch of firing instants of any of
  the rules; three sigma has no waiting, and each of its runs is an alarm.
- The same with alarms less than an hour apart counted as one, for both: it takes from three sigma what it loses by
  flickering.
- By points: instants that fire against instants within labelled windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.alarms.firings import Firings, how_often
from console.alarms.rules import Band, Condition, NoData, Op, Rule, Severity, Side, Threshold
from console.alarms.usual import Floats, Usual, held, normal_level, return_level, usual
from console.metrics.catalogue import Metric, Source
from console.metrics.format import format_value
from console.roles import Role

__all__ = ["BUDGET_WEEKS", "Firings", "how_often", "propose"]

BUDGET_WEEKS = 26.0
"""All rules of a log together may be wrong once in half a year."""
RULES_OF_ONE = 4
"""As many rules a single number gets at most: two sides, at once and lasting."""
WAITS = (0, 1, 2, 3, 6, 12, 24)
"""Waiting times that are tried, in stretches of `over_s`."""
SAFETY = 2
"""Healthy excursions may last so many times as long as they did, before a waiting rule fires."""
TIMES_NORMAL = 2.0
LEAST_WIDTH = 3.0
KEEP, MOST_KEPT_S = 6, 3600
"""A firing alarm goes on for six stretches, an hour at most, so that a trouble that flickers is one alarm."""
SHARES = (Source.FAILED, Source.MISSING_INPUT, Source.MISSING, Source.OUTCOME)
FEWEST = 20
PAGES = ("throughput", "latency", "error_rate", "null_responses")
"""The charts whose alarms somebody must see at once."""


def propose(times: Floats, values: Floats, n: Floats, metric: Metric, *, every_s: int, over_s: int = 0,
            by: Role | None = None, weeks: float = BUDGET_WEEKS * RULES_OF_ONE) -> tuple[Rule, ...]:
    """Rules for one number, learned from a healthy stretch of it; none where it is too short or always the same wish.

    times   instants T on a grid of `every_s`, seconds since 1970; values: those of [T - over, T), NaN for none
    n       rows behind each value
    weeks   each rule may be wrong once in so many
    """
    over_s = over_s or every_s
    fewest = least_rows(metric, n)
    judged = np.where(n < fewest, np.nan, values)
    floor = _chance_scale(metric, judged, n)
    known = usual(times - over_s / 2, judged, every_s, floor)
    if known is None:
        return ()
    healthy = _Healthy(times, judged, n, metric, every_s, over_s, fewest, weeks, known, by)
    sides = {"lower": (Side.ABOVE,), "higher": (Side.BELOW,)}.get(metric.better, (Side.ABOVE, Side.BELOW))
    return tuple(rule for side in sides for rule in healthy.rules(side))


def least_rows(metric: Metric, n: Floats) -> int:
    """With fewer rows than this there is no verdict: what the quiet hours of the healthy window have, or nearly."""
    there = n[n > 0]
    if metric.source is Source.ROWS or not len(there):
        return 0
    if metric.source in SHARES:
        return max(FEWEST, int(np.quantile(there, 0.10)))
    tail = np.ceil(3 / (1 - metric.quantile)) if metric.source is Source.PERCENTILE else 1
    return int(max(1, min(tail, np.quantile(there, 0.05)), np.quantile(there, 0.05) / 2))


def _chance_scale(metric: Metric, values: Floats, n: Floats) -> float:
    """Standard deviation that chance alone gives a share or a count; 0 for other numbers."""
    known = np.isfinite(values) & (n > 0)
    if not known.any() or metric.source not in SHARES:
        return 0.0
    share = float((values[known] * n[known]).sum() / n[known].sum())
    return float(np.sqrt(max(share * (1 - share), 0.0) / np.median(n[known])))


@dataclass(frozen=True, slots=True, eq=False)
class _Healthy:
    """What rules are made from."""

    times: Floats
    values: Floats
    n: Floats
    metric: Metric
    every_s: int
    over_s: int
    fewest: int
    weeks: float
    known: Usual
    by: Role | None

    def rules(self, side: Side) -> tuple[Rule, ...]:
        """At once, and lasting where that finds more."""
        widths = self._widths(side)
        enough = TIMES_NORMAL * normal_level(self.weeks, self.over_s)
        found = [self._rule(side, 0, widths[0])]
        wait = next((wait for wait, width in widths.items() if width <= enough),
                    min(widths, key=lambda one: widths[one]))
        if wait:
            found.append(self._rule(side, wait, widths[wait]))
        return tuple(rule for rule in found if rule is not None)

    def _widths(self, side: Side) -> dict[int, float]:
        """How many scales a rule may be away, for each waiting time that the window is long enough for."""
        distance = self.known.distance if side is Side.ABOVE else -self.known.distance
        steps = self.over_s // self.every_s
        span = float(self.times[-1] - self.times[0]) + self.every_s
        least = max(LEAST_WIDTH, self._chance(side))
        levels = {wait: return_level(held(distance, wait * steps), span, self.weeks) for wait in WAITS}
        counted = {wait: levels[max(one for one in WAITS if one <= wait / SAFETY)] for wait in WAITS}
        return {wait: max(least, level) for wait, level in counted.items()
                if wait == 0 or (np.isfinite(level) and wait * self.over_s < span / 20)}

    def _chance(self, side: Side) -> float:
        """The distance that chance alone gives a share of the fewest rows that are judged."""
        if self.metric.source not in SHARES or not self.fewest:
            return 0.0
        from scipy.stats import binom

        known = np.isfinite(self.values)
        pooled = float((self.values[known] * self.n[known]).sum() / self.n[known].sum())
        once = self.over_s / (self.weeks * 604800)
        share = np.clip(np.maximum(self.known.median, pooled) if side is Side.ABOVE else self.known.median, 0, 1)
        if side is Side.ABOVE:
            level = binom.isf(once, self.fewest, share) / self.fewest
            away = level - self.known.median
        else:
            away = self.known.median - (binom.ppf(once, self.fewest, share) - 0.5) / self.fewest
        return float(np.max(away / self.known.scale))

    def _rule(self, side: Side, wait: int, width: float) -> Rule | None:
        condition = self._condition(side, width)
        if condition is None or not np.isfinite(width):
            return None
        long = wait * self.over_s
        metric = self.metric
        by = f" by {self.by.value.replace('_', ' ')}" if self.by else ""
        name = f"{metric.name} {'high' if side is Side.ABOVE else 'low'}{' for long' if wait else ''}{by}"
        urgent = metric.chart in PAGES and not wait
        return Rule(name, metric.name, condition, by=self.by, over_s=self.over_s, every_s=self.every_s, for_s=long,
                    keep_firing_for_s=max(self.over_s, min(KEEP * self.over_s, MOST_KEPT_S)),
                    min_samples=self.fewest, no_data=NoData.NO_DATA, no_data_for_s=max(300, 3 * self.over_s),
                    severity=Severity.PAGE if urgent else Severity.TICKET,
                    sentence=self._sentence(side, condition, wait), proposed=True)

    def _condition(self, side: Side, width: float) -> Condition | None:
        median, scale = self.known.median, self.known.scale
        away = width * scale
        lowest = 0.0 if float(np.nanmin(self.values)) >= 0 else -np.inf
        highest = {"share": 1.0, "%": 100.0}.get(self.metric.unit, np.inf)
        if self.known.period_s:
            level = median + away if side is Side.ABOVE else median - away
            if (level >= highest).all() or (level <= lowest).all():
                return None
            return Band(self.known.period_s, _rounded(width, up=True), side, _numbers(median), _numbers(scale))
        level_ = _rounded(float((median + away if side is Side.ABOVE else median - away)[0]), up=side is Side.ABOVE)
        if level_ >= highest or level_ <= lowest:
            return None
        return Threshold(Op.GREATER if side is Side.ABOVE else Op.LESS, level_)

    def _sentence(self, side: Side, condition: Condition, wait: int) -> str:
        """Why, with the numbers of the healthy window; `$value` is filled in when it fires."""
        metric, values = self.metric, self.values[np.isfinite(self.values)]
        title = f"{metric.title} {metric.series}".strip()
        span = _length(float(self.times[-1] - self.times[0]) + self.every_s)
        each = f"stretches of {_length(self.over_s)}"
        lasting = f" for {_length(wait * self.over_s)}" if wait else ""
        if isinstance(condition, Band):
            scales = self.known.distance[np.isfinite(self.known.distance)]
            most = float(scales.max() if side is Side.ABOVE else -scales.min())
            when = "time of day" if condition.period_s == 86400 else "time of the week"
            word = "above" if side is Side.ABOVE else "below"
            return (f"{title} is $value, more than {condition.width:.3g} times the usual spread {word} what is usual "
                    f"at that {when}{lasting}. In {span} of healthy traffic it strayed {most:.2g} times at most.")
        assert isinstance(condition, Threshold)
        good = values <= condition.value if side is Side.ABOVE else values >= condition.value
        word, other = ("above", "below") if side is Side.ABOVE else ("below", "above")
        extreme = "highest" if side is Side.ABOVE else "lowest"
        worst = float(values.max() if side is Side.ABOVE else values.min())
        return (f"{title} is $value, {word} {format_value(condition.value, metric.unit)}{lasting}. It was {other} that "
                f"in {_percent(float(good.mean()))} of the {each} in {span} of healthy traffic; the {extreme} was "
                f"{format_value(worst, metric.unit)}.")


def _percent(share: float) -> str:
    """Never rounded up to all of it."""
    return "100 %" if share == 1 else f"{min(99.99, share * 100):.4g} %"


def _length(seconds: float) -> str:
    """`3 weeks`, `30 minutes`: the largest unit of which there are two at least, or one exactly."""
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        count = seconds / size
        if count >= 1.95 or abs(count - 1) < 0.02:
            shown = f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"
            return f"{shown} {unit}{'' if shown == '1' else 's'}"
    return f"{seconds:.0f} seconds"


def _rounded(value: float, *, up: bool) -> float:
    """To three significant digits, away from what is usual."""
    if value == 0 or not np.isfinite(value):
        return value
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 2)
    return float(f"{(np.ceil(value / unit - 1e-9) if up else np.floor(value / unit + 1e-9)) * unit:.12g}")


def _numbers(values: Sequence[float] | Floats) -> tuple[float, ...]:
    """Short enough for a file that people read: five digits."""
    return tuple(float(f"{value:.5g}") for value in values)
