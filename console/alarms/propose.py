"""Rules proposed from a healthy window: high enough to be quiet in it, and for long after it.

Decisions
- A number is bad on the side that its metric says (`better`); where neither is better, on both, a rule each, for what
  has fallen and what has risen are two troubles.
- Where the number is usual by time of day or week (`usual`), the rule is a band with these numbers in it; else a
  threshold.
- The level is the one that healthy times would pass once in `weeks`. The rules of a log share one budget: all together
  may be wrong once in BUDGET_WEEKS.
- A number whose healthy window has short excursions gets two rules: one for what is beyond even those, at once, and one
  for what lasts longer than those, at a lower level. `for` is the shortest wait of WAITS at which the level comes down
  to TIMES_NORMAL times what normal noise would need; longer waits find less.
- Chance is not trouble: a share from n rows strays by itself, so its level is never below what the binomial law gives
  at the fewest rows that are judged (`min_samples`).
- Nor below what normal noise needs in the quietest tenth of the window: means and percentiles of few rows stray more.
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
Better by windows on 8 of 10 series (equal on the other two), joined on 8, by points on 7; mean F1 0.61 to 0.26. One
recipe for all ten, but settled with all ten in view: what it would do on series never seen is likely somewhat less. It
stays better on 7 or 8 for `weeks` from 4 to 260, for other numbers of blocks, waits and gains; learned on a fifth or a
quarter of the series, which have labelled anomalies in them then, on 6 and 5 (no season, level or wait is robust to a
healthy window that was none).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from console.alarms.firings import Firings, how_often
from console.alarms.numbers import Asked
from console.alarms.rules import Band, Condition, NoData, Op, Rule, Severity, Side, Threshold
from console.alarms.usual import Usual, held, normal_level, return_level, spread, usual
from console.jobs import Job
from console.metrics.catalogue import CATALOGUE, Metric, Source, sampled_metric
from console.metrics.charts import metric_series, shown_series
from console.metrics.format import format_value
from console.metrics.grid import aligned
from console.metrics.measure import OTHER, Reading
from console.metrics.view import Floats
from console.roles import Role
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

__all__ = ["BUDGET_WEEKS", "Firings", "how_often", "propose", "propose_rules"]

BUDGET_WEEKS = 26.0
"""A rule alone may be wrong once in half a year; and so may all rules of a log together."""
WAITS = (0, 1, 2, 3, 6, 12, 24)
"""Waiting times that are tried, in stretches of `over_s`."""
LONGEST_WAIT_S = 21600
SAFETY = 2
"""Healthy excursions may last so many times as long as they did, before a waiting rule fires."""
TIMES_NORMAL = 2.0
LEAST_WIDTH = 3.0
KEEP, MOST_KEPT_S = 6, 3600
"""A firing alarm goes on for six stretches, an hour at most, so that a trouble that flickers is one alarm."""
CLEAR = 0.75
"""An alarm ends where a number is back within so much of the way from what is usual to the level that set it off."""
NO_LINE = ("heat", "classes")
"""Metrics of several parts without a split, which no single level fits."""
EVEN = (Source.ROWS, Source.RESOURCE, Source.SAMPLED)
"""Metrics whose spread does not come from the number of rows behind them."""
FEWEST = 20
PAGES = ("throughput", "latency", "error_rate", "null_responses")
"""The charts whose alarms somebody must see at once."""


EVERY_S = {60: 60, 300: 60, 600: 120, 1800: 300, 3600: 600, 7200: 1200, 10800: 1800, 21600: 3600, 43200: 7200}
"""Stretches that a rule can judge, the shortest first that has rows enough; and how often it judges them."""
LENGTHS_S = tuple(EVERY_S)
LONGEST_S, LONGEST_OUTCOME_S = 21600, 43200
PARTS = 40
"""A healthy window holds so many stretches at least, or there is nothing to learn from."""
BEYOND = 10
"""Rows beyond a percentile: with fewer it is the largest of a handful, with the tail of the rows themselves."""
ENOUGH_ROWS = {Source.RESOURCE: 1, Source.SAMPLED: 1}
"""Rows that a stretch needs; other metrics than these and percentiles need MANY."""
MANY = 100
VISIBLE, VISIBLE_LOSS = 0.02, 0.5
"""What a rule over a share should be able to see: two points more, or thrice as much; of clicks, half as many."""
BY_VERSION = ("latency_p95", "error_rate", "null_responses")
"""What a new version of the model breaks first: these have a rule for each version."""
LATE = (Source.OUTCOME, Source.QUALITY)
"""Metrics that are known only when outcomes have come."""
LEAST_SHARE = 0.05
"""A version with fewer of the rows does not make the stretches longer."""
WAITED = 0.95
"""Share of the outcomes that a rule over outcomes waits for."""


def propose_rules(store: Workspace, window: Window, job: Job) -> tuple[Rule, ...]:
    """Rules for every metric that the log has, learned from this window. Raises JobStopped; reads only.

    Those of one log share BUDGET_WEEKS. A metric that says too little in this window has none.
    """
    base_s = next((length for length in LENGTHS_S[1::-1] if length * PARTS * 4 <= window.seconds), LENGTHS_S[0])
    window = _inside(window, base_s)
    reading = Reading(store, window, base_s)
    asked: list[tuple[Metric, Role | None]] = [(metric, None) for metric in CATALOGUE
                                              if metric.source not in NO_LINE and reading.has(metric)]
    asked += [(reading.described(sampled_metric(one.title, one.kind)), None) for one in shown_series(reading)]
    if any(stream.column(Role.MODEL_VERSION) for stream in reading.requests):
        asked += [(metric, Role.MODEL_VERSION) for metric, _ in asked if metric.name in BY_VERSION]
    weeks = BUDGET_WEEKS * sum(2 if metric.better == "neither" else 1 for metric, _ in asked)
    rules: list[Rule] = []
    for done, (metric, by) in enumerate(asked):
        job.stop_if_asked()
        job.report(done, len(asked), f"Learning what is usual: {metric.title} {metric.series}".strip())
        over_s = _stretch(store, metric, window, base_s, by, weeks)
        if over_s is None:
            continue
        lag_s = lag_of(reading, metric, EVERY_S[over_s])
        found = _learned(store, metric, Window.from_epoch(window.start_s, window.end_s - lag_s), over_s, by, weeks)
        rules += [replace(rule, lag_s=lag_s) for rule in found]
    return tuple(rules)


def _inside(window: Window, bucket_s: int) -> Window:
    """Whole buckets only: half a bucket would look like a fall of the traffic."""
    wide = aligned(window, bucket_s)
    start = wide.start_s + (bucket_s if wide.start_s < window.start_s else 0)
    end = wide.end_s - (bucket_s if wide.end_s > window.end_s else 0)
    return Window.from_epoch(start, end) if end > start else wide


def lag_of(reading: Reading, metric: Metric, every_s: int) -> int:
    """Outcomes come later than their requests."""
    wait = reading.outcome_wait_s(WAITED) if metric.source in LATE else None
    return 0 if wait is None else int(np.ceil(wait / every_s) * every_s)


def _stretch(store: Workspace, metric: Metric, window: Window, base_s: int, by: Role | None,
             weeks: float) -> int | None:
    """The shortest stretch with rows enough in nine of ten; None where there is nothing, and where too few rows make a
    percentile the largest of them. Of a split, for the value with the fewest rows that matter."""
    _, parts = metric_series(store, metric, window, base_s, by)
    parts = tuple(part for part in parts if part.by != OTHER and np.isfinite(part.values).any())
    if not parts:
        return None
    rows = sum(float(one.n.sum()) for one in parts)
    part = min((one for one in parts if one.n.sum() >= LEAST_SHARE * rows), key=lambda one: float(one.n.sum()))
    longest = LONGEST_OUTCOME_S if metric.source in LATE else LONGEST_S
    fits = [length for length in LENGTHS_S if base_s <= length <= longest and length * PARTS <= window.seconds]
    if not fits:
        return None
    known = np.isfinite(part.values) & (part.n > 0)
    share = float((part.values[known] * part.n[known]).sum() / part.n[known].sum()) if known.any() else 0.0
    for length in fits:
        size = length // base_s
        n = part.n[: len(part.n) // size * size].reshape(-1, size).sum(axis=1)
        usual_n = float(np.quantile(n[n > 0], 0.10)) if (n > 0).any() else 0.0
        if _is_share(metric):
            if _shows(metric, share, usual_n, length / (weeks * 604800)):
                return length
        elif usual_n >= enough_rows(metric) and (metric.source is Source.ROWS or (n > 0).mean() > 0.9):
            return length
    return None if metric.source is Source.PERCENTILE else fits[-1]


def _is_share(metric: Metric) -> bool:
    """Whether chance makes it stray by the binomial law: a share of rows, cells or outcomes."""
    return metric.unit == "share" and metric.source not in EVEN


def enough_rows(metric: Metric) -> float:
    if metric.source is Source.PERCENTILE:
        return BEYOND / (1 - metric.quantile)
    return ENOUGH_ROWS.get(metric.source, MANY)


def _shows(metric: Metric, share: float, n: float, once: float) -> bool:
    """Whether chance leaves enough room in a share of n rows to see what should be seen."""
    if n < FEWEST:
        return False
    from scipy.stats import binom

    if metric.better == "higher":
        return bool(binom.ppf(once, int(n), share) >= VISIBLE_LOSS * share * n)
    return bool(binom.isf(once, int(n), share) <= max(3 * share, share + VISIBLE) * n)


def _learned(store: Workspace, metric: Metric, window: Window, over_s: int, by: Role | None,
             weeks: float) -> tuple[Rule, ...]:
    """From the numbers as rules are judged by, at the instants of their evaluation."""
    every_s = EVERY_S[over_s]
    probe = Rule("probe", metric.name, Threshold(Op.GREATER, 0.0), by=by, over_s=over_s, every_s=every_s)
    first_s = int(np.ceil(window.start_s / every_s)) * every_s + over_s
    count = int(window.end_s - first_s) // every_s + 1
    if count < 1:
        return ()
    asked = Asked(store, (probe,), first_s, count, window.start_s)
    numbers = asked.of(probe)
    found = [propose(asked.instants, numbers.values[row], numbers.n[row], metric, every_s=every_s, over_s=over_s, by=by,
                     weeks=weeks) for row in range(len(numbers.series)) if by is not None or len(numbers.series) == 1]
    return _for_all(found) if by is not None else tuple(rule for rules in found for rule in rules)


def _for_all(found: Sequence[tuple[Rule, ...]]) -> tuple[Rule, ...]:
    """One rule for all values of a split: the level that is loosest, and the most rows that one of them asks for."""
    loosest: dict[str, Rule] = {}
    for rule in (rule for rules in found for rule in rules):
        had = loosest.get(rule.name)
        if not isinstance(rule.condition, Threshold):
            continue
        if had is None:
            loosest[rule.name] = rule
            continue
        assert isinstance(had.condition, Threshold)
        upwards = bool(rule.condition.op.upwards)
        looser = rule if (rule.condition.value > had.condition.value) == upwards else had
        loosest[rule.name] = replace(looser, min_samples=max(rule.min_samples, had.min_samples),
                                     for_s=max(rule.for_s, had.for_s))
    return tuple(loosest.values())


def propose(times: Floats, values: Floats, n: Floats, metric: Metric, *, every_s: int, over_s: int = 0,
            by: Role | None = None, weeks: float = BUDGET_WEEKS) -> tuple[Rule, ...]:
    """Rules for one number, learned from a healthy stretch of it; none where it is too short or always the same wish.

    times   instants T on a grid of `every_s`, seconds since 1970; values: those of [T - over, T), NaN for none
    n       rows behind each value
    weeks   each rule may be wrong once in so many
    """
    over_s = over_s or every_s
    fewest = least_rows(metric, n, by)
    judged = np.where(n < fewest, np.nan, values)
    chance = _chance_scale(metric, judged, n)
    known = usual(times - over_s / 2, judged, every_s, chance)
    if known is None:
        return ()
    if by is not None and known.period_s:       # one level for all values of the split, so no baseline of one of them
        known = usual(times - over_s / 2, judged, every_s, chance, seasons=False)
        assert known is not None
    healthy = _Healthy(times, judged, n, metric, every_s, over_s, fewest, weeks, known, by)
    sides = {"lower": (Side.ABOVE,), "higher": (Side.BELOW,)}.get(metric.better, (Side.ABOVE, Side.BELOW))
    return tuple(rule for side in sides for rule in healthy.rules(side))


def least_rows(metric: Metric, n: Floats, by: Role | None = None) -> int:
    """With fewer rows than this there is no verdict: what the quiet hours of the healthy window have, or nearly.

    by  a new version comes with few rows: of a split, as few as its percentile bears
    """
    there = n[n > 0]
    if metric.source is Source.ROWS or not len(there):
        return 0
    if _is_share(metric):
        return max(FEWEST, int(np.quantile(there, 0.10)))
    fewest = float(np.quantile(there, 0.05))
    if by is not None and metric.source is Source.PERCENTILE:
        fewest = min(fewest, np.ceil(3 / (1 - metric.quantile)))
    return max(1, int(fewest))


def _chance_scale(metric: Metric, values: Floats, n: Floats) -> float:
    """Standard deviation that chance alone gives a share or a count; 0 for other numbers."""
    known = np.isfinite(values) & (n > 0)
    if not known.any() or not _is_share(metric):
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
        least = max(LEAST_WIDTH, self._chance(side), self._quiet())
        levels = {wait: return_level(held(distance, wait * steps), span, self.weeks) for wait in WAITS}
        counted = {wait: levels[max(one for one in WAITS if one <= wait / SAFETY)] for wait in WAITS}
        return {wait: max(least, level) for wait, level in counted.items()
                if wait == 0 or (np.isfinite(level) and wait * self.over_s < min(span / 20, LONGEST_WAIT_S + 1))}

    def _quiet(self) -> float:
        """The distance that normal noise alone gives in the quietest tenth of the window: means and percentiles of few
        rows stray more, and a median spread over day and night knows little of that."""
        if self.metric.source in EVEN or _is_share(self.metric):
            return 0.0
        known = np.isfinite(self.known.distance)
        few = known & (self.n <= np.quantile(self.n[known], 0.10))
        return normal_level(self.weeks, self.over_s) * max(1.0, spread(self.known.distance[few]))

    def _chance(self, side: Side) -> float:
        """The distance that chance alone gives a share of the fewest rows that are judged."""
        if not _is_share(self.metric) or not self.fewest:
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
            return Band(self.known.period_s, rounded(width, up=True), side, _numbers(median), _numbers(scale),
                        rounded(CLEAR * width, up=False))
        level_ = rounded(float((median + away if side is Side.ABOVE else median - away)[0]), up=side is Side.ABOVE)
        if level_ >= highest or level_ <= lowest:
            return None
        clear = rounded(float(median[0] + (level_ - median[0]) * CLEAR), up=side is not Side.ABOVE)
        return Threshold(Op.GREATER if side is Side.ABOVE else Op.LESS, level_, clear)

    def _sentence(self, side: Side, condition: Condition, wait: int) -> str:
        """Why, with the numbers of the healthy window; `$value` is filled in when it fires."""
        metric, values = self.metric, self.values[np.isfinite(self.values)]
        title = f"{metric.title} {metric.series}".strip()
        span = _length(float(self.times[-1] - self.times[0]) + self.over_s)
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


def rounded(value: float, *, up: bool) -> float:
    """To three significant digits, away from what is usual."""
    if value == 0 or not np.isfinite(value):
        return value
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 2)
    return float(f"{(np.ceil(value / unit - 1e-9) if up else np.floor(value / unit + 1e-9)) * unit:.12g}")


def _numbers(values: Sequence[float] | Floats) -> tuple[float, ...]:
    """Short enough for a file that people read: five digits."""
    return tuple(float(f"{value:.5g}") for value in values)
