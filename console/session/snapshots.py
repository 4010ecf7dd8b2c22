"""Charts and drift results of an incident, kept as they were when it was looked into.

A report counts everything anew, so that its numbers come from one state of the log. What is kept tells whether that is
still the state of then: rows come late, a role is corrected, a file is gone. Where it is not, the report shows what was
kept, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from console.clock import now
from console.drift.view import CategoryShape, ColumnDrift, DriftView, NumericShape, ShownNumber, Verdict
from console.metrics.format import format_time
from console.metrics.view import ChartView, HeatView, SeriesView
from console.reports.view import Figure, Incident
from console.session.plain_values import packed, unpacked
from console.store.incidents import Frozen
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import Workspace

FORM = 1
"""How it is written; what has another form is not shown."""

KNOWN = {each.__name__: each for each in (CategoryShape, ChartView, ColumnDrift, DriftView, Figure, HeatView,
                                          NumericShape, SeriesView, ShownNumber, Verdict, Window)}
MOST_NAMED = 6


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What was seen at a time."""

    made: datetime
    figures: tuple[Figure, ...]
    drift: DriftView | None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a report shows, and one sentence that says from when it is; "" where nothing is kept."""

    figures: tuple[Figure, ...]
    drift: DriftView | None
    said: str


def keep(store: Workspace, incident: Incident, figures: tuple[Figure, ...], drift: DriftView | None) -> None:
    """Once for each pair of windows; nothing for an incident that is not kept itself."""
    if store.incident(incident.incident_id) is not None:
        content = packed({"figures": figures, "drift": drift})
        store.freeze_incident(Frozen(incident.incident_id, round(now().timestamp() * 1e6), _windows(incident), FORM,
                                     content))


def kept(store: Workspace, incident: Incident) -> Snapshot | None:
    """That of its windows; None where there is none, or one that this version cannot read."""
    found = store.frozen_incident(incident.incident_id, _windows(incident))
    if found is None or found.form != FORM:
        return None
    told = unpacked(found.content, KNOWN)
    if not isinstance(told, dict) or not {"figures", "drift"} <= told.keys():
        return None
    return Snapshot(from_epoch(found.made_us / 1e6), told["figures"], told["drift"])


def shown(snapshot: Snapshot | None, figures: tuple[Figure, ...], drift: DriftView | None, *,
          counted_now: bool) -> Shown:
    """What was kept, where it differs from what is counted now; `counted_now`: never."""
    if snapshot is None:
        return Shown(figures, drift, "")
    at, names = format_time(snapshot.made), differing(snapshot, figures, drift)
    if not names:
        return Shown(figures, drift, f"Charts and drift results were kept with the incident on {at}; counted again for "
                                     "this report they are the same.")
    named = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    if counted_now:
        return Shown(figures, drift, "Charts and drift results are counted for this report. Those kept with the "
                                     f"incident on {at} differ: {named}.")
    commands = {figure.chart.metric: figure.command for figure in figures}
    old = tuple(replace(figure, command=commands.get(figure.chart.metric, figure.command))
                for figure in snapshot.figures)
    return Shown(old, snapshot.drift, "Charts and drift results are shown as they were kept with the incident on "
                                      f"{at}. Counted again they differ: {named}. The log, or how it is read, has "
                                      "changed since; commands, SQL and evidence give the numbers of now.")


def differing(snapshot: Snapshot, figures: Iterable[Figure], drift: DriftView | None) -> tuple[str, ...]:
    """Charts and columns whose numbers are others now, by their titles."""
    before, after = ({one.chart.metric: one.chart for one in each} for each in (snapshot.figures, figures))
    names = [(before.get(metric) or after[metric]).title for metric in dict.fromkeys([*before, *after])
             if metric not in before or metric not in after or _numbers(before[metric]) != _numbers(after[metric])]
    then, here = ({(row.column, row.kind): _tested(row) for row in each.columns} if each is not None else {}
                  for each in (snapshot.drift, drift))
    columns = [column for column, kind in dict.fromkeys([*then, *here])
               if then.get((column, kind)) != here.get((column, kind))]
    return (*dict.fromkeys(names), *(f"drift of {column}" for column in dict.fromkeys(columns)))


def _numbers(chart: ChartView) -> tuple[Any, ...]:
    """What a chart draws; NaN is equal to itself as bytes."""
    return (chart.bucket_s, chart.times.tobytes(),
            tuple((one.name, np.nan_to_num(one.values, nan=-1e300).tobytes()) for one in chart.series))


def _tested(row: ColumnDrift) -> tuple[Any, ...]:
    return row.verdict, row.n_reference, row.n_current, repr(row.statistic)


def _windows(incident: Incident) -> tuple[int, int, int, int]:
    window, reference = incident.window, incident.reference
    start, end, before, until = (round(at.timestamp() * 1e6) for at in (window.start, window.end, reference.start,
                                                                        reference.end))
    return start, end, before, until
