"""Rules that somebody sets on a chart: a level chosen by hand, and for all else what a proposed rule would have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from console.alarms.firings import judged_by, with_number
from console.alarms.propose import (
    CLEAR,
    EVERY_S,
    KEEP,
    LENGTHS_S,
    LONGEST_S,
    MOST_KEPT_S,
    NO_LINE,
    PAGES,
    PARTS,
    enough_rows,
    lag_of,
    least_rows,
    rounded,
)
from console.alarms.rules import NoData, Op, Rule, Severity, Threshold
from console.alarms.words import value_text
from console.errors import BadSettings
from console.jobs import Job
from console.metrics.catalogue import CATALOGUE, MORE, SAMPLED_PREFIX, Metric, Source, find, own_metric
from console.metrics.charts import metric_series
from console.metrics.grid import aligned
from console.metrics.measure import Reading
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

def metric_of(store: Workspace, chart: str, series: str) -> Metric | None:
    """The metric of one curve of a chart; None where no single level can be set: a map, the shares of classes.

    series  "" and names that are none of the chart's (of a split): its headline, the 95th percentile where it has one
    """
    if chart.startswith(SAMPLED_PREFIX):
        return find(chart)
    of_chart = [metric for metric in (*CATALOGUE, *MORE, *map(own_metric, store.own.metrics))
                if chart in (metric.chart, metric.name) and metric.source is not Source.COUNTED]
    if not of_chart and ":" in chart:
        return find(chart, store.own.metrics)
    of_chart = [metric for metric in of_chart if metric.source not in NO_LINE]
    for wanted in (series, "p95"):
        for metric in of_chart:
            if metric.series == wanted:
                return metric
    return of_chart[0] if of_chart else None


def rule_here(store: Workspace, metric: Metric, level: float, taken: Collection[str], window: Window,
              job: Job) -> Rule:
    """A plain threshold at that level. Reads the window, so that it is judged over stretches with rows enough.

    taken   names of rules that there are
    Raises BadSettings for a metric that no level can be set for, JobStopped.
    """
    if metric.source in NO_LINE:
        raise BadSettings(f"{metric.title} has no single number that a level could be set for",
                          do="Set one for another chart")
    base_s = next((length for length in LENGTHS_S[1::-1] if length * PARTS * 4 <= window.seconds), LENGTHS_S[0])
    reading = Reading(store, aligned(window, base_s), base_s, metrics=(metric,))
    job.report(0, 0, "Looking at how many rows this number has")
    over_s = _stretch(store, metric, aligned(window, base_s), base_s)
    job.stop_if_asked()
    every_s = EVERY_S[over_s]
    upwards = {"lower": True, "higher": False}.get(metric.better, True)
    name = f"{metric.name} {'high' if upwards else 'low'}"
    rule = Rule(name, metric.name, Threshold(Op.GREATER if upwards else Op.LESS, level), over_s=over_s, every_s=every_s,
                lag_s=lag_of(reading, metric, every_s), keep_firing_for_s=max(over_s, min(KEEP * over_s, MOST_KEPT_S)),
                no_data=NoData.NO_DATA, no_data_for_s=max(300, 3 * over_s),
                severity=Severity.PAGE if metric.chart in PAGES else Severity.TICKET)
    found = judged_by(store, rule, window)
    known = found.values[np.isfinite(found.values)]
    usual = float(np.median(known)) if len(known) else level
    if metric.better == "neither" and level < usual:
        upwards, name = False, f"{metric.name} low"
    back = level + (usual - level) * (1 - CLEAR)
    clear = rounded(back, up=not upwards) if (back < level) is upwards and back != level else None
    if clear is not None and (clear > level) is upwards:
        clear = None            # nothing is left between the two when rounded
    return replace(rule, name=_free(name, taken), min_samples=least_rows(metric, found.n.ravel()),
                   condition=Threshold(Op.GREATER if upwards else Op.LESS, level, clear))


def _stretch(store: Workspace, metric: Metric, window: Window, base_s: int) -> int:
    """The shortest stretch that has rows enough in nine of ten; the longest there is where none has. A proposal weighs
    chance as well, with scipy, which takes longer to load than somebody waits for a line."""
    _, parts = metric_series(store, metric, window, base_s, None)
    fits = [length for length in LENGTHS_S if base_s <= length <= LONGEST_S and length * PARTS <= window.seconds]
    n = parts[0].n if parts else np.zeros(0)
    for length in fits:
        size = length // base_s
        held = n[:len(n) // size * size].reshape(-1, size).sum(axis=1)
        if (held > 0).any() and float(np.quantile(held[held > 0], 0.10)) >= enough_rows(metric):
            return length
    return fits[-1] if fits else base_s


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def moved_by_hand(rule: Rule, number: float) -> Rule:
    """As `with_number`; it is nobody's proposal any more, and no sentence names the level that it had."""
    had = rule.condition
    sentence = rule.sentence
    if isinstance(had, Threshold) and (rule.proposed or value_text(rule, had.value) in sentence):
        sentence = ""
    return replace(with_number(rule, number), proposed=False, sentence=sentence)
