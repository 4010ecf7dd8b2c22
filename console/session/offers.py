"""Everything that can be put on the board of this log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.metrics import charts
from console.metrics.catalogue import FAMILIES, SAMPLED_PREFIX, Metric, Source, sampled_metric
from console.metrics.counted import BUCKET
from console.metrics.measure import Reading
from console.store.grid import OTHER
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

GROUPS = ("software", "input", "output")


@dataclass(frozen=True, slots=True)
class Offer:
    """A chart that the log can give.

    metric   the chart's name, as the layout keeps it
    form     "map", "line"
    cost     "reads rows" where it does; "" where rollups tell it
    origin   "" of the catalogue, "own" of the folder's pilothouse.toml, "column" of one column, "series" of samples
    runs     False: an own metric of a folder that is not trusted
    shown    whether it is on the board
    """

    metric: str
    title: str
    group: str
    sentence: str
    form: str
    cost: str
    origin: str
    runs: bool
    shown: bool


def offers(store: Workspace, shown: Collection[str]) -> tuple[Offer, ...]:
    """By group; in each of them maps come first, then the catalogue, own metrics, series of samples, columns.

    shown  the charts that are on the board
    """
    found: dict[str, Offer] = {}
    own = {one.name for one in store.own.metrics}
    for metric in (*charts.available(store), *_series(store)):
        if metric.chart not in found:
            found[metric.chart] = _offer(metric, own, shown, trusted=store.own.trusted)
    order = ("", "own", "series", "column")
    return tuple(sorted(found.values(), key=lambda one: (
        GROUPS.index(one.group), order.index(one.origin), one.form != "map")))


def _offer(metric: Metric, own: Collection[str], shown: Collection[str], *, trusted: bool) -> Offer:
    name = metric.chart
    is_own = name in own and metric.source is Source.OWN
    origin = ("own" if is_own else "series" if name.startswith(SAMPLED_PREFIX)
              else "column" if name.partition(":")[0] in FAMILIES and ":" in name else "")
    sentence = charts.OF_THE_CHART.get(name, (metric.sentence, ""))[0]
    return Offer(name, metric.title, metric.group, sentence, "map" if metric.source is Source.HEAT else "line",
                 "reads rows" if metric.scans else "", origin, trusted or not is_own, name in shown)


def _series(store: Workspace) -> tuple[Metric, ...]:
    """The series of samples, but for the buckets of histograms."""
    reading = Reading(store, store.span() or Window.from_epoch(0, 1), 3600, metrics=())
    return tuple(reading.described(sampled_metric(title)) for title in reading.series
                 if title != OTHER and not BUCKET.fullmatch(title))

