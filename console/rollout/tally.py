"""Requests added up by slice of time and by band of buckets: all that gates and charts of a rollout need to know.

A plan has few weights; between two of them all buckets are alike. So each row is touched once, and what a weight means
is a sum over bands: the replay costs by its minutes, not by its rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from console.errors import BadSettings
from console.rollout.outcomes import Floats, Outcomes, Requests, Source
from console.rollout.plan import DELAYED, PROPORTIONS, Binding, MetricKind

Grid = NDArray[np.float64]
"""shape (slices, places + 1): up to and without each place, so that the last column is the whole."""

GAMMA = 1.02
"""Bins of percentiles grow by so much: a percentile is within 1 %, as on the charts."""

MOST_BINS = 1200


class Measure(NamedTuple):
    """What is counted for a metric."""

    metric: MetricKind
    limit: float = 0.0          # of LATENCY_SHARE
    sql: str = ""

    @property
    def share(self) -> bool:
        """Whether it is a share of requests."""
        return self.metric in PROPORTIONS


ERRORS = Measure(MetricKind.ERROR_RATE)
LATENCY = Measure(MetricKind.LATENCY_MEAN)
CLICKS = Measure(MetricKind.CTR)
FIRST_ERRORS = Measure(MetricKind.ERROR_RATE, -1.0)
"""Errors, of which only the first of each user counts."""


def measure_of(binding: Binding) -> Measure:
    """What a gate's metric is counted by."""
    match binding.metric:
        case MetricKind.SUCCESS_RATE:
            return ERRORS
        case MetricKind.LATENCY_SHARE:
            return Measure(binding.metric, float(binding.limit or 0.0))
        case MetricKind.SQL:
            return Measure(binding.metric, sql=binding.sql)
        case MetricKind.REQUESTS:
            return Measure(MetricKind.REQUESTS)
        case _:
            return Measure(binding.metric)


def known(outcomes: Outcomes, measure: Measure) -> bool:
    """Whether the log has what the measure needs."""
    return measure.metric is MetricKind.REQUESTS or _column(outcomes, measure)[0] is not None


def _column(outcomes: Outcomes, measure: Measure) -> tuple[Floats | None, Floats | None]:
    """Values of the rows, NaN where they are not known, and when they became known."""
    match measure.metric:
        case MetricKind.ERROR_RATE | MetricKind.SUCCESS_RATE:
            return outcomes.failed, None
        case MetricKind.LATENCY_MEAN | MetricKind.LATENCY_PERCENTILE:
            return outcomes.latency_ms, None
        case MetricKind.LATENCY_SHARE:
            if outcomes.latency_ms is None:
                return None, None
            slow = (outcomes.latency_ms > measure.limit).astype(np.float64)
            slow[np.isnan(outcomes.latency_ms)] = np.nan
            return slow, None
        case MetricKind.SCORE_MEAN:
            return outcomes.score, None
        case MetricKind.NULL_SHARE:
            return outcomes.empty, None
        case MetricKind.CTR:
            return outcomes.clicked, outcomes.clicked_at
        case MetricKind.WRONG_SHARE:
            return outcomes.wrong, outcomes.wrong_at
        case MetricKind.SQL:
            return outcomes.other.get(measure.sql), None
        case _:
            return None, None


READ = {MetricKind.ERROR_RATE: "failed", MetricKind.SUCCESS_RATE: "failed", MetricKind.LATENCY_MEAN: "latency_ms",
        MetricKind.LATENCY_PERCENTILE: "latency_ms", MetricKind.LATENCY_SHARE: "latency_ms",
        MetricKind.SCORE_MEAN: "score", MetricKind.NULL_SHARE: "empty", MetricKind.CTR: "clicked",
        MetricKind.WRONG_SHARE: "wrong"}
"""The outcomes that a measure is counted from."""


