"""How often a rule would have fired: its condition and its counting over arrays, quick enough for a line being dragged.

The counting is that of `machine`, written as runs of instants instead of a step for each: one alarm, whose rule stays
the same. A property test holds the two together. 20,000 instants take about a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.alarms.conditions import Flags, judged, width_through
from console.alarms.numbers import Asked
from console.alarms.rules import Band, BurnRate, NoData, Rule, Threshold
from console.errors import BadSettings
from console.metrics.view import Floats
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace


@dataclass(frozen=True, slots=True)
class Firings:
    """The alarms of one rule over one number.

    total_s  seconds in which it fired
    spans    from when to when, seconds since 1970: the instant at which it began to fire, and the one at which it
             ended; for one that fires still, the last instant
    """

    count: int
    total_s: float
    spans: tuple[tuple[float, float], ...]


NEVER = Firings(0, 0.0, ())


def how_often(times: Floats, values: Floats, n: Floats, rule: Rule) -> Firings:
    """What the rule would have done over these numbers.

    times   instants of evaluation, seconds since 1970, increasing; `values` are those of [T - over, T), NaN for none
    n       rows behind each value, for `min_samples`
    Raises BadSettings for a burn rate, which has no number of its own to compare.
    """
    if not len(times):
        return NEVER
    if isinstance(rule.condition, BurnRate):
        raise _no_line(rule)
    said_of = judged(rule.condition, times, rule.over_s, values)
    hot, held = said_of.beyond, said_of.held
    ended = np.zeros(len(times), bool)
    none = np.isnan(values)
    frozen = ~none & (n < rule.min_samples)
    lasting = none & (_age(times, none) >= rule.no_data_for_s)
    if rule.no_data is NoData.FIRING:
        hot, held = hot | lasting, held | lasting
    if rule.no_data is NoData.NO_DATA:
        ended = lasting
    frozen |= none & ~lasting if rule.no_data is not NoData.KEEP else none
    said = ~frozen
    at = times[said]
    if not hot[said].any():
        return NEVER
    return _counted(at, hot[said], held[said], ended[said], rule, float(times[-1]))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The numbers of a rule over a stretch, one row for each value of its split: read once, then counted at will."""

    times: Floats               # shape (instants,)
    series: tuple[str, ...]     # "" without a split
    values: Floats              # shape (series, instants)
    n: Floats                   # shape (series, instants)

    def how_often(self, rule: Rule) -> Firings:
        """All series together. `rule` may have another condition or other waits than the one that was read for."""
        found = [how_often(self.times, self.values[row], self.n[row], rule) for row in range(len(self.series))]
        spans = tuple(sorted(span for one in found for span in one.spans))
        return Firings(len(spans), sum(one.total_s for one in found), spans)


def judged_by(store: Workspace, rule: Rule, window: Window) -> Judged:
    """The numbers that the rule is judged by, of all stretches that lie within the window. Reads the database."""
    first_s = int(np.ceil((window.start_s + rule.over_s) / rule.every_s)) * rule.every_s
    count = max(0, int(window.end_s - first_s) // rule.every_s + 1)
    asked = Asked(store, (rule,), first_s, count, window.start_s)
    numbers = asked.of(rule)
    return Judged(asked.instants, numbers.series, numbers.values, numbers.n)


def moved(rule: Rule, level: float, at: float) -> Rule:
    """The rule after its line was dragged to that level at that instant; the clear level moves along.

    A band is widened or narrowed on both sides alike, for its line has the shape of what is usual. Raises BadSettings
    for a burn rate.
    """
    match rule.condition:
        case Threshold(op=op, value=value, clear=clear):
            along = None if clear is None else clear + level - value
            return replace(rule, condition=Threshold(op, level, along))
        case Band() as band:
            return _widened(rule, band, width_through(band, level, at - rule.over_s / 2))
        case BurnRate():
            raise _no_line(rule)


def with_number(rule: Rule, number: float) -> Rule:
    """The rule with another level, or, of a band, another width; what clears it moves along. Raises BadSettings for a
    burn rate."""
    band = rule.condition
    return _widened(rule, band, number) if isinstance(band, Band) else moved(rule, number, 0.0)


def _widened(rule: Rule, band: Band, width: float) -> Rule:
    share = None if band.clear_width is None else band.clear_width / band.width
    return replace(rule, condition=replace(band, width=width, clear_width=None if share is None else share * width))


def _no_line(rule: Rule) -> BadSettings:
    return BadSettings("A burn rate follows from its objective and is not dragged", where=f"alarm `{rule.name}`",
                       do="Change its objective in the rule")


def _age(times: Floats, none: Flags) -> Floats:
    """How long there has been nothing, at each instant where there is nothing."""
    begins = none & ~np.concatenate(([False], none[:-1]))
    first = np.maximum.accumulate(np.where(begins, times, -np.inf))
    return np.where(none, times - np.where(np.isfinite(first), first, 0.0), 0.0)


def _runs(flags: Flags) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last index of each run of True."""
    change = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1) - 1


def _counted(at: Floats, hot: Flags, held: Flags, ended: Flags, rule: Rule, last: float) -> Firings:
    """Runs of `held` are one when the misses between them last less than `keep_firing_for`: a firing alarm lives
    through those. In each such group it begins to fire where a run of `hot` has lasted for `for`."""
    first, final = _runs(held)
    gap_from, gap_to = final[:-1] + 1, first[1:] - 1
    stops = np.concatenate(([0], np.cumsum(ended)))
    parted = (at[gap_to] - at[gap_from] >= rule.keep_firing_for_s) | (stops[gap_to + 1] > stops[gap_from])
    opens = np.concatenate(([0], np.flatnonzero(parted) + 1))
    closes = np.concatenate((np.flatnonzero(parted), [len(first) - 1]))
    group_from, group_to = first[opens], final[closes]

    hot_from, hot_to = _runs(hot)
    fires = np.searchsorted(at, at[hot_from] + rule.for_s, "left")      # the first instant at which `for` is over
    able = fires <= hot_to
    fires = fires[able]
    if not len(fires):
        return NEVER
    group = np.searchsorted(group_from, hot_from[able], "right") - 1
    group, earliest = np.unique(group, return_index=True)
    begins = at[fires[earliest]]

    # The end: the first miss that is `keep_firing_for` after the first miss behind the group, or that has no data.
    miss = group_to[group] + 1
    known = miss < len(at)
    since = at[np.minimum(miss, len(at) - 1)]
    over = np.searchsorted(at, since + rule.keep_firing_for_s, "left")
    stop_at = np.flatnonzero(ended)
    stop = np.append(stop_at, len(at))[np.searchsorted(stop_at, miss, "left")]
    end = np.minimum(over, stop)
    ends = np.where(known & (end < len(at)), at[np.minimum(end, len(at) - 1)], last)
    spans = tuple(zip(begins.tolist(), ends.tolist(), strict=True))
    return Firings(len(spans), float((ends - begins).sum()), spans)
