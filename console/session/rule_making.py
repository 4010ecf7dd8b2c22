"""Rules before they are kept: what can be judged, what is usual, what a healthy stretch proposes, and how often each
would have fired in this log. Reads only; nothing here is kept before somebody accepts it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from console.alarms.evaluate import LAG_S, history
from console.alarms.firings import Firings, Judged, judged_by
from console.alarms.prometheus import read_some
from console.alarms.propose import NO_LINE, propose_rules
from console.alarms.rules import Band, BurnRate, Op, Rule, Side, Threshold
from console.alarms.usual import usual
from console.alarms.words import often_text, threshold_text, title_of
from console.alarms.written import read_toml
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.catalogue import find, sampled_metric
from console.metrics.charts import available, shown_series
from console.metrics.format import format_window
from console.metrics.grid import aligned
from console.metrics.measure import Reading
from console.roles import SERIES_ROLES
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

HEALTHY_SHARE, LONGEST_HEALTHY = 0.5, timedelta(weeks=3)
"""Unless somebody says what was healthy: the first half of the log, three weeks at most."""
KEPT = 8
"""Numbers of so many rules stay in memory while levels are tried."""
FIRST_WIDTH = 4.0
OWN_LEVEL = 0.999
"""A level to begin with lies above this share of the values that were seen."""

NUMBER_OF_MAPS = {"latency_map": "latency", "score_distribution": "prediction_mean"}
"""A map has no single number; these are of the same values."""


@dataclass(frozen=True, slots=True)
class Judgeable:
    """A number that a rule can be about. better: lower, higher or neither."""

    name: str
    title: str
    unit: str
    better: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields of a rule can hold. splits: (role, words)."""

    metrics: tuple[Judgeable, ...]
    splits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """A rule that somebody may accept.

    about     what it says of healthy times; "" where it says nothing
    often     how often it would have fired in this log, in words; count: the same as a number
    replaces  a rule of that name is there already
    wrong     why it cannot be judged here; "" where it can
    """

    rule: Rule
    metric: str
    threshold: str
    about: str
    often: str
    count: int
    replaces: bool
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """Rules that may be accepted. where: what they were learned from, a stretch or a file.

    refused  what of the file was not understood, and why
    """

    where: str
    rules: tuple[Offered, ...]
    window: Window | None = None
    refused: tuple[str, ...] = ()


