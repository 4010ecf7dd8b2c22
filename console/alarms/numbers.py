"""The numbers that rules are judged by: values at instants, from the metrics' readings.

The value of a rule at an instant T is its metric over [T - over, T). Numbers that add up are added up from steps;
all others are read in buckets of that length, which begin at every step. They are rounded to twelve digits, for the
order in which a database adds must not decide whether a threshold was met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from console.alarms.rules import BurnRate, Rule
from console.errors import BadSettings
from console.metrics.catalogue import Metric, Source, find
from console.metrics.measure import OTHER, Reading
from console.metrics.view import Floats
from console.window import Window

if TYPE_CHECKING:
    from console.alarms.conditions import Burning
    from console.store import Workspace

ADD_UP = (Source.ROWS, Source.FAILED, Source.MISSING_INPUT, Source.MISSING, Source.OUTCOME, Source.RESOURCE,
          Source.MEAN)
"""Metrics whose value over several steps is that of the steps, weighted by the rows behind them."""

AROUND = 3
STEPS_AROUND = 60
"""Steps that are read before the first instant: what a counter added is spread over the steps since its last sample."""

DIGITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Of one rule: values and rows behind them, shape (series, instants); NaN where a series has no number.

    burning  of a burn rate: its verdicts, which no comparison with a number could tell
    """

    series: tuple[str, ...]
    values: Floats
    n: Floats
    burning: Burning | None = None

    def patched(self, at: Sequence[int], other: Numbers, there: Sequence[int]) -> Numbers:
        """With the numbers of some instants from elsewhere; both hold burn rates, or neither."""
        series = tuple(dict.fromkeys((*self.series, *other.series)))
        mine, others = _spread(self, series), _spread(other, series)
        for own, new in zip(mine, others, strict=True):
            own[:, list(at)] = new[:, list(there)]
        return _gathered(series, mine, self.burning is not None)


class Asked:
    """One stretch of instants, of rules that share step and split; each question is asked once."""

    def __init__(self, store: Workspace, rules: Sequence[Rule], first_s: int, count: int, origin_s: float,
                 come_by_us: int | None = None) -> None:
        """first_s: the first of `count` instants, whole steps since 1970; come_by_us: see Workspace.seen."""
        self._store, self._rules, self._origin_s = store, tuple(rules), origin_s
        self._every_s = rules[0].every_s
        self._first_s, self._count = first_s, count
        self._come_by: dict[str, Any] = {} if come_by_us is None else {"come_by_us": come_by_us}
        self._readings: dict[tuple[int, int, int], Reading] = {}
        self._metrics = tuple({rule.metric: metric for rule in rules if (metric := self._metric(rule))}.values())
        self.instants: Floats = first_s + np.arange(count, dtype=np.float64) * self._every_s

    def _metric(self, rule: Rule) -> Metric | None:
        try:
            return find(rule.metric, self._store.own.metrics)
        except BadSettings:
            return None

    def of(self, rule: Rule) -> Numbers:
        """Raises BadSettings for a metric that there is not."""
        metric = find(rule.metric, self._store.own.metrics)
        steps = rule.over_s // self._every_s
        if isinstance(rule.condition, BurnRate):
            return self._burning(rule, metric)
        if steps == 1 or metric.source in ADD_UP:
            found = self._added(rule, metric, steps)
        else:
            found = self._in_phases(rule, metric)
        return _known(rule, metric, found)

    def _added(self, rule: Rule, metric: Metric, steps: int) -> Numbers:
        lead = max([STEPS_AROUND, *(each.over_s // each.every_s for each in self._rules
                              if (metric_ := self._metric(each)) and metric_.source in ADD_UP)])
        reading = self._reading(self._every_s, 0, self._first_s - (lead + 1) * self._every_s,
                                self._first_s + self._count * self._every_s)
        rows = _rows_of(rule, reading, metric)
        series = tuple(rows)
        values = np.empty((len(series), self._count))
        n = np.empty((len(series), self._count))
        for number, (value, behind) in enumerate(rows.values()):
            values[number], n[number] = _summed(metric, value, behind, steps, lead, self._count)
        return Numbers(series, values, n)

    def _in_phases(self, rule: Rule, metric: Metric) -> Numbers:
        """Every step a bucket begins; those of one phase lie end to end."""
        found: dict[str, tuple[Floats, Floats]] = {}
        steps = rule.over_s // self._every_s
        for place in range(min(steps, self._count)):
            phase = (self._first_s + place * self._every_s) % rule.over_s
            start = self._first_s + place * self._every_s - rule.over_s * (AROUND + 1)
            held = len(range(place, self._count, steps))
            reading = self._reading(rule.over_s, phase, start, start + rule.over_s * (AROUND + held + 1))
            for series, (value, behind) in _rows_of(rule, reading, metric).items():
                values, n = found.setdefault(series, (np.full(self._count, np.nan), np.zeros(self._count)))
                values[place::steps] = value[AROUND:AROUND + held]
                n[place::steps] = behind[AROUND:AROUND + held]
        return Numbers(tuple(found), _stacked((pair[0] for pair in found.values()), self._count),
                       _stacked((pair[1] for pair in found.values()), self._count))

    def _burning(self, rule: Rule, metric: Metric) -> Numbers:
        from console.alarms.conditions import burning, steps_of

        assert isinstance(rule.condition, BurnRate)
        lead = max([AROUND, *(steps_of(each.condition, each.over_s, each.every_s) for each in self._rules
                              if isinstance(each.condition, BurnRate))])
        reading = self._reading(self._every_s, 0, self._first_s - (lead + 1) * self._every_s,
                                self._first_s + self._count * self._every_s)
        rows = _rows_of(rule, reading, metric)
        used = lead + self._count
        n = _stacked((np.nan_to_num(behind[:used]) for _, behind in rows.values()), used)
        bad = np.rint(np.nan_to_num(_stacked((value[:used] for value, _ in rows.values()), used)) * n)
        found = burning(rule.condition, self.instants, self._every_s, self._origin_s, bad, n)
        return Numbers(tuple(rows), steady(found.values), found.n, found)

    def _reading(self, bucket_s: int, phase_s: int, start_s: int, end_s: int) -> Reading:
        """Buckets over a stretch; the same one for all rules that ask for it."""
        key = (bucket_s, phase_s, start_s)
        if key not in self._readings:
            store = self._store.seen(phase_s=phase_s, **self._come_by)
            window = Window.from_epoch(start_s - phase_s, end_s - phase_s)
            self._readings[key] = Reading(cast("Workspace", store), window, bucket_s, by=self._rules[0].split,
                                          metrics=self._metrics, whole=True)
        return self._readings[key]