def alike(one: Outcomes, other: Outcomes, measure: Measure) -> bool:
    """Whether a measure of both is known to be the same, since it is counted from the same array."""
    name = READ.get(measure.metric)
    if name is None:
        return one.other.get(measure.sql) is other.other.get(measure.sql)
    return getattr(one, name) is getattr(other, name)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one measure and one version: shape (slices, places + 1) each; for shares xx is x."""

    n: Grid
    x: Grid
    xx: Grid


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of values in logarithmic bins: shape (slices, places + 1, bins), and the value of each bin."""

    counts: NDArray[np.float32]
    values: Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of the log for a plan.

    start_s, slice_s    slice k is [start_s + k slice_s, + slice_s)
    rows                all requests, shape (slices, places + 1)
    stable, candidate   sums by measure, of what each version did
    pairs               where both versions answered: (pairs, only candidate, only stable, d, dd) by measure
    users               users at their first request since the start: shape (slices, places + 1), by version
    first_row           shape (slices + 1,): where the rows of each slice begin
    """

    start_s: float
    slice_s: float
    rows: Grid
    stable: dict[Measure, Sums]
    candidate: dict[Measure, Sums]
    pairs: dict[Measure, tuple[Grid, Grid, Grid, Grid, Grid]]
    users: tuple[Grid, Grid]
    stable_bins: Bins | None
    candidate_bins: Bins | None
    first_row: NDArray[np.int64]

    @property
    def slices(self) -> int:
        """How many slices of time there are."""
        return len(self.rows)


def tally(requests: Requests, place: NDArray[np.integer], places: int, measures: Iterable[Measure], *, start_s: float,
          end_s: float, slice_s: float, attribution_s: float = 0.0, bins: bool = False, users: bool = True,
          pairs: bool = False, first_within_s: float | None = None, at_once: int = 1_000_000) -> Tally:
    """Add the rows up.

    place       shape (rows,): the band of each row, 0 to places - 1
    measures    those that the log does not have are left out
    bins        latency percentiles are wanted;  pairs  and differences of both versions row by row
    first_within_s      an error is its user's first when there was none for so long; None: since the start
    at_once     rows in one go; nothing depends on it
    """
    first, last = (int(np.searchsorted(requests.at, each)) for each in (start_s, end_s))
    slices = max(1, ceil((end_s - start_s) / slice_s - 1e-9))
    wanted = list(dict.fromkeys(measures))
    adding = _Adding(requests, first, slices, places, wanted, bins=bins, pairs=pairs, attribution_s=attribution_s,
                     first_within_s=first_within_s)
    for begin in range(first, last, at_once):
        end = min(begin + at_once, last)
        when = ((requests.at[begin:end] - start_s) / slice_s).astype(np.int64)
        np.clip(when, 0, slices - 1, out=when)
        adding.add(begin, end, when * places + place[begin:end])
    edges = start_s + slice_s * np.arange(slices + 1)
    first_row = np.searchsorted(requests.at[:last], edges)
    met = first_met(requests, place, places, start_s=start_s, slice_s=slice_s, slices=slices, since=first,
                    until=last) if users else (np.zeros((slices, places + 1)),) * 2
    return adding.done(start_s, slice_s, met, first_row)


def first_met(requests: Requests, place: NDArray[np.integer], places: int, *, start_s: float, slice_s: float,
              slices: int, since: int, until: int) -> tuple[Grid, Grid]:
    """Users at their first request from row `since` on, by the version that they would have or had. A request without
    a user is one of its own.

    The two grids of `Tally.users`.
    """
    who = requests.user[since:until]
    at = np.full(len(requests.users) + 1, -1, np.int64)
    at[who[::-1]] = np.arange(until - 1, since - 1, -1)
    rows = np.concatenate([at[:-1][at[:-1] >= 0], since + np.flatnonzero(who < 0)])
    when = np.clip(((requests.at[rows] - start_s) / slice_s).astype(np.int64), 0, slices - 1)
    cell = when * places + place[rows]
    found = []
    for side in (0, 1):
        theirs = cell if requests.arm is None else cell[requests.arm[rows] == side]
        grid = np.zeros((slices, places + 1))
        np.cumsum(np.bincount(theirs, minlength=slices * places).reshape(slices, places), axis=1, out=grid[:, 1:])
        found.append(grid)
    return found[0], found[1]


class _Adding:
    def __init__(self, requests: Requests, first: int, slices: int, places: int, measures: list[Measure], *,
                 bins: bool, pairs: bool, attribution_s: float, first_within_s: float | None) -> None:
        self.r, self.slices, self.places = requests, slices, places
        self.cells = slices * places
        self.attribution_s = attribution_s
        self.same = requests.candidate is requests.stable and requests.arm is None
        self.rows = np.zeros(self.cells)
        self.sums: list[dict[Measure, list[Grid]]] = [{}, {}]
        for side, outcomes in enumerate((requests.stable, requests.candidate)):
            for measure in measures:
                if known(outcomes, measure) or (measure == FIRST_ERRORS and outcomes.failed is not None):
                    self.sums[side][measure] = [np.zeros(self.cells) for _ in range(2 if measure.share else 3)]
        self.first_errors = [self._first_errors(outcomes, first, first_within_s) if FIRST_ERRORS in measures else None
                             for outcomes in (requests.stable, requests.candidate)]
        both = pairs and requests.arm is None and not self.same
        self.pairs: dict[Measure, list[Grid]] = {
            measure: [np.zeros(self.cells) for _ in range(5)] for measure in measures
            if both and measure in self.sums[0] and measure in self.sums[1]}
        self.bins = self._bins() if bins and requests.stable.latency_ms is not None else None

    def _first_errors(self, outcomes: Outcomes, since: int, within_s: float | None) -> NDArray[np.bool_] | None:
        """Whether a row is the first error of its user since that row; rows without a user are their own."""
        if outcomes.failed is None:
            return None
        found = np.zeros(len(self.r), np.bool_)
        failed = since + np.flatnonzero(outcomes.failed[since:] > 0)
        who = self.r.user[failed]
        found[failed[who < 0]] = True
        named, who = failed[who >= 0], who[who >= 0]
        order = np.argsort(who, kind="stable")
        who, named = who[order], named[order]
        new = np.ones(len(who), np.bool_)
        new[1:] = who[1:] != who[:-1]
        if within_s is not None:
            new[1:] |= np.diff(self.r.at[named]) > within_s
        found[named[new]] = True
        return found

    def _bins(self) -> tuple[int, int, list[NDArray[np.float64]]]:
        lowest, highest = np.inf, -np.inf
        for outcomes in (self.r.stable, self.r.candidate):
            values = outcomes.latency_ms
            if values is not None and bool((values > 0).any()):
                positive = values[values > 0]
                lowest, highest = min(lowest, float(positive.min())), max(highest, float(positive.max()))
        if not np.isfinite(lowest):
            lowest = highest = 1.0
        base, top = ceil(log(lowest) / log(GAMMA)), ceil(log(highest) / log(GAMMA))
        count = min(top - base + 2, MOST_BINS)
        return base, count, [np.zeros(self.cells * count) for _ in range(1 if self.same else 2)]

    def add(self, begin: int, end: int, cell: NDArray[np.int64]) -> None:
        self.rows += np.bincount(cell, minlength=self.cells)
        for side in range(1 if self.same else 2):
            outcomes = (self.r.stable, self.r.candidate)[side]
            theirs = None if self.r.arm is None else self.r.arm[begin:end] == side
            part = _part(outcomes, begin, end)
            for measure, grids in self.sums[side].items():
                self._measure(measure, grids, part, cell, theirs, side, begin, end)
            if self.bins is not None:
                self._latency(side, part, cell, theirs)
        for measure, five in self.pairs.items():
            self._pair(measure, five, begin, end, cell)

    def _values(self, measure: Measure, part: Outcomes, begin: int, end: int,
                side: int) -> tuple[Floats | None, Floats | None]:
        first = self.first_errors[side]
        if measure == FIRST_ERRORS and first is not None and part.failed is not None:
            return np.where(np.isnan(part.failed), np.nan, first[begin:end].astype(np.float64)), None
        values, known_at = _column(part, measure)
        if values is not None and known_at is not None:
            # at the end of its window, who has not clicked has not; a label that is not there yet is not known
            late = 0.0 if measure.metric is MetricKind.CTR else np.nan
            values = np.where((known_at <= self.r.at[begin:end] + self.attribution_s) | np.isnan(values), values, late)
        return values, known_at

    def _measure(self, measure: Measure, grids: list[Grid], part: Outcomes, cell: NDArray[np.int64],
                 theirs: NDArray[np.bool_] | None, side: int, begin: int, end: int) -> None:
        if measure.metric is MetricKind.REQUESTS:
            chosen = cell if theirs is None else cell[theirs]
            grids[0] += np.bincount(chosen, minlength=self.cells)
            return
        values, _ = self._values(measure, part, begin, end, side)
        assert values is not None
        good = ~np.isnan(values)
        if theirs is not None:
            good &= theirs
        if not good.all():
            cell, values = cell[good], values[good]
        grids[0] += np.bincount(cell, minlength=self.cells)
        if measure.share:
            hits = cell[values > 0]
            grids[1] += np.bincount(hits, minlength=self.cells)
            return
        grids[1] += np.bincount(cell, values, self.cells)
        grids[2] += np.bincount(cell, values * values, self.cells)

    def _pair(self, measure: Measure, five: list[Grid], begin: int, end: int, cell: NDArray[np.int64]) -> None:
        one, _ = self._values(measure, _part(self.r.stable, begin, end), begin, end, 0)
        other, _ = self._values(measure, _part(self.r.candidate, begin, end), begin, end, 1)
        if one is None or other is None:
            return
        d = other - one
        good = ~np.isnan(d)
        d, cell = d[good], cell[good]
        five[0] += np.bincount(cell, minlength=self.cells)
        five[1] += np.bincount(cell[d > 0], minlength=self.cells)
        five[2] += np.bincount(cell[d < 0], minlength=self.cells)
        five[3] += np.bincount(cell, d, self.cells)
        five[4] += np.bincount(cell, d * d, self.cells)

    def _latency(self, side: int, part: Outcomes, cell: NDArray[np.int64], theirs: NDArray[np.bool_] | None) -> None:
        assert self.bins is not None
        base, count, grids = self.bins
        values = part.latency_ms
        if values is None:
            return
        good = values > 0
        if theirs is not None:
            good &= theirs
        bin_ = np.clip(np.ceil(np.log(values[good]) / log(GAMMA)).astype(np.int64) - base, 0, count - 1)
        grids[side] += np.bincount(cell[good] * count + bin_, minlength=self.cells * count)

    def done(self, start_s: float, slice_s: float, users: tuple[Grid, Grid],
             first_row: NDArray[np.int64]) -> Tally:
        def sums(side: int) -> dict[Measure, Sums]:
            found = {}
            for measure, grids in self.sums[0 if self.same else side].items():
                n, x = self._up_to(grids[0]), self._up_to(grids[1])
                found[measure] = Sums(n, x, x if measure.share else self._up_to(grids[2]))
            return found

        def bins(side: int) -> Bins | None:
            if self.bins is None:
                return None
            base, count, grids = self.bins
            flat = grids[0 if self.same else side].reshape(self.slices, self.places, count)
            counts = np.zeros((self.slices, self.places + 1, count), np.float32)
            np.cumsum(flat, axis=1, out=counts[:, 1:], dtype=np.float32)
            middle = 2 * GAMMA ** (base + np.arange(count, dtype=np.float64)) / (GAMMA + 1)
            return Bins(counts, middle)

        stable = sums(0)
        return Tally(start_s, slice_s, self._up_to(self.rows), stable, stable if self.same else sums(1),
                     {measure: (self._up_to(five[0]), self._up_to(five[1]), self._up_to(five[2]),
                                self._up_to(five[3]), self._up_to(five[4])) for measure, five in self.pairs.items()},
                     users, bins(0), bins(1), first_row)

    def _up_to(self, flat: Grid) -> Grid:
        found = np.zeros((self.slices, self.places + 1))
        np.cumsum(flat.reshape(self.slices, self.places), axis=1, out=found[:, 1:])
        return found


def _part(outcomes: Outcomes, begin: int, end: int) -> Outcomes:
    def some(values: Floats | None) -> Floats | None:
        return None if values is None else values[begin:end]

    return Outcomes(some(outcomes.failed), some(outcomes.latency_ms), some(outcomes.score), some(outcomes.empty),
                    some(outcomes.clicked), some(outcomes.clicked_at), some(outcomes.wrong), some(outcomes.wrong_at),
                    {name: values[begin:end] for name, values in outcomes.other.items()})


def delay_slices(binding: Binding, attribution_s: float, slice_s: float) -> int:
    """How many slices old requests must be before the metric of them is judged."""
    return ceil(attribution_s / slice_s - 1e-9) if binding.metric in DELAYED else 0


def percentile(bins: Bins, first: int, last: int, low: int, high: int, q: float) -> float:
    """Nearest rank of the requests of slices first to last (without) in places low to high (without), to 1 %."""
    counts = (bins.counts[first:last, high] - bins.counts[first:last, low]).sum(axis=0, dtype=np.float64)
    total = counts.sum()
    if total <= 0:
        return float("nan")
    at = int(np.searchsorted(np.cumsum(counts), max(1.0, ceil(q / 100 * total - 1e-9)), side="left"))
    return float(bins.values[min(at, len(counts) - 1)])


def refuse_unmeasurable(requests: Requests, gates: Iterable[tuple[str, Binding | None]]) -> None:
    """Raises BadSettings for the first gate whose metric the log does not have."""
    for name, binding in gates:
        if binding is None or binding.metric is MetricKind.REQUESTS:
            continue
        if binding.metric is MetricKind.DRIFT:
            raise BadSettings(f"Gate {name} measures drift of {binding.column}, which a replay does not do yet",
                              do="Bind it to another metric or take it out")
        measure = measure_of(binding)
        if not (known(requests.stable, measure) and known(requests.candidate, measure)):
            raise BadSettings(f"Gate {name} measures {binding.metric.value.replace('_', ' ')}, and the log has no "
                              "column for it", do="Choose the column under Columns, or bind the gate to another metric")
    if requests.source is Source.PAIRED:
        for name, binding in gates:
            if binding is not None and binding.metric is MetricKind.CTR:
                raise BadSettings(f"Gate {name} measures clicks, and users saw only the stable answer of a shadow",
                                  do="Bind it to another metric")
