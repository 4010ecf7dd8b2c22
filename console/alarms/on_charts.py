"""What of the alarms stands on charts and on the strip: thresholds, stretches in which they fired, and their begins.

A rule belongs to the chart that its metric is drawn on; values are in that chart's unit. A plain threshold is a line,
a band two edges over time. A burn rate is a line for each of its factors: the share of what is bad that, kept up for
the long window and still there in the short one, uses the budget so fast. It is not dragged, for it follows from an
objective.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from console.alarms.conditions import line_of, width_through
from console.alarms.machine import State
from console.alarms.rules import Band, BurnRate, Severity, Threshold, length
from console.alarms.words import threshold_text, value_text
from console.errors import BadSettings
from console.metrics.catalogue import find
from console.metrics.format import format_number, format_time, format_window
from console.metrics.view import Floats
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow, RuleRow


@dataclass(frozen=True, slots=True)
class Line:
    """A plain threshold.

    title    of the number: "Latency p95"
    text     the value with its unit; said: what is bad, `above 250 ms for 5m`
    clear    the level below (above) which an alarm ends; None: the same
    upwards  large values are bad; None where neither side is
    fixed    it is not dragged
    edges    of a band this is the end of an edge, at `middle_s`: dragged, all of the band becomes wider or narrower
    """

    rule: str
    title: str
    text: str
    said: str
    value: float
    clear: float | None
    upwards: bool | None
    severity: Severity
    fixed: bool = False
    edges: Edges | None = None
    middle_s: float = 0.0

    def number(self, level: float) -> float:
        """What its rule would say with the line there: the level; of a band its width."""
        return level if self.edges is None else self.edges.width_at(level, self.middle_s)

    def level(self, number: float) -> float:
        """The other way round."""
        if self.edges is None:
            return number
        low, high = self.edges.widened(number).limits(np.array([self.middle_s]))
        return float(high[0] if self.upwards else low[0])

    @property
    def sentence(self) -> str:
        """For the pointer that rests on it, and for who does not see it."""
        return f"{self.rule}: {self.title} {self.said}"


@dataclass(frozen=True, slots=True)
class Edges:
    """A band: what is bad lies outside of two edges that move with the time."""

    rule: str
    title: str
    said: str
    severity: Severity
    band: Band
    over_s: int

    @property
    def sentence(self) -> str:
        """As of a line."""
        return f"{self.rule}: {self.title} {self.said}"

    def limits(self, middles: Floats) -> tuple[Floats, Floats]:
        """Lower and upper edge for stretches that have their middle then, seconds since 1970; infinite for none."""
        found = line_of(self.band, middles + self.over_s / 2, self.over_s)
        assert found is not None
        return found

    def width_at(self, level: float, middle_s: float) -> float:
        """The width with which an edge goes through that level then."""
        return width_through(self.band, level, middle_s)

    def widened(self, width: float) -> Edges:
        """The same with another width."""
        return replace(self, band=replace(self.band, width=width, clear_width=None))

    def ends_at(self, middle_s: float, low: float, high: float) -> Line:
        """The end of the edge by which it is dragged: the upper one, unless only the lower is seen, between `low` and
        `high`, or is the only one."""
        below, above = (float(limit[0]) for limit in self.limits(np.array([middle_s])))
        upwards = math.isfinite(above) and not (math.isfinite(below) and above > high and low <= below <= high)
        return Line(self.rule, self.title, width_text(self.band.width), self.said, above if upwards else below, None,
                    upwards, self.severity, edges=self, middle_s=middle_s)


def width_text(width: float) -> str:
    """Of a band: 4 and not 4.00, which is what a level that is read back from a pixel gives."""
    return f"{float(f'{width:.3g}'):g} × its spread"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when an alarm was pending, fired or was kept firing; seconds since 1970.

    whose  what tells it from other alarms of its rule, "" for nothing
    """

    start_s: float
    end_s: float
    state: State
    rule: str
    whose: str

    def text(self, *, relative: bool = False) -> str:
        """`error rate high (model version v2): firing 2 Mar 2026 10:00 - 12:00 UTC`."""
        whose = f" ({self.whose})" if self.whose else ""
        state = "kept firing" if self.state is State.KEPT else str(self.state)
        if self.end_s <= self.start_s:
            return f"{self.rule}{whose}: {state} {format_time(from_epoch(self.start_s), relative=relative)}"
        window = Window.from_epoch(self.start_s, self.end_s)
        return f"{self.rule}{whose}: {state} {format_window(window, relative=relative)}"


Shade = tuple[float, float, bool]
"""Start, end, and whether it fires; what does not fire is pending."""


@dataclass(frozen=True, slots=True)
class Course:
    """How it stood with some alarms over the log.

    stretches  of each alarm, in the order of their starts
    shades     of all together, one after the other: where one fires it fires
    """

    stretches: tuple[Stretch, ...] = ()
    shades: tuple[Shade, ...] = ()

    def between(self, start_s: float, end_s: float) -> tuple[Shade, ...]:
        """The shades that touch that time."""
        first = bisect_right(self.shades, start_s, key=lambda one: one[1])
        found = []
        for one in self.shades[first:]:
            if one[0] >= end_s:
                break
            found.append(one)
        return tuple(found)

    def said_at(self, at_s: float, slack_s: float, *, relative: bool = False) -> str:
        """What was pending or fired then, a line each; "" for nothing."""
        found = [one.text(relative=relative) for one in self.stretches
                 if one.start_s - slack_s <= at_s <= one.end_s + slack_s]
        more = [f"and {len(found) - MOST_SAID} more"] if len(found) > MOST_SAID else []
        return "\n".join([*found[:MOST_SAID], *more])