class RuleMaking:
    """Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._judged: OrderedDict[object, Judged] = OrderedDict()

    def choices(self) -> Choices:
        """What can be judged in this log, and what it can be split by."""
        store = self._store
        span = store.span() or Window.from_epoch(0, 1)
        reading = Reading(store, aligned(span, 60), 60)
        known = [metric for metric in available(store) if metric.source not in NO_LINE and not metric.scans]
        known += [reading.described(sampled_metric(one.title, one.kind)) for one in shown_series(reading)]
        metrics = tuple(Judgeable(one.name, f"{one.title} {one.series}".strip(), one.unit, one.better, one.sentence)
                        for one in known)
        there = [role for role in SERIES_ROLES if any(stream.column(role) for stream in store.streams())]
        return Choices(metrics, tuple((str(role), role.value.replace("_", " ")) for role in there))

    def healthy_window(self) -> Window | None:
        """The stretch that rules are learned from unless somebody says another; None before the first row."""
        span = self._store.span()
        if span is None:
            return None
        length = min((span.end - span.start) * HEALTHY_SHARE, LONGEST_HEALTHY)
        return Window(span.start, span.start + length) if length > timedelta(0) else None

    def often(self, rule: Rule, job: Job) -> tuple[Firings, str]:
        """How often the rule would have fired in this log; the same in words. Raises BadSettings, JobStopped."""
        window = self._whole(rule)
        if window is None:
            return Firings(0, 0.0, ()), "Nothing is loaded yet"
        found = self._burnt(rule, window, job) if isinstance(rule.condition, BurnRate) else (
            self._numbers(rule, window, job).how_often(rule))
        last_s = window.end_s // rule.every_s * rule.every_s
        return found, often_text(found, last_s, relative=self._store.relative)

    def learned(self, rule: Rule, window: Window) -> Band:
        """What is usual for the number of that rule, in that stretch, as a band. Raises BadSettings when it says too
        little."""
        numbers = judged_by(self._store, replace(rule, by=None, where={}), window)
        values = numbers.values[0] if len(numbers.series) == 1 else np.array([])
        found = usual(numbers.times - rule.over_s / 2, values, rule.every_s) if len(values) else None
        if found is None:
            where = format_window(window, relative=self._store.relative)
            raise BadSettings(f"{where} says too little of what is usual", do="Choose a longer healthy stretch")
        side = {"lower": Side.ABOVE, "higher": Side.BELOW}.get(find(rule.metric, self._store.own.metrics).better,
                                                               Side.BOTH)
        return Band(found.period_s, FIRST_WIDTH, side, tuple(float(f"{one:.5g}") for one in found.median),
                    tuple(float(f"{one:.5g}") for one in found.scale))

    def metric_of(self, chart: str, choices: Choices) -> str:
        """The number of a chart that a rule is about at first: its 95th percentile where it has one, of a map that of
        the line it is about; "" for the first of all. Raises BadSettings for one that no rule can be about."""
        names = [one.name for one in choices.metrics]
        chart = NUMBER_OF_MAPS.get(chart, chart)
        found = [one for one in (f"{chart}_p95", chart) if one in names]
        found += [one for one in names if one.startswith(f"{chart}_" if chart else "")]
        if not found:
            raise BadSettings("This log has no number for it that an alarm could be about",
                              do="Choose another chart, or log what is missing")
        return found[0]

    def level(self, metric: str, window: Window, taken: Collection[str] = (), over_s: int = 300) -> Rule:
        """A rule to begin with for that metric: a level that hardly any value of the stretch has passed."""
        known = find(metric, self._store.own.metrics)
        below = known.better == "higher"
        name = f"{metric} {'low' if below else 'high'}"
        free = next(one for one in chain([name], (f"{name} {number}" for number in count(2))) if one not in taken)
        rule = Rule(free, metric, Threshold(Op.LESS if below else Op.GREATER, 0.0),
                    over_s=over_s, every_s=60, for_s=300.0)
        values = judged_by(self._store, rule, window).values
        finite = values[np.isfinite(values)]
        level = float(np.quantile(finite, 1 - OWN_LEVEL if below else OWN_LEVEL)) if len(finite) else 0.0
        return replace(rule, condition=Threshold(Op.LESS if below else Op.GREATER, float(f"{level:.3g}")))

    def propose(self, window: Window, taken: Iterable[str], job: Job) -> Offer:
        """Rules learned from that stretch. Raises JobStopped."""
        rules = propose_rules(self._store, window, job)
        return Offer(format_window(window, relative=self._store.relative), self._offered(rules, taken, job), window)

    def import_file(self, path: Path, taken: Iterable[str], job: Job) -> Offer:
        """The rules of a file, of Prometheus or TOML, and what of it was not understood. Raises BadSettings."""
        if path.suffix.lower() == ".toml":
            return Offer(path.name, self._offered(read_toml(path), taken, job))
        read, mistakes = read_some(path)
        return Offer(path.name, self._offered((one.rule for one in read), taken, job), None,
                     tuple(str(one) for one in mistakes))

    def _offered(self, rules: Iterable[Rule], taken: Iterable[str], job: Job) -> tuple[Offered, ...]:
        names, made, found = set(taken), tuple(rules), []
        for done, rule in enumerate(made):
            job.stop_if_asked()
            job.report(done, len(made), f"Counting how often it would have fired: {rule.name}")
            wrong = often = ""
            times = 0
            try:
                firings, often = self.often(rule, job)
                times = firings.count
            except BadSettings as error:
                wrong = str(error)
            found.append(Offered(rule, title_of(rule), threshold_text(rule), about(rule), often, times,
                                 rule.name in names, wrong))
        return tuple(found)

    def _whole(self, rule: Rule) -> Window | None:
        span = self._store.span()
        end_s = span.end_s - LAG_S - rule.lag_s if span is not None else 0.0
        return None if span is None or end_s <= span.start_s else Window.from_epoch(span.start_s, end_s)

    def _numbers(self, rule: Rule, window: Window, job: Job) -> Judged:
        key = (rule.metric, rule.by, tuple(rule.where.items()), rule.over_s, rule.every_s, window,
               self._store.generation)
        with self._lock:
            found = self._judged.get(key)
        if found is None:
            job.stop_if_asked()
            found = judged_by(self._store, rule, window)
            with self._lock:
                self._judged[key] = found
                while len(self._judged) > KEPT:
                    self._judged.popitem(last=False)
        return found

    def _burnt(self, rule: Rule, window: Window, job: Job) -> Firings:
        found = history(self._store, [replace(rule, enabled=True)], job)
        last_s = window.end_s // rule.every_s * rule.every_s
        spans = tuple((one.start, last_s if one.end is None else one.end) for one in found.alarms)
        return Firings(len(spans), sum(end - start for start, end in spans), spans)


def about(rule: Rule) -> str:
    """What its sentence says apart from the value with which it fires: why it lies where it lies."""
    parts = rule.sentence.split(". ")
    kept = ". ".join(part for part in parts if "$" not in part).strip()
    return f"{kept}." if kept and not kept.endswith(".") else kept