def _rows_of(rule: Rule, reading: Reading, metric: Metric) -> dict[str, tuple[Floats, Floats]]:
    """Values and rows of each series that the rule is about, over the reading's buckets."""
    measured = {part.by: (part.values, part.n) for part in reading.measure(metric)} if reading.has(metric) else {}
    if rule.by is not None:
        measured.pop(OTHER, None)
    if rule.where:
        (wanted,) = rule.where.values()
        size = len(reading.times)
        none = np.full(size, 0.0 if metric.source is Source.ROWS else np.nan), np.zeros(size)
        found = measured.get(wanted, none)
        measured = {wanted if rule.by is not None else "": found}
    elif rule.by is None and "" not in measured and len(measured) == 1:
        measured = {"": next(iter(measured.values()))}
    return measured


def _summed(metric: Metric, value: Floats, behind: Floats, steps: int, lead: int,
            count: int) -> tuple[Floats, Floats]:
    """Over `steps` steps up to each of the last `count` instants; added in an order that is always the same."""
    begin = lead        # the bucket that ends at the first instant
    if steps == 1:
        return value[begin:begin + count].copy(), behind[begin:begin + count].copy()
    n, top = np.zeros(count), np.zeros(count)
    known = np.isfinite(value)
    weighted = np.where(known, value if metric.source is Source.ROWS else value * behind, 0.0)
    for back in range(steps - 1, -1, -1):
        n += behind[begin - back:begin - back + count]
        top += weighted[begin - back:begin - back + count]
    if metric.source is Source.ROWS:
        return top / steps, n
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, top / n, np.nan), n


def _known(rule: Rule, metric: Metric, found: Numbers) -> Numbers:
    """A series that is split off and has no rows has no number, not even for its traffic: it may have come later, or be
    gone for good."""
    values = found.values
    if rule.by is not None:
        values = np.where(found.n > 0, values, np.nan)
    return Numbers(found.series, steady(values), found.n, found.burning)


def steady(values: Floats) -> Floats:
    """Rounded to DIGITS digits; zero, infinite and missing ones as they are."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.clip(DIGITS - 1 - size, -300, 300)
        rounded = np.rint(values * scale) / scale
    return np.where(np.isfinite(rounded) & (values != 0), rounded, values)


def _stacked(rows: Iterable[Floats], count: int) -> Floats:
    found = list(rows)
    return np.stack(found) if found else np.zeros((0, count))


def _spread(numbers: Numbers, series: tuple[str, ...]) -> list[Floats]:
    """Every array of it, with a row for each of these series."""
    arrays = [numbers.values, numbers.n]
    if numbers.burning is not None:
        verdicts = numbers.burning.verdicts
        arrays += [verdicts.beyond.astype(np.float64), verdicts.excess]
    found = []
    for array, none in zip(arrays, (np.nan, 0.0, 0.0, -np.inf), strict=False):
        wide = np.full((len(series), array.shape[1]), none)
        wide[[series.index(name) for name in numbers.series]] = array
        found.append(wide)
    return found


def _gathered(series: tuple[str, ...], arrays: list[Floats], burns: bool) -> Numbers:
    from console.alarms.conditions import Burning, Verdicts

    if not burns:
        return Numbers(series, arrays[0], arrays[1])
    beyond = arrays[2] > 0
    return Numbers(series, arrays[0], arrays[1],
                   Burning(arrays[0], arrays[1], Verdicts(beyond, beyond, arrays[3])))