MOST_SAID = 8


@dataclass(frozen=True, slots=True)
class ChartAlarms:
    """All that one chart shows of alarms."""

    lines: tuple[Line, ...] = ()
    edges: tuple[Edges, ...] = ()
    course: Course = Course()

    def described(self) -> str:
        """The thresholds in a sentence each; "" for none."""
        said = dict.fromkeys((*(one.sentence for one in self.lines), *(one.sentence for one in self.edges)))
        return " ".join(f"Alarm {one}." for one in said)


@dataclass(frozen=True, slots=True)
class OnCharts:
    """All charts, over the whole log.

    starts  (what, when in seconds since 1970) of alarms that began to fire, in order
    course  of all rules, for the strip
    """

    charts: Mapping[str, ChartAlarms] = field(default_factory=dict)
    starts: tuple[tuple[str, float], ...] = ()
    course: Course = Course()
    relative: bool = False

    def of(self, chart: str) -> ChartAlarms:
        """What that chart shows."""
        return self.charts.get(chart, NO_ALARMS)


NO_ALARMS = ChartAlarms()
NOTHING = OnCharts()


def on_charts(rules: Iterable[RuleRow], alarms: Iterable[AlarmRow], *, relative: bool = False) -> OnCharts:
    """From rules with their spans, and alarms past and active, to what charts show of them; rules that are not enabled
    are left out."""
    by_chart: dict[str, list[RuleRow]] = {}
    for row in rules:
        if row.rule.enabled:
            by_chart.setdefault(chart_of(row.rule.metric), []).append(row)
    charts = {chart: _of_chart(rows) for chart, rows in by_chart.items()}
    whole = _course([one for chart in charts.values() for one in chart.course.stretches])
    starts = sorted((row.start.timestamp(), _began(row, relative=relative)) for row in alarms if row.start is not None)
    return OnCharts(charts, tuple((text, at) for at, text in starts), whole, relative)


def chart_of(metric: str) -> str:
    """The chart that a metric is drawn on."""
    try:
        return find(metric).chart
    except BadSettings:
        return metric           # one of the user's own, which has a chart of its own


def _of_chart(rows: Sequence[RuleRow]) -> ChartAlarms:
    lines = tuple(_line(row) for row in rows if isinstance(row.rule.condition, Threshold))
    lines += tuple(line for row in rows if isinstance(row.rule.condition, BurnRate)
                   for line in _burning(row, row.rule.condition))
    edges = tuple(Edges(row.rule.name, row.metric, threshold_text(row.rule), row.rule.severity, row.rule.condition,
                        row.rule.over_s) for row in rows if isinstance(row.rule.condition, Band))
    return ChartAlarms(lines, edges, _course(
        [Stretch(span.start.timestamp(), span.end.timestamp(), span.state, row.rule.name, span.labels_text)
         for row in rows for span in row.spans if span.state.active and not span.whole]))


def _course(stretches: list[Stretch]) -> Course:
    ordered = tuple(sorted(stretches, key=lambda one: (one.start_s, one.end_s, one.rule, one.whose)))
    return Course(ordered, shades_of(ordered))


def _line(row: RuleRow) -> Line:
    condition = row.rule.condition
    assert isinstance(condition, Threshold)
    return Line(row.rule.name, row.metric, value_text(row.rule, condition.value), threshold_text(row.rule),
                condition.value, condition.clear, condition.op.upwards, row.rule.severity)


def _burning(row: RuleRow, condition: BurnRate) -> list[Line]:
    """A line for each factor; none for one that no share of what is bad can reach."""
    budget = 1.0 - condition.objective
    return [Line(row.rule.name, row.metric,
                 f"{format_number(one.factor)} × budget over {length(one.long_s)}", threshold_text(row.rule),
                 round(one.factor * budget, 12), None, True, row.rule.severity, fixed=True)
            for one in condition.factors if one.factor * budget <= 1.0]


def _began(row: AlarmRow, *, relative: bool) -> str:
    whose = f" ({row.labels_text})" if row.labels_text else ""
    assert row.start is not None
    return f"{row.rule}{whose} began to fire {format_time(row.start, relative=relative)}"


def shades_of(stretches: Iterable[Stretch]) -> tuple[Shade, ...]:
    """(start, end, firing) of all together, in order and without overlap; where one fires it fires."""
    ends: dict[float, tuple[int, int]] = {}
    for one in stretches:
        for at, step in ((one.start_s, 1), (one.end_s, -1)):
            firing, pending = ends.get(at, (0, 0))
            ends[at] = (firing + step, pending) if one.state.fires else (firing, pending + step)
    shades: list[Shade] = []
    firing = pending = 0
    begun: tuple[float, bool] | None = None
    for at in sorted(ends):
        firing, pending = firing + ends[at][0], pending + ends[at][1]
        now = (firing > 0) if firing or pending else None
        if begun is not None and now is not begun[1]:
            shades.append((begun[0], at, begun[1]))
            begun = None
        if begun is None and now is not None:
            begun = (at, now)
    return tuple(shades)
